"""Whole lines from a terminal in its ordinary mode, for plain frontends and screen readers.

A line is a message, a ``/command``, or the answer to an open question (``y``, ``a``, ``n``). An empty
line interrupts, or begins and ends talking where push-to-talk is on.
"""

from __future__ import annotations

import asyncio
import os
import sys
import threading
from collections.abc import Callable, Collection
from contextlib import suppress
from typing import TextIO

from realtime_cli.conversation.events import ToolWaiting
from realtime_cli.tui.key_events import (
    PANELS,
    KeyEvent,
    KeyPress,
    PanelName,
    SlashCommand,
    help_lines,
    parse_answer,
    parse_line,
)

_READ = 4096


class TypedLines:
    """The same interface as :class:`~realtime_cli.tui.keys.Keys`; the terminal is left as it is."""

    def __init__(
        self,
        say: Callable[[str], None] | None = None,
        *,
        question: Callable[[], ToolWaiting | None] = lambda: None,
        panel: Callable[[PanelName], str] | None = None,
        push_to_talk: bool = False,
        manual_turns: bool = False,
        without: Collection[str] = (),
        stdin: TextIO | None = None,
    ) -> None:
        self._say = say or (lambda text: print(text, file=sys.stderr))
        self._question = question
        self._panel = panel
        # Panels need a view of the session.
        self._without = {*without, *(() if panel else set(PANELS) - {"tools"})}
        self._push_to_talk = push_to_talk
        self._manual_turns = manual_turns
        self._stdin = stdin or sys.stdin
        self._talking = False
        self._rest = b""
        self._deliver: Callable[[KeyEvent], None] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    def start(self, deliver: Callable[[KeyEvent], None]) -> None:
        """Deliver what is typed; does nothing where stdin is no terminal."""
        if not self._stdin.isatty():
            return
        self._deliver = deliver
        self._say("Type to write; /help lists the commands, /quit ends.")
        self._loop = asyncio.get_running_loop()
        try:
            self._loop.add_reader(self._stdin.fileno(), self._ready)
        except NotImplementedError:  # Windows: its loop waits for sockets only
            threading.Thread(target=self._read_on, args=(self._loop,), name="keys", daemon=True).start()

    async def close(self) -> None:
        self._deliver = None
        if self._loop:
            with suppress(ValueError, OSError, NotImplementedError):
                self._loop.remove_reader(self._stdin.fileno())
            self._loop = None

    def _ready(self) -> None:
        try:
            data = os.read(self._stdin.fileno(), _READ)
        except OSError:
            data = b""
        if not data and self._loop:
            self._loop.remove_reader(self._stdin.fileno())
        self._take(data)

    def _read_on(self, loop: asyncio.AbstractEventLoop) -> None:
        """Runs on its own thread, which nothing can wake: it ends with the process."""
        for line in self._stdin:
            with suppress(RuntimeError):  # the loop is closed
                loop.call_soon_threadsafe(self._take, line.encode())

    def _take(self, data: bytes) -> None:
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            press = self.press_of(line.decode("utf-8", "replace"))
            if press and self._deliver:
                self._deliver(press)

    def press_of(self, line: str) -> KeyEvent | None:
        """What a line means; complaints and help are printed at once."""
        question = self._question()
        answer = parse_answer(line, question.call_id, question.question) if question else None
        press = answer or parse_line(line)
        if press is None:
            return self._empty()
        if isinstance(press, str):
            self._say(press)
            return None
        if isinstance(press, SlashCommand) and press.name in PANELS and self._panel:
            self._say(self._panel(press.name))
            return None
        if isinstance(press, SlashCommand) and press.name == "help":
            lines = help_lines(
                push_to_talk=self._push_to_talk,
                manual_turns=self._manual_turns,
                holds=False,
                single_keys=False,
                without=self._without,
            )
            self._say("\n".join(lines))
        return press

    def _empty(self) -> KeyEvent:
        if not self._push_to_talk:
            return KeyPress("commit" if self._manual_turns else "interrupt")
        self._talking = not self._talking
        return KeyPress("talk" if self._talking else "release")
