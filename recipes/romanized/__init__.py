"""The recipe for the table that knows Korean in Latin letters (`solar_chat/language/identification/romanized_table.py`)."""
