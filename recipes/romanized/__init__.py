"""The recipe for the table that knows Korean in Latin letters (`solar_chat/language/romanized_table.py`)."""
