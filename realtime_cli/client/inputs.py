"""All that can happen to a client session, and all that is worth noting beside it.

Every input carries ``at``: seconds on the monotonic clock since the session started. The session
reads no clock of its own, which is what makes a recording a test.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from realtime_cli.notices import ApprovalAnswered as ApprovalAnswered
from realtime_cli.notices import ApprovalAsked as ApprovalAsked
from realtime_cli.notices import BackendCalled as BackendCalled
from realtime_cli.notices import BackendCallEnded as BackendCallEnded
from realtime_cli.notices import BackendNotice as BackendNotice
from realtime_cli.notices import HeardItem as HeardItem
from realtime_cli.notices import Noted as Noted
from realtime_cli.notices import ToolProgress as ToolProgress
from realtime_cli.notices import ToolStarted as ToolStarted
from realtime_cli.notices import Verdict as Verdict
from realtime_cli.value import value

if TYPE_CHECKING:
    from realtime_cli.protocol.live.server_events import LiveServerEvent
    from realtime_cli.protocol.server_events import ServerEvent
    from realtime_cli.protocol.translation import TranslationServerEvent

Key = Literal["mute", "talk", "release", "commit", "interrupt", "video", "quit"]
Cause = Literal["server_vad", "key", "typed", "policy", "tool", "voice"]
THUMBNAIL_COLUMNS = 16


@value
class Connected:
    """A socket is open; ``attempt`` counts the openings of this session from 0.

    ``unix_s`` is the wall clock, for the one thing that the API states in it: ``session.expires_at``.
    """

    at: float
    url: str
    attempt: int = 0
    unix_s: float = 0.0


@value
class Received:
    """One server event, and the frame it came in (``raw``, for the recording)."""

    at: float
    event: ServerEvent | LiveServerEvent | TranslationServerEvent
    raw: str = ""


@value
class UndecodableFrame:
    """A frame that is not an event: not JSON, no type, wrong types."""

    at: float
    reason: str
    excerpt: str = ""


@value
class MicrophoneFrame:
    """One frame from the microphone, already in the session's input format (see ``wire_format``)."""

    at: float
    audio: bytes


@value
class VoiceDetected:
    """Somebody begins to speak, or has stopped; heard in the sound that was sent (user) or came (agent).

    ``position_ms``: where in that stream, counted from its beginning: the first sound of it, or the end of
    the last. ``at`` is later by what it takes to be sure; ``ago_ms`` says by how much, where it is known.
    """

    at: float
    side: Literal["user", "agent"]
    speaking: bool
    position_ms: float
    ago_ms: float = 0.0


@value
class SoundJudged:
    """What is heard beside the agent's voice, told apart here, for ``barge_in = "reversible"``.

    ``begun``: there is a sound. ``meant``: it is the user, who interrupts. ``words``: some words of the
    user, whose sense has to tell. ``noise``, ``short`` (a word at most) and ``far`` (a voice much softer than
    the user's): it is not. ``after_ms``: of the sound.
    """

    at: float
    verdict: Literal["begun", "meant", "words", "noise", "short", "far"]
    after_ms: float


@value
class MicrophoneEnded:
    """The input (a file, a pipe) has no more sound."""

    at: float


@value
class Pressed:
    """The user pressed a key; ``key`` is what it means."""

    at: float
    key: Key


@value
class Typed:
    """A message that the user typed: text, and images as data URIs."""

    at: float
    text: str
    images: tuple[str, ...] = ()
    detail: str | None = None
    respond: bool = True


@value
class VideoFrameCaptured:
    """A frame of camera, screen or video: a data URI (empty: there is none to show), size in pixels.

    ``source`` is its name as the user may see it; ``thumbnail`` is for terminals: hexadecimal RGB, row by
    row, ``THUMBNAIL_COLUMNS`` wide.
    """

    at: float
    image: str
    width: int = 0
    height: int = 0
    thumbnail: str = ""
    source: str = ""


@value
class DetailChanged:
    """How closely the model should look at frames from now on."""

    at: float
    detail: Literal["auto", "low", "high"]


@value
class RawEvent:
    """A raw client event to send, from ``/send``, a script or the Python interface."""

    at: float
    event: dict[str, Any]


@value
class SettingsChanged:
    """A change of the session's settings at run time, in the shape of the API's session object."""

    at: float
    patch: dict[str, Any]


@value
class Played:
    """Progress of the playout; ``finished`` when the last sample of a complete part was heard."""

    at: float
    item_id: str
    content_index: int
    heard_ms: float
    finished: bool = False


@value
class PlaybackStopped:
    """The playout was cut: what was heard of each part that was begun or queued, in play order.

    ``near_dbfs``: the loudest that the microphone gave (behind the echo guard) in the half second before;
    ``residual_dbfs``: what the guard believes to leave of the agent's echo. So one can tell later whether
    the agent was stopped by a voice or by itself.
    """

    at: float
    cause: Cause
    items: tuple[HeardItem, ...]
    near_dbfs: float | None = None
    residual_dbfs: float | None = None


@value
class ToolFinished:
    """A tool call ended; ``output`` is what the model is told, also when it failed.

    ``hang_up``: the session ends once the goodbye was heard.
    """

    at: float
    call_id: str
    output: str
    failed: bool = False
    seconds: float = 0.0
    respond: bool = True
    hang_up: bool = False


@value
class TimerFired:
    """The timer that a ``SetTimer`` asked for, by its name."""

    at: float
    name: str


@value
class Disconnected:
    """The connection was lost, or could not be opened. ``code``: RFC 6455's close code, 1006 without one.

    ``retry_after_s``: how long the server asked to be left alone.
    """

    at: float
    code: int
    reason: str = ""
    retry_after_s: float | None = None


Input = (
    Connected
    | Received
    | UndecodableFrame
    | MicrophoneFrame
    | MicrophoneEnded
    | VoiceDetected
    | SoundJudged
    | Pressed
    | Typed
    | VideoFrameCaptured
    | DetailChanged
    | RawEvent
    | SettingsChanged
    | Played
    | PlaybackStopped
    | ToolFinished
    | ApprovalAnswered
    | TimerFired
    | Disconnected
)


# What is noted beside the session: observers see it, the session does not.


@value
class Levels:
    """Microphone and agent (as played) in dBFS, root mean square over the last 100 ms; -120 is silence."""

    at: float
    microphone_dbfs: float
    agent_dbfs: float


@value
class SoundState:
    """State of the sound, reported when it changes and at most once a second.

    ``echo``: the guard in use; ``residual_dbfs``: what it leaves of the agent's echo, by its own estimate;
    ``underruns``: how often an answer had a gap because its sound came too late, so far.
    """

    at: float
    echo: str
    residual_dbfs: float | None = None
    underruns: int = 0


Mark = Levels | SoundState | Noted | ApprovalAsked | ToolStarted | ToolProgress | BackendNotice
