"""All that a server session can ask for. The session runner performs them in order, without awaiting."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from realtime_cli.server.engine.ports import ReplyRequest
from realtime_cli.value import value

if TYPE_CHECKING:
    from realtime_cli.protocol.live.server_events import LiveServerEvent
    from realtime_cli.protocol.server_events import ServerEvent
    from realtime_cli.protocol.translation import TranslationServerEvent

Emittable: TypeAlias = "ServerEvent | LiveServerEvent | TranslationServerEvent"


@value
class Emit:
    """Put one event on the wire."""

    event: Emittable


@value
class DetectVoice:
    """Look for speech in this sound (wire format); answered by ``VadResult``. Each stream begins afresh."""

    stream: int
    audio: bytes
    format: str


@value
class Transcribe:
    """Transcribe this sound (wire format); answered by ``Transcribed`` or ``TranscriptionFailed``.

    Speech begins at ``onset_ms`` and ends at ``end_ms`` of it; None: not looked for yet.
    """

    ticket: int
    audio: bytes
    format: str
    onset_ms: float | None = None
    end_ms: float | None = None


@value
class CancelTranscription:
    """The transcript of this ticket is not needed any more."""

    ticket: int


@value
class Generate:
    """Make an answer: pieces as ``TextGenerated`` and ``ToolCallGenerated``.

    The last is ``GenerationDone`` or ``GenerationFailed``.
    """

    response_id: str
    request: ReplyRequest


@value
class Synthesize:
    """Make speech of this text: ``AudioGenerated`` …, then ``AudioDone`` or ``GenerationFailed``.

    One at a time per response.
    """

    response_id: str
    text: str
    format: str
    speed: float
    voice: str


@value
class CancelResponse:
    """Stop generation and synthesis for this response."""

    response_id: str


@value
class SetDeadline:
    """Send ``DeadlineReached(name)`` at this time; a later one of that name replaces it, None drops it."""

    at: float | None
    name: str


@value
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
