"""Long answers on request."""

from __future__ import annotations

import pytest

from realtime_cli.server.engine.dialogue.long_reading import MAX_COUNT, STORY, read_aloud


@pytest.mark.parametrize(
    ("asked", "first", "last", "sentences"),
    [
        ("count to 3", "One.", "Three.", 3),
        ("please count from 5 to 7", "Five.", "Seven.", 3),
        ("count from 7 to 5", "Seven.", "Five.", 3),
        ("count down from 3", "Three.", "Zero.", 4),
        ("count", "One.", "Ten.", 10),
        ("count down", "Ten.", "Zero.", 11),
        ("count from 1 to 2 by 5", "One.", "Two.", 2),
        ("count from 190 to 1000000", "One hundred and ninety.", "Two hundred.", MAX_COUNT - 190 + 1),
    ],
)
def test_counting_is_a_sentence_for_each_number(asked: str, first: str, last: str, sentences: int) -> None:
    told = read_aloud(asked)
    assert told is not None
    said = [*told]
    assert (said[0], said[-1], len(said)) == (first, last, sentences)


@pytest.mark.parametrize(
    "asked",
    [
        "tell me a story",
        "read me something long",
        "keep talking",
        "recite a poem",
        "say something long",
        "read me a letter",
    ],
)
def test_a_text_is_read_to_its_end(asked: str) -> None:
    told = read_aloud(asked)
    assert told is not None
    assert tuple(told) == STORY


@pytest.mark.parametrize(
    "asked",
    [
        "what is the time",
        "what is my account number",
        "say after me one",
        "a long day",
        "i want to say something",
        "i want to say something long",
        "let me tell you a story",
        "can i give you something",
        "say something",
        "i have read something about it",
        "it is a long story",
        "you can count on me",
        "the count is wrong",
    ],
)
def test_everything_else_is_no_wish_to_be_read_to(asked: str) -> None:
    assert read_aloud(asked) is None
