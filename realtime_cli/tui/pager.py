"""A panel over the lowest rows: a title, as many lines as there is room for, and how to scroll and close it.

Nothing of it goes into the scrollback: once it is closed, the transcript is as it was before.
"""

from __future__ import annotations

from collections.abc import Callable

from rich.text import Text

from realtime_cli.tui.cell_width import cells, cut_to, wrap
from realtime_cli.tui.theme import DIM, USER, Theme

MIN_ROWS = 3  # the title, one line, and how to close it
Contents = Callable[[int], list[Text]]  # line width -> lines


class Pager:
    """``contents`` is called for each drawing, so that figures stay fresh. ``closes``: its key."""

    def __init__(self, title: str, contents: Contents, closes: str) -> None:
        self.title = title
        self.closes = closes
        self._contents = contents
        self._first = 0
        self._page = 1
        self._count = 0

    def scroll(self, lines: int) -> None:
        self._first = max(0, min(self._first + lines, self._count - self._page))

    def turn(self, pages: int) -> None:
        self.scroll(pages * max(1, self._page - 1))

    def rows(self, width: int, room: int, theme: Theme) -> list[Text]:
        """At most ``room`` rows."""
        lines = [
            line[start:end]
            for line in self._contents(width)
            for start, end in wrap(line.plain, width, whole_addresses=False)
        ]
        self._count, self._page = len(lines), max(1, room - 2)
        self.scroll(0)
        shown = lines[self._first : self._first + self._page]
        title = f"{theme.box[4] * 2} {self.title} "
        head = Text(title + theme.box[4] * max(0, width - cells(title)), USER)
        foot = f"{self.closes} or Esc closes this"
        if len(lines) > self._page:
            place = f"{self._first + 1}-{self._first + len(shown)} of {len(lines)}"
            foot = f"{foot}{theme.dot}up and down scroll{theme.dot}{place}"
        rows = [head, *shown, Text(cut_to(foot, width, theme.ellipsis), DIM)]
        return rows[-room:] if room < MIN_ROWS else rows
