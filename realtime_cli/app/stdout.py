"""The answers of ``text``: what goes to stdout, until nobody reads it any more."""

from __future__ import annotations

import io
import os
import sys
from typing import Self

from realtime_cli.app.ending import NoStdout
from realtime_cli.conversation import events as e
from realtime_cli.errors import ConfigError
from realtime_cli.safe_text import GrowingText
from realtime_cli.tui.end_summary import EndSummary


class Stdout(io.TextIOBase):
    """stdout as UTF-8-safe text. ``gone``: nobody reads it any more, or it cannot be written.

    ``failure``: why it cannot be written, such as a full disk.

    Raises ConfigError when there is none (``>&-``).
    """

    def __init__(self) -> None:
        if isinstance(sys.stdout, NoStdout):
            raise ConfigError("There is no stdout to write the answers to.")
        self._growing = GrowingText() if sys.stdout.isatty() else None
        self.gone = False
        self.failure = ""

    def write(self, text: str) -> int:
        """Nothing is written once writing has failed."""
        if self.gone:
            return len(text)
        try:
            sys.stdout.write(self._growing.add(text) if self._growing else text)
            sys.stdout.flush()
        except BrokenPipeError:
            self.gone = True
        except OSError as error:
            self.gone, self.failure = True, f"stdout cannot be written: {error.strerror}."
        return len(text)

    def let_go(self) -> None:
        """Stop writing: nobody reads stdout any more, and Python must not try again when it exits."""
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


class Answers:
    """A reader that prints the agent's text as it comes, one line per message.

    A message that is cut off ends its line.
    """

    def __init__(self, out: Stdout) -> None:
        self._out = out
        self._open: tuple[str, str] | None = None  # the response and message whose line is not finished

    def observe(self, event: e.ConversationEvent) -> None:
        match event:
            case e.AgentTextPartial():
                message = (event.response_id, event.item_id)
                if message != self._open:
                    self._end_line()
                self._out.write(event.delta)
                self._open = message
            case e.AgentResponseEnded() if self._open and event.response_id == self._open[0]:
                self._end_line()
            case e.ConnectionLost():
                self._end_line()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        """Finish the last line."""

    def end(self, ending: EndSummary) -> None:
        self._end_line()

    def _end_line(self) -> None:
        if self._open:
            self._out.write("\n")
            self._open = None
