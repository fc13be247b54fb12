"""What many clients at once get from the API: is anybody lost or starved, and how long until the first word? Beside `transformers serve`.

`python -m benchmarks.serving` asks and writes docs/benchmarks/serving.md.
"""
