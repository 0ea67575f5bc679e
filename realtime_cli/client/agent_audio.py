"""The agent's output: sound to the speaker, words to the conversation, nothing of a cut answer."""

from __future__ import annotations

import base64
import binascii
import re
from typing import Any

from realtime_cli.client.bounded_dict import BoundedDict
from realtime_cli.client.conversation import ConversationHistory
from realtime_cli.client.effect_queue import EffectQueue
from realtime_cli.client.effects import Play, PlayEnd
from realtime_cli.client.playback import Playback, PlayingPart
from realtime_cli.client.response_queue import ResponseQueue
from realtime_cli.client.session_part import SessionPart
from realtime_cli.protocol import client_events as c
from realtime_cli.protocol import server_events as s
from realtime_cli.protocol.objects import BYTES_PER_MS, Item, WireFormat


class AgentAudio(SessionPart):
    """Passes sound on as it comes, and tracks which of it has not been heard yet."""

    def __init__(self, effects: EffectQueue, responses: ResponseQueue, playback: Playback) -> None:
        self._effects = effects
        self._responses = responses
        self._playback = playback
        self._half_samples: dict[PlayingPart, tuple[str | None, bytes]] = {}  # with their response
        # Items all of whose sound was dropped -> their response.
        self._dropped: BoundedDict[str, str | None] = BoundedDict()

    def delta(
        self, event: s.ResponseOutputAudioDelta, conversation: ConversationHistory, format: WireFormat
    ) -> None:
        if not event.delta or not event.item_id:
            return
        index = event.content_index or 0
        late = self._playback.was_stopped(event.item_id, index, event.response_id)
        if late or self._responses.is_cut(event.response_id):
            self._drop(event, conversation)
            return
        audio = self._decoded(event, (event.item_id, index), format)
        if not audio:
            return
        if not self._responses.is_out_of_band(event.response_id):
            ms = len(audio) / BYTES_PER_MS[format]
            conversation.received(event.item_id, index, ms, response_id=event.response_id)
        self._playback.queued(event.item_id, index, event.response_id)
        self._effects.do(Play(event.item_id, index, audio, format))
        if self._responses.is_over(event.response_id):
            self.done(event.item_id, index)  # late: no done event will follow

    def _decoded(
        self, event: s.ResponseOutputAudioDelta, part: PlayingPart, format: WireFormat
    ) -> bytes | None:
        """The sound of a delta in whole samples: half a sample waits for the next delta of its part."""
        audio = _base64_bytes(event.delta or "")
        if audio is None:
            text = "An audio delta was not valid base64 and was skipped."
            self._effects.note("warning", "protocol", text)
            return None
        if format != "audio/pcm":
            return audio
        of_response, half = self._half_samples.pop(part, ("", b""))
        if of_response == event.response_id:  # else of a cut answer, whose item had the same id
            audio = half + audio
        if len(audio) % 2:
            self._half_samples[part] = event.response_id, audio[-1:]
            audio = audio[:-1]
        return audio

    def done(self, item_id: str | None, content_index: int | None) -> None:
        """All sound of a part has come."""
        part = (item_id or "", content_index or 0)
        self._half_samples.pop(part, None)
        if self._playback.is_queued(*part):
            self._playback.ended(*part)
            self._effects.do(PlayEnd(*part))

    def item_done(self, item: Item) -> None:
        """Servers may leave out ``output_audio.done``: nothing more of this item will come."""
        for index in range(len(getattr(item, "content", None) or ()) or 1):
            self.done(item.id, index)

    def response_over(self, response_id: str | None) -> None:
        """The response ended or was given up, so its sound ends as well, even without a done event."""
        for part in self._playback.open_parts(response_id):
            self.done(*part)

    def nothing_runs(self) -> None:
        """No answer is expected any longer, not even one that never began."""
        for response_id in self._playback.response_ids:
            self.response_over(response_id)

    def on_disconnect(self) -> None:
        """The socket is gone: play what has come to its end, and expect nothing more."""
        for item_id, content_index in self._playback.parts:
            self.done(item_id, content_index)
        self._half_samples.clear()
        self._dropped.clear()

    def words(self, event: Any, text: str | None, conversation: ConversationHistory, *, whole: bool) -> None:
        """A delta of text or transcript, or (``whole``) all of it."""
        if event.item_id and text and not self._responses.is_out_of_band(event.response_id):
            index = event.content_index or 0
            conversation.spoke(event.item_id, index, text, whole=whole, response_id=event.response_id)

    # -- sound that comes too late ----------------------------------------------------------------

    def _drop(self, event: s.ResponseOutputAudioDelta, conversation: ConversationHistory) -> None:
        """Leave out sound of an answer that was cut; the model must not believe that it was heard."""
        item_id, index = event.item_id or "", event.content_index or 0
        known = item_id in self._dropped or conversation.received_ms(item_id, index)
        if known or self._responses.is_out_of_band(event.response_id):
            return
        self._dropped[item_id] = event.response_id
        conversation.cut(item_id, index, 0.0)
        if self._responses.is_over(event.response_id):
            self._delete(item_id)

    def delete_dropped(self, response_id: str | None) -> None:
        """A response ended: delete those of its items that were never heard from the server's conversation.

        Earlier the server would refuse, since it may still be writing them.
        """
        for item_id, of_response in list(self._dropped.items()):
            if of_response == response_id:
                self._delete(item_id)

    def _delete(self, item_id: str) -> None:
        self._effects.send(c.ConversationItemDelete(item_id=item_id))


def _base64_bytes(text: str) -> bytes | None:
    """The bytes of a base64 text; None if it is none.

    Line breaks in it, missing padding and the alphabet of addresses (RFC 4648, section 5) are forgiven.
    """
    try:
        return binascii.a2b_base64(text, strict_mode=True)  # ten times as fast as base64.b64decode
    except (binascii.Error, ValueError):
        pass
    bare = re.sub(r"\s+", "", text).rstrip("=").replace("-", "+").replace("_", "/")
    try:
        return base64.b64decode(bare + "=" * (-len(bare) % 4), validate=True)
    except (binascii.Error, ValueError):
        return None
