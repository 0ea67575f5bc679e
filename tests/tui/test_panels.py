"""Rows and blocks as text: what fits, what is safe, what ASCII terminals see."""

from __future__ import annotations

import pytest
from rich.style import Style
from rich.text import Text

from realtime_cli.client import inputs
from realtime_cli.conversation import events as e
from realtime_cli.conversation.blocks import AgentTurn, Notice, ToolCard, UserTurn
from realtime_cli.conversation.reveal import RevealedPart
from realtime_cli.tui.amounts import clock
from realtime_cli.tui.meters import Meter
from realtime_cli.tui.panels import (
    block_text,
    end_lines,
    figures_row,
    linked,
    live_rows,
    meter,
    notice_row,
    picture_facts,
    wrapped,
)
from realtime_cli.tui.scrollback import Scrollback
from realtime_cli.tui.theme import theme_for
from realtime_cli.tui.view import View
from tests.tui.demo import scene
from tests.tui.scenes import EntryView, answer, begins, connected, done, heard, local, looked_at, says, speaks

ASCII = theme_for("ascii")


def folded(until: float = 1e9) -> EntryView:
    view = EntryView()
    for entry in scene():
        if entry.at <= until:
            view.fold(entry)
    return view


def plain(texts: list[Text]) -> list[str]:
    return [text.plain for text in texts]


def test_blocks_as_paragraphs() -> None:
    turn = AgentTurn(0, "A", parts={0: RevealedPart("No \x1b[31mred.", shown=20)}, cut_ms=1234.0, final=True)
    assert block_text(UserTurn(0, text="Hi\x07", images=2)).plain == "you  Hi␇ [2 images]"
    assert block_text(turn).plain == "agent  No ␛[31mred. ╳ interrupted after 1.2 s"
    assert block_text(turn, ASCII).plain == "agent  No ^[[31mred. -- interrupted after 1.2 s"
    card = ToolCard(0, "c", "f\x1b", '{"x": "\\u202e"}', state="failed", output="no way", seconds=0.02)
    assert block_text(card).plain == 'tool  f␛(x="<U+202E>") → failed: no way (20 ms)'
    assert block_text(Notice(0, "info", "device", "new\x9b")).plain == "device  new<U+009B>"


def test_a_long_result_is_folded_and_says_how_to_open_it() -> None:
    card = ToolCard(0, "c", "f", '{"city": "Oslo"}', state="done", output="x" * 5000)
    text = block_text(card).plain
    assert len(text) < 300
    assert text.startswith('tool  f(city="Oslo") → xxx')
    assert text.endswith("o opens it")


TRACEBACK = "Traceback (most recent call last):\n  File \"a.py\", line 3, in f\nKeyError: 'city'\n"


@pytest.mark.parametrize(
    ("output", "reason"),
    [
        ("no\nway", "no"),
        ('{"error": "No such city."}', "No such city."),
        ('{"error": {"message": "Too many.", "code": 429}}', "Too many."),
        (TRACEBACK, "KeyError: 'city'"),
        ("", "it gave no reason"),
        ("It failed (exit code 3).\nLooking ...\nThe disk is full.\n", "The disk is full. (exit code 3)"),
        ("It failed (killed by SIGKILL).", "killed by SIGKILL"),
        ("no " * 200, ("no " * 40).strip()[:119] + "…"),
    ],
)
def test_a_failed_tool_says_why_on_one_line(output: str, reason: str) -> None:
    text = block_text(ToolCard(0, "c", "f", '{"x": 1}', state="failed", output=output)).plain
    assert text.removesuffix(" o opens it") == f"tool  f(x=1) → failed: {reason}"


@pytest.mark.parametrize(("more", "folded"), [("", False), ("It was full already on Monday.\n", True)])
def test_a_failure_that_is_told_in_full_has_no_more_to_open(more: str, folded: bool) -> None:
    output = f"It failed (exit code 3).\n{more}The disk is full.\n"
    text = block_text(ToolCard(0, "c", "f", "{}", state="failed", output=output)).plain
    assert text.endswith("o opens it") == folded


@pytest.mark.parametrize("width", [40, 60, 79, 120])
@pytest.mark.parametrize("at", [0.1, 3.0, 7.5, 9.0, 20.0])
def test_live_rows_fit_and_keep_the_clock(width: int, at: float) -> None:
    rows = live_rows(folded(at), width)
    assert len(rows) == 2
    assert all(row.cell_len <= width for row in rows)
    assert rows[1].plain.endswith(clock(folded(at).at))


def test_the_state_row_tells_state_and_levels() -> None:
    row = live_rows(folded(3.0), 79)[0].plain
    assert row.startswith("▶ speaking")
    assert "you " in row
    assert "agent " in row
    assert live_rows(folded(3.0), 79, ASCII)[0].plain.isascii()


def test_the_state_row_tells_that_a_tool_waits_for_the_user() -> None:
    view = folded(3.0)
    view.observe(e.ToolWaiting(8.0, 1, "c1", "delete", "{}"))
    assert "▶ speaking question open" in live_rows(view, 79)[0].plain
    view = folded(5.5)
    view.observe(e.ToolWaiting(8.0, 1, "c1", "delete", "{}"))
    assert live_rows(view, 79)[0].plain.startswith("○ waits for you ")


def test_a_meter_shows_level_and_peak() -> None:
    assert meter(Meter(-30, -12), 10, theme_for("utf-8"), "cyan", number=False).plain == "━━━━━──┃──"
    assert meter(Meter(-120, -120), 4, ASCII, "cyan", number=True).plain == "----    -"


def test_every_line_flows_once_in_order_and_copies_cleanly() -> None:
    view, flow, lines = EntryView(), Scrollback(), []
    for entry in scene():
        view.fold(entry)
        lines += plain(flow.take(view, 60))
    assert "\n".join(lines) == "\n".join(plain(all_at_once(view, 60)))
    assert all(line == line.rstrip() and len(line) <= 60 for line in lines)


def all_at_once(view: View, width: int) -> list[Text]:
    return Scrollback().take(view, width)


def test_a_long_answer_flows_while_it_is_heard() -> None:
    view, flow = EntryView(), Scrollback()
    text = "one two three four five six seven eight nine ten"
    for entry in [*connected(), local(inputs.Levels(0.1, -40, -120)), *begins(1, "A1", "R1")]:
        view.fold(entry)
    for entry in speaks(1.1, "A1", "R1", text, 4800):
        view.fold(entry)
    view.fold(heard(3.5, "A1", 2400))
    assert plain(flow.take(view, 20)) == ["agent  one two three"]
    assert flow.talk(view, 20).plain == "four five"
    view.fold(local(inputs.Noted(3.6, "warning", "wire", "slow")))
    assert plain(flow.take(view, 20)) == []  # no notice breaks a sentence
    assert notice_row(view, 20).plain == "warning  slow"
    view.fold(heard(5.9, "A1", 4800, to_end=True))
    assert plain(flow.take(view, 20)) == ["four five six seven"]
    assert flow.talk(view, 20).plain == "eight nine ten"
    for entry in done(6, "A1", "R1"):
        view.fold(entry)
    assert plain(flow.take(view, 20)) == ["eight nine ten", "warning  slow"]
    assert notice_row(view, 20).plain == ""


def test_a_widened_terminal_goes_on_where_it_was() -> None:
    view, flow = EntryView(), Scrollback()
    for entry in [
        *connected(),
        *says(0.2, "U", "Go"),
        *answer(2, "A1", "R1", "one two three four five six", 3000),
    ]:
        view.fold(entry)
        lines = plain(flow.take(view, 14 if view.at < 4 else 80))
        if lines:
            last = lines
    assert last == ["five six"]


def test_the_end_card_tells_what_there_was() -> None:
    view = folded()
    view.close()
    card = dict(end_lines(view, "/tmp/s.jsonl", "realtime-cli replay /tmp/s.jsonl"))
    assert card["duration"] == "0:24, 3 turns by you, 3 by the agent"
    assert card["interruptions"] == "1"
    assert card["tools"] == "1 call"
    assert "p95" not in card["latency"]
    assert card["replay"] == "realtime-cli replay /tmp/s.jsonl"
    assert "cost" not in dict(end_lines(EntryView()))


@pytest.mark.parametrize("width", range(40, 160, 7))
def test_what_it_costs_stays_in_sight_beside_the_latency(width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    view = folded()
    monkeypatch.setattr(type(view.figures), "cost_usd", 0.0042)
    row = figures_row(view, width).plain
    assert " ms" in row
    assert "$0.0042" in row


def test_wrapped_lines_keep_their_styles() -> None:
    lines = wrapped(Text("red blue", spans=[]), 4)
    assert plain(lines) == ["red", "blue"]


def test_what_the_agent_was_shown() -> None:
    view = EntryView()
    shown = looked_at(1.0, source="screen", detail="high")
    for entry in [*connected(), *shown, local(inputs.Pressed(2.0, "video"))]:
        view.fold(entry)
    assert picture_facts(view) == ["screen", "1 picture", "~765 tokens ~$0.0038", "paused"]
    assert "screen: 1 picture, ~765 tokens ~$0.0038, paused" in figures_row(view, 100).plain
    assert dict(end_lines(view))["video"] == "screen: 1 picture, ~765 tokens ~$0.0038, paused"


def test_an_address_is_one_link_and_is_never_broken() -> None:
    address = "https://example.com/" + "long/" * 10 + "?q=1"
    lines = wrapped(Text(f"see {address}, or ask"), 20)
    assert plain(lines) == ["see", f"{address},", "or ask"]
    [span] = linked(lines[1]).spans
    assert (span.start, span.end) == (0, len(address))
    assert isinstance(span.style, Style)
    assert span.style.link == address
    assert linked(lines[2]) is lines[2]
