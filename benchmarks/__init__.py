"""Measurements of the app against public data and against what else there is: run by hand, never by the app."""
