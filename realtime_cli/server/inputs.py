"""All that can happen to a server session. ``at``: seconds on the monotonic clock since it was opened."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from realtime_cli.value import value


@value
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


@value
class Frame:
    """One text frame from the client."""

    at: float
    text: str


@value
class VadResult:
    """Speech probabilities of the next windows of what was given to ``DetectVoice``."""

    at: float
    stream: int
    probabilities: tuple[float, ...]


@value
class Transcribed:
    """The words in the sound of a ``Transcribe``."""

    at: float
    ticket: int
    text: str


@value
class TranscriptionFailed:
    """The recogniser failed on the sound of a ``Transcribe``."""

    at: float
    ticket: int
    message: str


@value
class TextGenerated:
    """A piece of the answer, usually a sentence."""

    at: float
    response_id: str
    text: str


@value
class ToolCallGenerated:
    """The answer calls one of the client's functions; ``arguments`` is JSON text."""

    at: float
    response_id: str
    name: str
    arguments: str


@value
class GenerationDone:
    """The answer has no more pieces."""

    at: float
    response_id: str


@value
class GenerationFailed:
    """The engine cannot answer, or cannot synthesize."""

    at: float
    response_id: str
    message: str


@value
class AudioGenerated:
    """Audio of the piece of text that is being synthesized, in the response's output format."""

    at: float
    response_id: str
    audio: bytes


@value
class AudioDone:
    """The piece of text has no more audio."""

    at: float
    response_id: str


@value
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
