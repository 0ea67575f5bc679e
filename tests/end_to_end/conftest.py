"""The models, to understand what a speaker carried."""

from tests.kit.voices import heart, recogniser

__all__ = ["heart", "recogniser"]
