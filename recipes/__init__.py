"""Recipes that make what the app ships: run by whoever builds the project, never by the app."""
