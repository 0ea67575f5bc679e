"""The words of a conversation: every event that readers may fold, and the glossary of the product.

``at`` is session seconds. ``turn`` counts from 1; 0 means ahead of any turn, or of none (out-of-band).
``item_id`` and ``response_id`` are the server's, or made up where it gives none. ``part`` is the index of a
content part in its item. Dictionaries are JSON objects. An event is frozen; a line of ``--json`` is one
event (:func:`as_dict`, :func:`schema`).
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field, fields, is_dataclass
from functools import cache
from typing import Any, Literal, get_args

from realtime_cli.client.cost import Tokens
from realtime_cli.client.inputs import Cause, Key, Verdict

Json = dict[str, Any]
SpeechBy = Literal["server", "key", "file"]
TurnBy = Literal["voice", "text", "agent"]
NoticeLevel = Literal["debug", "info", "warning", "error"]
ToolStatus = Literal["done", "failed", "cancelled"]

# -- connection and settings --------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ConnectionUp:
    """The server answered for the first time. ``unix_s``: the wall clock when the socket opened, or 0."""

    at: float
    unix_s: float = 0.0


@dataclass(frozen=True, slots=True)
class ConnectionLost:
    """The socket is gone, or could not be had. ``code`` as in RFC 6455, 1006 when there was none."""

    at: float
    code: int = 1006
    reason: str = ""
    retry_after_s: float | None = None


@dataclass(frozen=True, slots=True)
class ConnectionRenewed:
    """A further socket was answered by the server; ``attempt`` counts the openings from 0."""

    at: float
    attempt: int
    unix_s: float = 0.0


@dataclass(frozen=True, slots=True)
class SettingsInForce:
    """What the server says is in force, and what it means.

    ``defaults``: the server's own, before it was asked for ours. ``turn_detection`` null: manual turns.
    ``answers_by_itself``: the server answers the end of a turn without being asked. ``session`` is whole.
    """

    at: float
    defaults: bool
    model: str | None
    input_format: str
    output_format: str
    turn_detection: Json | None
    answers_by_itself: bool
    transcribes: bool
    session: Json


@dataclass(frozen=True, slots=True)
class SettingsRequested:
    """The user asks for other settings, in the shape of the API's session object."""

    at: float
    patch: Json


@dataclass(frozen=True, slots=True)
class RawEventRequested:
    """The user, or a script, sends a client event as it is."""

    at: float
    event: Json


@dataclass(frozen=True, slots=True)
class ServerEventSeen:
    """The server sent an event of this ``name``; what it means follows as events of its own, if anything.

    ``response_id`` and ``item_id`` as the event has them.
    """

    at: float
    name: str
    response_id: str = ""
    item_id: str = ""


@dataclass(frozen=True, slots=True)
class RateLimitReported:
    """What is left of one of the account's limits."""

    at: float
    name: str
    limit: int | None
    remaining: int | None
    reset_s: float | None


@dataclass(frozen=True, slots=True)
class SessionEnded:
    """The client ends the session; ``reason`` is empty when the user asked for it.

    ``recording``: where it was recorded, in the last line of ``--json``.
    """

    at: float
    exit_code: int
    reason: str = ""
    remedy: str = ""
    recording: str = ""


# -- the user -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class UserSpeechBegan:
    """The user speaks, by the word of ``by``; ``began_at``: when that sound was sent."""

    at: float
    by: SpeechBy
    began_at: float
    item_id: str = ""


@dataclass(frozen=True, slots=True)
class UserSpeechEnded:
    """The user is done speaking, by the word of ``by``; ``ended_at``: when the last of it was sent."""

    at: float
    by: SpeechBy
    ended_at: float
    item_id: str = ""


@dataclass(frozen=True, slots=True)
class UserSpeechDiscarded:
    """The server threw away what was being said: no turn will come of it."""

    at: float


@dataclass(frozen=True, slots=True)
class UserTurnCommitted:
    """What the user said counts from now on as (a part of) ``turn``, which may be answered.

    ``began_at`` and ``ended_at``: when its first and last sound was sent, or its message. ``at`` less
    ``ended_at`` is what it took to notice the end. ``previous_item_id``: what it stands behind.
    """

    at: float
    turn: int
    by: Literal["voice", "text"]
    began_at: float
    ended_at: float
    ended_by: SpeechBy | Literal["text"]
    item_id: str = ""
    previous_item_id: str | None = None


@dataclass(frozen=True, slots=True)
class UserTextPartial:
    """More of the transcript of what the user said; ``text`` is all of it so far."""

    at: float
    turn: int
    item_id: str
    delta: str
    text: str


@dataclass(frozen=True, slots=True)
class UserTextFinal:
    """What the user said or typed. ``revised``: it replaces what was told of this item before.

    ``images``: data URIs or addresses. ``respond`` false: no answer is asked for. ``previous_item_id``:
    what it stands behind, where the server tells of it first.
    """

    at: float
    turn: int
    text: str
    spoken: bool
    item_id: str = ""
    images: tuple[str, ...] = ()
    detail: str | None = None
    respond: bool = True
    revised: bool = False
    previous_item_id: str | None = None


@dataclass(frozen=True, slots=True)
class UserTextMissing:
    """What the user said has no text; ``why`` is for people."""

    at: float
    turn: int
    item_id: str
    why: str


@dataclass(frozen=True, slots=True)
class VideoFrameTaken:
    """A frame of camera, screen or video is at hand, or (``available`` false) there is none to show."""

    at: float
    available: bool
    source: str = ""
    width_px: int = 0
    height_px: int = 0


@dataclass(frozen=True, slots=True)
class ImageShown:
    """An image was sent. ``image``: a data URI, an address, or its name in the recording (``$image:NAME``).

    ``frame``: it came from camera, screen or video, by itself; size, ``source`` and ``thumbnail``
    (hexadecimal RGB, row by row) are known for those only.
    """

    at: float
    turn: int
    image: str
    detail: str | None = None
    frame: bool = False
    source: str = ""
    width_px: int = 0
    height_px: int = 0
    thumbnail: str = ""


# -- the agent ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class AgentResponseRequested:
    """An answer is awaited: ``by`` us, or by the server's own rule at the end of a turn."""

    at: float
    by: Literal["client", "server"]
    out_of_band: bool = False


@dataclass(frozen=True, slots=True)
class AgentResponseBegan:
    """The server works on an answer. ``out_of_band``: it is no part of the conversation, and turn is 0."""

    at: float
    turn: int
    response_id: str
    out_of_band: bool = False


@dataclass(frozen=True, slots=True)
class AgentResponseEnded:
    """The answer is complete, cancelled, incomplete or failed, with the ``reason`` where there is one.

    ``spoke``: there is a message in it (else it only calls tools). Told once a response.
    """

    at: float
    turn: int
    response_id: str
    status: str
    reason: str = ""
    spoke: bool = False
    tokens: Tokens = field(default_factory=Tokens)
    total_tokens: int = 0
    usd: float | None = None
    out_of_band: bool = False
    metadata: Json | None = None


@dataclass(frozen=True, slots=True)
class AgentMessageBegan:
    """The agent begins a message, which stands behind ``previous_item_id``."""

    at: float
    turn: int
    response_id: str
    item_id: str
    previous_item_id: str | None = None
    out_of_band: bool = False


@dataclass(frozen=True, slots=True)
class AgentMessageEnded:
    """The server has nothing more of this message. ``cut``: it broke off."""

    at: float
    turn: int
    response_id: str
    item_id: str
    cut: bool = False
    out_of_band: bool = False


@dataclass(frozen=True, slots=True)
class AgentTextPartial:
    """More of what the agent writes, or (``voice``) of the transcript of what it says.

    Deltas of a part, joined, are its text, also where the server sent it whole.
    """

    at: float
    turn: int
    response_id: str
    item_id: str
    part: int
    delta: str
    voice: bool
    out_of_band: bool = False


@dataclass(frozen=True, slots=True)
class AgentTextFinal:
    """The whole text of a part; it counts over the deltas. What was heard of it is another matter."""

    at: float
    turn: int
    response_id: str
    item_id: str
    part: int
    text: str
    voice: bool
    out_of_band: bool = False


@dataclass(frozen=True, slots=True)
class AgentSoundReceived:
    """``ms`` of the agent's voice came over the wire; ``first``: the first of its part."""

    at: float
    turn: int
    response_id: str
    item_id: str
    part: int
    ms: float
    first: bool = False
    out_of_band: bool = False


@dataclass(frozen=True, slots=True)
class AgentSoundQueued:
    """``ms`` of the agent's voice were given to the loudspeaker."""

    at: float
    item_id: str
    part: int
    ms: float


@dataclass(frozen=True, slots=True)
class AgentSoundComplete:
    """All sound of this part is there."""

    at: float
    item_id: str
    part: int


@dataclass(frozen=True, slots=True)
class AgentHeard:
    """``heard_ms`` of a part left the loudspeaker so far. ``first``: the first report; ``finished``: all of it.

    ``began_at``: when its first sample was played; later reports repeat it.
    """

    at: float
    turn: int
    response_id: str
    item_id: str
    part: int
    heard_ms: float
    began_at: float
    first: bool = False
    finished: bool = False
    out_of_band: bool = False


@dataclass(frozen=True, slots=True)
class PlaybackEmptied:
    """The loudspeaker was told to be silent: nothing of what was queued will be heard."""

    at: float
    cause: Cause


@dataclass(frozen=True, slots=True)
class PartHeard:
    """How much of a part was heard when the agent was interrupted; no event of its own."""

    turn: int
    item_id: str
    part: int
    heard_ms: float
    finished: bool


@dataclass(frozen=True, slots=True)
class AgentInterrupted:
    """The agent was cut short: ``heard_ms`` of what it was saying were heard (``parts`` in detail).

    ``cause`` null: a log that does not tell. ``near_dbfs``: the loudest that the microphone gave in the half
    second before; ``residual_dbfs``: what the echo guard believes to leave of the agent's echo.
    """

    at: float
    turn: int
    item_id: str
    heard_ms: float
    cause: Cause | None = None
    parts: tuple[PartHeard, ...] = ()
    near_dbfs: float | None = None
    residual_dbfs: float | None = None


# -- tools --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ToolCalled:
    """The agent calls a tool; ``arguments`` is the JSON text it wrote. ``hosted``: the server runs it."""

    at: float
    turn: int
    call_id: str
    name: str
    arguments: str
    response_id: str = ""
    hosted: bool = False


@dataclass(frozen=True, slots=True)
class ToolWaiting:
    """A call waits for the user: may it run (``run``), what is its output (``output``)?

    ``action`` is what would be done (a command line, an HTTP request), ``origin`` where the tool comes from;
    both may be empty.
    """

    at: float
    turn: int
    call_id: str
    name: str
    arguments: str
    question: Literal["run", "output"] = "run"
    action: str = ""
    origin: str = ""


@dataclass(frozen=True, slots=True)
class ToolAnswered:
    """The user answered; ``waited_ms`` since the question, 0 where nobody was asked."""

    at: float
    turn: int
    call_id: str
    verdict: Verdict
    text: str = ""
    waited_ms: float = 0.0


@dataclass(frozen=True, slots=True)
class ToolRunning:
    """A call has its permission and its turn, and runs from now on."""

    at: float
    turn: int
    call_id: str


@dataclass(frozen=True, slots=True)
class ToolProgressed:
    """What a running tool tells of its progress."""

    at: float
    turn: int
    call_id: str
    text: str


@dataclass(frozen=True, slots=True)
class ToolEnded:
    """A call is over; ``output`` is what the model is told. ``seconds`` it ran, waiting not counted."""

    at: float
    turn: int
    call_id: str
    name: str
    status: ToolStatus
    output: str
    seconds: float | None = None


# -- items, usage -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ItemCreated:
    """An item is in the conversation; ``item`` as it is on the wire. History told anew is no news."""

    at: float
    item_id: str
    item: Json


@dataclass(frozen=True, slots=True)
class ItemUpdated:
    """An item has other contents now."""

    at: float
    item_id: str
    item: Json


@dataclass(frozen=True, slots=True)
class UsageReported:
    """What a response, or a transcription, used and cost. ``usd`` null: it has no known price."""

    at: float
    turn: int
    of: Literal["response", "transcription"]
    tokens: Tokens
    total_tokens: int
    usd: float | None
    response_id: str = ""
    item_id: str = ""


# -- about the conversation ---------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class NoticeIssued:
    """Something that a user may want to know; ``topic`` is one word, such as device, echo, server."""

    at: float
    level: NoticeLevel
    topic: str
    text: str
    data: Json = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ErrorReported:
    """The server reports an error. ``expected``: a race that the protocol allows, nothing to worry about.

    ``event_id`` is that of our event to blame, where the server can tell. What a user should know of it
    comes as a notice.
    """

    at: float
    code: str
    message: str
    param: str = ""
    event_id: str = ""
    expected: bool = False


@dataclass(frozen=True, slots=True)
class NoteTaken:
    """The user wrote a note into the recording."""

    at: float
    text: str


@dataclass(frozen=True, slots=True)
class ConversationPaused:
    """The user pauses the conversation, or goes on with it."""

    at: float
    paused: bool


@dataclass(frozen=True, slots=True)
class KeyPressed:
    """A key, as the meaning it has."""

    at: float
    key: Key


@dataclass(frozen=True, slots=True)
class MicrophoneMuted:
    """The microphone is muted, or not any more."""

    at: float
    muted: bool


@dataclass(frozen=True, slots=True)
class MicrophoneOpened:
    """The first sound came from the microphone (a file, a pipe)."""

    at: float


@dataclass(frozen=True, slots=True)
class MicrophoneClosed:
    """The microphone (a file, a pipe) has no more sound to give."""

    at: float


@dataclass(frozen=True, slots=True)
class LevelsMeasured:
    """Microphone and agent (as played) in dBFS, root mean square over the last 100 ms; -120 is silence."""

    at: float
    microphone_dbfs: float
    agent_dbfs: float


@dataclass(frozen=True, slots=True)
class SoundMeasured:
    """How the sound fares: the echo guard in use, what it leaves of the echo, gaps in answers so far."""

    at: float
    echo: str
    residual_dbfs: float | None = None
    underruns: int = 0


@dataclass(frozen=True, slots=True)
class ScriptAnnotated:
    """A script marks its place: ``mark`` is turn, speaking, said, delivered, late or over."""

    at: float
    mark: str
    data: Json


ConversationEvent = (
    ConnectionUp | ConnectionLost | ConnectionRenewed | SettingsInForce | SettingsRequested
    | RawEventRequested | ServerEventSeen | RateLimitReported | SessionEnded
    | UserSpeechBegan | UserSpeechEnded | UserSpeechDiscarded | UserTurnCommitted
    | UserTextPartial | UserTextFinal | UserTextMissing | VideoFrameTaken | ImageShown
    | AgentResponseRequested | AgentResponseBegan | AgentResponseEnded | AgentMessageBegan | AgentMessageEnded
    | AgentTextPartial | AgentTextFinal | AgentSoundReceived | AgentSoundQueued | AgentSoundComplete
    | AgentHeard | PlaybackEmptied | AgentInterrupted
    | ToolCalled | ToolWaiting | ToolAnswered | ToolRunning | ToolProgressed | ToolEnded
    | ItemCreated | ItemUpdated | UsageReported
    | NoticeIssued | ErrorReported | NoteTaken | ConversationPaused | KeyPressed | MicrophoneMuted
    | MicrophoneOpened | MicrophoneClosed | LevelsMeasured | SoundMeasured | ScriptAnnotated
)  # fmt: skip


def _snake(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


EVENT_NAMES: dict[type, str] = {kind: _snake(kind.__name__) for kind in get_args(ConversationEvent)}


def as_dict(event: ConversationEvent) -> Json:
    """The event as a JSON object: its ``type`` and its fields. Of a data URI only the head is kept."""
    return {"type": EVENT_NAMES[type(event)], **_plain_fields(event)}


def to_json(event: ConversationEvent) -> str:
    """One line of JSON without its line feed; ASCII, so that it is harmless on a terminal too."""
    return json.dumps(as_dict(event))


def _plain_fields(value: Any) -> Json:
    return {one.name: _plain(getattr(value, one.name)) for one in fields(value)}


def _plain(value: Any) -> Any:
    if isinstance(value, str):
        return value.partition(",")[0] if value.startswith("data:") else value
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    return _plain_fields(value) if is_dataclass(value) else value


@cache
def schema() -> Json:
    """The JSON Schema of one event: ``oneOf`` all of them, told apart by ``type``."""
    from pydantic import TypeAdapter

    kinds = []
    definitions: Json = {}
    for kind, name in EVENT_NAMES.items():
        made = TypeAdapter(kind).json_schema()
        definitions |= made.pop("$defs", {})
        made["properties"] = {"type": {"const": name}, **made["properties"]}
        made["required"] = ["type", *made.get("required", ())]
        made["description"] = " ".join((kind.__doc__ or "").split())
        kinds.append(made)
    return {"oneOf": kinds, "$defs": definitions}
