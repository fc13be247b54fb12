"""How well the Korean room does, in one table: `python -m benchmarks.korean`.

Every figure is measured in the run that prints it, the peers' too. Labels in public sets are noisy, so a share can stand there twice:
as labelled, and without the lines of `disputed.jsonl`. Nothing here is tuned, trained or sent anywhere.
"""
