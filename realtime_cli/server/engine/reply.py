"""What gives the answers: what it is asked, and the pieces in which it answers."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from realtime_cli.errors import RealtimeCliError

WireObject = Mapping[str, Any]


@dataclass(frozen=True)
class EngineText:
    """A piece of the spoken answer, usually one sentence."""

    text: str


@dataclass(frozen=True)
class EngineCall:
    """A function that the client is asked to call; ``arguments`` is JSON text."""

    name: str
    arguments: str


@dataclass(frozen=True)
class ReplyRequest:
    """One response to give: the items as on the wire, oldest first, and the settings in force."""

    items: tuple[WireObject, ...] = ()
    instructions: str = ""
    tools: tuple[WireObject, ...] = ()
    tool_choice: str | WireObject = "auto"
    modalities: tuple[str, ...] = ("audio",)
    metadata: Mapping[str, str] = field(default_factory=dict)


class EngineReply(Protocol):
    """The small dialogue and a chat endpoint are both one."""

    def reply(self, request: ReplyRequest) -> AsyncIterator[EngineText | EngineCall]:
        """The answer, piece by piece. Raises EngineError when none can be had."""


class EngineError(RealtimeCliError):
    """No answer can be had; the response fails with the code server_error and this message."""
