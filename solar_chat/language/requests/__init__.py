"""What a message asks of the replies to come: a speech level, a language. Talk about levels and languages is no request."""
