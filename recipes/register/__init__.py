"""The character model of the speech-level detector: how `assets/register/model.npz` is made.

    data.py     labelled lines in: KHT and chatbot-data (both MIT), own lines, lines that have no level
    train.py    one linear layer over hashed character n-grams, int8, with its figures and card

Seeded, nothing is downloaded, no path of any machine: the data sets come in as `--data`.
"""
