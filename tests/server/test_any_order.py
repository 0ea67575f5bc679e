"""Whatever clients, users and engine do, in whatever order: the promises of the protocol hold.

Every event that leaves is checked against the ``openai`` package's types, too.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from realtime_cli.server import inputs
from realtime_cli.server.settings import Defaults
from tests.kit.samples import strangers
from tests.protocol.test_contract import THEIR_SERVER
from tests.server.dialogue import Talk

# What servers add to a session beside the settings, and why a listing of tools failed.
BEYOND_THEIR_TYPES = (".session.id", ".session.object", ".session.expires_at", ".error")

Move = tuple[str, tuple[Any, ...], dict[str, Any]]
ms = st.sampled_from([0, 20, 100, 500, 3000])
which = st.integers(0, 3)  # of the responses that are going on, or of the items that there are
detections = st.sampled_from(
    [
        None,
        {"type": "server_vad", "silence_duration_ms": 320},
        {"type": "server_vad", "interrupt_response": False, "idle_timeout_ms": 5000},
        {"type": "server_vad", "create_response": False},
        {"type": "semantic_vad", "eagerness": "high"},
    ]
)


def move(name: str, *args: Any, **fields: Any) -> st.SearchStrategy[Move]:
    """One thing that may happen; arguments are values or strategies."""

    def drawn(value: Any) -> st.SearchStrategy[Any]:
        return value if isinstance(value, st.SearchStrategy) else st.just(value)

    return st.tuples(
        st.just(name),
        st.tuples(*map(drawn, args)),
        st.fixed_dictionaries({key: drawn(value) for key, value in fields.items()}),
    )


CLIENT = [
    move("write"),
    move("append", ms),
    move("sound_in", turn_detection=detections),
    move("client", "response.create"),
    move("client", "response.create", response={"conversation": "none", "input": []}),
    move("client", "response.create", response={"max_output_tokens": 3, "output_modalities": ["text"]}),
    move("client", "response.cancel"),
    move("client", "input_audio_buffer.commit"),
    move("client", "input_audio_buffer.clear"),
    move("item", "conversation.item.delete", which),
    move("item", "conversation.item.retrieve", which),
    move("item", "conversation.item.truncate", which, content_index=0, audio_end_ms=ms),
]
USER = [
    move("speech", st.sampled_from([32, 96, 960])),
    move("silence", st.sampled_from([96, 320, 2100])),
    move("recognise"),
    move("wake"),
]
ENGINE = [
    move("said", st.sampled_from(["Yes.", "It is a long story.", ""]), which),
    move("spoken", ms, which),
    move("spoken_out", which),
    move("thought_out", which),
    move("says", "All at once.", 500, which),
    move("called", "f", '{"a": 1}', which),
]
MOVES = st.one_of(st.one_of(CLIENT), st.one_of(USER), st.one_of(ENGINE), st.one_of(ENGINE))


def play(talk: Talk, move: Move) -> None:
    name, args, fields = move
    if name == "recognise":
        if talk.tickets:
            talk.recognised("Hello there.")
    elif name == "wake":
        for timer in [timer for timer in talk.wakes if timer != "expired"]:
            talk.wake(timer)
    elif name == "item":
        known = [record.item_id for record in talk.session.conversation] or ["nothing"]
        talk.client(args[0], item_id=known[args[1] % len(known)], **fields)
    elif name in ("said", "spoken", "spoken_out", "thought_out", "says", "called"):
        if live := going_on(talk):
            getattr(talk, name)(*args[:-1], live[args[-1] % len(live)])
    else:
        getattr(talk, name)(*args, **fields)


def going_on(talk: Talk) -> list[str]:
    done = {event["response"]["id"] for event in talk.events if event["type"] == "response.done"}
    created = [event["response"]["id"] for event in talk.events if event["type"] == "response.created"]
    return [response_id for response_id in created if response_id not in done]


@settings(max_examples=150)
@given(
    st.lists(MOVES, min_size=5, max_size=40),
    st.sampled_from([{}, {"two_messages": True}, {"output_item_done_first": True}]),
)
def test_the_promises_hold(moves: list[Move], quirks: dict[str, Any]):
    talk = Talk(**quirks)
    for move in moves:
        play(talk, move)
    while live := going_on(talk):
        talk.client("response.cancel", response_id=live[0])
    one_at_a_time(talk.events)
    parts_open_and_close(talk.events)
    sound_is_told_once(talk)
    for event in talk.events:
        conforms(event)


def one_at_a_time(events: list[dict[str, Any]]) -> None:
    """At most one active response in the default conversation; every one that began is done, once."""
    active: str | None = None
    done: Counter[str] = Counter()
    for event in events:
        response = event.get("response") or {}
        if event["type"] == "response.created" and response["conversation_id"]:
            assert active is None
            active = response["id"]
        if event["type"] == "response.done":
            done[response["id"]] += 1
            active = None if response["id"] == active else active
        elif "response_id" in event:
            assert done[event["response_id"]] == 0, "response.done is the last"
    assert set(done.values()) <= {1}, "and once"


def parts_open_and_close(events: list[dict[str, Any]]) -> None:
    """Added before its deltas, deltas before their done, and everything that was added is done."""
    opened: Counter[str] = Counter()
    for event in events:
        item: str = event.get("item_id") or (event.get("item") or {}).get("id", "")
        match event["type"]:
            case "response.output_item.added":
                opened[item] += 1
            case "response.output_item.done":
                opened[item] -= 1
            case kind if kind.startswith("response.") and item:
                assert opened[item] == 1, kind


def sound_is_told_once(talk: Talk) -> None:
    """An item never holds more sound than was sent for it, and is never longer than its words' deltas."""
    for record in talk.session.conversation:
        if record.wire.get("role") == "assistant" and record.audio:
            sent = [
                e
                for e in talk.events
                if e["type"] == "response.output_audio.delta" and e["item_id"] == record.item_id
            ]
            assert len(record.audio[0].data) <= sum(len(event["delta"]) * 3 // 4 for event in sent)


def conforms(event: dict[str, Any]) -> None:
    theirs = THEIR_SERVER[event["type"]].model_validate(event)
    assert [
        name for name in strangers(theirs) if name not in BEYOND_THEIR_TYPES and not name.endswith(".phase")
    ] == []


def test_every_kind_of_event_that_the_server_has_is_read_by_them():
    talk = Talk(defaults=Defaults(transcription={"model": "whisper-1"}))
    talk.update(tools=[{"type": "mcp", "server_label": "docs", "server_url": "https://example.org/mcp"}])
    talk.update(include=["item.input_audio_transcription.logprobs"])
    talk.sound_in(turn_detection={"type": "server_vad", "idle_timeout_ms": 5000})
    talk.spoken_turn("Hello there.")
    talk.called("f", "{}")
    talk.says("Good day.")
    talk.client("conversation.item.truncate", item_id="item_4", content_index=0, audio_end_ms=100)
    for item_id in ("item_2", "item_4"):
        talk.client("conversation.item.retrieve", item_id=item_id)
    talk.wake("idle")
    talk.says("Still there?", response="resp_2")
    talk.client("response.create", response={"output_modalities": ["text"], "metadata": {"a": "b"}})
    talk.said("Written.", "resp_3")
    talk.thought_out("resp_3")
    talk.client("input_audio_buffer.clear")
    talk.client("conversation.item.delete", item_id="item_2")
    talk.client("conversation.item.delete", item_id="item_2")
    talk.speech()
    talk.silence()
    talk.give(inputs.TranscriptionFailed, talk.tickets.pop(), "x")
    for event in talk.events:
        conforms(event)
    never_here = {
        "conversation.created",
        "conversation.item.created",
        "input_audio_buffer.dtmf_event_received",
    }
    never_here |= {
        kind for kind in THEIR_SERVER if kind.startswith(("output_audio_buffer", "response.mcp_call"))
    }
    never_here |= {"mcp_list_tools.completed", "conversation.item.input_audio_transcription.segment"}
    assert THEIR_SERVER.keys() - {event["type"] for event in talk.events} == never_here
