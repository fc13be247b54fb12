"""How fast and how small `upscale build` is: beside `cp` of the same bytes, and beside mergekit's passthrough where that is installed.

`python -m benchmarks.upscale` makes its own models, builds, copies, compares and writes docs/benchmarks/upscale.md.
"""
