"""The line editor: keys in, text out."""

from __future__ import annotations

import pytest

from realtime_cli.tui.editor import Editor


def typed(*keys: str) -> Editor:
    """``<name>`` is a key, anything else is text."""
    editor = Editor(history=["first", "second"])
    for key in keys:
        if key.startswith("<"):
            editor.key(key[1:-1])
        else:
            editor.insert(key)
    return editor


@pytest.mark.parametrize(
    ("keys", "text", "cursor"),
    [
        (["abc", "<left>", "<left>", "x"], "axbc", 2),
        (["abc", "<home>", "x", "<end>", "y"], "xabcy", 5),
        (["one two", "<c-w>"], "one ", 4),
        (["one two", "<c-left>", "<c-k>"], "one ", 4),
        (["one two", "<home>", "<c-right>", "<c-u>"], " two", 0),
        (["ae\u0301", "<backspace>"], "a", 1),
        (["👩\u200d🚀", "<backspace>"], "", 0),
        (["ab", "<left>", "<delete>", "<delete>"], "a", 1),
        (["<backspace>", "<left>", "<delete>"], "", 0),
        (["draft", "<up>", "<up>", "<up>"], "first", 5),
        (["draft", "<up>", "<down>", "<down>"], "draft", 5),
        (["/sa", "<tab>"], "/save ", 6),
        (["/lat", "<right>", "x"], "/latency x", 10),
        (["/set x", "<tab>"], "/set x", 6),
        (["two\nlines\x1b[0m"], "two lines[0m", 12),
        (["abc", "<f5>"], "abc", 3),
    ],
)
def test_editing(keys: list[str], text: str, cursor: int) -> None:
    editor = typed(*keys)
    assert (editor.text, editor.cursor) == (text, cursor)


def test_a_line_taken_is_remembered_once() -> None:
    editor = typed("hello")
    assert editor.take() == "hello"
    assert (editor.text, editor.cursor) == ("", 0)
    editor.insert("hello")
    editor.take()
    assert editor.history == ["first", "second", "hello"]


def test_the_row_keeps_the_cursor_in_sight() -> None:
    row = typed("word " * 40 + "end").row(30)
    assert row.cell_len <= 30
    assert row.plain.rstrip().endswith("end")
    assert typed("/la").row(30).plain == "› /latency"
