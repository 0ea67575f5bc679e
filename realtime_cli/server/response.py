"""One response: pieces of an answer in, events out in the order that the API promises.

An item is added before its deltas, the deltas come before their done event, and ``response.done`` is last,
however the response ends.
"""

from __future__ import annotations

import base64
import re
from collections import deque
from collections.abc import Mapping
from dataclasses import field
from typing import Any, Literal

from realtime_cli.server import tokens
from realtime_cli.server.conversation import ServerConversation, StoredAudio, StoredItem, message
from realtime_cli.server.effects import CancelResponse, SetDeadline, Synthesize
from realtime_cli.server.event_queue import EventQueue
from realtime_cli.server.input_buffer import BYTES_PER_MS
from realtime_cli.value import value

Json = dict[str, Any]
Reason = Literal["turn_detected", "client_cancelled", "max_output_tokens", "content_filter"]
LEAD_MS = (
    6_000.0  # audio is sent at most this far ahead of playback: an interrupted answer wastes little work
)
_WORD_GROUPS = re.compile(r"(?:\S+\s*){1,3}")
_ARGUMENT_CHUNK = 12


@value
class ResponseSettings:
    """The settings of one response; ``conversation`` None means out-of-band."""

    response_id: str
    conversation: ServerConversation | None
    modality: Literal["text", "audio"]
    format: Json
    voice: Any
    speed: float
    instructions: str
    tools: list[Json]
    tool_choice: Any
    max_output_tokens: int | Literal["inf"]
    metadata: Mapping[str, str] | None
    context: list[StoredItem] = field(default_factory=list)


class ResponseRun:
    """A response in progress."""

    def __init__(
        self, events: EventQueue, params: ResponseSettings, sent: tokens.Count, cached: tokens.Count
    ) -> None:
        self._events = events
        self.params = params
        self._input_tokens, self._cached_tokens, self._output_tokens = sent, cached, tokens.Count()
        self._output: list[StoredItem] = []
        self._open: StoredItem | None = None
        self._queue: deque[tuple[str, str, str]] = deque()  # ("say", text, "") or ("call", name, arguments)
        self._synthesizing: str | None = None  # the piece of text that is being synthesized
        self._words_sent = False  # whether the transcript of that piece was sent
        self._generated = False
        self._first_audio_at: float | None = None
        self._audio_ms = 0.0
        self.over = False
        self.generating = False

    @property
    def id(self) -> str:
        return self.params.response_id

    @property
    def waits_for_transcripts(self) -> bool:
        """Whether a transcript of its context is still to come."""
        return any(record.untranscribed for record in self.params.context)

    @property
    def has_audio(self) -> bool:
        return self._first_audio_at is not None

    @property
    def playback_ends_at(self) -> float | None:
        """When its audio ends if played as it comes (seconds, session clock); None without audio."""
        return None if self._first_audio_at is None else self._first_audio_at + self._audio_ms / 1000

    def begin(self) -> None:
        self._events.emit("response.created", response=self._wire("in_progress", None))

    # -- the answer comes -------------------------------------------------------------------------

    def add_text(self, at: float, text: str) -> None:
        self._queue.append(("say", text, ""))
        self.advance(at)

    def add_call(self, at: float, name: str, arguments: str) -> None:
        self._queue.append(("call", name, arguments))
        self.advance(at)

    def generation_done(self, at: float) -> None:
        self._generated = True
        self.advance(at)

    def advance(self, at: float) -> None:
        """Take queued pieces: one is synthesized at a time, at most ``LEAD_MS`` ahead of playback."""
        while self._queue and not self.over and self._synthesizing is None:
            kind, text, arguments = self._queue[0]
            if kind == "say" and self.params.modality == "audio" and not self._may_synthesize(at):
                return
            self._queue.popleft()
            if kind == "call":
                self._call(text, arguments)
            elif self.params.modality == "audio":
                self._synthesize(text)
            else:
                self._write(text)
        if self._generated and not self._queue and self._synthesizing is None and not self.over:
            self.finish("completed")

    def _may_synthesize(self, at: float) -> bool:
        lead_ms = (self.playback_ends_at - at) * 1000 if self.playback_ends_at is not None else 0.0
        if lead_ms <= LEAD_MS:
            return True
        self._events.do(SetDeadline(at + (lead_ms - LEAD_MS) / 1000, f"lead {self.id}"))
        return False

    def _synthesize(self, text: str) -> None:
        self._next_message()
        self._synthesizing, self._words_sent = text, False
        voice = self.params.voice if isinstance(self.params.voice, str) else self.params.voice["id"]
        self._events.do(Synthesize(self.id, text, self.params.format["type"], self.params.speed, voice))

    def add_audio(self, at: float, audio: bytes) -> None:
        """Send audio of the piece that is being synthesized, its transcript first."""
        if self.over or self._open is None or self._synthesizing is None:
            return
        if self._first_audio_at is None:
            self._first_audio_at = at
        self._send_words()
        allowed_ms = self._left() * tokens.ASSISTANT_MS_PER_TOKEN
        per_ms = BYTES_PER_MS[self.params.format["type"]]
        cut = len(audio) > allowed_ms * per_ms
        audio = audio[: int(allowed_ms) * per_ms] if cut else audio
        if audio:
            self._open.audio[0].data += audio
            self._audio_ms += len(audio) / per_ms
            self._output_tokens.audio = tokens.of_assistant_ms(self._audio_ms)
            self._emit_part("response.output_audio.delta", delta=base64.b64encode(audio).decode("ascii"))
        if cut:
            self.finish("incomplete", "max_output_tokens")

    def audio_done(self, at: float) -> None:
        if self.over or self._synthesizing is None:
            return
        self._send_words()
        self._synthesizing = None
        self.advance(at)

    def _send_words(self) -> None:
        if self._words_sent or self._synthesizing is None or self._open is None:
            return
        self._words_sent = True
        self._output_tokens.text += tokens.of_text(self._synthesizing)
        for delta in self._deltas("transcript", self._synthesizing):
            self._emit_part("response.output_audio_transcript.delta", delta=delta)

    def _write(self, text: str) -> None:
        """Send a piece in text modality."""
        self._next_message()
        left_chars = self._left() * tokens.CHARS_PER_TOKEN
        allowed = text[: int(min(left_chars, len(text)))]
        self._output_tokens.text += tokens.of_text(allowed)
        for delta in self._deltas("text", allowed):
            self._emit_part("response.output_text.delta", delta=delta)
        if len(allowed) < len(text):
            self.finish("incomplete", "max_output_tokens")

    def _deltas(self, key: str, text: str) -> list[str]:
        """Append text to the open part; the same text as deltas of a few words."""
        assert self._open is not None
        part = self._open.wire["content"][0]
        if part[key] and not part[key].endswith((" ", "\n")):
            text = f" {text}"
        part[key] += text
        groups = _WORD_GROUPS.findall(text.lstrip())
        if groups and text.startswith(" "):
            groups[0] = f" {groups[0]}"
        return groups

    def _left(self) -> float:
        """Output tokens left under ``max_output_tokens``."""
        limit = self.params.max_output_tokens
        used = self._output_tokens.audio if self.params.modality == "audio" else self._output_tokens.text
        return float("inf") if limit == "inf" else max(0, int(limit) - used)

    # -- items ------------------------------------------------------------------------------------

    def _next_message(self) -> None:
        """Open a message if none is."""
        if self._open is None:
            self._open_message()

    def _open_message(self) -> None:
        wire = message(self._events.new_id("item"), "assistant", "in_progress", [])
        self._open = self._add(StoredItem(wire))
        kind = self.params.modality
        self._emit_part("response.content_part.added", part={"type": kind, _words_key(kind): ""})
        wire["content"] = [{"type": f"output_{kind}", _words_key(kind): ""}]
        if kind == "audio":
            self._open.audio[0] = StoredAudio(self.params.format["type"])

    def _add(self, record: StoredItem) -> StoredItem:
        self._output.append(record)
        place = {"response_id": self.id, "output_index": len(self._output) - 1}
        self._events.emit("response.output_item.added", **place, item=dict(record.wire))
        if self.params.conversation is not None:
            previous = self.params.conversation.insert(record)
            self._events.emit("conversation.item.added", item=dict(record.wire), previous_item_id=previous)
        return record

    def _emit_part(self, type: str, **fields: Any) -> None:
        assert self._open is not None
        self._events.emit(
            type,
            response_id=self.id,
            item_id=self._open.item_id,
            output_index=len(self._output) - 1,
            content_index=0,
            **fields,
        )

    def _close_message(self, status: str) -> None:
        assert self._open is not None
        record, kind = self._open, self.params.modality
        words = record.wire["content"][0][_words_key(kind)] if record.wire["content"] else ""
        if kind == "audio":
            self._emit_part("response.output_audio.done")
            self._emit_part("response.output_audio_transcript.done", transcript=words)
        else:
            self._emit_part("response.output_text.done", text=words)
        self._emit_part("response.content_part.done", part={"type": kind, _words_key(kind): words})
        self._open = None
        self._item_done(record, status)

    def _item_done(self, record: StoredItem, status: str) -> None:
        record.wire["status"] = status
        place = {"response_id": self.id, "output_index": len(self._output) - 1}
        if self.params.conversation is not None:
            previous = self.params.conversation.before(record.item_id)
            self._events.emit("conversation.item.done", item=dict(record.wire), previous_item_id=previous)
        self._events.emit("response.output_item.done", **place, item=dict(record.wire))

    def _call(self, name: str, arguments: str) -> None:
        """Send a function call: an item of its own, its arguments in several deltas."""
        if self._open is not None:
            self._close_message("completed")
        call_id = self._events.new_id("call")
        kind = {"id": self._events.new_id("item"), "object": "realtime.item", "type": "function_call"}
        wire = {**kind, "status": "in_progress", "name": name, "call_id": call_id, "arguments": ""}
        record = self._add(StoredItem(wire))
        allowed = arguments[: int(min(self._left() * tokens.CHARS_PER_TOKEN, len(arguments)))]
        cut = len(allowed) < len(arguments)
        place = {"response_id": self.id, "item_id": record.item_id, "output_index": len(self._output) - 1}
        place["call_id"] = call_id
        for start in range(0, len(allowed), _ARGUMENT_CHUNK):
            delta = allowed[start : start + _ARGUMENT_CHUNK]
            self._events.emit("response.function_call_arguments.delta", **place, delta=delta)
        self._output_tokens.text += tokens.of_text(allowed) + tokens.of_text(name)
        wire["arguments"] = allowed
        self._events.emit("response.function_call_arguments.done", **place, name=name, arguments=allowed)
        self._item_done(record, "incomplete" if cut else "completed")
        if cut:
            self.finish("incomplete", "max_output_tokens")

    # -- the end ----------------------------------------------------------------------------------

    def finish(self, status: str, reason: Reason | None = None, error: Json | None = None) -> None:
        """End it now: close the open item (as incomplete unless completed), then ``response.done``."""
        if self.over:
            return
        self.over = True
        if self._open is not None:
            self._close_message("completed" if status == "completed" else "incomplete")
        details: Json | None = None
        if status != "completed":
            details = {"type": status}
            details.update({"reason": reason} if reason else {})
            details.update({"error": error} if error else {})
            self._events.do(CancelResponse(self.id))
        self._events.do(SetDeadline(None, f"lead {self.id}"))
        self._events.emit("response.done", response=self._wire(status, details))
        self._events.emit(
            "rate_limits.updated",
            rate_limits=[_rate_limit(self._input_tokens.total + self._output_tokens.total)],
        )

    def fail(self, message: str) -> None:
        self.finish("failed", error={"type": "server_error", "code": "server_error", "message": message})

    def _wire(self, status: str, details: Json | None) -> Json:
        params = self.params
        usage = (
            tokens.usage(self._input_tokens, self._cached_tokens, self._output_tokens) if self.over else None
        )
        return {
            "object": "realtime.response",
            "id": self.id,
            "status": status,
            "status_details": details,
            "output": [dict(record.wire) for record in self._output],
            "conversation_id": params.conversation.id if params.conversation else None,
            "output_modalities": [params.modality],
            "max_output_tokens": params.max_output_tokens,
            "audio": {"output": {"format": params.format, "voice": params.voice}},
            "usage": usage,
            "metadata": dict(params.metadata) if params.metadata is not None else None,
        }


def _words_key(kind: str) -> str:
    return "transcript" if kind == "audio" else "text"


RATE_LIMIT = 40_000  # tokens a minute; reported to the client, never enforced


def _rate_limit(used: int) -> Json:
    remaining = max(0, RATE_LIMIT - used)
    reset_seconds = round(60 * (RATE_LIMIT - remaining) / RATE_LIMIT, 3)
    return {"name": "tokens", "limit": RATE_LIMIT, "remaining": remaining, "reset_seconds": reset_seconds}
