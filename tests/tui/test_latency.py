"""The latency in parts: in a row as wide as there is room, and in a panel that is never empty."""

from __future__ import annotations

from typing import get_args

import pytest

from realtime_cli.client import effects, inputs
from realtime_cli.client.cost import load_prices
from realtime_cli.client.entry import Entry
from realtime_cli.conversation.narrated import narrate
from realtime_cli.tui.latency import latency_figures, latency_lines
from realtime_cli.tui.panels import figures_row
from realtime_cli.tui.stats import SessionStats
from tests.tui.scenes import EntryView, answer, connected, cut, in_order, local, looked_at, says


def spoken() -> list[Entry]:
    """One turn: a tool runs 600 ms, of which it waits 200 for the user; heard 100 ms after it came."""
    tool = (
        local(effects.CallTool("c1", "clock", "{}"), 2.4),
        local(inputs.ApprovalAsked(2.4, "c1", "clock", "{}")),
        local(inputs.ApprovalAnswered(2.6, "c1", "once")),
        local(inputs.ToolFinished(3.0, "c1", "12:00")),
    )
    return in_order(
        connected(),
        local(inputs.Levels(0.1, -40.0, -120.0)),
        says(1, "U1", "Hm?"),
        tool,
        answer(3.4, "A1", "R1", "Noon.", 500, "U1"),
    )


def stats_of(entries: list[Entry]) -> SessionStats:
    stats = SessionStats(load_prices())
    for event in narrate(entries):
        stats.observe(event)
    return stats


@pytest.mark.parametrize(
    ("width", "row"),
    [
        (120, "latency 1200 ms: end-pointing 0 · server 800 · tool 400 · you 200 · buffer 0 · median 1200"),
        (84, "latency 1200 ms: end 0 · server 800 · tool 400 · you 200 · buffer 0 · median 1200"),
        (66, "latency 1200 ms: server 800 · tool 400 · you 200 · median 1200"),
        (60, "1200 ms: server 800 · tool 400 · you 200 · median 1200"),
        (40, "latency 1200 ms · median 1200"),
        (20, "latency 1200 ms"),
        (9, ""),
    ],
)
def test_the_row_has_as_many_parts_as_fit(width: int, row: str) -> None:
    assert latency_figures(stats_of(spoken()), width) == row


def test_the_row_is_as_wide_as_the_terminal_up_to_a_line_and_longer_only_for_words() -> None:
    view = EntryView()
    for entry in [*spoken(), *looked_at(2.9, source="screen")]:
        view.fold(entry)
    for width, length in ((59, 59), (79, 79), (119, 119), (199, 139)):
        row = figures_row(view, width)
        assert row.cell_len == length
        assert row.plain.endswith(" 0:03")
    assert "  " not in row.plain


def test_the_panel_has_a_line_for_each_part() -> None:
    lines = [line.plain for line in latency_lines(stats_of(spoken()), 80)]
    figures = {line.split()[0]: line.split()[1:4] for line in lines[1:7]}
    assert figures == {
        "latency": ["1200", "1200", "-"],
        "end-pointing": ["0", "0", "-"],
        "server": ["800", "800", "-"],
        "tool": ["400", "400", "-"],
        "you": ["200", "200", "-"],
        "buffer": ["0", "0", "-"],
    }
    assert lines[7] == "over 1 answer, best 1200, worst 1200; p95 from 20 answers on"


def test_the_panel_speaks_before_the_first_answer_and_after_an_interruption() -> None:
    lines = [line.plain for line in latency_lines(stats_of(connected()), 80)]
    assert "no answer was measured yet; p95 from 20 answers on" in lines
    sound = local(inputs.SoundState(1.0, "aec", -71.6, 1))
    cut_short = stats_of([*connected(), sound, cut(62.0, "A1", 1240)])
    lines = [line.plain for line in latency_lines(cut_short, 80)]
    assert lines[0].split() == ["ms", "last", "median", "p95"]
    assert "interrupted at 1:02 by your voice after 1.2 s" in lines
    assert "echo canceller, -72 dBFS left, 1 gap" in lines


@pytest.mark.parametrize("cause", get_args(inputs.Cause))
def test_the_panel_knows_every_cause(cause: inputs.Cause) -> None:
    stop = local(inputs.PlaybackStopped(62.0, cause, (inputs.HeardItem("A1", 0, 1240.0, False),)))
    lines = [line.plain for line in latency_lines(stats_of([*connected(), stop]), 80)]
    assert any(line.startswith("interrupted at 1:02 by ") for line in lines)


def test_the_panel_says_what_became_of_the_last_hold() -> None:
    text = "The agent was held for 430 ms and goes on: a noise."
    held = local(inputs.Noted(5.4, "info", "barge_in", text))
    lines = [line.plain for line in latency_lines(stats_of([*connected(), held]), 80)]
    assert f"0:05 {text}" in lines
