"""How much of a text has been heard."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime_cli.conversation.reveal import SPOKEN_MS_PER_CHARACTER, RevealedPart, word_end

TEXT = "one two three four"


def test_the_text_follows_the_sound_to_the_end_of_a_word() -> None:
    part = RevealedPart(TEXT, voice=True, played_ms=1800, audio_complete=True)
    shown = []
    for heard_ms in (0, 100, 600, 1100, 1800):
        part.heard_ms = heard_ms
        part.reach()
        shown.append(part.shown_text)
    assert shown == ["", "one", "one two", "one two three", TEXT]


def test_the_rest_is_shown_when_all_was_heard() -> None:
    part = RevealedPart(TEXT, played_ms=1800, heard_ms=1000, heard_to_end=True)
    part.reach()
    assert part.shown_text != TEXT  # more sound may come
    part.audio_complete = True
    part.reach()
    assert part.shown_text == TEXT


def test_while_sound_arrives_its_length_is_guessed_from_the_text() -> None:
    part = RevealedPart(TEXT, played_ms=200)
    assert part.length_ms == len(TEXT) * SPOKEN_MS_PER_CHARACTER
    part.played_ms = 5000
    assert part.length_ms == 5000
    part.audio_complete, part.played_ms = True, 300
    assert part.length_ms == 300


def test_a_log_of_the_wire_alone_has_its_length_from_there() -> None:
    assert RevealedPart(TEXT, wire_ms=700, audio_complete=True).length_ms == 700


def test_what_was_shown_stays_though_the_text_grows() -> None:
    part = RevealedPart("one two", played_ms=500, heard_ms=500, audio_complete=True)
    part.reach()
    part.text, part.played_ms = "one two three four five six seven", 5000
    part.reach()
    assert part.shown_text == "one two"


@pytest.mark.parametrize(
    ("text", "place", "end"),
    [
        ("one two", 0, 0),
        ("one two", 1, 3),
        ("one two", 3, 3),
        ("one two", 4, 3),  # the blank was reached, the next word not
        ("one two", 5, 7),
        ("漢字かな" * 20, 10, 10),  # no blanks: it ends anywhere
    ],
)
def test_words_are_shown_whole(text: str, place: int, end: int) -> None:
    assert word_end(text, place) == end


@given(st.text(alphabet="ab \n漢", max_size=60), st.integers(0, 60))
def test_a_word_s_end_is_in_the_text_and_in_no_word_that_has_not_begun(text: str, place: int) -> None:
    place = min(place, len(text))
    end = word_end(text, place)
    assert 0 <= end <= len(text)
    assert not any(letter.isspace() for letter in text[place:end])
