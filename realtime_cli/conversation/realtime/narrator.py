"""The narrator of the Realtime protocol: entries in, conversation events out, in order.

It owns every rule about what the wire means. The sides of the conversation are in the modules beside it;
here they are told what happened, from three tables.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from realtime_cli.client import effects, in_force, inputs, settings
from realtime_cli.client.cost import Prices
from realtime_cli.client.entry import Entry
from realtime_cli.conversation import events as e
from realtime_cli.conversation.realtime.agent import AgentSide
from realtime_cli.conversation.realtime.common import COMMON, CommonNarrator
from realtime_cli.conversation.realtime.items import ItemSide
from realtime_cli.conversation.realtime.user import UserSide
from realtime_cli.conversation.realtime.wire import error_text, model_dump, reported_error
from realtime_cli.protocol import client_events as c
from realtime_cli.protocol import server_events as s


class RealtimeNarrator(CommonNarrator):
    """``narrate(entry)`` in order. For live sessions, recordings, and logs of bare wire events alike.

    ``model``: whose prices count; learnt from the session when it is not given. ``muted``: how the
    microphone starts.
    """

    def __init__(
        self, *, prices: Prices | None = None, model: str | None = None, muted: bool = False
    ) -> None:
        super().__init__(prices=prices, model=model, muted=muted)
        self._user = UserSide(self._scene)
        self._agent = AgentSide(self._scene)
        self._items = ItemSide(self._scene)

    def narrate(self, entry: Entry) -> Sequence[e.ConversationEvent]:
        """The events that this entry causes; mostly none, since most entries are microphone frames."""
        value: Any = entry.value
        kind = type(value)
        if kind is inputs.MicrophoneFrame and self._microphone:
            return ()
        if kind is effects.Send:
            if type(value.event) is c.InputAudioBufferAppend:
                self._user.appended(entry.at, value.event)
                return ()
            handler = _SENT.get(type(value.event))
        elif kind is inputs.Received:
            handler = RealtimeNarrator._received
        else:
            self._scene.live |= kind is not inputs.Noted  # the reader of another tool's log makes notes, too
            handler = _LOCAL.get(kind)
        self._fees.observe(entry)
        if handler is None:
            return ()
        self._scene.at = entry.at
        handler(self, value if kind is not effects.Send else value.event)
        self._add_fees(at_once=kind in (inputs.Disconnected, effects.Close))
        emitted, self._scene.emitted = self._scene.emitted, []
        return emitted

    # -- connection and settings ------------------------------------------------------------------

    def _connected(self, value: inputs.Connected) -> None:
        if self._up:
            self._lost(e.ConnectionLost(self._scene.at))
        self._socket = value
        self._user.connected()
        if value.attempt:
            self._items.on_reconnect()

    def _lost(self, lost: e.ConnectionLost) -> None:
        self._agent.disconnected()
        super()._lost(lost)

    def _received(self, value: inputs.Received) -> None:
        event: Any = value.event
        if not self._up:
            self._answered_by_server()
        response_id = getattr(event, "response_id", None) or getattr(
            getattr(event, "response", None), "id", None
        )
        item_id = getattr(event, "item_id", None)
        self._scene.emit(e.ServerEventSeen(value.at, event.type, response_id or "", item_id or ""))
        if isinstance(event, s.ErrorEvent):
            self._error(value)
        elif handler := _RECEIVED.get(type(event)):
            handler(self, event)

    def _settings(self, event: s.SessionCreated | s.SessionUpdated) -> None:
        scene = self._scene
        scene.effective = session = model_dump(event.session)
        scene.model = scene.model or session.get("model")
        self._user.settings()
        self._agent.settings()
        sessions = (session, scene.requested)
        scene.emit(
            e.SettingsInForce(
                scene.at,
                isinstance(event, s.SessionCreated),
                session.get("model"),
                in_force.audio_format("input", *sessions),
                in_force.audio_format("output", *sessions),
                scene.turn_detection,
                scene.answers_by_itself,
                scene.transcribes,
                session,
            )
        )

    def _settings_sent(self, event: c.SessionUpdate) -> None:
        self._scene.requested = settings.merged(self._scene.requested, model_dump(event.session))

    def _raw_event(self, value: inputs.RawEvent) -> None:
        self._user.raw_event(value)
        self._scene.emit(e.RawEventRequested(self._scene.at, value.event))

    def _rate_limits(self, event: s.RateLimitsUpdated) -> None:
        for limit in event.rate_limits or ():
            self._scene.emit(
                e.RateLimitReported(
                    self._scene.at, limit.name or "", limit.limit, limit.remaining, limit.reset_seconds
                )
            )

    def _close(self, close: effects.Close) -> None:
        self._user.no_more_text()
        super()._close(close)

    # -- items ------------------------------------------------------------------------------------

    def _item_added(self, event: Any) -> None:
        if event.item is not None:
            self._items.seen(event.item)
            self._item(event.item, None, event.previous_item_id)

    def _item_done(self, event: Any) -> None:
        self._item_added(event)
        self._item_over(event.item, None)

    def _output_item(self, event: Any) -> None:
        if event.item is not None:
            if event.response_id not in self._scene.out_of_band:
                self._items.seen(event.item)
            self._item(event.item, event.response_id, None)

    def _output_item_done(self, event: Any) -> None:
        self._output_item(event)
        self._item_over(event.item, event.response_id)

    def _item(self, item: Any, response_id: str | None, previous_item_id: str | None) -> None:
        match item.type:
            case "message" if item.role == "assistant":
                if not self._user.is_echo(item):
                    self._agent.message(item, response_id, previous_item_id)
            case "message" if item.role == "user":
                if not self._user.is_echo(item):
                    self._user.item(item, previous_item_id)
            case "function_call" | "mcp_call" if response_id not in self._scene.out_of_band:
                self._tools.item(item, response_id)
            case "mcp_approval_request" if not self._scene.live:
                self._tools.ask(item.id or "", f"{item.server_label}.{item.name}", item.arguments or "")

    def _item_over(self, item: Any, response_id: str | None) -> None:
        match getattr(item, "type", None):
            case "message" if item.role == "assistant" and not self._user.is_echo(item):
                self._agent.message_done(item, response_id)
            case "function_call" | "mcp_call" if response_id not in self._scene.out_of_band:
                self._tools.item_done(item, response_id)

    def _transcribed(self, event: s.ConversationItemInputAudioTranscriptionCompleted) -> None:
        self._items.transcribed(event)
        self._user.text_completed(event)

    def _truncated(self, event: s.ConversationItemTruncated) -> None:
        self._items.truncated(event)
        self._agent.truncated(event)

    def _item_sent(self, event: c.ConversationItemCreate) -> None:
        match getattr(event.item, "type", None):
            case "message":
                self._user.message_sent(event.item)
            case "function_call":
                self._tools.history_sent(event.item)
            case "function_call_output":
                self._tools.output_sent(event.item)
            case "mcp_approval_response":
                self._tools.approval_sent(event.item)

    # -- responses --------------------------------------------------------------------------------

    def _response_created(self, event: s.ResponseCreated) -> None:
        if event.response.conversation_id is not None or self._scene.out_of_band.idle:
            self._user.response_began(asked_for=self._scene.awaiting)
        self._agent.created(event)

    def _response_done(self, event: s.ResponseDone) -> None:
        """Handle all items once more: servers differ in which events they send earlier."""
        self._user.no_more_text()
        response = self._agent.done(event)
        if response is None:
            return
        for item in event.response.output or ():
            if item.type == "message":
                self._item(item, response.response_id, None)
            self._item_over(item, response.response_id)
        self._agent.on_response_end(response, event.response)
        if event.response.status == "failed":
            self._in_bare_logs("response", f"The answer failed: {error_text(event.response.status_details)}")

    def _response_requested(self, event: c.ResponseCreate) -> None:
        self._agent.response_requested(event)

    def _arguments_done(self, event: s.ResponseFunctionCallArgumentsDone) -> None:
        if event.response_id not in self._scene.out_of_band:
            self._tools.arguments_done(event)

    # -- what is said about it --------------------------------------------------------------------

    def _error(self, value: inputs.Received) -> None:
        error = reported_error(value)
        self._scene.awaiting = False
        self._scene.out_of_band.refused(error.event_id)
        self._scene.emit(error)
        if not error.expected:
            about = f" ({error.code})" if error.code != "error" else ""
            self._in_bare_logs("server", f"{error.message}{about}")

    def _pressed(self, pressed: inputs.Pressed) -> None:
        super()._pressed(pressed)
        self._user.key(pressed.key)

    def _microphone_ended(self, ended: inputs.MicrophoneEnded) -> None:
        self._user.microphone_ended()
        super()._microphone_ended(ended)


Handler = Callable[[RealtimeNarrator, Any], None]

_RECEIVED: dict[type, Handler] = {
    s.SessionCreated: RealtimeNarrator._settings,
    s.SessionUpdated: RealtimeNarrator._settings,
    s.InputAudioBufferSpeechStarted: lambda self, event: self._user.speech_started(event),
    s.InputAudioBufferSpeechStopped: lambda self, event: self._user.speech_stopped(event),
    s.InputAudioBufferCommitted: lambda self, event: self._user.committed(event),
    s.InputAudioBufferCleared: lambda self, event: self._user.discarded(),
    s.ConversationItemInputAudioTranscriptionDelta: lambda self, event: self._user.text_delta(event),
    s.ConversationItemInputAudioTranscriptionFailed: lambda self, event: self._user.text_failed(event),
    s.ConversationItemInputAudioTranscriptionCompleted: RealtimeNarrator._transcribed,
    s.ConversationItemAdded: RealtimeNarrator._item_added,
    s.ConversationItemCreated: RealtimeNarrator._item_added,
    s.ConversationItemDone: RealtimeNarrator._item_done,
    s.ConversationItemDeleted: lambda self, event: self._items.deleted(event),
    s.ConversationItemTruncated: RealtimeNarrator._truncated,
    s.ResponseCreated: RealtimeNarrator._response_created,
    s.ResponseDone: RealtimeNarrator._response_done,
    s.ResponseOutputItemAdded: RealtimeNarrator._output_item,
    s.ResponseOutputItemDone: RealtimeNarrator._output_item_done,
    s.ResponseOutputTextDelta: lambda self, event: self._agent.text_delta(event, voice=False),
    s.ResponseOutputTextDone: lambda self, event: self._agent.text_done(event, event.text, voice=False),
    s.ResponseOutputAudioTranscriptDelta: lambda self, event: self._agent.text_delta(event, voice=True),
    s.ResponseOutputAudioTranscriptDone: lambda self, event: self._agent.text_done(
        event, event.transcript, voice=True
    ),
    s.ResponseOutputAudioDelta: lambda self, event: self._agent.sound_delta(event),
    s.ResponseOutputAudioDone: lambda self, event: self._agent.sound_done(event),
    s.OutputAudioBufferStarted: lambda self, event: self._agent.server_sounds(event),
    s.OutputAudioBufferCleared: lambda self, event: self._agent.server_silenced(event),
    s.ResponseFunctionCallArgumentsDone: RealtimeNarrator._arguments_done,
    s.ResponseMcpCallArgumentsDone: lambda self, event: self._tools.hosted_arguments(event),
    s.ResponseMcpCallInProgress: lambda self, event: self._tools.hosted_runs(event),
    s.RateLimitsUpdated: RealtimeNarrator._rate_limits,
}
_SENT: dict[type, Handler] = {
    c.SessionUpdate: RealtimeNarrator._settings_sent,
    c.InputAudioBufferCommit: lambda self, event: self._user.commit_sent(),
    c.ConversationItemCreate: RealtimeNarrator._item_sent,
    c.ConversationItemTruncate: lambda self, event: self._agent.truncated(event),
    c.ResponseCreate: RealtimeNarrator._response_requested,
}
_LOCAL: dict[type, Handler] = {
    **COMMON,
    inputs.Connected: RealtimeNarrator._connected,
    inputs.VoiceDetected: lambda self, found: self._user.voice(found),
    inputs.Typed: lambda self, typed: self._user.typed(typed),
    inputs.VideoFrameCaptured: lambda self, captured: self._user.frame(captured),
    inputs.RawEvent: RealtimeNarrator._raw_event,
    inputs.Played: lambda self, played: self._agent.played(played),
    inputs.PlaybackStopped: lambda self, stopped: self._agent.stopped(stopped),
    effects.Play: lambda self, play: self._agent.play(play),
    effects.PlayEnd: lambda self, end: self._agent.play_end(end),
}
