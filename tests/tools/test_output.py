"""Output is text, short enough, with nothing hidden in it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime_cli.tools.output import fitted, text_of, visible
from realtime_cli.tools.tool import ToolFailed


def test_control_characters_are_seen() -> None:
    assert visible("a\x1b[31mb\x07\x7f\x9b\u202ec") == "a␛[31mb␇␡<U+009B><U+202E>c"


def test_lines_tabs_and_every_script_stay() -> None:
    assert visible("a\tb\r\nc é 日本 👍🏽") == "a\tb\nc é 日本 👍🏽"


def test_long_output_is_cut_with_a_mark() -> None:
    cut = fitted("x" * 1000, 300)
    assert cut.endswith("[cut: 1000 bytes in all]")
    assert len(cut) == 300


@given(st.text(), st.integers(min_value=64, max_value=400))
def test_no_output_is_longer_than_its_limit(text: str, limit: int) -> None:
    cut = fitted(text, limit)
    assert len(cut.encode("utf-8", "replace")) <= limit
    assert cut == text or "[cut:" in cut


def test_a_character_cut_through_at_the_end_is_dropped() -> None:
    data = "日本".encode()
    assert text_of(data[:5], total=6) == "日"


@pytest.mark.parametrize("data", [b"\x89PNG\r\n\x1a\n\0\0", b"a\0b", b"\xff\xfe\xfd" * 9])
def test_what_is_no_text_is_said_to_be_none(data: bytes) -> None:
    with pytest.raises(ToolFailed, match="not text"):
        text_of(data, len(data))
