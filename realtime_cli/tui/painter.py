"""Live rows at the bottom of a terminal, painted in place; finished lines go above them.

Between two frames the cursor stands at the *beginning of the first live row*. A terminal that is made
narrower wraps the rows into an unknown number of lines, but it moves the cursor along with the text: erasing
from there down always removes all of the rows, and nothing else. (rich's Live leaves
the cursor below, counts back, and so leaves stale rows or eats a line of the scrollback.)

The rows follow the text until they have come to the bottom of the terminal, or it was resized. From then on
they stay there, and the blank rows above belong to them: tmux pushes one row off the top for each row that
wraps, into its history, where it cannot be erased. Blank rows do no harm there. Only what is being said
stays below the text, as soon as there are lines enough above it to be pushed.

A panel covers the screen, as do rows that take more than half of it: they are painted on the alternate screen
under the last lines of the text, and what they covered comes back when they are gone. (If they wrapped on
the screen itself, there would be more of them than it can hold.)

A thread writes the frames, so a terminal that does not read (Ctrl+S, a slow line) blocks nothing else.
Frames may be skipped, lines for the scrollback never.
"""

from __future__ import annotations

import threading
from collections import deque
from contextlib import suppress
from dataclasses import dataclass
from typing import IO

_SYNC_ON, _SYNC_OFF = "\x1b[?2026h", "\x1b[?2026l"  # terminals that support it show a frame at once
_HIDE, _SHOW = "\x1b[?25l", "\x1b[?25h"
# The blank moves the cursor off the corner: tmux treats erasing from the corner as clearing the screen, and
# puts everything on it, live rows too, into its history.
_ERASE_DOWN = "\r \x1b[J\r"
# A row must not wrap: the terminal may have been made narrower since the frame was made.
_WRAP_OFF, _WRAP_ON = "\x1b[?7l", "\x1b[?7h"
_ERASE_RIGHT = "\x1b[K"
_SAVE, _RESTORE = "\x1b7", "\x1b8"  # where the cursor is
_COVER_ON, _COVER_OFF = "\x1b[?1049h", "\x1b[?1049l"  # the alternate screen; the cursor is kept, too
_HOME, _DOWN = "\x1b[H", "\x1b[B"
MAX_TAIL = 300  # lines that are kept to be shown above a panel
CLOSE_TIMEOUT_S = 1.0


@dataclass(frozen=True, slots=True)
class LiveRows:
    """The live rows of one moment. ``height`` of the terminal; 0 keeps the rows below the text.

    ``said``: how many of the first belong to the text above. ``covers``: they are drawn over the screen, and
    what they cover must come back.
    """

    rows: tuple[str, ...] = ()
    height: int = 0
    said: int = 0
    covers: bool = False


class Painter:
    """Rows and lines as ready ANSI strings -> the terminal. ``show`` never waits."""

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream
        self._above: list[str] = []
        self._frame = LiveRows()
        self._fresh = False
        self._changed = threading.Condition()
        self._writing = threading.Lock()
        self._closing = False
        self._idle = True
        self._thread = threading.Thread(target=self._run, name="paint", daemon=True)
        # Of the terminal, while ``_writing`` is held:
        self._painted: tuple[str, ...] = ()
        self._line_count = 0
        self._lines_above = 0  # at least so many stand above the cursor
        self._at_bottom = False
        self._said = 0  # rows that were painted below the text
        self._covering = False
        self._covered: list[str] = []  # lines that came meanwhile
        self._tail: deque[str] = deque(maxlen=MAX_TAIL)

    def start(self) -> None:
        self._thread.start()

    def show(self, above: list[str], frame: LiveRows, *, fresh: bool = False) -> None:
        """Lines to add to the scrollback, and the live rows under it; ``fresh`` after a resize."""
        with self._changed:
            if not above and frame == self._frame and not fresh:
                return
            self._above += above
            self._frame, self._fresh = frame, self._fresh or fresh
            self._idle = False
            self._changed.notify_all()

    def close(self) -> None:
        """Write what is left, take the rows away; gives up on a terminal that does not read."""
        self.show([], LiveRows(), fresh=True)
        with self._changed:
            self._changed.wait_for(lambda: self._idle, CLOSE_TIMEOUT_S)
            self._closing = True
            self._changed.notify_all()
        self._thread.join(CLOSE_TIMEOUT_S)

    def leave(self) -> None:
        """Restore the terminal at once, from any thread: no rows, a visible cursor."""
        if self._writing.acquire(timeout=CLOSE_TIMEOUT_S / 2):
            self._write("".join([*self._uncover(), _ERASE_DOWN, *self._lines([]), _SHOW]))
            self._painted = ()
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
                above, frame, fresh = self._above, self._frame, self._fresh
                self._above, self._fresh = [], False
            with self._writing:
                self._tail.extend(above)
                paint = self._paint_over if frame.covers else self._paint
                self._write("".join([_SYNC_ON, *paint(above, frame, fresh), _SYNC_OFF]))
                self._painted = frame.rows
            with self._changed:
                self._idle = not (self._above or self._fresh or self._frame is not frame)
                self._changed.notify_all()

    def _paint(self, above: list[str], frame: LiveRows, fresh: bool) -> list[str]:
        """Paint the rows under the text."""
        rows, was_covered = frame.rows, self._covering
        resized = fresh and bool(self._painted)
        out = self._uncover()
        lines = self._lines(above)
        full = self._line_count + len(rows) >= frame.height
        self._at_bottom = bool(frame.height) and (self._at_bottom or resized or full)
        self._lines_above = min((0 if resized else self._lines_above) + len(lines), frame.height - len(rows))
        said = frame.said if self._lines_above >= len(rows) else 0
        before, self._said = self._said, said
        if lines or fresh or was_covered or len(rows) != len(self._painted) or said != before:
            out += [_HIDE if rows else _SHOW, _ERASE_DOWN]
        out += lines
        if self._at_bottom and rows:
            return [*out, *_at_the_bottom(rows, frame.height, said)]
        out += ["\r", _WRAP_OFF, "\r\n".join(row + _ERASE_RIGHT for row in rows), _WRAP_ON]
        return [*out, _up(len(rows) - 1), "\r"]

    def _paint_over(self, above: list[str], frame: LiveRows, fresh: bool) -> list[str]:
        """Paint the rows on the alternate screen, with the end of the text above them."""
        out = [] if self._covering else [_HIDE, _ERASE_DOWN, _COVER_ON]
        self._covering = True
        self._covered += above
        room = max(0, frame.height - len(frame.rows))
        page = [*list(self._tail)[len(self._tail) - min(room, len(self._tail)) :], *frame.rows]
        return [*out, _HOME, _WRAP_OFF, "\r\n".join(row + _ERASE_RIGHT for row in page), "\x1b[J", _WRAP_ON]

    def _uncover(self) -> list[str]:
        was_covering, self._covering = self._covering, False
        return [_COVER_OFF] if was_covering else []

    def _lines(self, above: list[str]) -> list[str]:
        """The lines for the scrollback; those that came while a panel was open come first."""
        above, self._covered = [*self._covered, *above], []
        self._line_count += len(above)
        return [line + "\r\n" for line in above]

    def _write(self, frame: str) -> None:
        with suppress(OSError, ValueError):  # the terminal is gone
            self._stream.write(frame)
            self._stream.flush()


def _at_the_bottom(rows: tuple[str, ...], height: int, said: int) -> list[str]:
    """Paint the last rows of the terminal; the first ``said`` of them, and the cursor, stay below the text.

    The cursor goes to each row by its number, so a terminal that has become smaller does not scroll.
    """
    first = max(1, height - len(rows) + said + 1)
    out = ["\n" * (len(rows) - 1), _up(len(rows) - 1), "\r", _SAVE, _WRAP_OFF]
    out += [f"{row}{_ERASE_RIGHT}\r{_DOWN}" for row in rows[:said]]
    out += [f"\x1b[{number};1H{row}{_ERASE_RIGHT}" for number, row in enumerate(rows[said:], first)]
    return [*out, _RESTORE, _WRAP_ON]


def _up(count: int) -> str:
    return f"\x1b[{count}A" if count > 0 else ""
