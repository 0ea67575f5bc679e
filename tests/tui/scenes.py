"""Entries by hand: what crosses the step of a session, written as it would be told."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from realtime_cli.client import effects, inputs
from realtime_cli.client.entry import Entry
from realtime_cli.conversation.realtime import RealtimeNarrator
from realtime_cli.protocol import codec
from realtime_cli.tui.view import View

MS = 48  # bytes of 24 kHz 16-bit sound


class EntryView(View):
    """A view that is told entries, by a narrator of its own."""

    def __init__(self) -> None:
        super().__init__()
        self._narrator = RealtimeNarrator()

    def fold(self, entry: Entry) -> None:
        for event in self._narrator.narrate(entry):
            self.observe(event)


def received(at: float, type: str, **fields: Any) -> Entry:
    event = codec.decode_server_event(json.dumps({"type": type, "event_id": "e", **fields}))
    return Entry(at, "received", inputs.Received(at, event))


def sent(at: float, type: str, **fields: Any) -> Entry:
    event = codec.decode_client_event(json.dumps({"type": type, **fields}))
    return Entry(at, "sent", effects.Send(event))


def local(value: Any, at: float | None = None) -> Entry:
    return Entry(value.at if at is None else at, "local", value)


def in_order(*parts: Entry | Iterable[Entry]) -> list[Entry]:
    """All of them, as time tells."""
    entries = [e for part in parts for e in ([part] if isinstance(part, Entry) else part)]
    return sorted(entries, key=lambda entry: entry.at)


def connected(at: float = 0.0, *, transcription: bool = True, text: bool = False) -> list[Entry]:
    """A session opens."""
    hearing = {
        "transcription": {"model": "gpt-realtime-whisper"} if transcription else None,
        "turn_detection": {"type": "server_vad"},
    }
    session = {
        "type": "realtime",
        "model": "gpt-realtime-2.1",
        "output_modalities": ["text" if text else "audio"],
        "audio": {"input": hearing},
    }
    return [
        local(inputs.Connected(at, "wss://example.test/v1/realtime")),
        received(at, "session.created", session=session),
        received(at, "session.updated", session=session),
    ]


def says(
    at: float, item: str, text: str | None, *, after: str | None = None, late: float = 0.0
) -> list[Entry]:
    """The user speaks for a second; the transcript comes ``late`` seconds after the commit."""
    entries = [
        received(at, "input_audio_buffer.speech_started", item_id=item, audio_start_ms=0),
        received(at + 1, "input_audio_buffer.speech_stopped", item_id=item, audio_end_ms=1000),
        received(at + 1, "input_audio_buffer.committed", item_id=item, previous_item_id=after),
    ]
    return entries if text is None else [*entries, transcript(at + 1 + late, item, text)]


def transcript(at: float, item: str, text: str) -> Entry:
    kind = "conversation.item.input_audio_transcription.completed"
    return received(at, kind, item_id=item, content_index=0, transcript=text)


def begins(at: float, item: str, response: str, after: str | None = None) -> list[Entry]:
    message = {"id": item, "type": "message", "role": "assistant", "status": "in_progress", "content": []}
    return [
        received(at, "response.created", response={"id": response, "conversation_id": "conv"}),
        received(at, "response.output_item.added", response_id=response, output_index=0, item=message),
        received(at, "conversation.item.added", item=message, previous_item_id=after),
    ]


def speaks(at: float, item: str, response: str, text: str, ms: int) -> list[Entry]:
    """Text and sound of an answer arrive, all at once, to their end."""
    where = {"response_id": response, "item_id": item, "output_index": 0, "content_index": 0}
    return [
        received(at, "response.output_audio_transcript.delta", delta=text, **where),
        received(at, "response.output_audio.delta", delta="AAAA", **where),
        local(effects.Play(item, 0, b"\0" * ms * MS), at),
        received(at, "response.output_audio.done", **where),
        local(effects.PlayEnd(item, 0), at),
    ]


def done(at: float, item: str, response: str, status: str = "completed", **more: Any) -> list[Entry]:
    message = {"id": item, "type": "message", "role": "assistant", "status": "completed", "content": []}
    whole = {"id": response, "status": status, "conversation_id": "conv", "output": [message], **more}
    return [received(at, "response.done", response=whole)]


def heard(at: float, item: str, ms: float, *, to_end: bool = False) -> Entry:
    return local(inputs.Played(at, item, 0, ms, to_end))


def cut(at: float, item: str, ms: float) -> Entry:
    items = (inputs.HeardItem(item, 0, ms, False),)
    return local(inputs.PlaybackStopped(at, "server_vad", items))


def writes(at: float, item: str, response: str, text: str) -> Entry:
    where = {"response_id": response, "item_id": item, "output_index": 0, "content_index": 0}
    return received(at, "response.output_text.delta", delta=text, **where)


def answer(at: float, item: str, response: str, text: str, ms: int, after: str | None = None) -> list[Entry]:
    """A whole spoken answer, heard to its end ``ms`` later, with progress ten times a second."""
    end = at + ms / 1000
    progress = [heard(at + t / 1000, item, t) for t in range(100, ms, 100)]
    return [
        *begins(at, item, response, after),
        *speaks(at, item, response, text, ms),
        *done(at, item, response),
        *progress,
        heard(end, item, ms, to_end=True),
    ]


def looked_at(at: float, *, thumbnail: str = "", source: str = "", detail: str | None = None) -> list[Entry]:
    """A frame of 1024 by 768 comes from the camera and is sent."""
    uri = f"data:image/jpeg;base64,{at:g}"
    part = {"type": "input_image", "image_url": uri, **({"detail": detail} if detail else {})}
    item = {"id": f"frame_{at:g}", "type": "message", "role": "user", "content": [part]}
    return [
        local(inputs.VideoFrameCaptured(at, uri, 1024, 768, thumbnail, source)),
        sent(at, "conversation.item.create", item=item),
    ]
