"""Entries of a translation session in, conversation events out; the rules are in this package's docstring."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from realtime_cli.client import effects, inputs
from realtime_cli.client.cost import Prices
from realtime_cli.client.entry import Entry
from realtime_cli.client.passages import Passage, Passages
from realtime_cli.conversation import events as e
from realtime_cli.conversation.realtime.common import COMMON, CommonNarrator
from realtime_cli.conversation.realtime.wire import base64_bytes, model_dump, reported_error
from realtime_cli.protocol import server_events as s
from realtime_cli.protocol import translation as t
from realtime_cli.protocol.objects import BYTES_PER_MS


class TranslationNarrator(CommonNarrator):
    """``narrate(entry)`` in order: for running sessions, recordings, and traces of bare wire events alike."""

    def __init__(
        self, *, prices: Prices | None = None, model: str | None = None, muted: bool = False
    ) -> None:
        super().__init__(prices=prices, model=model, muted=muted)
        self._source, self._translation = Passages(), Passages()
        self._source_turn = 0
        self._closing = False
        self._heard_from: dict[str, float] = {}  # when a passage was first heard, while it is played

    def narrate(self, entry: Entry) -> Sequence[e.ConversationEvent]:
        """The events that this entry causes; mostly none, since most entries are sound."""
        value: Any = entry.value
        kind = type(value)
        scene = self._scene
        scene.at = entry.at
        if kind is effects.Send or (kind is inputs.MicrophoneFrame and self._microphone):
            return ()
        scene.live |= kind not in (inputs.Noted, inputs.Received)
        self._fees.observe(entry)
        if kind is inputs.Received:
            self._received(value)
        elif handler := _LOCAL.get(kind):
            handler(self, value)
        self._source_over(self._source.settle(scene.at))
        self._translation_over(self._translation.settle(scene.at))
        self._add_fees(at_once=kind in (inputs.Disconnected, effects.Close))
        emitted, scene.emitted = scene.emitted, []
        return emitted

    # -- connection and settings ------------------------------------------------------------------

    def _connected(self, value: inputs.Connected) -> None:
        if self._up:
            self._lost(e.ConnectionLost(self._scene.at))
        self._socket, self._closing = value, False

    def _closed(self, event: t.TranslationClosed) -> None:
        """The server hangs up now, which is no loss."""
        self._finish()
        self._closing = True

    def _disconnected(self, value: inputs.Disconnected) -> None:
        if not self._closing:
            super()._disconnected(value)

    def _lost(self, lost: e.ConnectionLost) -> None:
        self._finish()
        super()._lost(lost)

    def _close(self, close: effects.Close) -> None:
        self._finish()
        super()._close(close)

    def _finish(self) -> None:
        """End whatever was going on."""
        self._source_over(self._source.finish())
        self._translation_over(self._translation.finish())

    def _received(self, value: inputs.Received) -> None:
        event: Any = value.event
        if not self._up:
            self._answered_by_server()
        if type(event) is not t.TranslatedAudioDelta:
            self._scene.emit(e.ServerEventSeen(value.at, event.type))
        if type(event) is s.ErrorEvent:
            self._scene.emit(reported_error(value))
        elif handler := _RECEIVED.get(type(event)):
            handler(self, event)

    def _settings(self, event: s.SessionCreated | s.SessionUpdated) -> None:
        scene, session = self._scene, model_dump(event.session)
        scene.effective = session
        scene.model = scene.model or session.get("model")
        heard = (session.get("audio") or {}).get("input") or {}
        pcm, detection = "audio/pcm", {"type": "model"}
        defaults, written = type(event) is s.SessionCreated, bool(heard.get("transcription"))
        scene.emit(
            e.SettingsInForce(
                scene.at, defaults, session.get("model"), pcm, pcm, detection, True, written, session
            )
        )

    # -- what is said -----------------------------------------------------------------------------

    def _source_words(self, event: t.SourceTextDelta) -> None:
        at, delta = self._scene.at, event.delta or ""
        before = self._source.current
        self._source_over(self._source.add(delta, float(event.elapsed_ms or 0), at))
        now = self._source.current
        if now and now is not before:
            self._source_turn = self._scene.users_turn()
            self._scene.emit(e.UserSpeechBegan(at, "sound", at, f"source_{now.number}"))
        if now:
            item_id = f"source_{now.number}"
            self._scene.emit(e.UserTextPartial(at, self._source_turn, item_id, delta, now.text.strip()))

    def _source_over(self, one: Passage | None) -> None:
        if one is None:
            return
        at, turn, item_id, text = self._scene.at, self._source_turn, f"source_{one.number}", one.text.strip()
        self._scene.turn_of[item_id] = turn
        self._scene.emit(e.UserSpeechEnded(at, "sound", one.at, item_id))
        self._scene.emit(e.UserTurnCommitted(at, turn, "voice", one.at, one.at, "sound", item_id))
        self._scene.emit(e.UserTextFinal(at, turn, text, True, item_id))
        self._item(item_id, "user", {"type": "input_audio", "transcript": text})

    # -- its translation --------------------------------------------------------------------------

    def _translated_words(self, event: t.TranslatedTextDelta) -> None:
        scene, delta = self._scene, event.delta or ""
        before = self._translation.current
        self._translation_over(self._translation.add(delta, float(event.elapsed_ms or 0), scene.at))
        now = self._translation.current
        if now is None:
            return
        item_id = now.item_id
        if now is not before:
            turn = scene.turn_of[item_id] = scene.agents_turn()
            scene.emit(e.AgentResponseBegan(scene.at, turn, item_id))
            scene.emit(e.AgentMessageBegan(scene.at, turn, item_id, item_id))
        turn = scene.turn_of[item_id]
        scene.emit(e.AgentTextPartial(scene.at, turn, item_id, item_id, 0, delta, True))

    def _translated_sound(self, event: t.TranslatedAudioDelta) -> None:
        at, ms = self._scene.at, base64_bytes(event.delta or "") / BYTES_PER_MS["audio/pcm"]
        one = self._translation.sound(ms, at)
        if one and ms:
            turn, id, first = self._scene.turn_of[one.item_id], one.item_id, one.sound_ms == ms
            self._scene.emit(e.AgentSoundReceived(at, turn, id, id, 0, ms, first))

    def _translation_over(self, passage: Passage | None) -> None:
        if passage is None:
            return
        at, id, text = self._scene.at, passage.item_id, passage.text.strip()
        turn = self._scene.turn_of[id]
        self._scene.emit(e.AgentSoundComplete(at, id, 0))
        self._scene.emit(e.AgentTextFinal(at, turn, id, id, 0, text, True))
        self._item(id, "assistant", {"type": "output_audio", "transcript": text})
        self._scene.emit(e.AgentMessageEnded(at, turn, id, id))
        self._scene.emit(e.AgentResponseEnded(at, turn, id, "completed", spoke=True))

    def _played(self, played: inputs.Played) -> None:
        at, id = self._scene.at, played.item_id
        if id not in self._scene.turn_of:
            return
        turn, first = self._scene.turn_of[id], id not in self._heard_from
        began_at = self._heard_from.setdefault(id, at - played.heard_ms / 1000)
        heard_ms = round(played.heard_ms, 1)
        self._scene.emit(e.AgentHeard(at, turn, id, id, 0, heard_ms, began_at, first, played.finished))
        if played.finished:
            del self._heard_from[id]

    def _item(self, item_id: str, role: str, part: dict[str, Any]) -> None:
        item = {"id": item_id, "type": "message", "role": role, "content": [part]}
        self._scene.emit(e.ItemCreated(self._scene.at, item_id, item))


Handler = Callable[[TranslationNarrator, Any], None]

_RECEIVED: dict[type, Handler] = {
    s.SessionCreated: TranslationNarrator._settings,
    s.SessionUpdated: TranslationNarrator._settings,
    t.SourceTextDelta: TranslationNarrator._source_words,
    t.TranslatedTextDelta: TranslationNarrator._translated_words,
    t.TranslatedAudioDelta: TranslationNarrator._translated_sound,
    t.TranslationClosed: TranslationNarrator._closed,
}
_LOCAL: dict[type, Handler] = {
    **COMMON,
    inputs.Connected: TranslationNarrator._connected,
    inputs.Played: TranslationNarrator._played,
}
