"""Dialogues of literal entries, and what the narrator makes of them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeVar

from realtime_cli.client import inputs as i
from realtime_cli.client.entry import Entry
from realtime_cli.conversation.events import ConversationEvent, ServerEventSeen
from realtime_cli.conversation.narrated import narrate
from realtime_cli.conversation.turns import ConversationTurn, TurnLog
from tests.recording.sample import b64, frame, heard, received, sent

Event = TypeVar("Event")
Part = Entry | Iterable[Entry]
IDS = {"response_id": "r1", "item_id": "a1", "content_index": 0, "output_index": 0}
USAGE = {
    "total_tokens": 8,
    "input_tokens": 5,
    "output_tokens": 3,
    "input_token_details": {"text_tokens": 5},
    "output_token_details": {"text_tokens": 3},
}


def in_order(*parts: Part) -> list[Entry]:
    entries = [entry for part in parts for entry in ([part] if isinstance(part, Entry) else part)]
    return sorted(entries, key=lambda entry: entry.at)


def told(*parts: Part) -> list[ConversationEvent]:
    """All events but the names of server events."""
    events = narrate(in_order(*parts))
    return [event for event in events if not isinstance(event, ServerEventSeen)]


def of(kind: type[Event], *parts: Part) -> list[Event]:
    return [event for event in told(*parts) if isinstance(event, kind)]


def folded(*parts: Part) -> TurnLog:
    log = TurnLog()
    for event in told(*parts):
        log.observe(event)
    return log


def only(*parts: Part) -> ConversationTurn:
    (turn,) = folded(*parts).turns
    return turn


# -- lines of a dialogue ------------------------------------------------------------------------


def live(at: float = 0.0) -> Entry:
    """What makes it a session of our own."""
    return Entry(at, "local", i.Connected(at, "ws://test"))


def microphone(until_s: float, since_s: float = 0.0) -> list[Entry]:
    return [
        entry
        for n in range(round((until_s - since_s) / 0.02))
        for entry in heard(since_s + (n + 1) * 0.02, 1)
    ]


def spoken(at: float, ms: int | None, item_id: str = "u1") -> list[Entry]:
    """Speech of which the server says at ``at`` that it ended at ``ms`` of what was appended."""
    return [
        received(at, "input_audio_buffer.speech_stopped", audio_end_ms=ms, item_id=item_id),
        received(at, "input_audio_buffer.committed", item_id=item_id),
    ]


def begun(at: float, response_id: str | None = "r1", conversation_id: str | None = "c") -> Entry:
    return received(at, "response.created", response={"id": response_id, "conversation_id": conversation_id})


def done(at: float, response_id: str | None = "r1", **more: Any) -> Entry:
    return received(at, "response.done", response={"id": response_id, "status": "completed", **more})


def sound(at: float, **ids: Any) -> Entry:
    return received(at, "response.output_audio.delta", delta=b64(frame(1)), **{**IDS, **ids})


def written(at: float, delta: str | None, **ids: Any) -> Entry:
    return received(at, "response.output_text.delta", delta=delta, **{**IDS, **ids})


def transcript(at: float, text: str | None, item_id: str | None = "u1", part: int = 0, **more: Any) -> Entry:
    kind = "conversation.item.input_audio_transcription.completed"
    return received(at, kind, item_id=item_id, content_index=part, transcript=text, **more)


def typed(at: float, text: str) -> list[Entry]:
    item = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": text}]}
    return [Entry(at, "local", i.Typed(at, text)), sent(at, "conversation.item.create", item=item)]
