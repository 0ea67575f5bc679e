"""The words by which a reply is known again."""

from __future__ import annotations

import pytest

from realtime_cli.script.telling_words import telling_words


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        ("Your table for 4 people is booked at 18:30.", ["4", "people", "18:30"]),
        ("It is in Barcelona, Spain, a city by the sea.", ["Barcelona", "Spain", "city"]),
        ("The result is 391. The result is right.", ["result", "391", "right"]),
        ("Yes.", ["Yes."]),
        ("Berlin ist die Hauptstadt.", ["Berlin", "Hauptstadt"]),
        ("", []),
    ],
)
def test_numbers_names_and_long_words(reply: str, words: list[str]) -> None:
    assert telling_words(reply) == words
