"""Live rows at the bottom of a terminal, painted in place; finished lines go above them.

Between two frames the cursor stands at the *beginning of the first live row*. A terminal that is made
narrower wraps the rows again, to an unknown number, but it moves the cursor along with its text:
erasing from there down always takes away the rows, all of them, and nothing else. (rich's Live leaves
the cursor below, counts back, and so leaves stale rows or eats a line of the scrollback.)

Frames are written by a thread of their own: a terminal that does not read (Ctrl+S, a slow line) holds
up nobody; frames it missed are skipped, lines for the scrollback never.
"""

from __future__ import annotations

import threading
from contextlib import suppress
from typing import IO

_SYNC_ON, _SYNC_OFF = "\x1b[?2026h", "\x1b[?2026l"  # terminals that know it show a frame at once
_HIDE, _SHOW = "\x1b[?25l", "\x1b[?25h"
# The blank moves the cursor off the corner: tmux takes erasing from the corner for clearing the screen,
# and puts all that is on it, live rows too, into its history.
_ERASE_DOWN = "\r \x1b[J\r"
# Rows must stay rows: a frame may reach a terminal that has just been made narrower.
_WRAP_OFF, _WRAP_ON = "\x1b[?7l", "\x1b[?7h"
_ERASE_RIGHT = "\x1b[K"
CLOSE_TIMEOUT_S = 1.0


class Painter:
    """Rows and lines as ready ANSI strings -> the terminal. ``show`` never waits."""

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream
        self._above: list[str] = []
        self._rows: list[str] = []
        self._painted: list[str] = []
        self._fresh = False
        self._changed = threading.Condition()
        self._writing = threading.Lock()
        self._closing = False
        self._idle = True
        self._thread = threading.Thread(target=self._run, name="paint", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def show(self, above: list[str], rows: list[str], *, fresh: bool = False) -> None:
        """Lines to add to the scrollback, and the live rows under it; ``fresh`` after a resize."""
        with self._changed:
            if not above and rows == self._rows and not fresh:
                return
            self._above += above
            self._rows, self._fresh = rows, self._fresh or fresh
            self._idle = False
            self._changed.notify_all()

    def close(self) -> None:
        """Write what is left, take the rows away; gives up on a terminal that does not read."""
        self.show([], [], fresh=True)
        with self._changed:
            self._changed.wait_for(lambda: self._idle, CLOSE_TIMEOUT_S)
            self._closing = True
            self._changed.notify_all()
        self._thread.join(CLOSE_TIMEOUT_S)

    def leave(self) -> None:
        """At once, from any thread: no rows, a visible cursor, as the terminal was."""
        if self._writing.acquire(timeout=CLOSE_TIMEOUT_S / 2):
            self._write(_ERASE_DOWN + _SHOW)
            self._painted = []
            self._writing.release()

    def enter(self) -> None:
        with self._changed:
            self._fresh = True
            self._idle = False
            self._changed.notify_all()

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: not self._idle or self._closing)
                if self._closing and self._idle:
                    return
                above, rows, fresh = self._above, self._rows, self._fresh
                self._above, self._fresh = [], False
            with self._writing:
                self._write(self._frame(above, rows, fresh))
                self._painted = rows
            with self._changed:
                self._idle = not (self._above or self._fresh or self._rows is not rows)
                self._changed.notify_all()

    def _frame(self, above: list[str], rows: list[str], fresh: bool) -> str:
        out = [_SYNC_ON]
        if above or fresh or len(rows) != len(self._painted):
            out += [_HIDE if rows else _SHOW, _ERASE_DOWN]
        out += [line + "\r\n" for line in above]
        out += ["\r", _WRAP_OFF, "\r\n".join(row + _ERASE_RIGHT for row in rows), _WRAP_ON]
        if len(rows) > 1:
            out.append(f"\x1b[{len(rows) - 1}A")
        return "".join([*out, "\r", _SYNC_OFF])

    def _write(self, frame: str) -> None:
        with suppress(OSError, ValueError):  # the terminal is gone
            self._stream.write(frame)
            self._stream.flush()
