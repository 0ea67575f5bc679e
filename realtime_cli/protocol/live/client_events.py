"""The fifteen events that a client sends on the primary socket, and what it may send beside one only."""

from __future__ import annotations

from typing import Annotated, Any, Literal, get_args

from pydantic import Field

from realtime_cli.protocol.client_events import SoundAppend
from realtime_cli.protocol.live.session import LiveSessionChanges, LiveSessionConfig
from realtime_cli.protocol.rules import Rule, TypedObject

Nullable = Rule(nullable=True)
EventId = Annotated[str | None, Nullable]


class LiveClientEventBase(TypedObject):
    """``event_id`` comes back as ``client_event_id``; only ``decision.create`` needs one."""

    type: str
    event_id: EventId = None


class LiveSessionStart(LiveClientEventBase):
    """First and once: until then the server is silent. Refused, it may be sent again, corrected."""

    type: Literal["session.start"] = "session.start"
    session: LiveSessionConfig


class LiveSessionUpdate(LiveClientEventBase):
    """Change delegation or triggers; everything else is fixed."""

    type: Literal["session.update"] = "session.update"
    session: LiveSessionChanges


class LiveInputAudioAppend(LiveClientEventBase, SoundAppend):
    """Base64 sound in the session's format; never answered. The session's clock runs on it."""

    type: Literal["session.input_audio.append"] = "session.input_audio.append"
    audio: str = Field(repr=False)


class LiveInputAudioMute(LiveClientEventBase):
    """The model hears silence; the session goes on, and so does the bill."""

    type: Literal["session.input_audio.mute"] = "session.input_audio.mute"


class LiveInputAudioUnmute(LiveClientEventBase):
    type: Literal["session.input_audio.unmute"] = "session.input_audio.unmute"


class LiveFixturePlay(LiveClientEventBase):
    """Play base64 PCM16 at 24 kHz, whatever the format, as the agent's voice; input is dropped meanwhile."""

    type: Literal["session.output_audio.fixture.play"] = "session.output_audio.fixture.play"
    audio: str = Field(repr=False)


class LiveContextAppend(LiveClientEventBase):
    """Words for the model. ``delegation_id``: whose result they are; null with Responses delegation."""

    content: Annotated[str, Rule(min_length=1)]
    delegation_id: Annotated[str | None, Nullable] = None


class LiveInstructionsAppend(LiveContextAppend):
    """The model is to follow it."""

    type: Literal["session.instructions.append"] = "session.instructions.append"


class LiveThinkingAppend(LiveContextAppend):
    """The model knows it, and says nothing of it by itself."""

    type: Literal["session.thinking.append"] = "session.thinking.append"


class LiveCommentaryAppend(LiveContextAppend):
    """The model says it."""

    type: Literal["session.commentary.append"] = "session.commentary.append"


class LiveDecisionCreate(LiveClientEventBase):
    """Decide now. The id is required, and is never used twice."""

    type: Literal["decision.create"] = "decision.create"
    event_id: Annotated[str | None, Rule(required=True, min_length=1)] = None


class LiveDecisionItemCreate(LiveClientEventBase):
    type: Literal["decision.item.create"] = "decision.item.create"
    item: dict[str, Any]


class LiveDecisionItemDelete(LiveClientEventBase):
    type: Literal["decision.item.delete"] = "decision.item.delete"
    item_id: str


class LiveBackendItemCreate(LiveClientEventBase):
    """An input item of the Responses API for the backend: a message, or the output of a call."""

    type: Literal["response.item.create"] = "response.item.create"
    item: dict[str, Any]


class LiveBackendResponseCreate(LiveClientEventBase):
    """Let the backend go on, once no call of the session is open any more."""

    type: Literal["response.create"] = "response.create"


class LiveSessionClose(LiveClientEventBase):
    """End the session; ``session.closed`` answers, and then the line is dropped."""

    type: Literal["session.close"] = "session.close"


class UnknownLiveClientEvent(LiveClientEventBase):
    """An event that is not in the contract, or that has another shape."""


LiveClientEvent = (
    LiveSessionStart
    | LiveSessionUpdate
    | LiveInputAudioAppend
    | LiveInputAudioMute
    | LiveInputAudioUnmute
    | LiveFixturePlay
    | LiveInstructionsAppend
    | LiveThinkingAppend
    | LiveCommentaryAppend
    | LiveDecisionCreate
    | LiveDecisionItemCreate
    | LiveDecisionItemDelete
    | LiveBackendItemCreate
    | LiveBackendResponseCreate
    | LiveSessionClose
    | UnknownLiveClientEvent
)

LIVE_CLIENT_EVENTS: dict[str, type[LiveClientEventBase]] = {
    event.model_fields["type"].default: event
    for event in get_args(LiveClientEvent)
    if event is not UnknownLiveClientEvent
}
