"""The figures beside a conversation."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from realtime_cli.client import effects, inputs
from realtime_cli.client.cost import Tokens, load_prices
from realtime_cli.client.entry import Entry
from realtime_cli.conversation import events as e
from realtime_cli.conversation.narrated import narrate
from realtime_cli.conversation.turns import MIN_FOR_P95
from realtime_cli.tui.stats import SessionStats
from tests.tui.scenes import answer, connected, cut, in_order, local, received, says, writes


def figures(*parts: Entry | Iterable[Entry]) -> SessionStats:
    made = SessionStats(load_prices())
    for event in narrate(in_order(*parts)):
        made.observe(event)
    return made


def usage(at: float, response: str, tokens: int) -> Entry:
    counted = {
        "total_tokens": 3 * tokens,
        "input_tokens": 2 * tokens,
        "output_tokens": tokens,
        "input_token_details": {"text_tokens": 2 * tokens},
        "output_token_details": {"text_tokens": tokens},
    }
    return received(at, "response.done", response={"id": response, "status": "completed", "usage": counted})


def test_waits_tokens_and_cost() -> None:
    made = figures(
        connected(),
        local(inputs.Levels(0.1, -40.0, -120.0)),
        says(1, "U1", "Hm?"),
        answer(2.4, "A1", "R1", "Yes.", 500, "U1"),
        usage(3, "R2", 1000),
    )
    assert [round(ms) for ms in made.waits_ms] == [400]
    assert made.last_ms == made.median_ms == pytest.approx(400)
    assert made.p95_ms is None
    assert made.tokens == 3000
    assert made.cost_usd == 0.032


def test_a_refused_call_did_not_fail() -> None:
    calls = [
        [
            local(effects.CallTool(name, "rm", "{}"), at),
            local(inputs.ApprovalAsked(at, name, "rm", "{}")),
            local(inputs.ApprovalAnswered(at, name, verdict)),  # type: ignore[arg-type]
            local(inputs.ToolFinished(at, name, "no", failed=True)),
        ]
        for at, name, verdict in ((1.0, "c1", "no"), (2.0, "c2", "once"))
    ]
    made = figures(connected(), *calls)
    assert (made.tools, made.tools_failed, made.tools_refused) == (2, 1, 1)


def test_what_nobody_used_has_no_cost_and_what_nobody_waited_for_no_wait() -> None:
    made = figures(connected())
    assert (made.cost_usd, made.last_ms, made.median_ms, made.p95_ms) == (None,) * 4


def test_in_text_one_waits_for_the_first_word() -> None:
    made = figures(
        connected(text=True),
        local(inputs.Typed(1, "Hm?")),
        writes(1.25, "A", "R", "Ye"),
        writes(2, "A", "R", "s."),
    )
    assert made.waits_ms == [250.0]


def test_the_slowest_twentieth_is_told_once_there_are_enough() -> None:
    def texts(count: int) -> list[Entry]:
        """Each is answered after 250 ms, the last one after 900."""
        made = []
        for n in range(count):
            at, wait = 10.0 * n + 1, 0.9 if n == count - 1 else 0.25
            made += [local(inputs.Typed(at, "Hm?")), writes(at + wait, f"A{n}", f"R{n}", "Yes.")]
            made.append(usage(at + 2, f"R{n}", 1))
        return made

    assert figures(connected(text=True), texts(MIN_FOR_P95 - 1)).p95_ms is None
    enough = figures(connected(text=True), texts(MIN_FOR_P95))
    assert (enough.median_ms, enough.p95_ms) == (pytest.approx(250), pytest.approx(250))
    assert enough.last_ms == pytest.approx(900)


def test_interruptions_tools_and_reconnects_are_counted() -> None:
    ended = inputs.PlaybackStopped(5, "key", (inputs.HeardItem("A", 0, 900.0, True),))
    made = figures(
        connected(),
        cut(1, "A", 400),
        local(ended),  # it had been heard to its end
        local(effects.CallTool("c1", "clock", "{}"), 6),
        local(inputs.ToolFinished(7, "c1", "broken", failed=True)),
        local(inputs.Connected(8, "ws://x", attempt=1)),
        received(8.1, "session.created", session={}),
    )
    assert (made.interruptions, made.tools, made.tools_failed, made.reconnects) == (1, 1, 1, 1)
    assert made.last_stop is not None
    assert made.last_stop.at == 1


def test_pictures_have_a_price_where_the_model_has_one() -> None:
    assert figures(connected()).images_usd(1000) is not None
    assert SessionStats(load_prices()).images_usd(1000) is None


def test_a_session_that_is_paid_by_the_second_shows_its_cost_without_tokens() -> None:
    made = SessionStats(load_prices())
    for second in (1.0, 2.0):
        made.observe(e.UsageReported(second, 1, "fee", Tokens(), 0, 0.001))
    assert made.cost_usd == 0.002
