"""Typed lines -> presses, and what help says of them."""

from __future__ import annotations

import pytest

from realtime_cli.tui.key_events import COMMANDS, KeyEvent, SlashCommand, TypedLine, help_lines, parse_line


@pytest.mark.parametrize(
    ("line", "press"),
    [
        ("hello", TypedLine("hello")),
        ("  ", None),
        ("/mute", SlashCommand("mute")),
        ("/set session.audio.output.voice=cedar", SlashCommand("set", "session.audio.output.voice=cedar")),
        ("/int", SlashCommand("interrupt")),
        ("//usr is a folder", TypedLine("/usr is a folder")),
    ],
)
def test_lines(line: str, press: KeyEvent | None) -> None:
    assert parse_line(line) == press


def test_a_command_that_is_none_names_those_there_are() -> None:
    assert "/mute" in str(parse_line("/foo"))
    assert parse_line("/sa") == "/sa may be /save or /say."


def test_the_help_names_every_command_and_what_the_space_bar_does_here() -> None:
    keys, *commands = help_lines(push_to_talk=False, holds=False)
    assert keys.startswith("keys: space mute · ")
    assert [line.split()[0] for line in commands] == sorted(f"/{name}" for name in COMMANDS)
    assert "space talk, and again to stop" in help_lines(push_to_talk=True, holds=False)[0]
    assert "space hold to talk" in help_lines(push_to_talk=True, holds=True)[0]
