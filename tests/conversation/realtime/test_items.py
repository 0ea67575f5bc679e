"""Which items are news."""

from __future__ import annotations

import json
from typing import Any

import pytest

from realtime_cli.client import inputs
from realtime_cli.client.bounded_dict import REMEMBERED_IDS
from realtime_cli.client.conversation import MAX_ITEMS
from realtime_cli.client.effects import Send
from realtime_cli.client.entry import Entry
from realtime_cli.conversation.events import ItemCreated, ItemUpdated
from realtime_cli.conversation.realtime import RealtimeNarrator
from realtime_cli.protocol import codec


class Reported:
    """A narrator and what it tells of items, as short lines."""

    def __init__(self) -> None:
        self.narrator = RealtimeNarrator()
        self.last: dict[str, Any] = {}

    def server(self, type: str, **fields: Any) -> list[str]:
        event = codec.decode_server_event(json.dumps({"type": type, **fields}))
        return self.entry(Entry(0, "received", inputs.Received(0, event)))

    def entry(self, entry: Entry) -> list[str]:
        news = [one for one in self.narrator.narrate(entry) if isinstance(one, ItemCreated | ItemUpdated)]
        self.last = news[-1].item if news else self.last
        return [f"{'created' if isinstance(one, ItemCreated) else 'updated'} {one.item_id}" for one in news]


def message(item_id: str, role: str, text: str = "", **part: Any) -> dict[str, Any]:
    kind = "output_audio" if role == "assistant" else "input_audio"
    content = [{"type": kind, "transcript": text or None, **part}] if text or part else []
    return {"id": item_id, "type": "message", "role": role, "content": content}


def test_a_spoken_turn():
    told = Reported()
    heard = message("U", "user", mine=1)
    assert told.server("conversation.item.added", item=heard) == ["created U"]
    assert told.server("conversation.item.done", item=heard) == []
    place = {"item_id": "U", "content_index": 0}
    completed = "conversation.item.input_audio_transcription.completed"
    assert told.server(completed, **place, transcript="What time is it?") == ["updated U"]
    assert told.last["content"][0]["transcript"] == "What time is it?"

    begun, done = message("A", "assistant"), message("A", "assistant", "It is noon.")
    assert told.server("response.output_item.added", response_id="R", item=begun) == ["created A"]
    assert told.server("conversation.item.added", item=begun) == []
    assert told.server("conversation.item.done", item=done) == ["updated A"]
    assert told.server("response.output_item.done", response_id="R", item=done) == []
    cut = {"item_id": "A", "content_index": 0, "audio_end_ms": 300}
    assert told.server("conversation.item.truncated", **cut) == ["updated A"]
    assert told.last["content"] == [
        {"type": "output_audio", "transcript": "It is noon.", "audio_end_ms": 300}
    ]


def test_old_names_and_bare_responses():
    told = Reported()
    assert told.server("conversation.item.created", item=message("U", "user", "Hi.")) == ["created U"]
    assert told.server("response.output_item.done", item=message("A", "assistant", "Hello.")) == ["created A"]


def test_an_answer_aside_is_no_news():
    told = Reported()
    ask = codec.client_event({"type": "response.create", "response": {"conversation": "none"}})
    assert told.entry(Entry(0, "sent", Send(ask))) == []
    told.server("response.created", response={"id": "R", "conversation_id": None})
    item = message("A", "assistant", "Calm.")
    assert told.server("response.output_item.done", response_id="R", item=item) == []


def test_history_told_to_a_new_socket_is_no_news():
    told = Reported()
    told.server("conversation.item.done", item=message("U", "user", "Tell me."))
    told.server("conversation.item.done", item=message("A", "assistant", "It is a long story."))
    call = {"type": "function_call", "name": "f", "call_id": "c", "arguments": "{}"}
    told.server("conversation.item.done", item={"id": "F", **call})
    told.entry(Entry(0, "local", inputs.Connected(0, "ws://x", attempt=1)))
    again: list[dict[str, Any]] = [
        {
            "id": "U2",
            "type": "message",
            "role": "user",
            "content": [{"type": "input_text", "text": "Tell me."}],
        },
        {
            "id": "A2",
            "type": "message",
            "role": "assistant",
            "content": [{"type": "output_text", "text": "It is"}],
        },
        {"id": "F2", **call},
    ]
    assert [told.server("conversation.item.added", item=item) for item in again] == [[], [], []]
    assert told.server("conversation.item.added", item={**again[0], "id": "U3"}) == ["created U3"]


def test_nor_is_the_history_of_hours_of_which_the_oldest_is_forgotten():
    told = Reported()
    count = MAX_ITEMS + 30
    for number in range(count):
        told.server("conversation.item.done", item=message(f"U{number}", "user", f"Say {number}."))
    told.entry(Entry(0, "local", inputs.Connected(0, "ws://x", attempt=1)))
    for number in range(count):
        again = message(f"V{number}", "user", f"Say {number}.")
        assert told.server("conversation.item.added", item=again) == []
    assert told.server("conversation.item.added", item=message("V", "user", "New.")) == ["created V"]


def test_an_old_item_that_is_told_again_is_no_news():
    told = Reported()
    items = [message(f"U{number}", "user", f"Say {number}.") for number in range(REMEMBERED_IDS + 1)]
    for item in items:
        told.server("conversation.item.done", item=item)
    assert told.server("conversation.item.added", item=items[0]) == []
    told.server("conversation.item.deleted", item_id="U0")
    assert told.server("conversation.item.added", item=items[0]) == ["created U0"]


def test_what_is_no_item_is_no_news():
    told = Reported()
    assert told.server("conversation.item.added", item=None) == []
    assert told.server("conversation.item.added", item={"type": "message"}) == []
    assert told.server("conversation.item.truncated", item_id="?", content_index=9, audio_end_ms=1) == []


@pytest.mark.parametrize("status", ["completed", "incomplete"])
def test_a_status_that_changes_is_an_update(status: str):
    told = Reported()
    item = message("A", "assistant", "It is noon.")
    begun = {**item, "status": "in_progress"}
    assert told.server("response.output_item.added", response_id="R", item=begun) == ["created A"]
    ended = {**item, "status": status}
    assert told.server("response.output_item.done", response_id="R", item=ended) == ["updated A"]
    assert told.server("conversation.item.done", item=ended) == []
