"""Chooses how a session is shown: the live screen, plain sentences, or lines of JSON."""

from __future__ import annotations

import os
import sys
from collections.abc import AsyncIterator, Callable, Collection, Mapping
from contextlib import asynccontextmanager
from importlib.util import find_spec
from types import TracebackType
from typing import TYPE_CHECKING, Protocol, Self, TextIO

from realtime_cli.client.cost import Prices
from realtime_cli.conversation.events import ConversationEvent
from realtime_cli.tui.end_summary import EndSummary
from realtime_cli.tui.key_events import KeyEvent
from realtime_cli.tui.terminal import FRAMES_PER_SECOND, MIN_COLUMNS, MIN_ROWS
from realtime_cli.tui.view import View

if TYPE_CHECKING:
    from realtime_cli.tui.key_map import KeyMap
    from realtime_cli.tui.theme import PaletteName


class Frontend(Protocol):
    """Reads all events. It is entered before the first event, and ``end`` is called before it is left."""

    def observe(self, event: ConversationEvent) -> None: ...

    def end(self, ending: EndSummary) -> None: ...

    async def __aenter__(self) -> Self: ...

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


class Keyboard(Protocol):
    """Delivers key events on the running loop from ``start`` to ``close``, if stdin is a terminal."""

    def start(self, deliver: Callable[[KeyEvent], None]) -> None: ...

    async def close(self) -> None: ...


@asynccontextmanager
async def reading(keys: Keyboard, deliver: Callable[[KeyEvent], None]) -> AsyncIterator[None]:
    """Keys and typed lines act inside this context."""
    keys.start(deliver)
    try:
        yield
    finally:
        await keys.close()


def choose_frontend(
    *,
    plain: bool = False,
    json: bool = False,
    push_to_talk: bool = False,
    muted: bool = False,
    prices: Prices | None = None,
    model: str | None = None,
    palette: PaletteName = "auto",
    ascii_only: bool = False,
    frames_per_second: float = FRAMES_PER_SECOND,
    stdout: TextIO | None = None,
    stderr: TextIO | None = None,
    environ: Mapping[str, str] = os.environ,
) -> Frontend:
    """The frontend that fits the options, the terminal and the environment.

    ``NO_COLOR`` keeps the screen without colours; ``ACCESSIBLE`` (any value but 0) and
    ``TERM=dumb`` ask for plain sentences, as does a terminal below 40 columns or 8 rows.
    """
    out, err = stdout or sys.stdout, stderr or sys.stderr
    if json:
        from realtime_cli.tui.json_lines import JsonLines

        return JsonLines(out)
    view = View(push_to_talk=push_to_talk, muted=muted, prices=prices, model=model)
    if plain or not can_repaint(out, environ):
        from realtime_cli.tui.plain import PlainFrontend

        return PlainFrontend(out, err, view=view)
    from realtime_cli.tui.screen import LiveScreen, terminal_console

    console = terminal_console(out, environ, palette)
    return LiveScreen(console, view=view, ascii_only=ascii_only, frames_per_second=frames_per_second)


def choose_keys(
    frontend: Frontend,
    *,
    push_to_talk: bool = False,
    manual_turns: bool = False,
    without: Collection[str] = (),
) -> Keyboard:
    """Single keys and a composer under a live screen, whole lines beside any other frontend.

    ``manual_turns``: the user ends them, with no key to hold. ``without``: keys' meanings and commands that
    this session does not have.
    """
    from realtime_cli.tui.plain import PlainFrontend
    from realtime_cli.tui.screen import LiveScreen

    if isinstance(frontend, LiveScreen):
        from realtime_cli.tui.keys import Deliver, Keys

        def make_map(deliver: Deliver) -> KeyMap:
            from realtime_cli.tui.key_map import KeyMap

            return KeyMap(
                frontend, deliver, push_to_talk=push_to_talk, manual_turns=manual_turns, without=without
            )

        return Keys(frontend, make_map, push_to_talk=push_to_talk)
    from realtime_cli.tui.typed_lines import TypedLines

    plain = frontend if isinstance(frontend, PlainFrontend) else None
    return TypedLines(
        question=lambda: plain.question if plain else None,
        panel=plain.panel_text if plain else None,
        push_to_talk=push_to_talk,
        manual_turns=manual_turns,
        without=without,
    )


def can_repaint(stream: TextIO, environ: Mapping[str, str] = os.environ) -> bool:
    """Whether live rows can be shown on this stream, and are wanted."""
    if environ.get("ACCESSIBLE", "0") not in ("", "0") or environ.get("TERM", "") in ("dumb", "unknown", ""):
        return False
    if find_spec("termios") is None:  # Windows has neither single keys nor a way to restore the terminal
        return False
    try:
        size = os.get_terminal_size(stream.fileno())
    except (OSError, ValueError):
        return False
    return stream.isatty() and size.columns >= MIN_COLUMNS and size.lines >= MIN_ROWS
