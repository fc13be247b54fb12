"""Which speech level a sentence has, and whether it may stand in an answer of another: rules over Kiwi's endings, then a small character model."""
