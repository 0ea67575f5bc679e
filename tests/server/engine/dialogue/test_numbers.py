"""Number words to digits and back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime_cli.server.engine.dialogue.numbers import in_words, spoken, with_digits


@pytest.mark.parametrize(
    ("words", "digits"),
    [
        ("twenty three", "23"),
        ("three hundred and five", "305"),
        ("a hundred", "100"),
        ("two thousand and twenty six", "2026"),
        ("one million two hundred thousand", "1200000"),
        ("four seven one nine two", "4 7 1 9 2"),
        ("five and six", "5 and 6"),
        ("two point five", "2.5"),
        ("zero point zero five", "0.05"),
        ("a second for a hundred men", "a second for 100 men"),
        ("twenty thirty", "20 30"),
        ("no numbers", "no numbers"),
    ],
)
def test_words_to_digits(words: str, digits: str) -> None:
    assert with_digits(words) == digits


@given(st.integers(0, 999))
def test_there_and_back(number: int) -> None:
    assert with_digits(in_words(number).replace("-", " ")) == str(number)


@pytest.mark.parametrize(
    ("value", "said"),
    [(391, "391"), (-2.5, "minus 2.5"), (1 / 3, "about 0.3333"), (1 / 3 * 3, "1"), (0.1 + 0.2, "0.3")],
)
def test_results_are_sayable(value: float, said: str) -> None:
    assert spoken(value) == said
