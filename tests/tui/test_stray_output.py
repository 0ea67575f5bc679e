"""What others print while the screen is up: shown line by line, or put aside."""

from __future__ import annotations

import os
import sys

import pytest

from realtime_cli.tui.stray_output import StrayOutput
from tests.tui.pseudo_terminal import PseudoTerminal, pseudo_terminal


def on_terminal(monkeypatch: pytest.MonkeyPatch, terminal: PseudoTerminal) -> None:
    """The process prints to this terminal."""
    monkeypatch.setattr(sys, "stdout", terminal.stdout)
    monkeypatch.setattr(sys, "stderr", terminal.stdout)


async def test_prints_are_caught_as_whole_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    async with pseudo_terminal() as terminal:
        on_terminal(monkeypatch, terminal)
        caught: list[str] = []
        stray = StrayOutput(caught.append, "utf-8")
        stray.start()
        assert (sys.stdout.isatty(), sys.stdout.writable(), sys.stdout.encoding) == (True, True, "utf-8")
        print("a li", end="")
        assert caught == []
        print("ne\nand another")
        print("an error", file=sys.stderr)
        print("no end of line", end="")
        stray.stop()
        assert caught == ["a line", "and another", "an error", "no end of line"]
        assert sys.stdout is terminal.stdout
        print("now it goes through", flush=True)
        assert (await terminal.until("through")).strip() == "now it goes through"


@pytest.mark.parametrize("crashed", [False, True])
async def test_what_libraries_write_is_shown_only_after_a_crash(
    monkeypatch: pytest.MonkeyPatch, crashed: bool
) -> None:
    async with pseudo_terminal() as terminal:
        on_terminal(monkeypatch, terminal)
        kept = os.dup(2)
        os.dup2(terminal.stdout.fileno(), 2)
        try:
            stray = StrayOutput(lambda line: None, "utf-8")
            stray.start()
            os.write(2, b"ALSA lib has much to say\n")
            stray.stop(crashed=crashed)
            os.write(2, b"the end")
        finally:
            os.dup2(kept, 2)
            os.close(kept)
        shown = await terminal.until("the end")
        assert ("ALSA" in shown) == crashed


def test_where_there_is_no_terminal_nothing_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    read, write = os.pipe()
    with open(read, encoding="utf-8") as reader, open(write, "w", encoding="utf-8") as pipe:
        monkeypatch.setattr(sys, "stdout", pipe)
        caught: list[str] = []
        stray = StrayOutput(caught.append, "utf-8")
        stray.start()
        print("for the pipe", flush=True)
        stray.stop()
        assert (reader.readline(), caught) == ("for the pipe\n", [])
