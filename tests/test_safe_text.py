"""Text that a terminal would obey is shown instead."""

from __future__ import annotations

import re
import unicodedata
from itertools import accumulate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime_cli.safe_text import _ORDINARY, GrowingText, closing, for_encoding, in_pairs, one_line, safe


def in_turn(shown: str) -> bool:
    """Whether each isolate is closed in its line, and nothing else is."""
    for line in shown.split("\n"):
        depths = list(accumulate((char in "\u2067\u2068") - (char == "\u2069") for char in line))
        if depths and (min(depths) < 0 or depths[-1] > 0):
            return False
    return shown == in_pairs(shown)


@pytest.mark.parametrize(
    ("came", "shown"),
    [
        ("plain words", "plain words"),
        ("\x1b[2J\x07", "␛[2J␇"),
        ("\x9b31m", "<U+009B>31m"),
        ("over\rprint", "overprint"),
        ("\u202eevil", "<U+202E>evil"),
        ("\u2067שלום\u2069 \u200fא\u200e \u061cب", "\u2067שלום\u2069 \u200fא\u200e \u061cب"),
        ("\u2068a\u2067b\u2069\u2069", "\u2068a\u2067b\u2069\u2069"),
        ("\u2067evil", "evil"),
        ("evil\u2069\u2069", "evil"),
        ("\u2066a\nb\u2069", "a\nb"),
        ("\u2067a\u2066b\u2069", "a\u2066b\u2069"),
        ("ไท\u200bย", "ไทย"),
        ("\U0001f3f4\U000e0067\U000e007f", "\U0001f3f4\U000e0067\U000e007f"),
        ("x\U000e0067", "x<U+E0067>"),
        ("tab\there\nline", "tab here\nline"),
        ("漢字 é нет", "漢字 é нет"),
        ("👩\u200d🚀", "👩\u200d🚀"),
        ("\ud800", "\ufffd"),
        ("\x7f\x00", "␡␀"),
    ],
)
def test_what_a_terminal_would_obey_is_shown(came: str, shown: str) -> None:
    assert safe(came) == shown


def test_a_pile_of_marks_is_cut_down() -> None:
    assert safe("e" + "\u0301" * 40) == "e" + "\u0301" * 4


@given(st.text(max_size=60), st.integers(0, 60))
def test_nothing_dangerous_is_left_and_beginnings_stay_beginnings(text: str, place: int) -> None:
    growing = safe(text, growing=True)
    for whole in (growing, safe(text)):
        assert not [c for c in whole if c != "\n" and unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp")]
    begun = safe(text[:place], growing=True)
    assert growing.startswith(begun)
    assert in_turn(begun + closing(begun))


@given(st.lists(st.text("a\u0301\u2067\u2068\u2069\n\x1b\u202e", max_size=6), max_size=8))
def test_text_in_pieces_is_as_harmless_as_a_whole(pieces: list[str]) -> None:
    growing = GrowingText()
    shown = "".join(map(growing.add, pieces)) + growing.end()
    assert in_turn(shown)
    whole = safe("".join(pieces), growing=True)
    assert shown == whole + closing(whole)


def test_an_isolate_that_is_closed_in_a_later_piece_passes() -> None:
    growing = GrowingText()
    pieces = ["Say \u2067שלום", " עולם", "\u2069 to her", ". \u2068open", "\n", "\u2069next"]
    assert [*map(growing.add, pieces)] == [*pieces[:4], "\u2069\n", "next"]


@given(st.text("a\u2067\u2068\u2069\n", max_size=30))
def test_isolates_pass_in_pairs_only(text: str) -> None:
    assert in_turn(safe(text))


def test_one_line_is_one_line() -> None:
    assert one_line("a\n\n  b\u2028c") == "a b c"


def test_what_an_encoding_cannot_write_becomes_a_question_mark() -> None:
    assert for_encoding(safe("naïve 漢 \x1b[0m"), "ascii") == "na?ve ? ^[[0m"
    assert for_encoding("漢", "UTF-8") == "漢"


def test_what_passes_whole_is_printable_and_no_mark() -> None:
    ordinary = [chr(code) for code in range(0x11000) if re.fullmatch(_ORDINARY, chr(code))]
    assert len(ordinary) > 30_000
    assert not [char for char in ordinary if char != "\n" and not char.isprintable()]
    assert not [char for char in ordinary if unicodedata.combining(char)]
    assert "".join(map(safe, ordinary)) == "".join(ordinary)
