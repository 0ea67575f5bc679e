"""Which face is chosen, and what plain and JSON faces write."""

from __future__ import annotations

import io
import json
import os
import pty
from collections.abc import Iterator
from typing import TextIO

import pytest

from realtime_cli.client.inputs import Noted
from realtime_cli.conversation import events as e
from realtime_cli.conversation.events import schema
from realtime_cli.conversation.narrated import narrate
from realtime_cli.errors import ExitCode
from realtime_cli.tui.end_summary import EndSummary
from realtime_cli.tui.frontend import choose_frontend, choose_keys
from realtime_cli.tui.json_lines import JsonLines
from realtime_cli.tui.keys import Keys
from realtime_cli.tui.plain import PlainFrontend
from realtime_cli.tui.screen import LiveScreen
from realtime_cli.tui.typed_lines import TypedLines
from tests.tui.demo import scene
from tests.tui.scenes import connected, local, says, transcript

TERM = {"TERM": "xterm-256color"}


@pytest.fixture
def tty() -> Iterator[TextIO]:
    """A real terminal of 100 by 30."""
    import fcntl
    import struct
    import termios

    primary, secondary = pty.openpty()
    fcntl.ioctl(secondary, termios.TIOCSWINSZ, struct.pack("HHHH", 30, 100, 0, 0))
    with os.fdopen(secondary, "w") as stream:
        yield stream
    os.close(primary)


def shrink(tty: TextIO, rows: int, columns: int) -> None:
    import fcntl
    import struct
    import termios

    fcntl.ioctl(tty.fileno(), termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))


def test_a_terminal_gets_the_screen_and_all_else_sentences(tty: TextIO) -> None:
    assert isinstance(choose_frontend(stdout=tty, environ=TERM), LiveScreen)
    assert isinstance(choose_frontend(stdout=tty, environ={**TERM, "ACCESSIBLE": "0"}), LiveScreen)
    assert isinstance(choose_frontend(stdout=io.StringIO(), environ=TERM), PlainFrontend)
    assert isinstance(choose_frontend(stdout=tty, environ=TERM, plain=True), PlainFrontend)
    assert isinstance(choose_frontend(stdout=tty, environ={"TERM": "dumb"}), PlainFrontend)
    assert isinstance(choose_frontend(stdout=tty, environ={**TERM, "ACCESSIBLE": "1"}), PlainFrontend)
    assert isinstance(choose_frontend(stdout=tty, environ=TERM, json=True), JsonLines)


def test_the_keyboard_fits_the_face(tty: TextIO) -> None:
    assert isinstance(choose_keys(choose_frontend(stdout=tty, environ=TERM)), Keys)
    assert isinstance(choose_keys(choose_frontend(stdout=io.StringIO(), environ=TERM)), TypedLines)


@pytest.mark.parametrize("size", [(7, 100), (30, 39)])
def test_a_small_terminal_gets_sentences(tty: TextIO, size: tuple[int, int]) -> None:
    shrink(tty, *size)
    assert isinstance(choose_frontend(stdout=tty, environ=TERM), PlainFrontend)


def test_no_color_takes_the_colours_only(tty: TextIO) -> None:
    face = choose_frontend(stdout=tty, environ={**TERM, "NO_COLOR": "1"})
    assert isinstance(face, LiveScreen)
    from rich.text import Text

    assert "\x1b[3" not in face._ansi(Text("red", "red"))
    colourful = choose_frontend(stdout=tty, environ=TERM)
    assert isinstance(colourful, LiveScreen)
    assert "\x1b[3" in colourful._ansi(Text("red", "red"))


def test_the_palette_is_chosen_and_addresses_are_links(tty: TextIO) -> None:
    from rich.text import Text

    shown = [
        choose_frontend(stdout=tty, environ=TERM, palette=palette)._ansi(Text("you", "user"))  # type: ignore[attr-defined]
        for palette in ("auto", "dark", "light")
    ]
    assert ["38;5;31" in shown[0], "38;5;80" in shown[1], "38;5;24" in shown[2]] == [True] * 3
    few = choose_frontend(stdout=tty, environ={"TERM": "xterm"})
    assert isinstance(few, LiveScreen)
    assert few._ansi(Text("you", "user")) == "\x1b[1myou\x1b[0m"
    linked = choose_frontend(stdout=tty, environ=TERM)
    assert isinstance(linked, LiveScreen)
    assert (linked._links, few._links) == (True, False)


async def test_plain_sentences_repaint_nothing() -> None:
    out, err = io.StringIO(), io.StringIO()
    async with PlainFrontend(out, err) as face:
        for event in narrate(scene()):
            face.observe(event)
        face.end(EndSummary(recording="/tmp/s.jsonl"))
    assert out.getvalue().splitlines()[:4] == [
        "You: Hello, can you hear me?",
        "Agent: Hello! I can hear you well. What would you like to know?",
        "You: What time is it in Oslo?",
        'Tool get_time(city="Oslo") answered after 610 ms: {"time": "14:05"}',
    ]
    assert err.getvalue().splitlines()[0] == "Connected."
    assert "Recording: /tmp/s.jsonl" in err.getvalue()
    assert not {"\x1b", "\r"} & set(out.getvalue() + err.getvalue())


async def test_a_warning_is_written_at_once_and_once() -> None:
    out, err = io.StringIO(), io.StringIO()
    async with PlainFrontend(out, err) as face:
        entries = [
            *connected(),
            *says(1.0, "U1", None),
            local(Noted(2.5, "warning", "wire", "The line is slow.")),
        ]
        for event in narrate(entries):
            face.observe(event)
        assert err.getvalue().splitlines()[-1] == "Warning: The line is slow."
        assert out.getvalue() == ""
        for event in narrate([*entries, transcript(3.0, "U1", "Hm?")]):
            face.observe(event) if event.at >= 3.0 else None
        face.end(EndSummary())
    assert out.getvalue().splitlines() == ["You: Hm?"]
    assert err.getvalue().count("slow") == 1


async def test_plain_goes_through_an_ascii_pipe() -> None:
    raw = io.BytesIO()
    out = io.TextIOWrapper(raw, encoding="ascii", write_through=True)
    async with PlainFrontend(out, out) as face:
        for event in narrate(scene()):
            face.observe(event)
    assert b"odd ^[[31mred" in raw.getvalue()


async def test_lines_of_json_follow_their_schema() -> None:
    out = io.StringIO()
    async with JsonLines(out) as face:
        for event in narrate(scene()):
            face.observe(event)
        face.end(EndSummary(ExitCode.OK, recording="/tmp/s.jsonl"))
    lines = [json.loads(line) for line in out.getvalue().splitlines()]
    assert [line["text"] for line in lines if line["type"] == "user_text_final"] == [
        "Hello, can you hear me?",
        "What time is it in Oslo?",
        "Thanks, that is enough. Tell me a tale.",
    ]
    [cut] = [line for line in lines if line["type"] == "agent_interrupted"]
    assert (cut["heard_ms"], cut["cause"]) == (1880.0, "server_vad")
    assert (lines[-1]["type"], lines[-1]["recording"]) == ("session_ended", "/tmp/s.jsonl")
    assert out.getvalue().isascii()
    fields = {one["properties"]["type"]["const"]: set(one["properties"]) for one in schema()["oneOf"]}
    assert [line for line in lines if set(line) != fields[line["type"]]] == []


async def test_what_comes_many_times_a_second_is_no_line_of_json() -> None:
    out = io.StringIO()
    async with JsonLines(out) as face:
        for event in narrate(scene()):
            face.observe(event)
    lines = [json.loads(line) for line in out.getvalue().splitlines()]
    assert not {"levels_measured", "agent_sound_received", "server_event_seen"} & {
        line["type"] for line in lines
    }
    heard = [line for line in lines if line["type"] == "agent_heard"]
    assert heard
    assert all(line["first"] or line["finished"] for line in heard)


async def test_a_replay_jumps_without_telling_again_what_was_told(tty: TextIO) -> None:
    face = choose_frontend(stdout=tty, environ=TERM)
    assert isinstance(face, LiveScreen)
    events = list(narrate(scene()))
    for event in events:
        face.observe(event)
    face.restart(event for event in events if event.at < 9.0)
    assert face.view.at < 9.0
    assert face._scrollback.take(face.view, 80, face.theme) == []
    for event in events:
        if 9.0 <= event.at < 10.9:
            face.observe(event)
    told = [line.plain for line in face._scrollback.take(face.view, 80, face.theme)]
    assert told == ["agent  In Oslo it is five past two in ╳ interrupted after 1.9 s"]


@pytest.mark.parametrize("by_caller", [True, False])
async def test_why_it_is_over_is_said_once(by_caller: bool) -> None:
    out, err = io.StringIO(), io.StringIO()
    async with PlainFrontend(out, err) as face:
        face.observe(e.ConnectionUp(0.0, 0.0))
        face.observe(e.SessionEnded(1.0, 3, "The connection was lost (1006).", "Check the network."))
        face.end(EndSummary(ExitCode.CONNECTION, "The connection was lost.", tells_reason=by_caller))
    said = "Error: The connection was lost (1006). Check the network."
    assert err.getvalue().count(said) == (not by_caller)
