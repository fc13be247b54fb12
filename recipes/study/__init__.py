"""Depth up-scaling measured on small models: the same data, seeds and compute for every way to get deeper.

    python -m recipes.study.run --out FOLDER
    python -m recipes.study.report FOLDER

`design` says what is compared, `text` makes the batches, `run` trains, `curves` reads what was measured, `report` writes it down as it came out.
"""
