"""The agent's side: responses, their messages, text and sound as they come, and as they are heard."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from realtime_cli.client import effects, inputs
from realtime_cli.client.bounded_dict import BoundedDict
from realtime_cli.client.cost import Tokens
from realtime_cli.conversation import events as e
from realtime_cli.conversation.realtime.scene import Scene
from realtime_cli.conversation.realtime.wire import base64_bytes, error_text
from realtime_cli.protocol import client_events as c
from realtime_cli.protocol import server_events as s
from realtime_cli.protocol.objects import BYTES_PER_MS


@dataclass(slots=True)
class _Response:
    response_id: str
    turn: int
    out_of_band: bool
    ended: bool = False
    last_message: _Message | None = None
    sounds_since: float | None = None  # as the server's own output buffer reports (WebRTC)
    messages: dict[str, _Message] = field(default_factory=dict)
    """By the id on the wire."""


@dataclass(slots=True)
class _MessagePart:
    text: str = ""  # as received so far, delta by delta
    final: str = ""
    voice: bool = False
    received_at: float | None = None
    began_at: float | None = None


@dataclass(slots=True)
class _Message:
    item_id: str
    response_id: str
    turn: int
    out_of_band: bool
    ended: bool = False
    cut: bool = False
    interrupted: bool = False
    claimed: bool = False
    """Whether an event has named its response; until then it is a guess."""
    parts: dict[int, _MessagePart] = field(default_factory=dict)
    voice_moved: dict[int, int] = field(default_factory=dict)
    """The index of a spoken part to which a server gives the index of a written one."""

    def place(self, index: int, *, voice: bool, begins: bool = False) -> int:
        """The index of a part. Some servers give the written and the spoken one, which follows, one index."""
        written = self.parts.get(index)
        if begins and voice and written and written.final and not written.voice:
            self.voice_moved.setdefault(index, max(self.parts) + 1)
        return self.voice_moved.get(index, index) if voice else index

    def part(self, index: int) -> _MessagePart:
        return self.parts.setdefault(index, _MessagePart())


class AgentSide:
    """Reports what the agent does.

    Ids are resolved in three steps. A message is known by its response *and* its item id: some servers call
    the message of every response alike. Where an event names no response (items told again, the loudspeaker)
    it is the last message of that id. And on a new socket all ids are new.
    """

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self._responses: BoundedDict[str, _Response] = BoundedDict()
        self._open: list[_Response] = []
        self._messages: BoundedDict[str, _Message] = BoundedDict()  # the last one of each id on the wire
        self._bytes_per_ms = scene.bytes_per_ms("output")

    def settings(self) -> None:
        self._bytes_per_ms = self._scene.bytes_per_ms("output")

    def disconnected(self) -> None:
        """What ran will never be done."""
        self._open.clear()
        self._responses.clear()
        self._scene.out_of_band.on_disconnect()

    # -- responses --------------------------------------------------------------------------------

    def response_requested(self, event: c.ResponseCreate) -> None:
        params = event.response.model_dump(exclude_unset=True) if event.response else {}
        out_of_band = self._scene.out_of_band.asks_for_one(params)
        if out_of_band:
            event_id = event.event_id or self._scene.made_up_id("request")
            self._scene.out_of_band.requested(event_id, params)
        self._scene.expect_answer(by_client=True, out_of_band=out_of_band)

    def created(self, event: s.ResponseCreated) -> None:
        """A repeated ``created`` counts once; but an id may be reused once there is a reason to answer."""
        known = self._responses.get(event.response.id or "")
        if known and not (known.ended and self._scene.news):
            return
        self._begin(event.response.id, self._scene.out_of_band.created(event.response))

    def _begin(self, response_id: str | None, out_of_band: bool) -> _Response:
        turn = 0 if out_of_band else self._scene.agents_turn()
        response_id = response_id or self._scene.made_up_id("response")
        response = _Response(response_id, turn, out_of_band)
        self._responses[response_id] = response
        self._open.append(response)
        self._scene.turn_of[response_id] = turn
        self._scene.awaiting = False
        self._scene.emit(e.AgentResponseBegan(self._scene.at, turn, response_id, out_of_band))
        return response

    def _response(self, response_id: str | None) -> _Response:
        """The response that an event belongs to, whatever the server left out."""
        if response_id in self._responses:
            return self._responses[response_id or ""]
        if self._open and (not response_id or self._open[-1].response_id.startswith("response_")):
            response = self._open[-1]
            if response_id:  # it was begun without its id
                self._responses[response_id] = response
            return response
        if not response_id and self._responses:
            return next(reversed(self._responses.values()))
        return self._begin(response_id, out_of_band=False)

    def done(self, event: s.ResponseDone) -> _Response | None:
        """The response that ended; None if it had ended already, or is unknown."""
        wire: Any = event.response
        known = self._responses.get(wire.id or "")
        if known is None:
            if not wire.id and not self._open and self._responses and not self._scene.news:
                return None
            known = self._response(wire.id) if wire.id or self._open else self._begin(None, False)
        if known.ended:
            return None
        known.ended = True
        self._open = [other for other in self._open if other is not known]
        self._scene.awaiting = self._scene.news = False
        return known

    def on_response_end(self, response: _Response, wire: Any) -> None:
        """Report its end, after everything that its output still had to report."""
        tokens, total = Tokens.of(wire.usage), getattr(wire.usage, "total_tokens", None) or 0
        total = total or tokens.input + tokens.output
        usd = self._scene.prices.usd(self._scene.model, tokens) if tokens else None
        at, status = self._scene.at, wire.status or "completed"
        spoke = any(item.type == "message" for item in wire.output or ())
        self._scene.emit(
            e.AgentResponseEnded(
                at,
                response.turn,
                response.response_id,
                status,
                error_text(wire.status_details),
                spoke or response.last_message is not None,
                tokens,
                total,
                usd,
                response.out_of_band,
                wire.metadata,
            )
        )
        if wire.usage is not None:
            self._scene.emit(
                e.UsageReported(
                    at, response.turn, "response", tokens, total, usd if tokens else 0.0, response.response_id
                )
            )

    # -- messages ---------------------------------------------------------------------------------

    def message(self, item: Any, response_id: str | None, previous_item_id: str | None) -> None:
        """A message has begun, or is sent again."""
        if response_id or item.id not in self._messages:
            self._message(item.id, response_id, previous_item_id)

    def _message(
        self, item_id: str | None, response_id: str | None, previous_item_id: str | None = None
    ) -> _Message:
        last = self._messages.get(item_id or "")
        if last and not response_id:
            return last
        response = self._response(response_id)
        if known := response.messages.get(item_id or ""):
            return known
        if last and not last.claimed:
            return self._claimed(last, response, item_id or "")
        if not item_id and response.last_message and not response.last_message.ended:
            return response.last_message
        unique = item_id if item_id and not last else self._scene.made_up_id(item_id or "message")
        message = _Message(unique, response.response_id, response.turn, response.out_of_band)
        self._messages[item_id or unique] = message
        if response_id:
            self._claimed(message, response, item_id or unique)
        if not (response.ended and response_id is None):
            response.last_message = message
        self._scene.turn_of[unique] = response.turn
        self._scene.emit(
            e.AgentMessageBegan(
                self._scene.at,
                message.turn,
                message.response_id,
                unique,
                previous_item_id,
                message.out_of_band,
            )
        )
        return message

    def _claimed(self, message: _Message, response: _Response, wire_id: str) -> _Message:
        """An event says which response the message is of."""
        message.claimed, message.response_id = True, response.response_id
        message.turn, message.out_of_band = response.turn, response.out_of_band
        response.messages[wire_id] = response.last_message = message
        return message

    def message_done(self, item: Any, response_id: str | None) -> None:
        """The end of a message; servers may leave out the deltas and send the finished text alone."""
        message = self._message(item.id, response_id)
        for index, content in enumerate(item.content or ()):
            text = getattr(content, "transcript", None) or getattr(content, "text", None) or ""
            if text and not message.part(index).text:
                self._whole(message, index, text, voice="audio" in (content.type or ""))
        cut = item.status == "incomplete"
        if not message.ended or (cut and not message.cut):
            message.ended, message.cut = True, cut
            self._scene.emit(
                e.AgentMessageEnded(
                    self._scene.at,
                    message.turn,
                    message.response_id,
                    message.item_id,
                    cut,
                    message.out_of_band,
                )
            )

    # -- text -------------------------------------------------------------------------------------

    def text_delta(self, event: Any, *, voice: bool) -> None:
        if event.delta:
            message = self._message(event.item_id, event.response_id)
            index = message.place(event.content_index or 0, voice=voice, begins=True)
            self._delta(message, index, event.delta, voice=voice)

    def text_done(self, event: Any, text: str | None, *, voice: bool) -> None:
        if text:
            message = self._message(event.item_id, event.response_id)
            index = message.place(event.content_index or 0, voice=voice)
            self._whole(message, index, text, voice=voice)

    def _delta(self, message: _Message, index: int, delta: str, *, voice: bool) -> None:
        part = message.part(index)
        part.text, part.voice = part.text + delta, voice
        self._scene.emit(
            e.AgentTextPartial(
                self._scene.at,
                message.turn,
                message.response_id,
                message.item_id,
                index,
                delta,
                voice,
                message.out_of_band,
            )
        )

    def _whole(self, message: _Message, index: int, text: str, *, voice: bool) -> None:
        part = message.part(index)
        if part.final == text:
            return
        if not part.text:
            self._delta(message, index, text, voice=voice)
        part.final = text
        self._scene.emit(
            e.AgentTextFinal(
                self._scene.at,
                message.turn,
                message.response_id,
                message.item_id,
                index,
                text,
                voice,
                message.out_of_band,
            )
        )

    # -- sound ------------------------------------------------------------------------------------

    def sound_delta(self, event: s.ResponseOutputAudioDelta) -> None:
        if not event.delta and self._scene.live:
            return  # in a log it may have been left out
        message = self._message(event.item_id, event.response_id)
        index = message.place(event.content_index or 0, voice=True, begins=True)
        part = message.part(index)
        first = part.received_at is None
        if first:
            part.received_at = self._scene.at
        self._scene.emit(
            e.AgentSoundReceived(
                self._scene.at,
                message.turn,
                message.response_id,
                message.item_id,
                index,
                base64_bytes(event.delta or "") / self._bytes_per_ms,
                first,
                message.out_of_band,
            )
        )

    def sound_done(self, event: s.ResponseOutputAudioDone) -> None:
        message = self._message(event.item_id, event.response_id)
        index = message.place(event.content_index or 0, voice=True)
        self._scene.emit(e.AgentSoundComplete(self._scene.at, message.item_id, index))

    # -- the loudspeaker --------------------------------------------------------------------------

    def play(self, play: effects.Play) -> None:
        ms = len(play.audio) / BYTES_PER_MS[play.format]
        message = self._sounding(play.item_id)
        index = message.place(play.content_index, voice=True)
        self._scene.emit(e.AgentSoundQueued(self._scene.at, message.item_id, index, ms))

    def play_end(self, end: effects.PlayEnd) -> None:
        message = self._sounding(end.item_id)
        index = message.place(end.content_index, voice=True)
        self._scene.emit(e.AgentSoundComplete(self._scene.at, message.item_id, index))

    def _sounding(self, item_id: str) -> _Message:
        known = self._messages.get(item_id)
        if known is None:
            known = _Message(item_id, "", self._scene.turn, False)
            self._messages[item_id] = known
        return known

    def played(self, played: inputs.Played) -> None:
        message = self._sounding(played.item_id)
        self._heard(message, played.content_index, played.heard_ms, finished=played.finished)

    def _heard(self, message: _Message, index: int, heard_ms: float, *, finished: bool) -> None:
        index = message.place(index, voice=True)
        part = message.part(index)
        first = part.began_at is None and heard_ms > 0
        if first:
            # A speaker that is a file may be faster than sound is, but never ahead of what it was sent.
            part.began_at = max(0.0, self._scene.at - heard_ms / 1000, part.received_at or 0.0)
        began_at = self._scene.at if part.began_at is None else part.began_at
        self._scene.emit(
            e.AgentHeard(
                self._scene.at,
                message.turn,
                message.response_id,
                message.item_id,
                index,
                heard_ms,
                began_at,
                first,
                finished,
                message.out_of_band,
            )
        )

    def stopped(self, stopped: inputs.PlaybackStopped) -> None:
        parts = []
        for item in stopped.items:
            message = self._sounding(item.item_id)
            if item.heard_ms > 0 or item.finished:
                self._heard(message, item.content_index, item.heard_ms, finished=item.finished)
            message.cut = message.cut or not item.finished
            index = message.place(item.content_index, voice=True)
            parts.append(e.PartHeard(message.turn, message.item_id, index, item.heard_ms, item.finished))
        self._scene.emit(e.PlaybackEmptied(self._scene.at, stopped.cause))
        if any(not part.finished for part in parts):
            self._interrupted(parts, stopped.cause, stopped.near_dbfs, stopped.residual_dbfs)

    def truncated(self, event: c.ConversationItemTruncate | s.ConversationItemTruncated) -> None:
        """Another tool's log says nothing of the loudspeaker; the truncation stands in for it."""
        message = self._messages.get(event.item_id or "")
        self._cut_in_log(message, event.content_index or 0, float(event.audio_end_ms or 0))

    def server_sounds(self, event: s.OutputAudioBufferStarted) -> None:
        """Over WebRTC the sound is not in the events; the server reports when it begins and is cleared."""
        response = self._responses.get(event.response_id or "")
        if response and response.sounds_since is None:
            response.sounds_since = self._scene.at

    def server_silenced(self, event: s.OutputAudioBufferCleared) -> None:
        response = self._responses.get(event.response_id or "")
        if response and response.last_message:
            since = self._scene.at if response.sounds_since is None else response.sounds_since
            self._cut_in_log(response.last_message, 0, 1000 * (self._scene.at - since))

    def _cut_in_log(self, message: _Message | None, index: int, heard_ms: float) -> None:
        if self._scene.live or message is None or message.interrupted:
            return
        message.cut = message.interrupted = True
        self._interrupted([e.PartHeard(message.turn, message.item_id, index, heard_ms, False)])

    def _interrupted(
        self,
        parts: list[e.PartHeard],
        cause: inputs.Cause | None = None,
        near_dbfs: float | None = None,
        residual_dbfs: float | None = None,
    ) -> None:
        cut = [part for part in parts if not part.finished]
        heard_ms = sum(part.heard_ms for part in cut)
        self._scene.emit(
            e.AgentInterrupted(
                self._scene.at,
                cut[0].turn,
                cut[0].item_id,
                heard_ms,
                cause,
                tuple(parts),
                near_dbfs,
                residual_dbfs,
            )
        )
