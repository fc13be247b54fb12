"""Which languages a text is in: spans by script, the language of the grammar, romanised Korean, other languages. Asks no morphology."""
