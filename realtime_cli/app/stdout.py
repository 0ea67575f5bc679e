"""The answers of ``text``: what goes to stdout, until nobody reads it any more."""

from __future__ import annotations

import io
import os
import sys
from typing import Self

from realtime_cli.client import inputs
from realtime_cli.client.entry import Entry
from realtime_cli.errors import ConfigError
from realtime_cli.protocol import server_events as s
from realtime_cli.tui.end_summary import EndSummary


class Stdout(io.TextIOBase):
    """stdout as UTF-8-safe text. ``gone``: nobody reads it any more, or it cannot be written.

    ``failure``: why it cannot be written, such as a full disk.

    Raises ConfigError when there is none (``>&-``).
    """

    def __init__(self) -> None:
        if sys.stdout is None:
            raise ConfigError("There is no stdout to write the answers to.")
        if isinstance(sys.stdout, io.TextIOWrapper):
            sys.stdout.reconfigure(errors="replace")
        self.gone = False
        self.failure = ""

    def write(self, text: str) -> int:
        """Nothing is written once writing has failed."""
        if self.gone:
            return len(text)
        try:
            sys.stdout.write(text)
            sys.stdout.flush()
        except BrokenPipeError:
            self.gone = True
        except OSError as error:
            self.gone, self.failure = True, f"stdout cannot be written: {error.strerror}."
        return len(text)

    def let_go(self) -> None:
        """Nobody reads it any more: Python shall not try to write there again at its end."""
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


class Answers:
    """An observer: the agent's text as it comes, one line feed behind each answer."""

    def __init__(self, out: Stdout) -> None:
        self._out = out
        self._open = False

    def observe(self, entry: Entry) -> None:
        if isinstance(entry.value, inputs.Received):
            self._received(entry.value.event)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        """Nothing is held open."""

    def end(self, ending: EndSummary) -> None:
        """An answer that broke off ends its line, too."""
        if self._open:
            self._out.write("\n")

    def _received(self, event: s.ServerEvent) -> None:
        match event:
            case s.ResponseOutputTextDelta() | s.ResponseOutputAudioTranscriptDelta():
                self._out.write(event.delta or "")
                self._open = True
            case s.ResponseDone() if self._open:
                self._out.write("\n")
                self._open = False
