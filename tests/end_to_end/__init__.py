"""Whole commands, as a user runs them."""
