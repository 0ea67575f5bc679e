"""What is written for the eye, made fit for the ear."""

from __future__ import annotations

import pytest

from realtime_cli.server.engine.tts_text import FIRST_LENGTH, readable, sentences, whole_sentences


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("**Bold** and *soft* and `code`.", "Bold and soft and code."),
        ("# Title\n- one\n- two", "Title\none\ntwo"),
        ("See [the manual](https://x.org/a?b).", "See the manual."),
        ("See https://www.example.org/a/b?c=1 now", "See example.org now"),
        ("Look: ```py\nx = 1\n``` done", "Look: (some code) done"),
        ("2 * 3 * 4 = 24", "2 * 3 * 4 = 24"),
        ("The result of get_time is 5.", "The result of get time is 5."),
        ("Nice 🙂!", "Nice !"),
        ("1,2,3,40,5", "1, 2, 3, 40, 5"),
        ("1,234,567 and 1,5", "1,234,567 and 1, 5"),
        ("Card 4111111111111111.", "Card 4 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1."),
        ("", ""),
    ],
)
def test_marks_go_words_stay(written: str, read: str) -> None:
    assert readable(written) == read


def test_sentences_end_where_people_breathe() -> None:
    text = 'Dr. Smith paid 2.50. "Why?" she said. It is 5 p.m. now.\nNext line'
    assert whole_sentences(text) == [
        "Dr. Smith paid 2.50.",
        '"Why?" she said.',
        "It is 5 p.m. now.",
        "Next line",
    ]


def test_a_long_first_sentence_comes_in_two() -> None:
    long = "When the weather is good enough, " + "we walk along the river to the old mill and back again."
    assert len(long) > FIRST_LENGTH
    assert list(sentences(f"{long} {long}")) == [long[:32], long[33:], long]


def test_punctuation_alone_is_no_sentence() -> None:
    assert list(sentences("... !! --")) == []
