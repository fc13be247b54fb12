"""What helps the model in the box to keep its speech level: examples before the question, or a history moved to the level?

`python -m benchmarks.prompts` asks and writes docs/benchmarks/prompts.md.
"""
