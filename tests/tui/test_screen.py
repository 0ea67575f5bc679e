"""The live screen on a pseudo terminal: what flows, what is repainted, what others print."""

from __future__ import annotations

import asyncio
import io
import json
import statistics
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest
from rich.cells import cached_cell_len
from rich.console import Console
from rich.text import Text

from realtime_cli.client import inputs
from realtime_cli.client.entry import Entry
from realtime_cli.conversation.narrated import Narrated, narrate
from realtime_cli.tui.end_summary import EndSummary
from realtime_cli.tui.screen import LiveScreen, terminal_console
from realtime_cli.tui.terminal import Terminal
from tests.tui.demo import scene
from tests.tui.pseudo_terminal import PseudoTerminal, plain, pseudo_terminal
from tests.tui.scenes import begins, connected, heard, local, looked_at, says, speaks, writes

ENVIRONMENT = {"TERM": "xterm-256color"}
Tell = Callable[[Entry], None]


@asynccontextmanager
async def on_screen() -> AsyncIterator[tuple[PseudoTerminal, LiveScreen, Tell]]:
    async with pseudo_terminal() as terminal:
        console = terminal_console(terminal.stdout, ENVIRONMENT)
        async with LiveScreen(console, terminal=Terminal()) as screen:
            yield terminal, screen, Narrated([screen]).observe


async def test_finished_turns_flow_and_the_state_stands_below() -> None:
    async with on_screen() as (terminal, _, tell):
        for entry in [*connected(), *says(1, "U1", "Is anybody there?")]:
            tell(entry)
        shown = await terminal.until_plain("thinking")
        assert shown.count("you  Is anybody there?\n") == 1
        tell(local(inputs.Pressed(3, "mute")))
        tell(local(inputs.Disconnected(4, 1006)))
        assert "Is anybody there?" not in await terminal.until_plain("reconnecting")


async def test_the_end_writes_what_is_open_and_a_card() -> None:
    async with on_screen() as (terminal, screen, tell):
        for entry in [*connected(), *says(1, "U1", None)]:
            tell(entry)
        screen.end(
            EndSummary(recording="/tmp/session.jsonl", replay="realtime-cli replay /tmp/session.jsonl")
        )
        shown = await terminal.until_plain("replay /tmp/session.jsonl")
    assert "no transcript" in shown
    assert "recording" in shown
    assert "thinking" not in plain(terminal.shown)


async def test_left_without_an_end_nothing_that_was_said_is_lost() -> None:
    async with pseudo_terminal() as terminal:
        async with LiveScreen(terminal_console(terminal.stdout, ENVIRONMENT), terminal=Terminal()) as screen:
            for event in narrate(scene()):
                screen.observe(event)
        shown = await terminal.until_plain("stamps.")
        assert shown.count("Hello, can you hear me?") == 1


async def test_rich_keeps_nothing_of_what_scrolled_away() -> None:
    async with on_screen() as (terminal, _, tell):
        for entry in connected():
            tell(entry)
        for number in range(30):
            for entry in says(3 * number, f"U{number}", f"This is number {number}."):
                tell(entry)
            await terminal.until_plain(f"you  This is number {number}.\n")
        assert cached_cell_len.cache_info().currsize < 30


async def test_lines_of_ours_go_above_the_rows() -> None:
    async with on_screen() as (terminal, screen, _):
        screen.say("help is near\nvery near")
        await terminal.until_plain("help is near\nvery near\n")


async def test_what_others_print_goes_there_too_and_commands_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    async with pseudo_terminal() as terminal:
        monkeypatch.setattr(sys, "stdout", terminal.stdout)
        async with LiveScreen(terminal_console(terminal.stdout, ENVIRONMENT), terminal=Terminal()):
            await asyncio.to_thread(print, "clear it: \x1b[2J")
            await terminal.until_plain("clear it: ␛[2J\n")


async def test_a_panel_shows_what_the_screen_knows() -> None:
    async with on_screen() as (_, screen, tell):
        for entry in scene():
            tell(entry)
        latency = [line.plain for line in screen.panel_lines("latency", 80)]
        assert latency[1].startswith("latency")
        assert "interrupted at 0:10 by your voice after 1.9 s" in latency
        assert screen.panel_lines("tools", 80)[0].plain == "This agent has no tools."
        assert "gpt-realtime-2.1" in screen.panel_lines("settings", 80)[1].plain
        assert '  "city": "Oslo"' in [line.plain for line in screen.panel_lines("output", 80)]


async def test_a_warning_stands_below_the_sentence_that_goes_on() -> None:
    async with on_screen() as (_, screen, tell):
        tale = speaks(1.1, "A1", "R1", "Once upon a time there was a lighthouse. " * 6, 9000)
        for entry in [*connected(), *begins(1.0, "A1", "R1"), *tale, heard(6.0, "A1", 4500)]:
            tell(entry)
        tell(local(inputs.Noted(6.1, "warning", "device", "The sound had gaps.")))
        rows = [row.plain for row, _ in screen._rows(80)]
        assert "lighthouse" in rows[0]
        assert rows[1] == "warning  The sound had gaps."


async def test_a_picture_of_what_the_agent_was_shown_last() -> None:
    async with on_screen() as (terminal, _, tell):
        for entry in connected():
            tell(entry)
        for entry in looked_at(1.0, thumbnail="ff4020" * 64, source="camera"):
            tell(entry)
        assert "camera" in await terminal.until_plain("1 picture")


async def test_a_question_is_drawn_by_the_keyboard_and_leaves_nothing_behind() -> None:
    async with on_screen() as (terminal, screen, tell):
        screen.connect(lambda width, room: [Text(f"{room} rows")], asks=True)
        for entry in connected():
            tell(entry)
        asked = inputs.ApprovalAsked(1.0, "c1", "delete", '{"path": "/tmp/x"}')
        tell(local(asked))
        assert screen.question
        assert (screen.question.call_id, screen.question.arguments) == ("c1", asked.arguments)
        await terminal.until_plain(" rows")
        tell(local(inputs.ApprovalAnswered(2.0, "c1", "no")))
        assert screen.question is None
        long = inputs.ApprovalAsked(3.0, "c2", "write", json.dumps({"text": "word " * 900}))
        tell(local(long))
        assert "word word" in await terminal.until_plain("write(text=")
    assert "delete" not in plain(terminal.shown)


async def test_a_delta_is_on_the_screen_within_40_ms_while_the_meters_move() -> None:
    waits_ms: list[float] = []
    async with on_screen() as (terminal, _, tell):
        for entry in [*connected(text=True), *begins(1.0, "A1", "R1")]:
            tell(entry)
        await terminal.until_plain("0:01")
        for number in range(20):
            for step in range(3):  # the meters, 50 times a second
                await asyncio.sleep(0.02 + number / 1000)
                tell(local(inputs.Levels(1.0 + number + step / 3, -40.0 - number - step, -120.0)))
            begun = time.monotonic()
            tell(writes(1.5 + number, "A1", "R1", f" w{number:02}."))
            await terminal.until(f"w{number:02}.")
            waits_ms.append((time.monotonic() - begun) * 1000)
    assert statistics.median(waits_ms) <= 40, waits_ms


async def test_levels_alone_draw_their_row_and_nothing_where_they_stay(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    drawn: list[str] = []
    draw_levels = LiveScreen._draw_levels

    def counted(self: LiveScreen) -> None:
        drawn.append("_draw_levels")
        draw_levels(self)

    monkeypatch.setattr(LiveScreen, "_draw_levels", counted)
    async with on_screen() as (terminal, screen, tell):
        for entry in connected():
            tell(entry)
        tell(local(inputs.Levels(1.0, -20.0, -120.0)))
        await terminal.until_plain(" -20")
        while screen._due and screen._due.when() < screen._drawn_at + 0.5:  # what else there was to draw
            await asyncio.sleep(0.05)
        drawn.clear()
        tell(local(inputs.Levels(1.1, -40.0, -120.0)))
        await terminal.until_plain(" -40")
        assert drawn
        drawn.clear()
        for tenth in range(3):
            tell(local(inputs.Levels(1.2 + tenth / 10, -40.0, -120.0)))
            await asyncio.sleep(0.11)
        assert not drawn


async def test_more_sound_of_the_same_word_draws_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[str] = []
    draw = LiveScreen._draw

    def counted(self: LiveScreen, *, rows: bool = True) -> None:
        drawn.append("_draw")
        draw(self, rows=rows)

    async with on_screen() as (terminal, screen, tell):
        for entry in [*connected(), *begins(1.0, "A1", "R1"), *speaks(1.0, "A1", "R1", "Well done.", 1000)]:
            tell(entry)
        tell(heard(1.1, "A1", 100))
        await terminal.until_plain("Well")
        while screen._due and screen._due.when() < screen._drawn_at + 0.5:  # what else there was to draw
            await asyncio.sleep(0.05)
        monkeypatch.setattr(LiveScreen, "_draw", counted)
        for ms in (120, 140, 160):
            tell(heard(1.0 + ms / 1000, "A1", ms))
            await asyncio.sleep(0.11)
        assert not drawn
        tell(heard(1.9, "A1", 900))
        await terminal.until_plain("Well done.")
        monkeypatch.undo()


def test_without_glyphs_beyond_ascii_the_rows_are_drawn_with_signs() -> None:
    console = Console(file=io.StringIO(), width=80)
    rows = LiveScreen(console, ascii_only=True).theme
    assert "".join((rows.bar, rows.rail, rows.box, rows.prompt, *rows.states.values())).isascii()
    assert not LiveScreen(Console(file=io.TextIOWrapper(io.BytesIO(), "utf-8"))).theme.bar.isascii()
