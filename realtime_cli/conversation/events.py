"""The words of a conversation: every event that readers may fold, and the glossary of the product.

``at`` is session seconds. ``turn`` counts from 1; 0 means ahead of any turn, or of none (out-of-band).
``item_id`` and ``response_id`` are the server's, or made up where it gives none. ``part`` is the index of a
content part in its item. Dictionaries are JSON objects. An event is frozen; a line of ``--json`` is one
event (:func:`as_dict`, :func:`schema`).
"""

from __future__ import annotations

import json
import re
from dataclasses import field, fields, is_dataclass
from functools import cache
from typing import Any, Literal, get_args

from realtime_cli.client.cost import Tokens
from realtime_cli.client.inputs import Cause, Key, Verdict
from realtime_cli.value import value

Json = dict[str, Any]
SpeechBy = Literal["server", "key", "file", "sound"]
TurnBy = Literal["voice", "text", "agent"]
NoticeLevel = Literal["debug", "info", "warning", "error"]
ToolStatus = Literal["done", "failed", "cancelled"]

# -- connection and settings --------------------------------------------------------------------


@value
class ConnectionUp:
    """The server answered for the first time. ``unix_s``: the wall clock when the socket opened, or 0."""

    at: float
    unix_s: float = 0.0


@value
class ConnectionLost:
    """The connection was lost, or could not be opened. ``code``: as in RFC 6455; 1006 if there was none."""

    at: float
    code: int = 1006
    reason: str = ""
    retry_after_s: float | None = None


@value
class ConnectionRenewed:
    """The server answered on a new connection. ``attempt`` counts connections from 0."""

    at: float
    attempt: int
    unix_s: float = 0.0


@value
class SettingsInForce:
    """The settings that the server reports, and what follows from them.

    ``defaults``: the server's own, before ours were sent. ``turn_detection`` null: manual turns.
    ``answers_by_itself``: the server answers at the end of a turn without being asked. ``session``: the
    complete session object.
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


@value
class SettingsRequested:
    """The user asks for other settings, in the shape of the API's session object."""

    at: float
    patch: Json


@value
class RawEventRequested:
    """The user or a script sends a client event, unchanged."""

    at: float
    event: Json


@value
class ServerEventSeen:
    """The server sent an event called ``name``. If it means anything, further events follow that say what.

    ``response_id`` and ``item_id``: as in the server's event.
    """

    at: float
    name: str
    response_id: str = ""
    item_id: str = ""


@value
class RateLimitReported:
    """How much is left of one of the account's rate limits."""

    at: float
    name: str
    limit: int | None
    remaining: int | None
    reset_s: float | None


@value
class SessionEnded:
    """The session is over. ``reason`` is empty if the user ended it.

    ``recording``: path of the recording; only in the last line of ``--json``.
    """

    at: float
    exit_code: int
    reason: str = ""
    remedy: str = ""
    recording: str = ""


# -- the user -----------------------------------------------------------------------------------


@value
class UserSpeechBegan:
    """The user began to speak. ``by``: who noticed it (``sound``: nobody said so, it was measured).

    ``began_at``: when that sound was sent.
    """

    at: float
    by: SpeechBy
    began_at: float
    item_id: str = ""


@value
class UserSpeechEnded:
    """The user stopped speaking. ``by``: who noticed it. ``ended_at``: when the last sound of it was sent."""

    at: float
    by: SpeechBy
    ended_at: float
    item_id: str = ""


@value
class UserSpeechDiscarded:
    """The server discarded what was being said: it will not become a turn."""

    at: float


@value
class UserTurnCommitted:
    """What the user said is now ``turn``, or a part of it, and may be answered.

    ``began_at`` and ``ended_at``: when its first and last sound was sent, or the message. ``at`` minus
    ``ended_at`` is the time it took to notice the end. ``previous_item_id``: the item before it.
    """

    at: float
    turn: int
    by: Literal["voice", "text"]
    began_at: float
    ended_at: float
    ended_by: SpeechBy | Literal["text"]
    item_id: str = ""
    previous_item_id: str | None = None


@value
class UserTextPartial:
    """More of the transcript of what the user said; ``text`` is all of it so far."""

    at: float
    turn: int
    item_id: str
    delta: str
    text: str


@value
class UserTextFinal:
    """What the user said or typed. ``revised``: it replaces the earlier text of this item.

    ``images``: data URIs or addresses. ``respond`` false: no answer is requested. ``previous_item_id``: the
    item before it, if this is the first the server says of it.
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


NOT_UNDERSTOOD = "nothing was understood"


@value
class UserTextMissing:
    """There is no transcript of what the user said.

    ``why``: the reason, for people to read; ``NOT_UNDERSTOOD`` where the transcription found no words.
    """

    at: float
    turn: int
    item_id: str
    why: str


@value
class VideoFrameTaken:
    """A frame was captured from camera, screen or video; with ``available`` false there was none."""

    at: float
    available: bool
    source: str = ""
    width_px: int = 0
    height_px: int = 0


@value
class ImageShown:
    """An image was sent. ``image``: a data URI, an address, or its name in the recording (``$image:NAME``).

    ``frame``: it came from camera, screen or video. Only then are size, ``source`` and ``thumbnail``
    (hexadecimal RGB, row by row) known.
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


@value
class AgentResponseRequested:
    """An answer was requested: by the client, or by the server itself at the end of a turn."""

    at: float
    by: Literal["client", "server"]
    out_of_band: bool = False


@value
class AgentResponseBegan:
    """The server began an answer. ``out_of_band``: it is not part of the conversation, and ``turn`` is 0."""

    at: float
    turn: int
    response_id: str
    out_of_band: bool = False


@value
class AgentResponseEnded:
    """The answer is completed, cancelled, incomplete or failed; ``reason`` says why, if the server does.

    ``spoke``: it contains a message, not only tool calls. Comes once for each response.
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


@value
class AgentMessageBegan:
    """The agent began a message. ``previous_item_id``: the item before it."""

    at: float
    turn: int
    response_id: str
    item_id: str
    previous_item_id: str | None = None
    out_of_band: bool = False


@value
class AgentMessageEnded:
    """The server has sent all of this message. ``cut``: it broke off."""

    at: float
    turn: int
    response_id: str
    item_id: str
    cut: bool = False
    out_of_band: bool = False


@value
class AgentTextPartial:
    """More of what the agent writes or, with ``voice``, of the transcript of what it says.

    The deltas of a part, joined, are its text, even if the server sent it in one piece.
    """

    at: float
    turn: int
    response_id: str
    item_id: str
    part: int
    delta: str
    voice: bool
    out_of_band: bool = False


@value
class AgentTextFinal:
    """The complete text of a part; if it differs from the deltas, it is right. Less may have been heard."""

    at: float
    turn: int
    response_id: str
    item_id: str
    part: int
    text: str
    voice: bool
    out_of_band: bool = False


@value
class AgentSoundReceived:
    """``ms`` of the agent's voice arrived. ``first``: the first sound of its part."""

    at: float
    turn: int
    response_id: str
    item_id: str
    part: int
    ms: float
    first: bool = False
    out_of_band: bool = False


@value
class AgentSoundQueued:
    """``ms`` of the agent's voice were queued for the loudspeaker."""

    at: float
    item_id: str
    part: int
    ms: float


@value
class AgentSoundComplete:
    """All sound of this part has arrived."""

    at: float
    item_id: str
    part: int


@value
class AgentHeard:
    """``heard_ms`` of a part have been played. ``first``: the first report; ``finished``: all was played.

    ``began_at``: when the first sample was played; later reports repeat it.
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


@value
class PlaybackEmptied:
    """Playback was stopped: what was queued will not be heard."""

    at: float
    cause: Cause


@value
class PartHeard:
    """How much of a part was heard when the agent was interrupted. Stands inside ``agent_interrupted``."""

    turn: int
    item_id: str
    part: int
    heard_ms: float
    finished: bool


@value
class AgentInterrupted:
    """The agent was interrupted after ``heard_ms`` of what it was saying (``parts``: the details).

    ``cause`` null: the log does not say. ``near_dbfs``: the loudest microphone level in the half second
    before. ``residual_dbfs``: an estimate of the echo that was left.
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


@value
class ToolCalled:
    """The agent calls a tool; ``arguments`` is the JSON text it wrote. ``hosted``: the server runs it."""

    at: float
    turn: int
    call_id: str
    name: str
    arguments: str
    response_id: str = ""
    hosted: bool = False


@value
class ToolWaiting:
    """A call waits for the user, who is asked whether it may run (``run``) or what it returns (``output``).

    ``action``: what would be done (a command line, an HTTP request). ``origin``: where the tool comes from.
    Both may be empty.
    """

    at: float
    turn: int
    call_id: str
    name: str
    arguments: str
    question: Literal["run", "output"] = "run"
    action: str = ""
    origin: str = ""


@value
class ToolAnswered:
    """The user answered, ``waited_ms`` after the question; 0 if nobody was asked."""

    at: float
    turn: int
    call_id: str
    verdict: Verdict
    text: str = ""
    waited_ms: float = 0.0


@value
class ToolRunning:
    """A call began to run: it is permitted, and no other call is in its way."""

    at: float
    turn: int
    call_id: str


@value
class ToolProgressed:
    """A running tool reports progress."""

    at: float
    turn: int
    call_id: str
    text: str


@value
class ToolEnded:
    """A call ended. ``output``: what the model is told. ``seconds``: how long it ran, without waiting."""

    at: float
    turn: int
    call_id: str
    name: str
    status: ToolStatus
    output: str
    seconds: float | None = None


# -- items, usage -------------------------------------------------------------------------------


@value
class ItemCreated:
    """An item was added to the conversation. ``item``: as on the wire. History sent again does not count."""

    at: float
    item_id: str
    item: Json


@value
class ItemUpdated:
    """The contents of an item changed."""

    at: float
    item_id: str
    item: Json


@value
class UsageReported:
    """What a response or a transcription used and cost. ``usd`` null: no price is known.

    A fee is what the session has cost by the minute or by the message since the last report of it; the last
    one may be below 0, where the server counted less time than had gone by.
    """

    at: float
    turn: int
    of: Literal["response", "transcription", "fee"]
    tokens: Tokens
    total_tokens: int
    usd: float | None
    response_id: str = ""
    item_id: str = ""


# -- about the conversation ---------------------------------------------------------------------


@value
class NoticeIssued:
    """Something that the user may want to know. ``topic``: one word, such as device, echo, server."""

    at: float
    level: NoticeLevel
    topic: str
    text: str
    data: Json = field(default_factory=dict)


@value
class ErrorReported:
    """The server reported an error. ``expected``: a harmless race that the protocol allows.

    ``event_id``: our event that caused it, if the server says so. What the user should know of it comes as
    a notice.
    """

    at: float
    code: str
    message: str
    param: str = ""
    event_id: str = ""
    expected: bool = False


@value
class NoteTaken:
    """The user wrote a note into the recording."""

    at: float
    text: str


@value
class ConversationPaused:
    """The user paused or resumed the conversation."""

    at: float
    paused: bool


@value
class KeyPressed:
    """The user pressed a key. ``key``: what it means."""

    at: float
    key: Key


@value
class MicrophoneMuted:
    """The microphone was muted or unmuted."""

    at: float
    muted: bool


@value
class MicrophoneOpened:
    """The first sound came from the microphone (or file, or pipe)."""

    at: float


@value
class MicrophoneClosed:
    """The microphone (or file, or pipe) has no more sound."""

    at: float


@value
class LevelsMeasured:
    """Microphone and agent (as played) in dBFS, root mean square over the last 100 ms; -120 is silence."""

    at: float
    microphone_dbfs: float
    agent_dbfs: float


@value
class SoundMeasured:
    """State of the sound: echo control in use, the echo it leaves, number of gaps in playback so far."""

    at: float
    echo: str
    residual_dbfs: float | None = None
    underruns: int = 0


@value
class ScriptAnnotated:
    """A script marks its progress: ``mark`` is turn, speaking, said, delivered, late, over or sounded."""

    at: float
    mark: str
    data: Json


ConversationEvent = (
    ConnectionUp
    | ConnectionLost
    | ConnectionRenewed
    | SettingsInForce
    | SettingsRequested
    | RawEventRequested
    | ServerEventSeen
    | RateLimitReported
    | SessionEnded
    | UserSpeechBegan
    | UserSpeechEnded
    | UserSpeechDiscarded
    | UserTurnCommitted
    | UserTextPartial
    | UserTextFinal
    | UserTextMissing
    | VideoFrameTaken
    | ImageShown
    | AgentResponseRequested
    | AgentResponseBegan
    | AgentResponseEnded
    | AgentMessageBegan
    | AgentMessageEnded
    | AgentTextPartial
    | AgentTextFinal
    | AgentSoundReceived
    | AgentSoundQueued
    | AgentSoundComplete
    | AgentHeard
    | PlaybackEmptied
    | AgentInterrupted
    | ToolCalled
    | ToolWaiting
    | ToolAnswered
    | ToolRunning
    | ToolProgressed
    | ToolEnded
    | ItemCreated
    | ItemUpdated
    | UsageReported
    | NoticeIssued
    | ErrorReported
    | NoteTaken
    | ConversationPaused
    | KeyPressed
    | MicrophoneMuted
    | MicrophoneOpened
    | MicrophoneClosed
    | LevelsMeasured
    | SoundMeasured
    | ScriptAnnotated
)


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
