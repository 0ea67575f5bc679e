"""The screen in a real terminal (tmux): resizing, keys, signals, and the terminal as it was before."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from textwrap import dedent

import pytest

from realtime_cli.tui.terminal import Terminal
from tests.tui.pane import Pane, pane
from tests.tui.pseudo_terminal import until

__all__ = ["pane"]

pytestmark = pytest.mark.timeout(90)
ROOT = Path(__file__).parents[2]
TIMEOUT_S = 15.0


def test_resizing_leaves_no_stale_rows_and_loses_no_line(pane: Pane) -> None:
    pane.resize(200, 24)
    pane.run("--keys", "--speed", "8", "--stop-at", "16")
    pane.until("the fog came")
    for columns in (40, 200, 60, 39, 120, 40, 200):
        pane.resize(columns, 24)
        if columns >= 40:
            pane.until("0:")
            pane.until("space mute")
        time.sleep(0.2)
    screen = pane.until("speaking")
    rows = [line.rstrip() for line in screen.splitlines() if line.strip()]
    assert [row for row in rows if row.startswith(("▶", "latency", "space mute"))] == rows[-3:]
    pane.press("q", "q")
    everything = " ".join(pane.until_end().split())
    for once in (
        "Hello, can you hear me?",
        "like to know?",
        "interrupted after 1.9 s",
        "a tale.",
        "odd ␛[31mred",
    ):
        assert everything.count(once) == 1, once
    told = everything[everything.index("agent Once upon") : everything.index("duration")]
    assert told.split()[1:25] == LIGHTHOUSE[:24]
    for stale in ("speaking", "· median", "space mute", "/ command"):
        assert stale not in everything


@pytest.mark.heavy
def test_a_terminal_made_narrower_little_by_little_keeps_no_old_rows(pane: Pane) -> None:
    """As when its border is dragged: each time the rows wrap, tmux pushes as many off its top."""
    pane.resize(130, 24)
    pane.run("--keys", "--speed", "8", "--stop-at", "16")
    pane.until("the fog came")
    for columns in range(127, 58, -4):
        pane.resize(columns, 24)
        time.sleep(0.15)
    pane.until("space mute")
    everything = pane.tmux("capture-pane", "-p", "-S", "-")
    for once in ("speaking", "latency", "space mute"):
        assert everything.count(once) == 1, everything
    assert pane.screen().rstrip().splitlines()[-1].startswith("space mute")
    assert len(pane.screen().rstrip().splitlines()) == 24


@pytest.mark.heavy
def test_a_tall_composer_in_a_terminal_pulled_about_leaves_no_old_rows(pane: Pane) -> None:
    """Six lines of text: wrapped at half the width, the live rows would be more than the terminal has."""
    pane.resize(100, 24)
    pane.run("--keys", "--speed", "8", "--stop-at", "16")
    pane.until("the fog came")
    pane.press("t")
    pane.until("── writing ─")
    for number in range(6):
        pane.tmux("send-keys", "-l", f"line {number} " + "words " * 11)
        pane.press("M-Enter")
    pane.until("line 5")
    for turn in range(15):
        pane.resize(50, 20 + turn % 3)
        pane.resize(100 + turn, 24 + 3 * (turn % 4))
    pane.until("── writing ─")
    time.sleep(0.5)
    pane.press("Escape")
    pane.until("space mute")
    everything = pane.tmux("capture-pane", "-p", "-S", "-")
    assert "writing" not in everything
    assert "line 2" not in everything
    for once in ("speaking", "space mute"):
        assert everything.count(once) == 1, everything


def test_a_closed_composer_leaves_no_gap_in_what_is_being_said(pane: Pane) -> None:
    pane.resize(100, 16)
    pane.run("--keys", "--speed", "2", "--stop-at", "30")
    pane.until("a lighthouse")
    pane.press("t")
    pane.until("── writing ─")
    for line in ("one", "two", "three", "four"):
        pane.tmux("send-keys", "-l", line)
        pane.press("M-Enter")
    pane.until("four")
    pane.until("the postman")
    pane.press("Escape")
    pane.until("space mute")
    pane.until("he counted the sounds", times=2)
    told = pane.screen().partition("agent  Once")[2].partition("speaking")[0].splitlines()
    lines = [line for line in told if line.strip()]
    assert told[: len(lines)] == lines, pane.screen()


def test_the_figures_use_the_width_that_they_need(pane: Pane) -> None:
    pane.run("--keys", "--speed", "8", "--stop-at", "16")
    pane.until("the fog came")
    for columns, length in ((60, 59), (80, 79), (200, 119), (120, 119)):
        pane.resize(columns, 24)
        figures = pane.until_row(rf"latency \d+ ms.{{{length - 20},}}\d:\d\d")
        assert len(figures) == length


def test_a_closed_panel_gives_back_the_screen_as_it_was(pane: Pane) -> None:
    pane.resize(60, 20)
    pane.run("--keys", "--speed", "8", "--stop-at", "8.0")
    pane.until("get_time")
    pane.until("space mute")

    def text() -> list[str]:
        above = re.split(r"^[○◇▶●◆] ", pane.screen(), flags=re.MULTILINE)[0]
        return [row.rstrip() for row in above.splitlines()]

    before = pane.until_it_stays(text)
    assert len(before) > 5
    pane.press("?")
    pane.until("? or Esc closes this")
    assert pane.screen().rstrip().count("\n") == 19  # it uses all rows
    pane.resize(80, 24)
    pane.until("/approve")
    pane.resize(60, 20)
    pane.until("1-14 of")
    pane.press("?")
    pane.until("space mute")
    assert pane.until_it_stays(text) == before


LIGHTHOUSE = [
    "Once",
    "upon",
    "a",
    "time",
    "there",
    "was",
    "a",
    "lighthouse",
    "keeper",
    "who",
    "counted",
    "ships.",
    "One,",
    "two,",
    "three",
    "he",
    "counted,",
    "and",
    "when",
    "the",
    "fog",
    "came",
    "he",
    "counted",
    "the",
    "sounds",
]


def test_typing_and_completing(pane: Pane) -> None:
    pane.run("--keys", "--speed", "8", "--stop-at", "5.5")
    pane.until("like to know?")
    pane.press("t")
    pane.until("── writing ─")
    for line in ("grüß dich 漢字", "quit it", "i am here"):
        pane.tmux("send-keys", "-l", line)
        pane.until(f"› {line}")
        pane.press("Enter")
        pane.until(f"you  {line}")
    pane.press("Escape")
    pane.until("space mute")
    pane.press("Space")
    pane.until("✕ muted")
    pane.press("/", "l", "a")
    pane.until("› /latency")
    pane.press("Tab", "Enter")
    pane.until("worst")
    pane.press("Escape")
    pane.until("worst", gone=True)
    pane.press("Escape")
    pane.until("space mute")
    pane.press("q")
    pane.until("q again to end")
    pane.press("q")
    pane.until("replay")


@pytest.mark.parametrize(("columns", "rows"), [(60, 20), (80, 24), (120, 40), (200, 50)])
def test_panels_leave_the_transcript_as_it_was(pane: Pane, columns: int, rows: int) -> None:
    pane.resize(columns, rows)
    pane.run("--keys", "--speed", "8", "--stop-at", "8.0")
    pane.until("know?")
    pane.until("space mute")
    pane.until("get_time")  # the demo has come to its stop: nothing more will be said
    before = pane.until_it_stays(pane.transcript)
    for key, within in (("?", "this help"), ("l", "end-pointing"), ("s", "model"), ("o", '"14:05"')):
        pane.press(key)
        pane.until(within)
        pane.until(f"{key} or Esc closes this")
        pane.press(key)
        pane.until("closes this", gone=True)
    pane.press("f")
    pane.until("This agent has no tools.")
    pane.press("Escape")
    pane.until("closes this", gone=True)
    assert pane.until_it_stays(pane.transcript) == before
    pane.press("q", "q")
    shown = pane.until_end()
    assert [word for word in ("/mute", "end-pointing", "closes this") if word in shown] == []


@pytest.mark.parametrize(("columns", "rows"), [(60, 20), (80, 24), (40, 9)])
def test_questions_are_answered_in_their_box(pane: Pane, columns: int, rows: int) -> None:
    pane.resize(columns, rows)
    pane.run("--keys", "--speed", "8", "--stop-at", "5.5", "--ask")
    pane.until('delete_file(path="/tmp/1")')
    pane.press("Down", "Enter")
    pane.until('delete_file(path="/tmp/2")')
    pane.press("b")
    pane.until("no, because ›")
    pane.tmux("send-keys", "-l", "it is mine")
    pane.press("Enter")
    pane.until('delete_file(path="/tmp/3")')
    pane.press("t")
    pane.until("writing")
    pane.press("y", "Enter")
    pane.until("delete_file", gone=True)
    pane.press("Escape")
    pane.until("space mute")
    pane.press("q", "q")
    shown = pane.until_end()
    answers = [line for line in shown.splitlines() if line.startswith("answer")]
    assert [line.split(maxsplit=1)[1] for line in answers] == ["once", "no it is mine", "once"]
    assert "you  y" not in shown


def test_a_narrow_terminal_shows_what_fits(pane: Pane) -> None:
    pane.resize(40, 10)
    pane.run("--keys", "--speed", "8", "--stop-at", "14")
    pane.until("the fog came")
    pane.until("▶ speaking")
    pane.press("q", "q")
    assert "agent  Hello! I can hear you well. What\nwould you like to know?" in pane.until_end(joined=False)


@pytest.mark.parametrize("end", ["q", "C-c", "TERM", "HUP", "crash"])
def test_the_terminal_is_as_it_was(pane: Pane, end: str) -> None:
    before = pane.settings("before")
    pane.run("--keys", "--speed", "8", *(["--crash"] if end == "crash" else ["--stop-at", "5.5"]))
    if end == "crash":
        pane.until("asked to crash")
    else:
        pane.until("like to know?")
        pane.until("space mute")
        end_it(pane, end)
    assert pane.settings("after") == before


def end_it(pane: Pane, end: str) -> None:
    if end in ("TERM", "HUP"):
        shell = pane.tmux("display-message", "-p", "#{pane_pid}").strip()
        subprocess.run(["pkill", f"-{end}", "-P", shell], check=True)
    else:
        pane.press(*(("q", "q") if end == "q" else (end,)))
    pane.until("space mute", gone=True)


def test_stopped_and_continued(pane: Pane) -> None:
    before = pane.settings("before")
    pane.run("--keys", "--speed", "8", "--stop-at", "5.5")
    pane.until("space mute")
    pane.press("C-z")
    pane.until("Stopped")
    assert pane.settings("stopped") == before
    pane.line("fg")
    pane.until("space mute")
    pane.press("Space")
    pane.until("muted")
    pane.press("q", "q")
    pane.until("replay")
    assert pane.settings("after") == before


# -- whoever has changed the terminal -------------------------------------------------------------


class Holding:
    """Writes down what becomes of it."""

    def __init__(self, name: str, log: list[str]) -> None:
        self._name, self._log = name, log

    def enter(self) -> None:
        self._log.append(f"+{self._name}")

    def leave(self) -> None:
        self._log.append(f"-{self._name}")


async def test_holders_enter_again_when_the_process_goes_on_and_leave_when_released() -> None:
    before = {
        name: signal.getsignal(getattr(signal, name)) for name in ("SIGTERM", "SIGHUP", "SIGTSTP", "SIGCONT")
    }
    terminal, log = Terminal(), []  # type: ignore[var-annotated]
    rows, keys = Holding("rows", log), Holding("keys", log)
    terminal.hold(rows)
    terminal.hold(keys)
    assert signal.getsignal(signal.SIGTERM) != before["SIGTERM"]
    os.kill(os.getpid(), signal.SIGCONT)  # as after fg
    await until(lambda: len(log) == 4)
    terminal.release(keys)
    terminal.release(keys)
    terminal.release(rows)
    assert log == ["+rows", "+keys", "+rows", "+keys", "-keys", "-rows"]
    assert {name: signal.getsignal(getattr(signal, name)) for name in before} == before


async def test_who_handles_a_signal_already_goes_on_to_do_so() -> None:
    """Whoever ends the session in good order leaves the terminal, too."""
    came: list[int] = []
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGHUP, came.append, 1)
    terminal = Terminal()
    holding = Holding("rows", [])
    terminal.hold(holding)
    os.kill(os.getpid(), signal.SIGHUP)
    await until(lambda: came == [1])
    terminal.release(holding)
    os.kill(os.getpid(), signal.SIGHUP)
    await until(lambda: came == [1, 1])
    loop.remove_signal_handler(signal.SIGHUP)


@pytest.mark.parametrize("end", ["return", "signal"])
def test_at_the_end_of_the_process_they_leave_in_reverse_order(end: str) -> None:
    program = f"""
        import asyncio, os, signal
        from realtime_cli.tui.terminal import Terminal
        class Holding:
            def __init__(self, name): self.name = name
            def enter(self): print("+" + self.name, flush=True)
            def leave(self): print("-" + self.name, flush=True)
        async def main():
            terminal = Terminal()
            terminal.hold(Holding("rows"))
            terminal.hold(Holding("keys"))
            if {end!r} == "signal":
                os.kill(os.getpid(), signal.SIGTERM)
                await asyncio.sleep(60)
        asyncio.run(main())
    """
    done = subprocess.run(
        [sys.executable, "-c", dedent(program)], capture_output=True, text=True, check=False, cwd=ROOT
    )
    assert (done.stdout.split(), done.stderr) == (["+rows", "+keys", "-keys", "-rows"], "")
    assert done.returncode == (-signal.SIGTERM if end == "signal" else 0)
