"""Lines of JSON on stdout: one finished thing a line, for programs. The models are the manual.

``v`` is 1. It changes when a field changes its meaning or goes; new fields and new types may come at
any time, so ignore what you do not know. ``at`` is seconds since the start of the session. Text is as
it came from the server: it may hold control characters (escaped, as JSON has it). ``schema()`` gives
the JSON Schema of a line.
"""

from __future__ import annotations

import json
from types import TracebackType
from typing import Any, Literal, Self, TextIO

from pydantic import BaseModel, Field, TypeAdapter

from realtime_cli.client.entry import Entry
from realtime_cli.client.inputs import ToolStarted
from realtime_cli.conversation.blocks import AgentTurn, Block, Notice, ToolCard, UserTurn
from realtime_cli.tui.end_summary import EndSummary
from realtime_cli.tui.view import View


class _Line(BaseModel):
    v: Literal[1] = 1
    at: float


class StateLine(_Line):
    """What is going on has changed."""

    type: Literal["state"] = "state"
    state: str
    """connecting, reconnecting, listening, ready, hearing you, thinking, calling, speaking, writing, muted,
    paused, ended"""
    tool: str | None = None
    """The tool that runs, when the state is calling."""


class UserLine(_Line):
    """A finished turn of the user; ``at`` is when it began."""

    type: Literal["user"] = "user"
    item_id: str
    text: str
    spoken: bool
    images: int
    missing: str | None = None
    """Why there is no text."""
    late: bool = False
    """The text of a turn that was written before without one (same item_id)."""


class AgentLine(_Line):
    """A finished message of the agent; ``text`` is what was heard of it."""

    type: Literal["agent"] = "agent"
    item_id: str
    response_id: str
    text: str
    interrupted: bool
    heard_ms: float | None = None
    """How much sound left the loudspeaker; null where there was none."""


class ToolLine(_Line):
    """A tool call: once when it begins to run, once when it ended. ``at`` is when it was called."""

    type: Literal["tool"] = "tool"
    call_id: str
    name: str
    arguments: str
    """The JSON text that the model wrote."""
    state: Literal["running", "done", "failed", "cancelled"]
    output: str
    seconds: float | None = None


class NoticeLine(_Line):
    """A note, a warning or an error; ``topic`` is one word."""

    type: Literal["notice"] = "notice"
    level: Literal["debug", "info", "warning", "error"]
    topic: str
    text: str


class EndLine(_Line):
    """The last line."""

    type: Literal["end"] = "end"
    exit_code: int
    reason: str
    remedy: str
    median_wait_ms: float | None = None
    answers: int
    interruptions: int
    tools: int
    tokens: int
    cost_usd: float | None = None
    recording: str
    replay: str


Line = StateLine | UserLine | AgentLine | ToolLine | NoticeLine | EndLine


def schema() -> dict[str, Any]:
    """The JSON Schema of one line."""
    from typing import Annotated

    return TypeAdapter(Annotated[Line, Field(discriminator="type")]).json_schema()


class JsonLines:
    """A face for programs."""

    def __init__(self, out: TextIO, view: View | None = None) -> None:
        self.view = view or View()
        self._out = out
        self._taken = 0
        self._words = ""
        self._running: dict[str, str] = {}  # arguments by call

    def observe(self, entry: Entry) -> None:
        self.view.fold(entry)
        state = self.view.state
        if state.words != self._words:
            self._words = state.words
            self._write(StateLine(at=entry.at, state=state.word, tool=state.tool or None))
        self._write_settled()
        if isinstance(entry.value, ToolStarted):
            self._write_running(entry.value.call_id)

    def end(self, ending: EndSummary) -> None:
        self.view.close()
        self._write_settled()
        figures = self.view.figures
        self._write(
            EndLine(
                at=self.view.at,
                exit_code=int(ending.exit_code),
                reason=ending.reason,
                remedy=ending.remedy,
                median_wait_ms=figures.median_ms,
                answers=sum(isinstance(block, AgentTurn) for block in self.view.blocks),
                interruptions=figures.interruptions,
                tools=figures.tools,
                tokens=figures.tokens,
                cost_usd=figures.cost_usd,
                recording=ending.recording,
                replay=ending.replay,
            )
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.view.close()
        self._write_settled()

    def _write_settled(self) -> None:
        while self._taken < self.view.settled:
            line = line_of(self.view.blocks[self._taken])
            self._taken += 1
            if isinstance(line, ToolLine) and line.call_id in self._running:
                if line.state == "running":
                    continue  # told already
                line = line.model_copy(update={"arguments": line.arguments or self._running[line.call_id]})
            self._write(line)

    def _write_running(self, call_id: str) -> None:
        """A start, told at once: its block is settled when it ended, or when the talk goes on without it."""
        for block in reversed(self.view.blocks):
            if isinstance(block, ToolCard) and block.call_id == call_id and call_id not in self._running:
                self._running[call_id] = block.arguments
                self._write(line_of(block))
                return

    def _write(self, line: Line) -> None:
        self._out.write(json.dumps(line.model_dump()) + "\n")  # ASCII: harmless on a terminal too
        self._out.flush()


def line_of(block: Block) -> Line:
    """The line of a finished block."""
    match block:
        case UserTurn():
            return UserLine(
                at=block.at, item_id=block.item_id, text=block.text, spoken=block.spoken,
                images=block.images, missing=block.missing or None, late=block.late,
            )  # fmt: skip
        case AgentTurn():
            voiced = any(part.voice for part in block.parts.values())
            return AgentLine(
                at=block.at, item_id=block.item_id, response_id=block.response_id,
                text=block.shown_text, interrupted=block.cut_ms is not None,
                heard_ms=block.heard_ms if voiced else None,
            )  # fmt: skip
        case ToolCard():
            return ToolLine(
                at=block.at, call_id=block.call_id, name=block.name, arguments=block.arguments,
                state=block.state, output=block.output, seconds=block.seconds,
            )  # fmt: skip
        case Notice():
            return NoticeLine(at=block.at, level=block.level, topic=block.topic, text=block.text)
