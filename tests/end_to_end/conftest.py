"""The models, to understand what a speaker carried; and every recording is verified once its test is over."""

from __future__ import annotations

import pytest

from tests.kit.voices import heart, recogniser

__all__ = ["heart", "recogniser"]


@pytest.fixture(autouse=True)
def verified(recordings_verify: None) -> None:
    """For every test of this folder."""
