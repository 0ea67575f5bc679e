"""Recognisers have habits; the rules see one spelling."""

from __future__ import annotations

import pytest

from realtime_cli.server.engine.dialogue.normalise import normalise


@pytest.mark.parametrize(
    ("said", "heard"),
    [
        ("What's the time, to-day?", "what is the time today"),
        ("It is half-past ten.", "it is half past 10"),
        ("Good-bye!", "goodbye"),
        ("ill-disposed", "ill disposed"),
        ("1,234.5 or 2.", "1234.5 or 2"),
        ("I’m 21… you’re 3-4", "i am 21 you are 3 to 4"),
        ("", ""),
    ],
)
def test_one_spelling(said: str, heard: str) -> None:
    assert normalise(said) == heard
