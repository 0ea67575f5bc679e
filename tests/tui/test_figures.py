"""The figures beside a conversation."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from realtime_cli.client import effects, inputs
from realtime_cli.client.entry import Entry
from realtime_cli.tui.figures import ENOUGH_FOR_P95, Figures
from tests.tui.scenes import answer, connected, cut, in_order, local, received, says, writes


def figures(*parts: Entry | Iterable[Entry]) -> Figures:
    made = Figures()
    for entry in in_order(*parts):
        made.fold(entry)
    return made


def usage(at: float, response: str, tokens: int) -> Entry:
    counted = {
        "total_tokens": 3 * tokens, "input_tokens": 2 * tokens, "output_tokens": tokens,
        "input_token_details": {"text_tokens": 2 * tokens}, "output_token_details": {"text_tokens": tokens},
    }  # fmt: skip
    return received(at, "response.done", response={"id": response, "status": "completed", "usage": counted})


def test_waits_tokens_and_cost() -> None:
    made = figures(
        connected(), local(inputs.Levels(0.1, -40.0, -120.0)), says(1, "U1", "Hm?"),
        answer(2.4, "A1", "R1", "Yes.", 500, "U1"), usage(3, "R2", 1000),
    )  # fmt: skip
    assert [round(ms) for ms in made.waits_ms] == [400]
    assert made.last_ms == made.median_ms == pytest.approx(400)
    assert made.p95_ms is None
    assert made.tokens == 3000
    assert made.cost_usd == 0.032


def test_what_nobody_used_has_no_cost_and_what_nobody_waited_for_no_wait() -> None:
    made = figures(connected())
    assert (made.cost_usd, made.last_ms, made.median_ms, made.p95_ms) == (None,) * 4


def test_in_text_one_waits_for_the_first_word() -> None:
    made = figures(
        connected(text=True), local(inputs.Typed(1, "Hm?")), writes(1.25, "A", "R", "Ye"), writes(2, "A", "R", "s."),
    )  # fmt: skip
    assert made.waits_ms == [250.0]


def test_the_slowest_twentieth_is_told_once_there_are_enough() -> None:
    made = Figures()
    made.waits_ms = [100.0] * (ENOUGH_FOR_P95 - 1)
    assert made.p95_ms is None
    made.waits_ms.append(900.0)
    assert made.p95_ms is not None
    assert 100 < made.p95_ms < 900


def test_interruptions_tools_and_reconnects_are_counted() -> None:
    ended = inputs.PlaybackStopped(5, "key", (inputs.HeardItem("A", 0, 900.0, True),))
    made = figures(
        connected(),
        cut(1, "A", 400),
        local(ended),  # it had been heard to its end
        local(effects.CallTool("c1", "clock", "{}"), 6),
        local(inputs.ToolFinished(7, "c1", "broken", failed=True)),
        local(inputs.Connected(8, "ws://x", attempt=1)),
    )
    assert (made.interruptions, made.tools, made.tools_failed, made.reconnects) == (1, 1, 1, 1)
    assert made.last_stop is not None
    assert made.last_stop.at == 1


def test_pictures_have_a_price_where_the_model_has_one() -> None:
    assert figures(connected()).images_usd(1000) is not None
    assert Figures().images_usd(1000) is None
