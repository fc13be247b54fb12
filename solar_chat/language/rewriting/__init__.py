"""The same text in another speech level, by re-inflection; what cannot be held stays as it was."""
