"""A shell in a real terminal (tmux), and the fixture for tests that look at one."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import pytest

ROOT = Path(__file__).parents[2]
TIMEOUT_S = 15.0
T = TypeVar("T")


class Pane:
    """A shell in a tmux server of its own."""

    def __init__(self, columns: int, rows: int) -> None:
        self._socket = f"screen-{uuid.uuid4().hex[:8]}"
        shell = "env PS1='$ ' LC_ALL=C.UTF-8 bash --norc --noprofile"
        self.tmux("new-session", "-d", "-x", str(columns), "-y", str(rows), "-c", str(ROOT), shell)
        self.until("$")

    def tmux(self, *arguments: str) -> str:
        command = ["tmux", "-L", self._socket, "-f", "/dev/null", *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout

    def run(self, *arguments: str) -> None:
        self.line(f"{sys.executable} -m tests.tui.demo {' '.join(arguments)}")

    def line(self, text: str) -> None:
        self.tmux("send-keys", "-l", text)
        self.press("Enter")

    def press(self, *keys: str) -> None:
        self.tmux("send-keys", *keys)

    def screen(self) -> str:
        return self.tmux("capture-pane", "-p")

    def until(self, text: str, *, gone: bool = False, times: int = 1) -> str:
        """The screen once it shows the text so many times (or no longer does)."""
        end = time.monotonic() + TIMEOUT_S
        while time.monotonic() < end:
            screen = self.screen()
            if (screen.count(text) >= times) != gone:
                return screen
            time.sleep(0.05)
        raise AssertionError(f"{text!r} did not {'go' if gone else 'come'}:\n{self.screen()}")

    def until_it_stays(self, look: Callable[[], T], seconds: float = 1.0) -> T:
        """What is seen, once it has not changed for a while."""
        seen, since = look(), time.monotonic()
        end = since + TIMEOUT_S
        while time.monotonic() - since < seconds:
            assert time.monotonic() < end, f"it never stays:\n{self.screen()}"
            time.sleep(0.1)
            now = look()
            if now != seen:
                seen, since = now, time.monotonic()
        return seen

    def until_row(self, pattern: str) -> str:
        """The first row that is as the pattern says, once there is one."""
        end = time.monotonic() + TIMEOUT_S
        while time.monotonic() < end:
            for row in map(str.rstrip, self.screen().splitlines()):
                if re.fullmatch(pattern, row):
                    return row
            time.sleep(0.05)
        raise AssertionError(f"no row is as {pattern!r}:\n{self.screen()}")

    def transcript(self) -> list[str]:
        """All lines above the live rows."""
        shown = self.tmux("capture-pane", "-p", "-J", "-S", "-")
        above = re.split(r"^[○◇▶●◆] ", shown, maxsplit=1, flags=re.MULTILINE)[0]
        return [line.rstrip() for line in above.splitlines() if line.strip()]

    def until_end(self, *, joined: bool = True) -> str:
        """All that was ever shown, once the end card is there."""
        self.until("replay")
        return self.tmux("capture-pane", "-p", *(["-J"] if joined else []), "-S", "-")

    def settings(self, mark: str) -> str:
        """The terminal driver's settings, and whether the cursor is visible."""
        self.line(f"clear; stty -a; echo end-{mark}")
        screen = self.until(f"\nend-{mark}\n")
        return screen[: screen.index(f"end-{mark}")] + self.tmux("display-message", "-p", "#{cursor_flag}")

    def resize(self, columns: int, rows: int) -> None:
        self.tmux("resize-window", "-x", str(columns), "-y", str(rows))

    def close(self) -> None:
        subprocess.run(["tmux", "-L", self._socket, "kill-server"], check=False, capture_output=True)


@pytest.fixture
def pane() -> Iterator[Pane]:
    if shutil.which("tmux") is None:
        pytest.skip("tmux is not installed")
    pane = Pane(100, 24)
    yield pane
    pane.close()
