"""The models, for the tests of the engine."""

from tests.kit.voices import recogniser

__all__ = ["recogniser"]
