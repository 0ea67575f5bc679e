"""All that a server session can ask for. The session runner performs them in order, without awaiting."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from realtime_cli.server.engine.ports import ReplyRequest

if TYPE_CHECKING:
    from realtime_cli.protocol.live.server_events import LiveServerEvent
    from realtime_cli.protocol.server_events import ServerEvent

Emittable: TypeAlias = "ServerEvent | LiveServerEvent"


@dataclass(frozen=True, slots=True)
class Emit:
    """Put one event on the wire."""

    event: Emittable


@dataclass(frozen=True, slots=True)
class DetectVoice:
    """Look for speech in this sound (wire format); answered by ``VadResult``. Each stream begins afresh."""

    stream: int
    audio: bytes
    format: str


@dataclass(frozen=True, slots=True)
class Transcribe:
    """Transcribe this sound (wire format); answered by ``Transcribed`` or ``TranscriptionFailed``.

    Speech begins at ``onset_ms`` and ends at ``end_ms`` of it; None: not looked for yet.
    """

    ticket: int
    audio: bytes
    format: str
    onset_ms: float | None = None
    end_ms: float | None = None


@dataclass(frozen=True, slots=True)
class CancelTranscription:
    """The transcript of this ticket is not needed any more."""

    ticket: int


@dataclass(frozen=True, slots=True)
class Generate:
    """Make an answer: pieces as ``TextGenerated`` and ``ToolCallGenerated``.

    The last is ``GenerationDone`` or ``GenerationFailed``.
    """

    response_id: str
    request: ReplyRequest


@dataclass(frozen=True, slots=True)
class Synthesize:
    """Make speech of this text: ``AudioGenerated`` …, then ``AudioDone`` or ``GenerationFailed``.

    One at a time per response.
    """

    response_id: str
    text: str
    format: str
    speed: float
    voice: str


@dataclass(frozen=True, slots=True)
class CancelResponse:
    """Stop generation and synthesis for this response."""

    response_id: str


@dataclass(frozen=True, slots=True)
class SetDeadline:
    """Send ``DeadlineReached(name)`` at this time; a later one of that name replaces it, None drops it."""

    at: float | None
    name: str


@dataclass(frozen=True, slots=True)
class CloseSocket:
    """Close the socket; 1006 means: without a close frame."""

    code: int
    reason: str = ""


Effect = (
    Emit
    | DetectVoice
    | Transcribe
    | CancelTranscription
    | Generate
    | Synthesize
    | CancelResponse
    | SetDeadline
    | CloseSocket
)
