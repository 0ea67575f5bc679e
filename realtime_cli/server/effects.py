"""All that a server session can ask for. The host performs them in order, without awaiting."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from realtime_cli.protocol.server_events import ServerEvent


@dataclass(frozen=True, slots=True)
class Emit:
    """Put one event on the wire."""

    event: ServerEvent


@dataclass(frozen=True, slots=True)
class DetectVoice:
    """Look for speech in this sound (wire format); answered by ``Listened``. Each stream begins afresh."""

    stream: int
    audio: bytes
    format: str


@dataclass(frozen=True, slots=True)
class Transcribe:
    """Write down this sound (wire format); answered by ``Recognised`` or ``NotRecognised``.

    Speech begins at ``onset_ms`` and ends at ``end_ms`` of it; None: nobody has looked for it yet.
    """

    ticket: int
    audio: bytes
    format: str
    onset_ms: float | None = None
    end_ms: float | None = None


@dataclass(frozen=True, slots=True)
class CancelTranscription:
    """The answer to this ticket is not wanted any more."""

    ticket: int


@dataclass(frozen=True, slots=True)
class Generate:
    """Give an answer, piece by piece: ``Said``, ``Called`` …, at last ``ThoughtOut``, or ``Failed``."""

    response_id: str
    items: tuple[dict[str, Any], ...]
    instructions: str
    tools: tuple[dict[str, Any], ...]
    tool_choice: str | dict[str, Any]
    modalities: tuple[str, ...]
    metadata: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Synthesize:
    """Say this aloud: ``Spoken`` …, at last ``SpokenOut``, or ``Failed``. One at a time per response."""

    response_id: str
    text: str
    format: str
    speed: float
    voice: str


@dataclass(frozen=True, slots=True)
class CancelResponse:
    """Stop thinking and speaking for this response; nothing more of it is wanted."""

    response_id: str


@dataclass(frozen=True, slots=True)
class SetDeadline:
    """Answer with ``Woke(name)`` at this time; a later one of that name replaces it, None drops it."""

    at: float | None
    name: str


@dataclass(frozen=True, slots=True)
class CloseSocket:
    """Close the socket; 1006 means: cut it without a word."""

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
