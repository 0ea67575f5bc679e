"""The events that a server sends: twenty-eight on the primary socket, two more on the sideband.

Every field but ``type`` may be missing. All events but the two of sound carry ``event_id``;
``client_event_id`` is the id of our event that they answer.
"""

from __future__ import annotations

from typing import Any, Literal, get_args

from pydantic import Field

from realtime_cli.protocol.live.session import LiveSessionResource
from realtime_cli.protocol.rules import TypedObject, Wire


class LiveServerEventBase(TypedObject):
    type: str
    event_id: str | None = None
    client_event_id: str | None = None


class UnknownLiveServerEvent(LiveServerEventBase):
    """An event that is not in the contract, or too unlike it to be read; its fields are extras."""


# -- the session ----------------------------------------------------------------------------------


class LiveSessionStarted(LiveServerEventBase):
    """From now on sound and commands may be sent."""

    type: Literal["session.started"] = "session.started"
    session: LiveSessionResource | None = None


class LiveSessionUpdated(LiveServerEventBase):
    type: Literal["session.updated"] = "session.updated"
    session: LiveSessionResource | None = None


class LiveUsage(Wire):
    """Seconds of the session's own clock, which runs on the client's sound."""

    seconds: float | None = None
    active_seconds: float | None = None
    paused_seconds: float | None = None


class LiveContextWindow(Wire):
    usage_ratio: float | None = None
    """0 to 1; it falls when the service compacts the context."""


class LiveUsageUpdated(LiveServerEventBase):
    """Running totals, about every fifteen seconds."""

    type: Literal["session.usage.updated"] = "session.usage.updated"
    usage: LiveUsage | None = None
    context_window: LiveContextWindow | None = None


class LiveSessionClosed(LiveServerEventBase):
    """The last event: ``reason`` is close_requested, expired, content, remote_hangup or connection_lost."""

    type: Literal["session.closed"] = "session.closed"
    reason: str | None = None
    session: LiveSessionResource | None = None
    usage: LiveUsage | None = None


class LiveErrorDetail(Wire):
    type: str | None = None
    code: str | None = None
    message: str | None = None
    param: str | None = None
    client_event_id: str | None = None


class LiveErrorEvent(LiveServerEventBase):
    """Most errors leave the session usable; decide by code or type."""

    type: Literal["error"] = "error"
    error: LiveErrorDetail = Field(default_factory=LiveErrorDetail)


class LiveInfo(LiveServerEventBase):
    type: Literal["info"] = "info"
    code: str | None = None
    message: str | None = None


class LiveSessionPaused(LiveServerEventBase):
    """Sideband only."""

    type: Literal["session.paused"] = "session.paused"


class LiveSessionResumed(LiveServerEventBase):
    """Sideband only."""

    type: Literal["session.resumed"] = "session.resumed"


# -- sound and words ------------------------------------------------------------------------------


class LiveInputAudioMuted(LiveServerEventBase):
    type: Literal["session.input_audio.muted"] = "session.input_audio.muted"


class LiveInputAudioUnmuted(LiveServerEventBase):
    type: Literal["session.input_audio.unmuted"] = "session.input_audio.unmuted"


class LiveFixturePlaying(LiveServerEventBase):
    type: Literal["session.output_audio.fixture.playing"] = "session.output_audio.fixture.playing"


class LiveFixturePlayed(LiveServerEventBase):
    type: Literal["session.output_audio.fixture.played"] = "session.output_audio.fixture.played"


class LiveInputAudioReflected(LiveServerEventBase):
    """Sideband: what the primary socket's client sent."""

    type: Literal["session.input_audio.append"] = "session.input_audio.append"
    audio: str | None = Field(default=None, repr=False)


class LiveOutputAudioDelta(LiveServerEventBase):
    """Base64 sound, ten a second, silence included. Times only on the sideband."""

    type: Literal["session.output_audio.delta"] = "session.output_audio.delta"
    delta: str | None = Field(default=None, repr=False)
    start_ms: int | None = None
    end_ms: int | None = None


class LiveTimed(LiveServerEventBase):
    """``start_ms`` and ``end_ms`` count on the session's clock."""

    start_ms: int | None = None
    end_ms: int | None = None


class LiveTranscriptDelta(LiveTimed):
    """A fragment with its own leading space; nothing says that a sentence is over."""

    delta: str | None = None


class LiveInputTranscriptDelta(LiveTranscriptDelta):
    type: Literal["session.input_transcript.delta"] = "session.input_transcript.delta"


class LiveOutputTranscriptDelta(LiveTranscriptDelta):
    type: Literal["session.output_transcript.delta"] = "session.output_transcript.delta"


class LiveContextAppended(LiveTimed):
    """The append has been placed in the model's timeline; this does not say whether it was spoken."""


class LiveInstructionsAppended(LiveContextAppended):
    type: Literal["session.instructions.appended"] = "session.instructions.appended"


class LiveThinkingAppended(LiveContextAppended):
    type: Literal["session.thinking.appended"] = "session.thinking.appended"


class LiveCommentaryAppended(LiveContextAppended):
    type: Literal["session.commentary.appended"] = "session.commentary.appended"


# -- work handed over -----------------------------------------------------------------------------


class LiveDelegation(TypedObject):
    type: str = "delegation"
    id: str | None = None
    target: str | None = None
    """client, responses or decisions."""
    response_id: str | None = None


class LiveDelegationCreated(LiveServerEventBase):
    """The model hands over work. What it is stands in the transcript around ``offset_ms``, not here."""

    type: Literal["session.delegation.created"] = "session.delegation.created"
    delegation: LiveDelegation | None = None
    offset_ms: int | None = None


class LiveBackendEvent(LiveServerEventBase):
    """``event``: one of the Responses API's stream; snapshots come without input, output and tools."""

    type: Literal["response.event"] = "response.event"
    event: dict[str, Any] = Field(default_factory=dict)
    delegation_id: str | None = None


class LiveDecisionEvent(LiveServerEventBase):
    """``event``: ``decision.completed`` with its decision. ``trigger_id``: what a trigger decided."""

    type: Literal["decision.event"] = "decision.event"
    event: dict[str, Any] = Field(default_factory=dict)
    delegation_id: str | None = None
    source_event_id: str | None = None
    source_event_type: str | None = None
    trigger_id: str | None = None


class LiveDecisionItemCreated(LiveServerEventBase):
    type: Literal["decision.item.created"] = "decision.item.created"
    item: dict[str, Any] | None = None


class LiveDecisionItemDeleted(LiveServerEventBase):
    type: Literal["decision.item.deleted"] = "decision.item.deleted"
    item_id: str | None = None


# -- telephony ------------------------------------------------------------------------------------


class LiveDtmf(LiveServerEventBase):
    event: str | None = None
    """The key: 0 to 9, * or #."""


class LiveDtmfReceived(LiveDtmf):
    type: Literal["transport.dtmf.received"] = "transport.dtmf.received"


class LiveDtmfSend(LiveDtmf):
    type: Literal["transport.dtmf.send"] = "transport.dtmf.send"


class LiveDtmfSent(LiveDtmf):
    type: Literal["transport.dtmf.sent"] = "transport.dtmf.sent"


class LiveTransport(LiveServerEventBase):
    session_id: str | None = None


class LiveTransportRinging(LiveTransport):
    type: Literal["transport.ringing"] = "transport.ringing"


class LiveTransportAnswered(LiveTransport):
    type: Literal["transport.answered"] = "transport.answered"


class LiveTransportFailed(LiveTransport):
    type: Literal["transport.failed"] = "transport.failed"
    error: LiveErrorDetail | None = None


LiveServerEvent = (
    LiveSessionStarted
    | LiveSessionUpdated
    | LiveUsageUpdated
    | LiveSessionClosed
    | LiveErrorEvent
    | LiveInfo
    | LiveSessionPaused
    | LiveSessionResumed
    | LiveInputAudioMuted
    | LiveInputAudioUnmuted
    | LiveFixturePlaying
    | LiveFixturePlayed
    | LiveInputAudioReflected
    | LiveOutputAudioDelta
    | LiveInputTranscriptDelta
    | LiveOutputTranscriptDelta
    | LiveInstructionsAppended
    | LiveThinkingAppended
    | LiveCommentaryAppended
    | LiveDelegationCreated
    | LiveBackendEvent
    | LiveDecisionEvent
    | LiveDecisionItemCreated
    | LiveDecisionItemDeleted
    | LiveDtmfReceived
    | LiveDtmfSend
    | LiveDtmfSent
    | LiveTransportRinging
    | LiveTransportAnswered
    | LiveTransportFailed
    | UnknownLiveServerEvent
)

LIVE_SERVER_EVENTS: dict[str, type[LiveServerEventBase]] = {
    event.model_fields["type"].default: event
    for event in get_args(LiveServerEvent)
    if event is not UnknownLiveServerEvent
}
