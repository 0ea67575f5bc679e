"""Tests of the small dialogue, a file for each of its rooms."""
