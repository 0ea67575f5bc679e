"""Numbers as agents say and write them."""

from __future__ import annotations

import pytest

from realtime_cli.script.spoken_numbers import numbers_in


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("Your number is 415-555-0132.", ["4155550132"]),
        ("four one five, five five five, oh one three two", ["4155550132"]),
        ("double five 7, triple nine", ["557999"]),
        ("forty-two", ["42"]),
        ("Twenty three people at seven", ["23", "7"]),
        ("one hundred and five", ["105"]),
        ("four thousand two hundred", ["4200"]),
        ("two hundred forty two. Three", ["242", "3"]),
        ("nineteen ninety", ["1990"]),
        ("forty one fifty five", ["4155"]),
        ("$1,250.50 for room 2", ["125050", "2"]),
        ("no number, and nobody's", []),
    ],
)
def test_numbers_are_digits(text: str, numbers: list[str]) -> None:
    assert numbers_in(text) == numbers
