"""Entries reach those who read conversation events."""

from __future__ import annotations

from realtime_cli.conversation.cost import Spending
from realtime_cli.conversation.narrated import Narrated, narrate
from realtime_cli.conversation.turns import TurnLog
from tests.conversation.telling import USAGE, begun, done, in_order, sound, spoken
from tests.recording.sample import received


def test_live_and_over_a_recording_readers_read_alike() -> None:
    session = {"type": "realtime", "model": "gpt-realtime-2.1"}
    entries = in_order(
        received(0, "session.created", session=session),
        spoken(1.0, 0),
        begun(1.1),
        sound(1.5),
        done(2.0, usage=USAGE),
        done(2.1, usage=USAGE),
    )
    turns, spending = TurnLog(), Spending()
    observer = Narrated([turns, spending])
    for entry in entries:
        observer.observe(entry)

    again = TurnLog()
    for event in narrate(entries):
        again.observe(event)
    assert turns.turns == again.turns
    assert turns.turns[0].tokens == spending.tokens
    assert (spending.model, spending.total_tokens) == ("gpt-realtime-2.1", 8)
    assert spending.total_usd == turns.turns[0].usd
    assert spending.total_usd


def test_a_model_without_a_price_costs_nobody_knows_what() -> None:
    spending = Spending()
    for event in narrate(in_order(begun(1.1), done(2.0, usage=USAGE))):
        spending.observe(event)

    assert spending.total_usd is None
    assert spending.tokens
