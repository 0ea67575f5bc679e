"""Captions in a terminal, in a pipe and as JSON."""

from __future__ import annotations

import io
import json

import pytest

from realtime_cli.conversation.captions import Caption
from realtime_cli.tui.caption_lines import caption_line, caption_writer

GROWING = Caption("Ada", "Good", 61.0, 61.5, "i1", final=False)
FINISHED = Caption("Ada", "Good morning.\x1b[2J", 61.0, 62.0, "i1")


def written(*, json: bool = False, live: bool = False) -> str:
    out = io.StringIO()
    write = caption_writer(out, json=json, live=live)
    write(GROWING)
    write(FINISHED)
    return out.getvalue()


def test_a_pipe_gets_what_is_finished() -> None:
    assert written() == "1:01 Ada: Good morning.\u241b[2J\n"


def test_in_a_terminal_the_last_row_is_written_over() -> None:
    assert written(live=True) == "\r\x1b[2K1:01 Ada: Good\r\x1b[2K1:01 Ada: Good morning.\u241b[2J\n"


def test_of_a_long_unfinished_caption_its_end_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "30")
    out = io.StringIO()
    caption_writer(out, json=False, live=True)(Caption("", "word " * 40 + "end", 0.0, 1.0, final=False))
    row = out.getvalue().removeprefix("\r\x1b[2K")
    assert row.endswith("word end")
    assert len(row) < 30


def test_json_has_every_field_of_both() -> None:
    first, last = map(json.loads, written(json=True).splitlines())
    assert first == {
        "type": "caption",
        "speaker": "Ada",
        "text": "Good",
        "begin_s": 61.0,
        "end_s": 61.5,
        "item_id": "i1",
        "final": False,
        "language": "",
    }
    assert last["final"] is True


@pytest.mark.parametrize(("begin_s", "clock"), [(0.9, "0:00"), (3599.9, "59:59"), (3661.0, "1:01:01")])
def test_the_clock(begin_s: float, clock: str) -> None:
    assert caption_line(Caption("", "Hm.", begin_s, begin_s)) == f"{clock} Hm."
