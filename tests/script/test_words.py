"""The measure must itself be right."""

from __future__ import annotations

import pytest

from realtime_cli.script.words import Comparison, compare, normalise, word_error_rate, word_errors


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Go forward ten meters.", "go forward 10 metres"),
        ("My order number is four seven one nine two.", "My order number is 47192."),
        ("He was not an ill disposed young man.", "He was not an ill-disposed young man"),
        ("twenty three", "23"),
        ("What's that?", "what’s that"),
    ],
)
def test_the_same_words(one: str, other: str) -> None:
    assert normalise(one) == normalise(other)


@pytest.mark.parametrize(
    ("expected", "heard", "errors"),
    [
        ("a b c d", "a b c d", 0),
        ("a b c d", "a x c d", 1),
        ("a b c d", "a c d", 1),
        ("a b c d", "a b b c d", 1),
        ("a b c d", "", 4),
        ("", "you", 1),
    ],
)
def test_errors_of_the_best_alignment(expected: str, heard: str, errors: int) -> None:
    assert word_errors(expected, heard)[0] == errors


def test_the_rate_is_per_expected_word() -> None:
    assert word_error_rate("a b c d", "a x c d") == 0.25
    assert word_error_rate("", "") == 0


def test_missing_words_are_named_and_an_open_end_may_be_missing() -> None:
    assert compare("a b c d", "a d").missing == ("b", "c")
    assert compare("a b c d", "a b").errors == 2
    assert compare("a b c d", "a b", open_end=True) == Comparison(0, 2, ())
    assert compare("a b c d", "", open_end=True).words == 0
