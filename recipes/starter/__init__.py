"""The model in the box: how `assets/models/starter` is made, from text to weights to the figures on its card.

    data.py        conversations in, token rows out; what is held out never comes near training
    levels.py      one record, four speech levels
    tokenizer.py   a byte-fallback BPE for Korean and English
    train.py       8 layers → upscaled to 12 → chat, resumable at any moment
    evaluate.py    200 held-out prompts through the app's own engine

Everything is seeded; nothing is downloaded. The recipe knows no path of any machine: the one outside file comes in as `--chatbot-data`.
"""
