"""The keyboard: single keys while talking, a line editor while typing.

prompt_toolkit reads and parses; signals stay with the terminal driver, so that Ctrl+C and Ctrl+Z work
even while the loop is busy.
"""

from __future__ import annotations

import asyncio
import importlib
import os
import signal
import sys
from collections.abc import Callable
from contextlib import ExitStack, suppress
from typing import Any, Protocol, TextIO

from rich.text import Text

from realtime_cli.tui import kitty
from realtime_cli.tui.editor import Editor
from realtime_cli.tui.key_events import (
    MEANINGS,
    KeyEvent,
    KeyPress,
    Meaning,
    SlashCommand,
    help_lines,
    parse_line,
)
from realtime_cli.tui.safe_text import cells
from realtime_cli.tui.terminal import TERMINAL, Terminal
from realtime_cli.tui.theme import DIM, PRETTY, Theme

with suppress(ImportError):  # Windows, where only whole lines are read: nobody makes ``Keys`` there
    import termios

ESCAPE_S = 0.05  # a lone Escape is one when nothing has followed it by then
_PASTE_ON, _PASTE_OFF = "\x1b[?2004h", "\x1b[?2004l"

_HINTS = ("i interrupt", "t type", "? help", "q quit", "v video", "l latency", "/ command")
_ANSWERS = {"y": "yes", "a": "session", "n": "no"}
_QUESTION_HINTS = {
    "run": ("y yes, this once", "a yes, in this session", "n no", "/approve no REASON"),
    "output": ("/approve RESULT", "/approve no REASON"),
}

Deliver = Callable[[KeyEvent], None]


class Surface(Protocol):
    """What the keys need of a face that repaints: the bottom row, and a place to say something."""

    look: Theme
    bottom: Callable[[int], Text]

    @property
    def question(self) -> str: ...

    def refresh(self) -> None: ...

    def say(self, text: str) -> None: ...

    def toggle_detail(self) -> None: ...


class KeyMap:
    """Keys by name -> presses. Pure but for what it tells its surface; ``Keys`` feeds it."""

    def __init__(self, surface: Surface | None = None, *, push_to_talk: bool = False) -> None:
        self.editor = Editor()
        self.typing = False
        self.talking = False
        self.holds = False  # the terminal tells when a key is let go
        self._push_to_talk = push_to_talk
        self._surface = surface
        if surface:
            surface.bottom = self.row

    def key(self, name: str, data: str = "") -> list[KeyEvent]:
        """One key: prompt_toolkit's name (``escape``, ``c-w``) or the character itself."""
        presses = self._typed_key(name, data) if self.typing else self._single_key(name)
        if self._surface:
            self._surface.refresh()
        return presses

    def released(self) -> list[KeyEvent]:
        """The space bar was let go."""
        if not (self._push_to_talk and self.talking):
            return []
        return self._talk(False)

    def _single_key(self, name: str) -> list[KeyEvent]:
        if self._question == "run" and name in _ANSWERS:
            return [SlashCommand("approve", _ANSWERS[name])]
        if name == " ":
            return self._space()
        meaning = MEANINGS.get({"c-m": "enter", "c-j": "enter"}.get(name, name.lower()))
        if meaning is None:
            return []
        if meaning == "type":
            self.typing = True
            if name == "/":
                self.editor.insert("/")
        self._show(meaning)
        return [KeyPress(meaning)]

    def _space(self) -> list[KeyEvent]:
        if not self._push_to_talk:
            return [KeyPress("mute")]
        return self._talk(True if self.holds else not self.talking)

    def _talk(self, on: bool) -> list[KeyEvent]:
        changed = on != self.talking
        self.talking = on
        return [KeyPress("talk" if on else "release")] if changed else []

    def _typed_key(self, name: str, data: str) -> list[KeyEvent]:
        if name in ("c-m", "c-j", "enter"):
            self.typing = False
            return self._line(self.editor.take())
        if name == "escape" or (name in ("backspace", "c-h") and not self.editor.text):
            self.typing = False
            self.editor.clear()
        elif name == "<bracketed-paste>":
            self.editor.insert(data)
        elif len(name) == 1:
            self.editor.insert(name)
        else:
            self.editor.key(name)
        return []

    def _line(self, line: str) -> list[KeyEvent]:
        press = parse_line(line)
        if isinstance(press, str):
            self._say(press)
            return []
        if isinstance(press, SlashCommand) and press.name in ("help", "latency"):
            self._show(press.name)  # type: ignore[arg-type]
        return [press] if press else []

    def _show(self, meaning: Meaning) -> None:
        if meaning == "help":
            self._say("\n".join(help_lines(push_to_talk=self._push_to_talk, holds=self.holds)))
        elif meaning == "latency" and self._surface:
            self._surface.toggle_detail()

    def _say(self, text: str) -> None:
        if self._surface:
            self._surface.say(text)

    def row(self, width: int) -> Text:
        """The bottom row: the line being typed, or what the keys do."""
        look = self._surface.look if self._surface else PRETTY
        if self.typing:
            return self.editor.row(width, look)
        hints = list(_QUESTION_HINTS.get(self._question, (self._space_hint(), *_HINTS)))
        row = ""
        for hint in hints:
            longer = f"{row}{look.dot}{hint}" if row else hint
            if cells(longer) > width:
                break
            row = longer
        return Text(row, DIM)

    @property
    def _question(self) -> str:
        return self._surface.question if self._surface else ""

    def _space_hint(self) -> str:
        if not self._push_to_talk:
            return "space mute"
        if self.talking:
            return "let go to send" if self.holds else "space to send"
        return "hold space to talk" if self.holds else "space to talk"


class Keys:
    """The keyboard of a terminal. ``start`` on the running loop; ``close`` leaves the terminal as it was."""

    def __init__(
        self,
        surface: Surface | None = None,
        *,
        push_to_talk: bool = False,
        stdin: TextIO | None = None,
        stdout: TextIO | None = None,
        terminal: Terminal = TERMINAL,
    ) -> None:
        self.board = KeyMap(surface, push_to_talk=push_to_talk)
        self._surface = surface
        self._push_to_talk = push_to_talk
        self._stdin = stdin or sys.stdin
        self._stdout = stdout or sys.__stdout__
        self._terminal = terminal
        self._kitty = kitty.KittyFilter()
        self._kitty_on = False
        self._deliver: Deliver | None = None
        self._input: Any = None
        self._attached = ExitStack()
        self._cooked: list[Any] | None = None
        self._opening: asyncio.Task[None] | None = None
        self._escape: asyncio.TimerHandle | None = None

    def start(self, deliver: Callable[[KeyEvent], None]) -> None:
        """Deliver presses on this loop; where stdin is no terminal there are none, and no hints of them."""
        if not _is_terminal(self._stdin):
            if self._surface:
                self._surface.bottom = lambda width: Text("Ctrl+C ends", DIM)
            return
        if sys.platform == "win32":  # there only whole lines are read
            return
        self._deliver = deliver
        self._cooked = termios.tcgetattr(self._stdin.fileno())
        self._terminal.hold(self)
        self._opening = asyncio.create_task(self._open(), name="keys")

    async def _open(self) -> None:
        """Import and attach beside the opening of the connection: the import alone takes 0.2 s."""
        library = await asyncio.to_thread(importlib.import_module, "prompt_toolkit.input")
        self._input = library.create_input(self._stdin)
        self._input.stdin_reader = _Filtered(self._input.stdin_reader, self._kitty)
        self._attached.enter_context(self._input.attach(self._ready))
        if self._push_to_talk:
            self._emit(kitty.PROBE)

    async def close(self) -> None:
        """Stop reading and restore the terminal; may be called again."""
        if self._opening:
            self._opening.cancel()
            with suppress(asyncio.CancelledError):
                await self._opening
        if self._escape:
            self._escape.cancel()
        self._attached.close()
        self._terminal.release(self)
        self._deliver = None

    # -- a holder of the terminal -------------------------------------------------------------

    def enter(self) -> None:
        """Keys one by one, unechoed; ISIG stays, so that Ctrl+C and Ctrl+Z are signals as ever."""
        if self._cooked is None:
            return
        if sys.platform == "win32":
            return
        attributes = termios.tcgetattr(self._stdin.fileno())
        attributes[0] &= ~(termios.IXON | termios.IXOFF | termios.ICRNL | termios.INLCR | termios.IGNCR)
        attributes[3] &= ~(termios.ECHO | termios.ICANON | termios.IEXTEN)
        attributes[6][termios.VMIN] = 1
        with suppress(termios.error):
            termios.tcsetattr(self._stdin.fileno(), termios.TCSANOW, attributes)
        self._emit(_PASTE_ON + (kitty.ENABLE if self._kitty_on else ""))

    def leave(self) -> None:
        if self._cooked is None:
            return
        if sys.platform == "win32":
            return
        self._emit(_PASTE_OFF + (kitty.DISABLE if self._kitty_on else ""))
        with suppress(termios.error):
            # What was typed ahead and the answers to probes are not for the shell.
            termios.tcsetattr(self._stdin.fileno(), termios.TCSAFLUSH, self._cooked)

    def _emit(self, sequence: str) -> None:
        with suppress(OSError, ValueError, AttributeError):
            os.write(self._stdout.fileno(), sequence.encode())  # type: ignore[union-attr]

    # -- reading ------------------------------------------------------------------------------

    def _ready(self) -> None:
        self._take(self._input.read_keys())
        if self._escape:
            self._escape.cancel()
        self._escape = asyncio.get_running_loop().call_later(ESCAPE_S, self._flush)
        self._look_at_kitty()

    def _flush(self) -> None:
        self._take(self._input.flush_keys())

    def _take(self, keys: list[Any]) -> None:
        if sys.platform == "win32":
            return
        for key in keys:
            name = getattr(key.key, "value", key.key)
            number = {"c-c": signal.SIGINT, "c-z": signal.SIGTSTP}.get(name)
            if number:  # the kitty protocol keeps them from the terminal driver
                os.kill(os.getpid(), number)
            else:
                self._hand_on(self.board.key(name, key.data))

    def _look_at_kitty(self) -> None:
        if self._kitty.released_space:
            self._kitty.released_space = False
            self._hand_on(self.board.released())
        if self._push_to_talk and self._kitty.known and not self._kitty_on:
            self._kitty_on = self.board.holds = True
            self._emit(kitty.ENABLE)
        if self._surface:
            self._surface.refresh()

    def _hand_on(self, presses: list[KeyEvent]) -> None:
        for press in presses:
            if self._deliver:
                self._deliver(press)


class _Filtered:
    """prompt_toolkit's reader of stdin, with the kitty protocol taken out of what it reads."""

    def __init__(self, reader: Any, filter: kitty.KittyFilter) -> None:
        self._reader = reader
        self._filter = filter

    @property
    def closed(self) -> bool:
        return bool(self._reader.closed)

    def read(self, count: int = 1024) -> str:
        return self._filter.feed(self._reader.read(count))


def _is_terminal(stream: TextIO) -> bool:
    try:
        return stream.isatty()
    except (ValueError, AttributeError):
        return False
