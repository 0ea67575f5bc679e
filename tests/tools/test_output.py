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


@pytest.mark.parametrize(
    ("hidden", "seen"),
    [
        ("pay\u200b\u2060\ufeffpal", "pay<U+200B><U+2060><U+FEFF>pal"),
        ("a\u200cb \u200d c", "a<U+200C>b <U+200D> c"),
        ("é\u200c\u200d\u200cé", "é<U+200C><U+200D><U+200C>é"),
        ("Hi\U000e0049\U000e0067", "Hi<U+E0049><U+E0067>"),
        ("🏴" + "\U000e0061" * 7, "🏴" + "<U+E0061>" * 7),
        ("😀\ufe0f\ufe0e\U000e0102é\ufe01", "😀\ufe0f<U+FE0E><U+E0102>é<U+FE01>"),
        ("a\U000e0120b\ufe01 \ufe0f", "a<U+E0120>b<U+FE01> <U+FE0F>"),  # 8 bits behind every letter
        ("é\U000e0120", "é<U+E0120>"),
        ("a\u2028b\u034fc\u1160d\U0001d173", "a<U+2028>b<U+034F>c<U+1160>d<U+1D173>"),
        ("Silben\u00adtrennung", "Silbentrennung"),
        ("a\u200eb\u200fc\u061cd\u2066e\u2069", "a<U+200E>b<U+200F>c<U+061C>d<U+2066>e<U+2069>"),
    ],
)
def test_what_is_hidden_is_seen(hidden: str, seen: str) -> None:
    assert visible(hidden) == seen


@pytest.mark.parametrize(
    "text",
    [
        "שלום עולם 123",
        "مرحبا بالعالم",
        "می\u200cخواهم",
        "क्\u200dष",
        "👩\u200d💻 ❤\ufe0f\u200d🔥 1\ufe0f\u20e3",
        "🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",
        "葛\U000e0100 ☎\ufe0e ⋛\ufe00",
    ],
)
def test_right_to_left_text_and_what_scripts_and_emoji_need_stays(text: str) -> None:
    assert visible(text) == text
    assert visible(f"\ufeff{text}") == text


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
