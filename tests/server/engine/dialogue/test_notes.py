"""Notes as they are asked for."""

from __future__ import annotations

import pytest

from realtime_cli.server.engine.dialogue.normalise import normalise
from realtime_cli.server.engine.dialogue.notes import note_in, notes_of


@pytest.mark.parametrize(
    ("said", "note"),
    [
        ("Take a note: buy milk.", "buy milk"),
        ("Please make a note that Bob called", "Bob called"),
        ("Remember that my locker is 12", "my locker is 12"),
        ("Note, the door code is 4711.", "the door code is 4711"),
        ("Add eggs to my notes", "eggs"),
        ("Can you write down the number five?", "the number five?"),
        ("Remind me to water the plants.", "water the plants"),
        ("Take a note", None),
        ("I like notes", None),
    ],
)
def test_what_to_keep(said: str, note: str | None) -> None:
    assert note_in(said) == note


def test_reading_keeps_and_clearing_clears() -> None:
    said = ["Note: one", "Read my notes", "Forget my notes", "Note: two", "What did I ask you to remember?"]
    assert notes_of([(each, normalise(each)) for each in said]) == ["two"]
