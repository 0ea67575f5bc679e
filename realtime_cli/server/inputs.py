"""All that can happen to a server session. ``at``: seconds on the monotonic clock since it was opened."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class ClientConnected:
    """A client has connected; ``unix_s`` is the wall clock at that moment.

    ``session``: the settings of its client secret, as they are in ``session.update``.
    """

    at: float
    unix_s: int
    model: str = ""
    transcribes: bool = False
    beta_header: bool = False
    session: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Frame:
    """One text frame from the client."""

    at: float
    text: str


@dataclass(frozen=True, slots=True)
class VadResult:
    """Speech probabilities of the next windows of what was given to ``DetectVoice``."""

    at: float
    stream: int
    probabilities: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Transcribed:
    """The words in the sound of a ``Transcribe``."""

    at: float
    ticket: int
    text: str


@dataclass(frozen=True, slots=True)
class TranscriptionFailed:
    """The recogniser failed on the sound of a ``Transcribe``."""

    at: float
    ticket: int
    message: str


@dataclass(frozen=True, slots=True)
class TextGenerated:
    """A piece of the answer, usually a sentence."""

    at: float
    response_id: str
    text: str


@dataclass(frozen=True, slots=True)
class ToolCallGenerated:
    """The answer calls one of the client's functions; ``arguments`` is JSON text."""

    at: float
    response_id: str
    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class GenerationDone:
    """The answer has no more pieces."""

    at: float
    response_id: str


@dataclass(frozen=True, slots=True)
class GenerationFailed:
    """The engine cannot answer, or cannot synthesize."""

    at: float
    response_id: str
    message: str


@dataclass(frozen=True, slots=True)
class AudioGenerated:
    """Audio of the piece of text that is being synthesized, in the response's output format."""

    at: float
    response_id: str
    audio: bytes


@dataclass(frozen=True, slots=True)
class AudioDone:
    """The piece of text has no more audio."""

    at: float
    response_id: str


@dataclass(frozen=True, slots=True)
class DeadlineReached:
    """The time that a ``SetDeadline`` named."""

    at: float
    name: str


Input = (
    ClientConnected
    | Frame
    | VadResult
    | Transcribed
    | TranscriptionFailed
    | TextGenerated
    | ToolCallGenerated
    | GenerationDone
    | GenerationFailed
    | AudioGenerated
    | AudioDone
    | DeadlineReached
)
