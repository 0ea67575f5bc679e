"""Live rows painted in place, lines above them; read by a small terminal that knows what the painter uses."""

from __future__ import annotations

import io
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from realtime_cli.tui.painter import LiveRows, Painter

TIMEOUT_S = 10.0
_TOKEN = re.compile(r"\x1b\[(\??[\d;]*)([A-Za-z])|([\r\n])|([^\x1b\r\n]+)")


class Paper:
    """A terminal of endless height: its rows, and whether the cursor is visible."""

    def __init__(self) -> None:
        self.rows = [""]
        self.row = self.column = 0
        self.cursor = True

    def write(self, text: str) -> None:
        for parameters, command, control, letters in _TOKEN.findall(text):
            if letters:
                self._letters(letters)
            elif control:
                self._move(control)
            else:
                self._obey(parameters, command)

    def _letters(self, letters: str) -> None:
        before = self.rows[self.row].ljust(self.column)
        self.rows[self.row] = before[: self.column] + letters + before[self.column + len(letters) :]
        self.column += len(letters)

    def _move(self, control: str) -> None:
        if control == "\r":
            self.column = 0
            return
        self.row += 1
        self.rows += [""] * (self.row + 1 - len(self.rows))

    def _obey(self, parameters: str, command: str) -> None:
        if command == "J":
            self.rows[self.row + 1 :] = []
        if command in ("J", "K"):
            self.rows[self.row] = self.rows[self.row][: self.column]
        elif command == "A":
            self.row -= int(parameters)
        elif parameters == "?25":
            self.cursor = command == "h"

    @property
    def text(self) -> list[str]:
        return [row.rstrip() for row in self.rows]


class Screen(io.StringIO):
    """Whatever is written here is on paper; ``stuck`` as after Ctrl+S, until ``go_on``."""

    def __init__(self, *, stuck: bool = False) -> None:
        super().__init__()
        self.paper = Paper()
        self._stuck = stuck
        self._waiting = False
        self._changed = threading.Condition()

    def write(self, text: str) -> int:
        with self._changed:
            self._waiting = True
            self._changed.notify_all()
            assert self._changed.wait_for(lambda: not self._stuck, TIMEOUT_S)
            self.paper.write(text)
            self._changed.notify_all()
        return len(text)

    def go_on(self) -> None:
        with self._changed:
            self._stuck = False
            self._changed.notify_all()

    def somebody_waits(self) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: self._waiting, TIMEOUT_S)

    def shows(self, *rows: str) -> None:
        """These rows are on it, or come soon."""
        with self._changed:
            self._changed.wait_for(lambda: self.paper.text == list(rows), TIMEOUT_S)
            assert self.paper.text == list(rows)


def rows(*rows: str) -> LiveRows:
    return LiveRows(rows)


@contextmanager
def painting(screen: Screen) -> Iterator[Painter]:
    painter = Painter(screen)
    painter.start()
    try:
        yield painter
    finally:
        screen.go_on()
        painter.close()


def test_lines_go_above_the_rows_and_the_rows_are_taken_away_in_the_end() -> None:
    screen = Screen()
    with painting(screen) as painter:
        painter.show(["first line"], rows("state", "hints"))
        screen.shows("first line", "state", "hints")
        assert not screen.paper.cursor
        painter.show(["second line"], rows("other state", "hints"))
        screen.shows("first line", "second line", "other state", "hints")
        painter.show([], rows())
        screen.shows("first line", "second line", "")
    screen.shows("first line", "second line", "")
    assert screen.paper.cursor


def test_rows_that_become_shorter_fewer_or_more_leave_nothing_behind() -> None:
    screen = Screen()
    with painting(screen) as painter:
        for shown in (["a long row", "another"], ["short", "x"], ["one"], ["one", "two", "three"]):
            painter.show([], rows(*shown))
            screen.shows(*shown)


def test_after_a_resize_the_rows_are_painted_though_they_are_the_same() -> None:
    screen = Screen()
    with painting(screen) as painter:
        painter.show([], rows("row"))
        screen.shows("row")
        screen.paper.rows = ["ro", "w"]  # a terminal that was made narrower has wrapped it anew
        painter.show([], rows("row"))
        painter.show([], rows("row"), fresh=True)
        screen.shows("row")


def test_a_terminal_that_does_not_read_holds_up_nobody_and_loses_no_line() -> None:
    screen = Screen(stuck=True)
    with painting(screen) as painter:
        painter.show(["line 0"], rows("row 0"))
        screen.somebody_waits()
        for number in range(1, 4):
            painter.show([f"line {number}"], rows(f"row {number}"))
        screen.go_on()
        screen.shows("line 0", "line 1", "line 2", "line 3", "row 3")


def test_left_in_a_hurry_it_is_clean_and_comes_back_with_its_rows() -> None:
    screen = Screen()
    with painting(screen) as painter:
        painter.show(["line"], rows("row 1", "row 2"))
        screen.shows("line", "row 1", "row 2")
        painter.leave()
        screen.shows("line", "")
        assert screen.paper.cursor
        painter.enter()
        screen.shows("line", "row 1", "row 2")


def test_a_terminal_that_is_gone_is_no_error() -> None:
    screen = Screen()
    with painting(screen) as painter:
        screen.close()
        painter.show(["line"], rows("row"))
