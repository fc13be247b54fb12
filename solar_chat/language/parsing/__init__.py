"""Text made ready and cut up: what is code, link or quotation, which sentences there are, which morphemes stand in them. Judges nothing."""
