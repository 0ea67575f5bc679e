"""A session as the service was seen to hold it, its sound left out: words alone tell who spoke."""

from __future__ import annotations

import pytest

from realtime_cli.client.entry import Entry
from realtime_cli.client.inputs import Received
from realtime_cli.client.live.cost import LiveFeeMeter
from realtime_cli.conversation import events as e
from realtime_cli.conversation.live import LiveNarrator
from realtime_cli.conversation.narrated import narrate
from realtime_cli.protocol.live import codec
from tests.kit.live_trace import CLOSED, FIRST, SECOND, USER, WORDS


def _entries() -> list[Entry]:
    return [
        Entry(at_ms / 1000, "received", Received(at_ms / 1000, codec.live_server_event(fields)))
        for at_ms, fields in [*WORDS, (31_969, CLOSED)]
    ]


def test_one_user_turn_one_delegation_two_utterances():
    told = list(narrate(_entries(), LiveNarrator()))
    turns = [event for event in told if isinstance(event, e.UserTurnCommitted)]
    texts = [event.text for event in told if isinstance(event, e.UserTextFinal)]
    assert ([turn.turn for turn in turns], texts) == ([1], [USER])
    (handed_over,) = [
        event for event in told if isinstance(event, e.NoticeIssued) and event.topic == "delegation"
    ]
    assert handed_over.data["offset_ms"] == 4600
    said = [(event.turn, event.text) for event in told if isinstance(event, e.AgentTextFinal)]
    assert said == [(1, FIRST), (1, SECOND)]
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
