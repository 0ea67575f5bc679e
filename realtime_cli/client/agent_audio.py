"""What the agent says: sound to the speaker, words to the conversation; nothing of an answer that was cut."""

from __future__ import annotations

import binascii
from typing import Any

from realtime_cli.client.conversation import ConversationHistory
from realtime_cli.client.effect_queue import EffectQueue
from realtime_cli.client.effects import Play, PlayEnd
from realtime_cli.client.playback import Playback
from realtime_cli.client.response_queue import ResponseQueue
from realtime_cli.client.session_part import SessionPart
from realtime_cli.protocol import server_events as s
from realtime_cli.protocol.objects import BYTES_PER_MS, Item, WireFormat


class AgentAudio(SessionPart):
    """Passes sound on as it comes, and knows which of it waits to be heard."""

    def __init__(self, effects: EffectQueue, responses: ResponseQueue, playback: Playback) -> None:
        self._effects = effects
        self._responses = responses
        self._playback = playback

    def delta(
        self, event: s.ResponseOutputAudioDelta, conversation: ConversationHistory, format: WireFormat
    ) -> None:
        if self._responses.is_cut(event.response_id) or not event.delta or not event.item_id:
            return
        audio = self._decoded(event.delta, format)
        if audio is None:
            return
        index = event.content_index or 0
        if not self._responses.is_out_of_band(event.response_id):
            conversation.received(event.item_id, index, len(audio) / BYTES_PER_MS[format])
        self._playback.queued(event.item_id, index, event.response_id)
        self._effects.do(Play(event.item_id, index, audio, format))

    def _decoded(self, delta: str, format: WireFormat) -> bytes | None:
        try:
            audio = binascii.a2b_base64(delta, strict_mode=True)  # ten times as quick as base64.b64decode
        except (binascii.Error, ValueError):
            self._effects.note("warning", "protocol", "An audio delta was not base64; it is left out.")
            return None
        if format == "audio/pcm" and len(audio) % 2:
            text = "An audio delta had half a sample at its end; it is left out."
            self._effects.note("warning", "protocol", text)
            return audio[:-1]
        return audio

    def done(self, item_id: str | None, content_index: int | None) -> None:
        if item_id and self._playback.is_queued(item_id, content_index or 0):
            self._effects.do(PlayEnd(item_id, content_index or 0))

    def on_disconnect(self) -> None:
        """The socket is gone: what has come is heard to its end, and nothing more is waited for."""
        for item_id, content_index in self._playback.parts:
            self.done(item_id, content_index)

    def item_done(self, item: Item) -> None:
        """Servers may leave out ``output_audio.done``: nothing more of this item will come."""
        for index in range(len(getattr(item, "content", None) or ()) or 1):
            self.done(item.id, index)

    def words(self, event: Any, text: str | None, conversation: ConversationHistory, *, whole: bool) -> None:
        """A delta of text or transcript, or (``whole``) all of it."""
        if event.item_id and text and not self._responses.is_out_of_band(event.response_id):
            conversation.spoke(event.item_id, event.content_index or 0, text, whole=whole)
