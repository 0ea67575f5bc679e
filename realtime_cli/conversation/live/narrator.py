"""Entries of a Live session in, conversation events out; the rules are in this package's docstring."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from realtime_cli.client import effects, error_policy, inputs
from realtime_cli.client.cost import Prices
from realtime_cli.client.entry import Entry
from realtime_cli.client.live.cost import LiveFeeMeter
from realtime_cli.conversation import events as e
from realtime_cli.conversation.live.agent import AgentStretch, LiveAgentSide
from realtime_cli.conversation.live.decisions import decision_words
from realtime_cli.conversation.live.user import BACKCHANNEL_MS, LiveUserSide, UserSpeech
from realtime_cli.conversation.realtime.common import COMMON, CommonNarrator
from realtime_cli.conversation.realtime.wire import base64_bytes, model_dump
from realtime_cli.protocol.live import client_events as c
from realtime_cli.protocol.live import server_events as s
from realtime_cli.protocol.live.session import LiveAudioFormat

MAX_HELD_S = 2.0  # an utterance within the user's speech: a backchannel of 1 s, and the pause that ends it


class LiveNarrator(CommonNarrator):
    """``narrate(entry)`` in order: for running sessions, recordings, and traces of bare wire events alike."""

    def __init__(
        self, *, prices: Prices | None = None, model: str | None = None, muted: bool = False
    ) -> None:
        super().__init__(prices=prices, model=model, muted=muted)
        self._fees = LiveFeeMeter()
        self._user = LiveUserSide(self._scene)
        self._agent = LiveAgentSide(self._scene)
        self._bytes_per_ms = 48
        self._held: AgentStretch | None = None
        self._doubtful: UserSpeech | None = None
        self._hosted: set[str] = set()
        self._last_decision = ""

    def narrate(self, entry: Entry) -> Sequence[e.ConversationEvent]:
        """The events that this entry causes; mostly none, since most entries are sound."""
        value: Any = entry.value
        kind = type(value)
        scene = self._scene
        scene.at = entry.at
        if kind is effects.Send and type(value.event) is c.LiveInputAudioAppend:
            self._user.sent(base64_bytes(value.event.audio) / self._bytes_per_ms)
            return ()
        if kind is inputs.MicrophoneFrame and self._microphone:
            return ()
        scene.live |= kind not in (inputs.Noted, inputs.Received, effects.Send)
        self._fees.observe(entry)
        if kind is inputs.Received:
            self._received(value)
        elif handler := _LOCAL.get(kind):
            handler(self, value)
        self._settle()
        counted = kind is inputs.Received and type(value.event) in (s.LiveUsageUpdated, s.LiveSessionClosed)
        self._add_fees(at_once=counted or kind in (inputs.Disconnected, effects.Close))
        emitted, scene.emitted = scene.emitted, []
        return emitted

    def _settle(self) -> None:
        held = self._held
        if held and self._scene.at - held.began_at >= MAX_HELD_S:
            self._release(held, backchannel=False)
        if self._doubtful and self._agent.went_on():
            self._was_backchannel()
        self._user.settle()
        self._agent.settle()

    # -- connection and settings ------------------------------------------------------------------

    def _connected(self, value: inputs.Connected) -> None:
        if self._up:
            self._lost(e.ConnectionLost(self._scene.at))
        self._socket = value

    def _lost(self, lost: e.ConnectionLost) -> None:
        self._finish()
        super()._lost(lost)

    def _close(self, close: effects.Close) -> None:
        self._finish()
        super()._close(close)

    def _finish(self) -> None:
        """End whatever was going on."""
        if self._held:
            self._release(self._held, backchannel=False)
        self._was_backchannel()
        self._user.finish()
        self._agent.finish()

    def _received(self, value: inputs.Received) -> None:
        event: Any = value.event
        if not self._up:
            self._answered_by_server()
        if type(event) is s.LiveOutputAudioDelta:
            self._agent.sound(base64_bytes(event.delta or "") / self._bytes_per_ms)
            return
        self._scene.emit(e.ServerEventSeen(value.at, event.type))
        if handler := _RECEIVED.get(type(event)):
            handler(self, event)

    def _started(self, event: s.LiveSessionStarted) -> None:
        self._user.session_began()
        self._agent.session_began()
        self._settings(event)

    def _settings(self, event: s.LiveSessionStarted | s.LiveSessionUpdated) -> None:
        scene, session = self._scene, model_dump(event.session)
        scene.effective = session
        scene.model = scene.model or session.get("model")
        format = LiveAudioFormat.model_validate((session.get("audio") or {}).get("format") or {})
        kind = format.type or "audio/pcm"
        self._bytes_per_ms = format.bytes_per_ms if format.type else 48
        scene.emit(
            e.SettingsInForce(
                scene.at, False, session.get("model"), kind, kind, {"type": "model"}, True, True, session
            )
        )

    # -- who speaks -------------------------------------------------------------------------------

    def _voice(self, value: inputs.VoiceDetected) -> None:
        match value.side, value.speaking:
            case "user", True:
                self._was_backchannel()
                agent_speaks = self._agent.utterance is not None
                self._user.began(value.position_ms, over_agent=agent_speaks)
                self._agent.talked_over(value.position_ms)
            case "user", False:
                self._user_ended(value.position_ms)
            case "agent", True:
                self._agent_began(self._agent.began(value.position_ms))
            case "agent", False:
                self._agent_ended(value.position_ms)

    def _user_ended(self, position_ms: float) -> None:
        speech = self._user.ended(position_ms)
        if speech is None:
            return
        agent = self._agent.utterance
        short = (speech.end_ms or 0.0) - speech.start_ms <= BACKCHANNEL_MS
        if short and speech.over_agent and agent is not None and agent is not self._held:
            speech.doubtful, self._doubtful = True, speech
            self._agent.talked_over_briefly()
        else:
            self._user.commit(speech)
        if self._held:
            self._release(self._held, backchannel=False)

    def _was_backchannel(self) -> None:
        """The agent went on after a short word of the user's."""
        if self._doubtful:
            self._user.make_none(self._doubtful)
            self._doubtful = None
            self._agent.not_talked_over()

    def _agent_began(self, one: AgentStretch) -> None:
        """An answer, or a backchannel if the user goes on: then it is held back until that is clear."""
        speech = self._user.speech
        if speech is not None and speech.measured and one.measured:
            self._held = one
        else:
            self._release(one, backchannel=False)

    def _release(self, one: AgentStretch, *, backchannel: bool) -> None:
        """Announce an utterance to the readers."""
        self._held = None if self._held is one else self._held
        if not backchannel:
            self._user.commit_spoken()
            self._agent.announce(one, self._scene.agents_turn())
        elif self._scene.turn:
            self._agent.announce(one, self._scene.turn)

    def _agent_ended(self, position_ms: float) -> None:
        one = self._agent.ended(position_ms)
        if one is not None and one.yielded and self._doubtful:  # it meant stop
            self._user.commit(self._doubtful)
            self._doubtful = None
        self._was_backchannel()
        if one is not None and one is self._held:
            short = (one.end_ms or 0.0) - one.start_ms <= BACKCHANNEL_MS
            self._release(one, backchannel=short)

    # -- words ------------------------------------------------------------------------------------

    def _user_words(self, event: s.LiveInputTranscriptDelta) -> None:
        speaks = self._agent.utterance is not None
        self._user.fragment(
            event.delta or "", float(event.start_ms or 0), float(event.end_ms or 0), over_agent=speaks
        )

    def _agent_words(self, event: s.LiveOutputTranscriptDelta) -> None:
        one = self._agent.fragment(event.delta or "", float(event.start_ms or 0), float(event.end_ms or 0))
        if not one.announced and one is not self._held:
            self._agent_began(one)

    def _typed(self, typed: inputs.Typed) -> None:
        scene = self._scene
        turn = scene.users_turn()
        scene.emit(e.UserTurnCommitted(scene.at, turn, "text", scene.at, scene.at, "text"))
        scene.emit(
            e.UserTextFinal(
                scene.at, turn, typed.text, False, "", typed.images, typed.detail, respond=typed.respond
            )
        )
        if typed.respond:
            scene.expect_answer(by_client=True)

    def _raw_event(self, value: inputs.RawEvent) -> None:
        self._scene.emit(e.RawEventRequested(self._scene.at, value.event))

    # -- work that is handed over -------------------------------------------------------------------

    def _delegated(self, event: s.LiveDelegationCreated) -> None:
        given = event.delegation
        if given and given.target != "decisions":
            self._user.commit_spoken()
            self._scene.expect_answer(by_client=False)
        data = {"delegation_id": given.id if given else None, "offset_ms": event.offset_ms}
        text = f"The agent handed work over ({given.target if given else 'to nobody'})."
        self._scene.emit(e.NoticeIssued(self._scene.at, "debug", "delegation", text, data))

    def _backend(self, event: s.LiveBackendEvent) -> None:
        """Tools that the service runs; calls of ours are told by what this program does about them."""
        inner = event.event
        item = inner.get("item")
        if not isinstance(item, dict):
            return
        kind, item_id = str(item.get("type") or ""), str(item.get("id") or "")
        hosted = kind.endswith("_call") and kind not in ("function_call", "custom_tool_call") and item_id
        if not hosted:
            return
        at, turn = self._scene.at, self._scene.turn
        name = str(item.get("name") or kind.removesuffix("_call"))
        if item_id not in self._hosted:
            self._hosted.add(item_id)
            arguments = str(item.get("arguments") or "")
            self._scene.emit(e.ToolCalled(at, turn, item_id, name, arguments, hosted=True))
        if inner.get("type") == "response.output_item.done":
            status: e.ToolStatus = "failed" if item.get("error") else "done"
            self._scene.emit(e.ToolEnded(at, turn, item_id, name, status, str(item.get("output") or "")))

    def _decided(self, event: s.LiveDecisionEvent) -> None:
        decision = event.event.get("decision")
        words = decision_words(decision)
        news = event.delegation_id is not None or words != self._last_decision
        self._last_decision = words
        data = {"decision": decision, "trigger_id": event.trigger_id, "delegation_id": event.delegation_id}
        level: e.NoticeLevel = "info" if news else "debug"  # a trigger decides at every fragment
        self._scene.emit(e.NoticeIssued(self._scene.at, level, "decision", f"{words}.", data))

    def _error(self, event: s.LiveErrorEvent) -> None:
        error = event.error
        self._scene.awaiting = False
        expected = error_policy.of_error(error.code, error.type).verdict == "ignore"
        code, of = str(error.code or error.type or "error"), event.client_event_id or error.client_event_id
        self._scene.emit(
            e.ErrorReported(self._scene.at, code, error.message or "", error.param or "", of or "", expected)
        )
        self._in_bare_logs("server", error_policy.sentence(error))


Handler = Callable[[LiveNarrator, Any], None]

_RECEIVED: dict[type, Handler] = {
    s.LiveSessionStarted: LiveNarrator._started,
    s.LiveSessionUpdated: LiveNarrator._settings,
    s.LiveInputTranscriptDelta: LiveNarrator._user_words,
    s.LiveOutputTranscriptDelta: LiveNarrator._agent_words,
    s.LiveDelegationCreated: LiveNarrator._delegated,
    s.LiveBackendEvent: LiveNarrator._backend,
    s.LiveDecisionEvent: LiveNarrator._decided,
    s.LiveErrorEvent: LiveNarrator._error,
    s.LiveSessionClosed: lambda self, event: self._finish(),
}
_LOCAL: dict[type, Handler] = {
    **COMMON,
    inputs.Connected: LiveNarrator._connected,
    inputs.VoiceDetected: LiveNarrator._voice,
    inputs.Typed: LiveNarrator._typed,
    inputs.RawEvent: LiveNarrator._raw_event,
    inputs.Played: lambda self, played: self._agent.played(played.heard_ms),
}
