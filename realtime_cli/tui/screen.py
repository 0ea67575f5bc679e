"""The live screen: finished turns flow into the scrollback, four rows under them are repainted.

``observe`` folds, and sets a timer if something changed that is shown: words are drawn at once, levels
ten times a second, and those alone in their row only. A thread writes (see :mod:`realtime_cli.tui.painter`).
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from types import TracebackType
from typing import Self, TextIO

from rich.console import Console
from rich.text import Text

from realtime_cli.conversation import events as e
from realtime_cli.safe_text import safe
from realtime_cli.tui.amounts import clock
from realtime_cli.tui.cell_width import forget_widths
from realtime_cli.tui.end_summary import EndSummary
from realtime_cli.tui.key_events import PanelName
from realtime_cli.tui.painter import LiveRows, Painter
from realtime_cli.tui.panel_contents import panel_lines
from realtime_cli.tui.panels import (
    end_card,
    end_lines,
    fit,
    linked,
    live_rows,
    notice_row,
    picture_facts,
    state_row,
    wrapped,
)
from realtime_cli.tui.question_box import QuestionBox
from realtime_cli.tui.questions import OpenQuestions
from realtime_cli.tui.scrollback import Scrollback, is_among
from realtime_cli.tui.stray_output import StrayOutput
from realtime_cli.tui.terminal import FRAMES_PER_SECOND, MIN_COLUMNS, MIN_ROWS, TERMINAL, Terminal
from realtime_cli.tui.theme import DIM, PRETTY, PaletteName, styles, theme_for
from realtime_cli.tui.video_panel import thumbnail_rows
from realtime_cli.tui.view import View

# Words and states are shown at once, at most this often; levels wait for the next of fewer frames.
MIN_FRAME_S = 0.03
MIN_ROWS_WITH_PICTURE = 20
MAX_LINE_LENGTH = 100  # prose is read best in lines of this length
# A terminal that is made narrower wraps the live rows again and may push as many lines out at its top, so
# they had better not be longer than what there is to say.
MAX_ROW_LENGTH = 80
TICK_S = 1.0  # the clock goes on when nothing else does

# Up to fifty of these come a second, and the screen shows none of them.
_UNSEEN = (e.ServerEventSeen, e.AgentSoundReceived, e.AgentSoundQueued)
Rows = Callable[[int, int], list[Text]]


def terminal_console(
    stream: TextIO, environ: Mapping[str, str] = os.environ, palette: PaletteName = "auto"
) -> Console:
    """A console on a real terminal. NO_COLOR is obeyed; COLUMNS is not, because it would freeze the width."""
    kept = {name: value for name, value in environ.items() if name not in ("COLUMNS", "LINES")}
    console = Console(file=stream, highlight=False, markup=False, emoji=False, _environ=kept)
    few = console.color_system == "standard"
    console.push_theme(styles(palette, few_colours=few, no_colours=console.no_color))
    return console


class LiveScreen:
    """A frontend. The keyboard draws its lowest rows: see ``connect``."""

    def __init__(
        self,
        console: Console,
        *,
        view: View | None = None,
        terminal: Terminal = TERMINAL,
        clock_rate: float = 1.0,
        ascii_only: bool = False,
        frames_per_second: float = FRAMES_PER_SECOND,
    ) -> None:
        """``frames_per_second``: how often levels alone may be drawn."""
        self.view = view or View()
        self.theme = theme_for("ascii" if ascii_only else console.encoding)
        self._levels_frame_s = 1 / frames_per_second
        self._lowest: Rows = lambda width, room: []
        self._covers: Callable[[], bool] = lambda: False
        self._questions = OpenQuestions()
        self._jumped = ("", 0)  # the last mark of a jump, and how much of the talk it stands behind
        self._console = console
        self._size = console.size  # as at the last frame: it takes some system calls
        self._links = console.color_system in ("256", "truecolor")  # a terminal of 16 colours is an old one
        self._has_alternate_screen = os.environ.get("TERM") != "linux"  # its console has one screen only
        self._terminal = terminal
        self.clock_rate = clock_rate  # 0 while a replay is paused
        self._scrollback = Scrollback()
        self._painter = Painter(console.file)
        self._stray: deque[str] = deque()
        self._catcher = StrayOutput(self._strayed, console.encoding)
        self._fresh = True
        self._due: asyncio.TimerHandle | None = None
        self._drawn_at = 0.0
        self._whole_due = 0.0  # when more than the levels is drawn
        self._ended = False
        self._seen_at = time.monotonic()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._drawn: list[tuple[Text, str]] = []
        self._heard_text = ""
        self._state_at = 0  # place of the row with state and meters among the drawn rows

    # -- a face -------------------------------------------------------------------------------

    def observe(self, event: e.ConversationEvent) -> None:
        self.view.observe(event)
        self._seen_at = time.monotonic()
        if isinstance(event, e.LevelsMeasured):
            if self.view.meters.moved:
                self._draw_by(self._drawn_at + self._levels_frame_s)
            return
        self._questions.observe(event)
        if isinstance(event, e.ToolWaiting):
            self._write_out(event)
        if not isinstance(event, _UNSEEN) and not self._is_no_further_word(event):
            self.refresh()

    def _is_no_further_word(self, event: e.ConversationEvent) -> bool:
        """Whether only more sound was heard, as is told ten times a second, and no other word."""
        if not isinstance(event, e.AgentHeard):
            return False
        before, self._heard_text = self._heard_text, self.view.text_of(event.item_id)
        return not (event.first or event.finished) and self._heard_text == before

    def _draw_by(self, due: float) -> None:
        """A frame at this time of the loop, unless one is due before it."""
        if self._loop is None or self._ended:
            return
        if self._due is not None:
            if self._due.when() <= due:
                return
            self._due.cancel()
        self._due = self._loop.call_at(due, self._draw_now)

    async def __aenter__(self) -> Self:
        self._loop = asyncio.get_running_loop()
        self._painter.start()
        self._catcher.start()
        self._terminal.hold(self._painter)
        if sys.platform != "win32":
            with suppress(ValueError, RuntimeError):
                self._loop.add_signal_handler(signal.SIGWINCH, self._resized)
        self.refresh()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._due:
            self._due.cancel()
        if sys.platform != "win32" and self._loop:
            with suppress(ValueError, RuntimeError):
                self._loop.remove_signal_handler(signal.SIGWINCH)
        if not self._ended:
            self.view.close()
            self._draw(rows=False)
        self._painter.close()
        self._terminal.release(self._painter)
        self._catcher.stop(crashed=kind is not None and issubclass(kind, Exception))

    def end(self, ending: EndSummary) -> None:
        """Write unfinished turns and the end card; live rows are not shown again."""
        self.view.close()
        self._ended = True
        self._draw(rows=False)
        if not ending.connected:
            return
        card = end_card(end_lines(self.view, ending.recording, ending.replay))
        self._painter.show(["", *map(self._ansi, card)], LiveRows())

    def restart(self, before: Iterable[e.ConversationEvent]) -> None:
        """A replay jumps: the events ``before`` count as known, and nothing is written twice.

        A line marks what a jump ahead leaves out.
        """
        was_at, old = self.view.at, self._scrollback
        self.view = self.view.empty_copy()
        for event in before:
            self.view.observe(event)
        settled = self.view.forgotten + self.view.settled
        self._scrollback = Scrollback(settled, old.written, omit_questions=old.omit_questions)
        if self.view.at > was_at and settled and not is_among(settled - 1, old.written):
            mark = f"-- {clock(self.view.at)} --"
            if (mark, settled) != self._jumped:
                self.say(mark)
            self._jumped = mark, settled
        self.refresh()

    # -- for the keys -------------------------------------------------------------------------

    def connect(self, rows: Rows, *, asks: bool, covers: Callable[[], bool] = lambda: False) -> None:
        """``rows(width, room)`` draws the lowest rows, at most ``room`` of them, from now on.

        ``asks``: open questions are among them, and so need not be written into the scrollback.
        ``covers``: whether they show a panel now, which is closed again.
        """
        self._lowest, self._covers = rows, covers
        self._scrollback.omit_questions = asks

    @property
    def question(self) -> e.ToolWaiting | None:
        """The question that waits for the user, if there is one."""
        return self._questions.first

    def _write_out(self, question: e.ToolWaiting) -> None:
        """Write a call that is too long for the box into the scrollback, so that all of it can be read."""
        box = QuestionBox(question)
        if self._scrollback.omit_questions and not box.fits(self._width, self._room):
            self.say(box.whole.plain)

    def refresh(self) -> None:
        """Something but the levels has changed: the rows of the keyboard, or what is said."""
        self._whole_due = self._drawn_at + MIN_FRAME_S
        self._draw_by(self._whole_due)

    def say(self, text: str) -> None:
        """A line of ours above the live rows (help, an answer to a command)."""
        self._stray += text.splitlines() or [""]
        self.refresh()

    def panel_lines(self, name: PanelName, width: int) -> list[Text]:
        """What a panel of the keyboard's shows."""
        lines = [fit(line, self.theme) for line in panel_lines(name, self.view, width, self.theme)]
        return [linked(line) for line in lines] if self._links else lines

    # -- drawing ------------------------------------------------------------------------------

    def _strayed(self, line: str) -> None:
        """Some other code printed a line, on any thread."""
        self._stray.append(line)
        if self._loop and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self.refresh)

    def _resized(self) -> None:
        self._fresh = True
        self._draw()

    def _draw_now(self) -> None:
        self._due, self._drawn_at = None, asyncio.get_running_loop().time()
        if self._drawn_at >= self._whole_due:
            self._whole_due = self._drawn_at + TICK_S
            self._draw()
        else:
            self._draw_levels()
        self._draw_by(self._whole_due)

    def _draw(self, *, rows: bool = True) -> None:
        self._size = size = self._console.size
        width = self._width
        lines = self._scrollback.take(self.view, width, self.theme)
        self.view.forget_written(self._scrollback.taken)
        if lines:
            forget_widths()
        lines += [line for said in self._take_stray() for line in wrapped(Text(safe(said)), width)]
        above = [self._ansi(linked(line) if self._links else line) for line in lines]
        fits = size.width >= MIN_COLUMNS and size.height >= MIN_ROWS
        self._drawn = self._rows(width) if rows and fits and not self._ended else []
        fresh, self._fresh = self._fresh, False
        self._show(above, fresh=fresh)

    def _show(self, above: list[str], *, fresh: bool = False) -> None:
        rows = tuple(ansi for _, ansi in self._drawn)
        tall = 2 * len(rows) > self._size.height
        covers = bool(rows) and (tall or self._covers()) and self._has_alternate_screen
        self._painter.show(above, LiveRows(rows, self._size.height, self._state_at, covers), fresh=fresh)

    @property
    def _width(self) -> int:
        """The width of a line; some terminals wrap after the last column."""
        return max(20, min(MAX_LINE_LENGTH, self._size.width - 1))

    @property
    def _room(self) -> int:
        """The number of rows left for the keyboard, under what is said, the state and the figures."""
        return max(1, self._size.height - 4 - bool(self.view.pending))

    def _take_stray(self) -> list[str]:
        return [self._stray.popleft() for _ in range(len(self._stray))]

    def _draw_levels(self) -> None:
        """The last frame with new meters."""
        if not self._drawn:
            return
        row = fit(state_row(self.view, self._wide, self.theme), self.theme)
        if row != self._drawn[self._state_at][0]:
            self._drawn[self._state_at] = (row, self._ansi(row, self._whole_width))
            self._show([])

    @property
    def _whole_width(self) -> int:
        return max(20, self._size.width - 1)

    @property
    def _wide(self) -> int:
        """The width of a live row."""
        return min(MAX_ROW_LENGTH, self._whole_width)

    def _rows(self, width: int) -> list[tuple[Text, str]]:
        ticked_s = (time.monotonic() - self._seen_at) * self.clock_rate
        whole, wide = self._whole_width, self._wide
        warned = notice_row(self.view, width, self.theme)
        above = [self._scrollback.talk(self.view, width, self.theme), *([warned] if warned else [])]
        live = live_rows(
            self.view,
            wide,
            self.theme,
            at=self.view.at + ticked_s,
            figures_width=whole,
        )
        rows = [*above, *live, *self._lowest(wide, self._room)]
        picture = self._picture()
        if len(rows) + len(picture) >= self._size.height:
            picture = []
        self._state_at = len(picture) + len(above)
        rows = [*picture, *rows]
        known = self._drawn[: len(rows)] + [(Text(), "")] * (len(rows) - len(self._drawn))
        return [
            old if row == old[0] and old[1] else (row, self._ansi(row, whole))
            for row, old in zip(rows, known, strict=True)
        ]

    def _picture(self) -> list[Text]:
        """What the agent was shown last, where there are colours and room for it."""
        coloured = self._console.color_system in ("256", "truecolor") and self.theme is PRETTY
        roomy = self._size.height >= MIN_ROWS_WITH_PICTURE
        if not (coloured and roomy):
            return []
        lines = thumbnail_rows(self.view.video.thumbnail)
        for line, fact in zip(lines, picture_facts(self.view), strict=False):
            line.append(f"  {fact}", DIM)
        return lines

    def _ansi(self, text: Text, width: int | None = None) -> str:
        if width is not None and text.cell_len > width:
            text = text.copy()
            text.truncate(width)
        with self._console.capture() as captured:
            self._console.print(text, end="", soft_wrap=True)
        return captured.get()
