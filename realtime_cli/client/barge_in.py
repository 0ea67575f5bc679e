"""Interruptions: the voice falls silent (or lower) first, then the server hears how much was heard."""

from __future__ import annotations

from realtime_cli.client import inputs
from realtime_cli.client.conversation import ConversationHistory
from realtime_cli.client.effect_queue import EffectQueue
from realtime_cli.client.effects import Duck, SetTimer, StopPlayback
from realtime_cli.client.options import SessionOptions
from realtime_cli.client.playback import Playback, truncations
from realtime_cli.client.response_queue import ResponseQueue
from realtime_cli.client.session_part import SessionPart
from realtime_cli.client.tool_loop import ToolLoop
from realtime_cli.protocol import client_events as c


class BargeIn(SessionPart):
    """Ends what is being said, by whichever cause."""

    def __init__(
        self,
        effects: EffectQueue,
        options: SessionOptions,
        responses: ResponseQueue,
        tools: ToolLoop,
        playback: Playback,
    ) -> None:
        self.ducked = False
        self._effects = effects
        self._options = options
        self._responses = responses
        self._tools = tools
        self._playback = playback

    def speech_started(self, at: float, *, server_interrupts: bool) -> None:
        if self._options.barge_in == "duck":
            self._duck(at)
        elif server_interrupts and self._options.barge_in in ("immediate", "reversible"):
            running = self._responses.interrupt()
            if self._playback.unheard:
                self._stop("server_vad")
            self._cancel(running)
            self._tools.cut()

    def on_user_speech(self, at: float, *, speaking: bool) -> None:
        """The speech was short, or the server that heard it is gone: raise the agent's voice again."""
        if not speaking:
            self._unduck()

    def _unduck(self) -> None:
        if self.ducked:
            self.ducked = False
            self._effects.do(Duck(False), SetTimer(None, "barge_in"))

    def _duck(self, at: float) -> None:
        """Lower the voice; only speech that lasts becomes an interruption, a cough does not."""
        if self._playback.unheard and not self.ducked:
            self.ducked = True
            after_s = self._options.barge_in_after_ms / 1000
            self._effects.do(Duck(True), SetTimer(at + after_s, "barge_in"))

    def speech_lasts(self, *, ready: bool) -> None:
        self._unduck()
        self.interrupt("policy", ready=ready)

    def interrupt(self, cause: inputs.Cause, *, ready: bool) -> None:
        """Stop the agent's speech: clear the queue first, then tell the server."""
        active = self._responses.active_id
        self._tools.cancel_hang_up()
        running = self._responses.interrupt()
        if self._playback.unheard:
            self._stop(cause)
        if ready:
            if active is not None:
                self._responses.cancelling(self._effects.send(c.ResponseCancel()))
            self._cancel(running)
        self._tools.cut()

    def _cancel(self, response_ids: list[str]) -> None:
        """Out-of-band responses must be cancelled by id; the default cancels only the conversation's own."""
        for response_id in response_ids:
            self._effects.send(c.ResponseCancel(response_id=response_id))

    def _stop(self, cause: inputs.Cause) -> None:
        for response_id in self._playback.response_ids:
            self._responses.cut(response_id)
        self._effects.do(StopPlayback(cause))

    def stopped(
        self, happened: inputs.PlaybackStopped, conversation: ConversationHistory, *, ready: bool
    ) -> None:
        """The device has told what was heard: cut the rest, here and on the server."""
        received = {}
        known = tuple(item for item in happened.items if item.item_id in conversation)  # not out-of-band ones
        for item in known:
            if not item.finished:
                part = (item.item_id, item.content_index)
                received[part] = conversation.received_ms(*part)
                conversation.cut(*part, item.heard_ms)
        active = {item.item_id for item in happened.items} if self._responses.busy else set()
        self._playback.stopped()
        if ready:
            for event in truncations(known, received, active):
                self._effects.send(event)
