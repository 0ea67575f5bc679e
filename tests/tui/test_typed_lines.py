"""Whole lines of a terminal -> presses."""

from __future__ import annotations

import io

from realtime_cli.conversation.events import ToolWaiting
from realtime_cli.tui.key_events import KeyEvent, KeyPress, SlashCommand, ToolAnswer, TypedLine
from realtime_cli.tui.typed_lines import TypedLines
from tests.tui.pseudo_terminal import pseudo_terminal, until


def test_lines_mean_the_same_as_keys() -> None:
    said: list[str] = []
    lines = TypedLines(said.append, push_to_talk=True)
    assert [lines.press_of(line) for line in ("hi", "", "", "/quit", "/nonsense")] == [
        TypedLine("hi"),
        KeyPress("talk"),
        KeyPress("release"),
        SlashCommand("quit"),
        None,
    ]
    assert "no command /nonsense" in said[0]
    assert TypedLines(said.append).press_of("") == KeyPress("interrupt")


def test_help_is_said_at_once() -> None:
    said: list[str] = []
    assert TypedLines(said.append, push_to_talk=True).press_of("/help") == SlashCommand("help")
    assert "An empty line begins and ends your turn." in said[0]


def test_a_line_answers_a_question_while_one_is_open() -> None:
    asked = [ToolWaiting(1.0, 1, "c1", "delete", "{}")]
    lines = TypedLines(question=lambda: asked[0] if asked else None)
    assert lines.press_of("y") == ToolAnswer("c1", "once")
    assert lines.press_of("n not now") == ToolAnswer("c1", "no", "not now")
    assert lines.press_of("what is it?") == TypedLine("what is it?")
    asked.clear()
    assert lines.press_of("y") == TypedLine("y")


async def test_lines_come_from_the_terminal_as_they_are_entered() -> None:
    came: list[KeyEvent] = []
    async with pseudo_terminal() as terminal:
        lines = TypedLines(stdin=terminal.stdin)
        before = terminal.settings()
        lines.start(came.append)
        assert terminal.settings() == before
        terminal.type("one li")
        terminal.type("ne\n\n/mu\n")
        await until(lambda: len(came) == 3)
        assert came == [TypedLine("one line"), KeyPress("interrupt"), SlashCommand("mute")]
        await lines.close()
        await lines.close()
        terminal.type("nobody reads this\n")
    assert len(came) == 3


async def test_ctrl_d_ends_the_lines_and_not_the_program() -> None:
    came: list[KeyEvent] = []
    async with pseudo_terminal() as terminal:
        lines = TypedLines(stdin=terminal.stdin)
        lines.start(came.append)
        terminal.type("last\n\x04")
        await until(lambda: bool(came))
        await lines.close()
    assert came == [TypedLine("last")]


async def test_nobody_reads_what_is_no_terminal() -> None:
    came: list[KeyEvent] = []
    lines = TypedLines(stdin=io.StringIO("piped\n"))
    lines.start(came.append)
    await lines.close()
    assert came == []
