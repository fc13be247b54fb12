"""How fast replies come: each engine of ours beside what it is built on, in one run.

`python -m benchmarks.inference` makes its own models, lets ours and the peer take turns on them, prints one table of figures and ratios. The rule:
nothing is compared across runs, and every figure comes from this run. Says nothing of what a model says: its weights are random.
"""
