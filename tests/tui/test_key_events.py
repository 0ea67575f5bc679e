"""Typed lines -> presses, and what help says of them."""

from __future__ import annotations

import pytest

from realtime_cli.tui.key_events import (
    COMMANDS,
    KeyEvent,
    SlashCommand,
    ToolAnswer,
    TypedLine,
    help_lines,
    parse_answer,
    parse_line,
)


@pytest.mark.parametrize(
    ("line", "press"),
    [
        ("hello", TypedLine("hello")),
        ("  ", None),
        ("/mute", SlashCommand("mute")),
        ("/set session.audio.output.voice=cedar", SlashCommand("set", "session.audio.output.voice=cedar")),
        ("/int", SlashCommand("interrupt")),
        ("//usr is a folder", TypedLine("/usr is a folder")),
        ("@cat.png", SlashCommand("image", "cat.png")),
        ("who is @a/cat.JPG?", SlashCommand("image", "a/cat.JPG who is cat.JPG?")),
        ('@"my cat.png" here', SlashCommand("image", "'my cat.png' my cat.png here")),
        ("write to me@cat.png or @john", TypedLine("write to me@cat.png or @john")),
    ],
)
def test_lines(line: str, press: KeyEvent | None) -> None:
    assert parse_line(line) == press


def test_a_command_that_is_none_names_those_there_are() -> None:
    assert "/mute" in str(parse_line("/foo"))
    assert parse_line("/sa") == "/sa may be /save or /say."


@pytest.mark.parametrize(
    ("line", "answer"),
    [
        ("y", ToolAnswer("c", "once")),
        (" Yes. ", ToolAnswer("c", "once")),
        ("a", ToolAnswer("c", "session")),
        ("n", ToolAnswer("c", "no")),
        ("n too dear", ToolAnswer("c", "no", "too dear")),
        ("no, because it is late", ToolAnswer("c", "no", "it is late")),
        ("no idea, ask her", None),
        ("yes please tell me more", None),
        ("a house", None),
        ("", None),
    ],
)
def test_answers(line: str, answer: ToolAnswer | None) -> None:
    assert parse_answer(line, "c", "run") == answer


def test_yes_is_no_result() -> None:
    assert parse_answer("y", "c", "output") is None
    assert parse_answer("n", "c", "output") == ToolAnswer("c", "no")


def test_the_help_names_every_command_and_what_works_here() -> None:
    lines = help_lines(push_to_talk=False, holds=False, width=100)
    assert lines[0].split()[:2] == ["space", "mute"]
    commands = lines[lines.index("") + 1 :]
    assert [line.split()[0] for line in commands] == sorted(f"/{name}" for name in COMMANDS)
    assert "talk, and again to send" in help_lines(push_to_talk=True, holds=False)[0]
    assert "hold to talk" in help_lines(push_to_talk=True, holds=True)[0]
    narrow = help_lines(push_to_talk=False, holds=False, width=60)
    assert all(len(line) <= 60 for line in narrow)
    column = narrow[narrow.index("") + 1].index("answer the question")
    assert all(line[:column].isspace() for line in narrow[narrow.index("") + 1 :] if line[0] != "/")
    assert "/video" not in " ".join(help_lines(push_to_talk=False, holds=False, without=["video"]))
    assert "An empty line interrupts" in help_lines(push_to_talk=False, holds=False, single_keys=False)[0]
