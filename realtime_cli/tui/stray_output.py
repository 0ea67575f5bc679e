"""Catches what other code prints while the screen is up, line by line, so that it cannot break the rows.

Python's streams are shown above the live rows. Descriptor 2, where C libraries write (ALSA and
PortAudio do, at length), goes to a file that nobody sees unless the program crashes.
"""

from __future__ import annotations

import io
import os
import sys
import tempfile
from collections.abc import Callable
from contextlib import suppress
from typing import IO, TextIO

TAIL_BYTES = 2000


class _Lines(io.TextIOBase):
    """A text stream that passes on whole lines."""

    def __init__(self, deliver: Callable[[str], None], encoding: str) -> None:
        self._deliver = deliver
        self._encoding = encoding
        self._rest = ""

    @property
    def encoding(self) -> str:  # type: ignore[override]
        return self._encoding

    def writable(self) -> bool:
        return True

    def isatty(self) -> bool:
        return True

    def write(self, text: str) -> int:
        *lines, self._rest = (self._rest + text).split("\n")
        for line in lines:
            self._deliver(line)
        return len(text)

    def finish(self) -> None:
        if self._rest:
            self._deliver(self._rest)
            self._rest = ""


class StrayOutput:
    """Between ``start`` and ``stop`` nothing but the painter writes to the terminal."""

    def __init__(self, deliver: Callable[[str], None], encoding: str) -> None:
        self._deliver = deliver
        self._encoding = encoding
        self._lines: list[_Lines] = []
        self._before: tuple[TextIO, TextIO] | None = None
        self._descriptor: int | None = None
        self._file: IO[bytes] | None = None

    def start(self) -> None:
        if not sys.stdout.isatty():
            return  # no terminal, so there are no rows to protect
        self._before = (sys.stdout, sys.stderr)
        self._lines = [_Lines(self._deliver, self._encoding)]
        sys.stdout = self._lines[0]
        if self._before[1].isatty():
            self._lines.append(_Lines(self._deliver, self._encoding))
            sys.stderr = self._lines[1]
            self._divert()

    def _divert(self) -> None:
        with suppress(OSError):
            if os.isatty(2):
                self._file = tempfile.TemporaryFile()  # noqa: SIM115 (closed by stop)
                self._descriptor = os.dup(2)
                os.dup2(self._file.fileno(), 2)

    def stop(self, *, crashed: bool = False) -> None:
        for lines in self._lines:
            lines.finish()
        if self._before:
            sys.stdout, sys.stderr = self._before
            self._before = None
        if self._descriptor is not None:
            os.dup2(self._descriptor, 2)
            os.close(self._descriptor)
            self._descriptor = None
        if self._file:
            if crashed:
                self._show_the_end(self._file)
            self._file.close()
            self._file = None

    def _show_the_end(self, file: IO[bytes]) -> None:
        """Show what a library printed last: it may explain the crash."""
        file.seek(max(0, file.seek(0, os.SEEK_END) - TAIL_BYTES))
        with suppress(OSError):
            os.write(2, file.read())
