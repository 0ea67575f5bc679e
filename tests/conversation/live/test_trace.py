"""Bare events as the notes on the protocol show them, without sound: words alone tell who spoke."""

from __future__ import annotations

import pytest

from realtime_cli.client.entry import Entry
from realtime_cli.client.inputs import Received
from realtime_cli.client.live.cost import LiveFeeMeter
from realtime_cli.conversation import events as e
from realtime_cli.conversation.live import LiveNarrator
from realtime_cli.conversation.narrated import narrate
from realtime_cli.protocol.live import codec

SESSION = {
    "id": "live_u7_EWIVap3oNAAt9nps5I21D6HuuKiHPzMQ",
    "expires_at": 1791373550,
    "model": "gpt-live-1",
    "audio": {"output": {"voice": "marin"}, "format": {"type": "audio/pcm", "rate": 24000}},
    "delegation": {"type": "client"},
    "status": "active",
    "input": [],
}


def _words(side: str, at_ms: int, start_ms: int, delta: str) -> tuple[int, dict[str, object]]:
    span = {"start_ms": start_ms, "end_ms": start_ms + 200, "delta": delta}
    return at_ms, {"type": f"session.{side}_transcript.delta", **span}


TRACE: list[tuple[int, dict[str, object]]] = [
    (1123, {"type": "session.started", "session": SESSION}),
    (1977, {"type": "session.output_audio.delta", "delta": "7//w/+7/"}),
    _words("input", 2470, 600, "Please"),
    (2471, {"type": "session.instructions.appended", "start_ms": 600, "end_ms": 800}),
    _words("input", 2696, 800, " check"),
    _words("input", 2890, 1000, " the"),
    _words("input", 3290, 1400, " staging"),
    _words("input", 3690, 1800, " server."),
    (
        6603,
        {
            "type": "session.delegation.created",
            "offset_ms": 4600,
            "delegation": {"id": "item_EWIVgjaxCfSlntqN73664", "type": "delegation", "target": "client"},
        },
    ),
    _words("output", 6790, 4800, "Okay,"),
    _words("output", 6990, 5000, " checking."),
    (7405, {"type": "session.commentary.appended", "start_ms": 5400, "end_ms": 5600}),
    _words("output", 8791, 6800, "Staging"),
    _words("output", 8990, 7000, " is"),
    _words("output", 9190, 7200, " fine."),
    (
        15960,
        {"type": "session.usage.updated", "usage": {"seconds": 7}, "context_window": {"usage_ratio": 0.0088}},
    ),
    (
        30969,
        {"type": "session.usage.updated", "usage": {"seconds": 7}, "context_window": {"usage_ratio": 0.0088}},
    ),
    (
        31969,
        {"type": "session.closed", "reason": "close_requested", "session": SESSION, "usage": {"seconds": 7}},
    ),
]


def _entries() -> list[Entry]:
    return [
        Entry(at_ms / 1000, "received", Received(at_ms / 1000, codec.live_server_event(fields)))
        for at_ms, fields in TRACE
    ]


def test_one_user_turn_one_delegation_two_utterances():
    told = list(narrate(_entries(), LiveNarrator()))
    turns = [event for event in told if isinstance(event, e.UserTurnCommitted)]
    texts = [event.text for event in told if isinstance(event, e.UserTextFinal)]
    assert ([turn.turn for turn in turns], texts) == ([1], ["Please check the staging server."])
    (handed_over,) = [
        event for event in told if isinstance(event, e.NoticeIssued) and event.topic == "delegation"
    ]
    assert handed_over.data["offset_ms"] == 4600
    said = [(event.turn, event.text) for event in told if isinstance(event, e.AgentTextFinal)]
    assert said == [(1, "Okay, checking."), (1, "Staging is fine.")]
    assert [event.status for event in told if isinstance(event, e.AgentResponseEnded)] == ["completed"] * 2


def test_seven_seconds_are_billed():
    meter = LiveFeeMeter()
    for entry in _entries():
        meter.observe(entry)
    assert meter.connected_s == 7


def test_the_bill_is_what_the_server_counted_not_the_time_that_went_by():
    told = list(narrate(_entries(), LiveNarrator()))
    fees = [event.usd for event in told if isinstance(event, e.UsageReported)]
    assert len(fees) > 3  # told while it grows
    assert sum(fee or 0 for fee in fees) == pytest.approx(7 * 0.05 / 60)
