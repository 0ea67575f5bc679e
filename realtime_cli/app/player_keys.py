"""The keys of a replay, and the bar that shows where it is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Literal

from rich.text import Text

from realtime_cli.tui.amounts import clock, plural
from realtime_cli.tui.cell_width import cells, cut_to
from realtime_cli.tui.key_events import PanelName
from realtime_cli.tui.key_map import BoundKeys, bound, hints_row
from realtime_cli.tui.pager import Pager
from realtime_cli.tui.theme import DIM, USER, Theme

Key = Literal[
    "pause", "step", "back", "ahead", "previous", "next", "begin", "end", "faster", "slower", "quit"
]
_KEYS: dict[str, Key] = {
    " ": "pause", ".": "step", "left": "back", "right": "ahead", "p": "previous", "n": "next",
    "home": "begin", "end": "end", "+": "faster", "-": "slower", "q": "quit", "P": "previous", "N": "next",
    "Q": "quit",
}  # fmt: skip
_PANELS: dict[str, PanelName] = {"l": "latency", "f": "tools", "o": "output", "s": "settings"}
_HINTS = ("space pause", "? help", "q quit", "left right 10 s", "p n turn", ". step", "home end", "l latency")
HELP = (
    ("space", "pause, and go on"),
    ("left right", "10 seconds back or ahead"),
    ("p n", "the turn before, the next turn"),
    ("home end", "the beginning, the end"),
    (".", "the next thing that happens, then pause"),
    ("+ -", "faster, slower (not with --audio)"),
    ("l", "latency"),
    ("f", "tools (functions)"),
    ("o", "last tool in full"),
    ("s", "settings"),
    ("?", "this help"),
    ("q", "quit"),
)
MIN_BAR = 10
STATE_CELLS = 8  # kept free for "  paused", so that the bar stays as it is


@dataclass(slots=True)
class Position:
    """Where a replay is, in session seconds. ``notes`` and ``turn_starts`` are marks on its bar."""

    at: float = 0.0
    total: float = 0.0
    turn_starts: Sequence[float] = ()
    notes: Sequence[float] = ()
    speed: float | None = 1.0
    paused: bool = False
    at_end: bool = False

    @property
    def turn(self) -> int:
        """The number of the turn that is going on; 0 before the first."""
        return sum(start <= self.at + 0.01 for start in self.turn_starts)


@dataclass(slots=True)
class ReplaySurface:
    """What the keys need of the player and its screen."""

    theme: Theme
    position: Callable[[], Position]
    panel_lines: Callable[[PanelName, int], list[Text]]
    refresh: Callable[[], None] = field(default=lambda: None)


class ReplayKeyMap(BoundKeys):
    """Each key is notified at once; panels are opened and closed here."""

    def __init__(self, notify: Callable[[Key], None], surface: ReplaySurface) -> None:
        self._surface = surface
        actions: dict[str, Callable[[], None]] = {name: partial(notify, key) for name, key in _KEYS.items()}
        actions |= {key: partial(self._open, key) for key in (*_PANELS, "?")}
        actions |= {"up": partial(self._scroll, -1), "down": partial(self._scroll, 1)}
        actions["escape"] = self._close
        super().__init__(bound(actions))

    def _open(self, key: str) -> None:
        name = _PANELS.get(key)
        if self._panel and self._panel.closes == key:
            self._panel = None
        elif name:
            self._panel = Pager(name, partial(self._surface.panel_lines, name), key)
        else:
            self._panel = Pager("help", lambda width: [Text(f"{key:12}{text}") for key, text in HELP], key)
        self._surface.refresh()

    def _close(self) -> None:
        self._panel = None
        self._surface.refresh()

    def _scroll(self, lines: int) -> None:
        if self._panel:
            self._panel.scroll(lines)
            self._surface.refresh()

    def rows(self, width: int, room: int) -> list[Text]:
        theme = self._surface.theme
        bar = bar_row(self._surface.position(), width, theme)
        if self._panel and room > 3:
            return [bar, *self._panel.rows(width, room - 1, theme)]
        return [bar, hints_row(_HINTS, width, theme)][:room]


def bar_row(position: Position, width: int, theme: Theme) -> Text:
    """``0:41 ━━━╋━━●──┼───╂─── 2:10  turn 3 of 7``: turns are ticks, notes are taller ones."""
    total = max(position.total, position.at)
    words = f" {clock(total)}"
    if position.turn:
        words += f"  turn {position.turn} of {len(position.turn_starts)}"
    elif position.turn_starts:
        words += f"  {plural(len(position.turn_starts), 'turn')}"
    state = ""
    if position.at_end:
        state = "  end"
    elif position.paused:
        state = "  paused"
    elif position.speed is None or position.speed != 1:
        state = "  as fast as possible" if position.speed is None else f"  x{position.speed:g}"
    head = f"{clock(position.at)} ".rjust(cells(clock(total)) + 1)
    room = width - cells(head) - cells(words)
    words += state
    size = room - max(STATE_CELLS, cells(state))
    size = size if size >= MIN_BAR else room - cells(state)
    if size < MIN_BAR:
        return Text(cut_to(head + words.lstrip(), width, theme.ellipsis))

    def cell(at: float) -> int:
        return min(size - 1, int(at / total * size)) if total > 0 else 0

    here = cell(position.at)
    letters = [theme.bar if place < here else theme.rail for place in range(size)]
    for start in position.turn_starts:
        letters[cell(start)] = theme.tick
    for note in position.notes:
        letters[cell(note)] = theme.peak
    letters[here] = theme.knob
    bar = Text("".join(letters), DIM)
    bar.stylize(USER, 0, here + 1)
    return Text.assemble(head, bar, words)
