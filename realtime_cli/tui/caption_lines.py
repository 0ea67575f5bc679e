"""Captions as they come: as lines of JSON, as plain lines, or in a terminal with a last line that grows."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import asdict
from typing import TextIO

from realtime_cli.conversation.captions import Caption
from realtime_cli.safe_text import for_encoding, one_line
from realtime_cli.tui.cell_width import tail

_CLEAR_ROW = "\r\x1b[2K"

CaptionWriter = Callable[[Caption], None]


def caption_writer(out: TextIO, *, json: bool, live: bool) -> CaptionWriter:
    """``live``: also show unfinished captions, in a row that is overwritten."""
    if json:
        return JsonCaptions(out)
    return GrowingCaptions(out) if live else FinishedCaptions(out)


class JsonCaptions:
    """One object a line, as ``{"type": "caption", "speaker": ..., "text": ..., "final": ...}``."""

    def __init__(self, out: TextIO) -> None:
        self._out = out

    def __call__(self, caption: Caption) -> None:
        self._out.write(json.dumps({"type": "caption", **asdict(caption)}, ensure_ascii=False) + "\n")
        self._out.flush()


class FinishedCaptions:
    """One line for each finished caption."""

    def __init__(self, out: TextIO) -> None:
        self._out = out

    def __call__(self, caption: Caption) -> None:
        if caption.final:
            self._out.write(for_encoding(caption_line(caption), self._out.encoding or "utf-8") + "\n")
            self._out.flush()


class GrowingCaptions:
    """For a terminal: finished lines, and under them the end of the newest unfinished one."""

    def __init__(self, out: TextIO) -> None:
        self._out = out

    def __call__(self, caption: Caption) -> None:
        line = for_encoding(caption_line(caption), self._out.encoding or "utf-8")
        if caption.final:
            self._out.write(f"{_CLEAR_ROW}{line}\n")
        else:
            self._out.write(_CLEAR_ROW + tail(line, shutil.get_terminal_size().columns - 1))
        self._out.flush()


def caption_line(caption: Caption) -> str:
    """Such as ``1:05 Ada: Good morning.``"""
    minutes, seconds = divmod(int(caption.begin_s), 60)
    clock = f"{minutes // 60}:{minutes % 60:02}:{seconds:02}" if minutes >= 60 else f"{minutes}:{seconds:02}"
    speaker = f"{one_line(caption.speaker)}: " if caption.speaker else ""
    speaker += f"{one_line(caption.language)}: " if caption.language else ""
    return f"{clock} {speaker}{one_line(caption.text)}"
