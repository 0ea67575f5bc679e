"""Text that a terminal would obey is shown instead; widths are told in cells."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from realtime_cli.tui.safe_text import (
    _ORDINARY,
    cells,
    cut_to,
    for_encoding,
    in_pairs,
    one_line,
    safe,
    tail,
    wrap,
)


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
    assert growing.startswith(safe(text[:place], growing=True))


@given(st.text("a\u2067\u2068\u2069\n", max_size=30), st.integers(1, 9))
def test_isolates_pass_in_pairs_only(text: str, width: int) -> None:
    """Whatever is cut off, too."""
    for shown in (safe(text), cut_to(safe(text), width), tail(safe(text), width)):
        for line in shown.split("\n"):
            depth = 0
            for char in line:
                depth += (char in "\u2067\u2068") - (char == "\u2069")
                assert depth >= 0
            assert depth == 0
        assert shown == in_pairs(shown)


def test_one_line_is_one_line() -> None:
    assert one_line("a\n\n  b\u2028c") == "a b c"


def test_what_an_encoding_cannot_write_becomes_a_question_mark() -> None:
    assert for_encoding(safe("naïve 漢 \x1b[0m"), "ascii") == "na?ve ? ^[[0m"
    assert for_encoding("漢", "UTF-8") == "漢"


def test_widths_are_cells() -> None:
    assert [cells(t) for t in ("abc", "漢字", "e\u0301")] == [3, 4, 1]


def test_cut_and_tail_fit() -> None:
    assert cut_to("漢字漢字", 5) == "漢字…"
    assert tail("one two three four", 11) == "…three four"
    assert tail("short", 10) == "short"


def lines(text: str, width: int, first: int = 0) -> list[str]:
    return [text[start:end].rstrip() for start, end in wrap(text, width, first)]


def test_wrapping_breaks_at_words_and_long_words_anywhere() -> None:
    assert lines("the quick brown fox", 10) == ["the quick", "brown fox"]
    assert lines("abcdefghij", 4) == ["abcd", "efgh", "ij"]
    assert lines("a\nb", 10) == ["a", "b"]
    assert lines("the quick", 9, first=4) == ["the", "quick"]
    assert lines("漢字漢字漢", 5) == ["漢字", "漢字", "漢"]
    assert lines(" a漢", 2) == ["", "a", "漢"]


@given(st.text(alphabet="ab 漢\n", max_size=80), st.integers(2, 12))
def test_wrapping_loses_nothing_and_fits(text: str, width: int) -> None:
    spans = wrap(text, width)
    assert all(cell_len(text[start:end].rstrip()) <= width for start, end in spans)
    assert "".join("".join(text[start:end] for start, end in spans).split()) == "".join(text.split())


def test_what_passes_whole_is_printable_and_no_mark() -> None:
    ordinary = [chr(code) for code in range(0x11000) if _ORDINARY.fullmatch(chr(code))]
    assert len(ordinary) > 30_000
    assert not [char for char in ordinary if char != "\n" and not char.isprintable()]
    assert not [char for char in ordinary if unicodedata.combining(char)]
    assert "".join(map(safe, ordinary)) == "".join(ordinary)
