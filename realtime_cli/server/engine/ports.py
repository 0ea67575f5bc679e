"""What the server needs of an engine, and what it asks for an answer and gets."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import field
from typing import TYPE_CHECKING, Any, Protocol

from realtime_cli.errors import RealtimeCliError
from realtime_cli.value import value

if TYPE_CHECKING:
    from realtime_cli.audio.pcm import Samples

WireObject = Mapping[str, Any]


@value
class EngineText:
    """A piece of the spoken answer, usually one sentence."""

    text: str


@value
class EngineCall:
    """A function that the client is asked to call; ``arguments`` is JSON text."""

    name: str
    arguments: str


DELEGATE: WireObject = {
    "type": "function",
    "name": "delegate",
    "description": (
        "Hand a task over to somebody who can look things up and act. Use it for whatever you do not know or "
        "cannot do yourself; the result comes later."
    ),
    "parameters": {
        "type": "object",
        "properties": {"task": {"type": "string", "description": "What the user wants, in a sentence."}},
        "required": ["task"],
    },
}


@value
class ReplyRequest:
    """One response to give: the items as on the wire, oldest first, and the settings in force."""

    items: tuple[WireObject, ...] = ()
    instructions: str = ""
    tools: tuple[WireObject, ...] = ()
    tool_choice: str | WireObject = "auto"
    modalities: tuple[str, ...] = ("audio",)
    metadata: Mapping[str, str] = field(default_factory=dict)
    delegates: bool = False
    """What it cannot answer by itself it may hand over, by a call of ``DELEGATE``."""
    translates_into: str = ""
    """The language in which the last message is to be said again, instead of an answer."""


class EngineReply(Protocol):
    """Gives the answers: the small dialogue and a chat endpoint are both one."""

    def reply(self, request: ReplyRequest) -> AsyncIterator[EngineText | EngineCall]:
        """The answer, piece by piece. Raises EngineError when none can be had."""


class VoiceActivityPort(Protocol):
    """Finds speech in one stream of sound."""

    def feed(self, samples: Samples) -> list[float]:
        """Speech probabilities (0 to 1), one for each 32 ms that these int16 24 kHz samples complete."""


class RecogniserPort(Protocol):
    """Writes down speech; called from threads."""

    def transcribe(self, samples: Samples) -> str:
        """The words in int16 mono 24 kHz sound; "" for none."""


class SynthesiserPort(Protocol):
    """Speaks text; called from threads."""

    def speak(self, text: str, speed: float = 1.0) -> Iterator[Samples]:
        """int16 mono 24 kHz, about a sentence at a time; each is made when it is asked for."""


class EnginePort(Protocol):
    """What a session runner needs (``server.engine.engine.Engine`` is one)."""

    def voice_activity(self) -> VoiceActivityPort: ...

    @property
    def recogniser(self) -> RecogniserPort: ...

    @property
    def synthesiser(self) -> SynthesiserPort: ...

    @property
    def reply(self) -> EngineReply: ...


class EngineError(RealtimeCliError):
    """No answer is possible; the response fails with the code server_error and this message."""
