"""Widths are told in cells; what is cut or wrapped fits."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from realtime_cli.safe_text import safe
from realtime_cli.tui.cell_width import cells, cut_to, tail, wrap
from tests.test_safe_text import in_turn


@given(st.text("a\u2067\u2068\u2069\n", max_size=30), st.integers(1, 9))
def test_no_isolate_is_cut_off_from_its_other_half(text: str, width: int) -> None:
    assert in_turn(cut_to(safe(text), width))
    assert in_turn(tail(safe(text), width))


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
