"""The models, for the tests of the engine."""

from tests.kit.voices import heart, recogniser

__all__ = ["heart", "recogniser"]
