"""A session that joins the running call of another client: it looks on, and steers if it was asked to.

Nothing is asked for at the start: settings, greeting, tools, sound and truncation are the business of the
client that holds the call. It tracks only what a typed line has to know: what runs, and which settings are in
force.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from realtime_cli.client import inputs
from realtime_cli.client.effects import Close, Effect, Note, Reconnect, Send, SetTimer
from realtime_cli.client.entry import Entry
from realtime_cli.client.options import SessionOptions
from realtime_cli.client.session import ClientSession
from realtime_cli.protocol import client_events as c
from realtime_cli.protocol import server_events as s

READ_ONLY = "You only look on here. To steer the call, attach with --steer."

_STEERS = (inputs.Typed, inputs.RawEvent, inputs.SettingsChanged, inputs.Pressed)
_IGNORED = (
    inputs.MicrophoneFrame,
    inputs.MicrophoneEnded,
    inputs.VoiceDetected,
    inputs.SoundJudged,
    inputs.VideoFrameCaptured,
)


class AttachedSession(ClientSession):
    """``options.attached`` says whether it may steer; a session that looks on sends nothing at all."""

    def __init__(self, options: SessionOptions) -> None:
        super().__init__(options)
        self._config.requested = {}  # settings are those of the call
        self._sounding = False

    def handle(self, happened: inputs.Input) -> list[Effect]:
        if isinstance(happened, _IGNORED):
            return []
        looks_on = self.options.attached != "steer"
        if looks_on and isinstance(happened, _STEERS) and happened != inputs.Pressed(happened.at, "quit"):
            return [Note("info", "attach", READ_ONLY)]
        kept = (SetTimer, Reconnect, Close, Note) if looks_on else (SetTimer, Reconnect, Close, Note, Send)
        return [effect for effect in super().handle(happened) if isinstance(effect, kept)]

    # -- connection ---------------------------------------------------------------------------

    def _connected(self, happened: inputs.Connected) -> None:
        self._reconnection.joined(happened)
        self._keep_limits(happened.at)
        self._begin()

    def _begin(self) -> None:
        self.greeted = True  # by whoever holds the call
        super()._begin()

    def _disconnected(self, happened: inputs.Disconnected) -> None:
        """Other clients hold the call; when the server hangs up, this session is over."""
        for part in self._parts:
            part.on_disconnect()
        self._reconnection.disconnected(happened, owed=False)

    def _timer_fired(self, happened: inputs.TimerFired) -> None:
        if happened.name == "limits":
            super()._timer_fired(happened)

    # -- what goes on -------------------------------------------------------------------------

    def _received(self, happened: inputs.Received) -> None:
        event = happened.event
        self._deadlines.active_at = happened.at
        self.cost.observe(Entry(happened.at, "received", happened))
        if handler := _EVENTS.get(type(event)):
            handler(self, happened, event)

    def _in_force(self, happened: inputs.Received, event: Any) -> None:
        self._config.updated(event.session)
        self._notify_settings()

    def _response_began(self, happened: inputs.Received, event: s.ResponseCreated) -> None:
        if interrupted := self.responses.created(event.response):
            self._effects.send(c.ResponseCancel(response_id=interrupted))

    def _response_over(self, happened: inputs.Received, event: s.ResponseDone) -> None:
        if self.responses.done(event.response):
            self.responses_done += 1
            self._keep_limits(happened.at)

    def _item_seen(self, happened: inputs.Received, event: Any) -> None:
        if event.item is not None:
            if event.item.id not in self.conversation:
                self.conversation.confirmed(event.item)
            self.conversation.added(event.item, event.previous_item_id)

    def _sound_began(self, happened: inputs.Received, event: s.OutputAudioBufferStarted) -> None:
        self._sounding = True

    def _sound_over(self, happened: inputs.Received, event: Any) -> None:
        self._sounding = False

    def _remove_image(self) -> None:
        """Do nothing: the image belongs to the call, whose client sees the same refusal."""

    # -- steering -----------------------------------------------------------------------------

    def _interrupt(self, cause: inputs.Cause) -> None:
        """The sound is queued at the server, not here, so it is thrown away there."""
        super()._interrupt(cause)
        if self.ready and (self._sounding or cause == "key"):
            self._effects.send(c.OutputAudioBufferClear())


_EVENTS: dict[type, Callable[[AttachedSession, inputs.Received, Any], None]] = {
    s.SessionCreated: AttachedSession._in_force,
    s.SessionUpdated: AttachedSession._in_force,
    s.ConversationItemAdded: AttachedSession._item_seen,
    s.ConversationItemDone: AttachedSession._item_seen,
    s.ConversationItemDeleted: AttachedSession._item_deleted,
    s.ConversationItemInputAudioTranscriptionDelta: AttachedSession._user_delta,
    s.ConversationItemInputAudioTranscriptionCompleted: AttachedSession._user_completed,
    s.ResponseCreated: AttachedSession._response_began,
    s.ResponseDone: AttachedSession._response_over,
    s.OutputAudioBufferStarted: AttachedSession._sound_began,
    s.OutputAudioBufferStopped: AttachedSession._sound_over,
    s.OutputAudioBufferCleared: AttachedSession._sound_over,
    s.ErrorEvent: AttachedSession._error,
}
