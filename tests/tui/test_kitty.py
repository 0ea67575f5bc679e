"""Hold to talk in a terminal that tells when a key is let go (kitty's protocol), and in one that does not.

The terminal is a pseudo one whose other end is the test: it answers the probe as kitty does, and sends
what kitty sends.
"""

from __future__ import annotations

import os
import pty
import re
import select
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime_cli.tui.kitty import KittyFilter

ROOT = Path(__file__).parents[2]
PRESS, REPEAT, RELEASE = "\x1b[32;1:1;32u", "\x1b[32;1:2;32u", "\x1b[32;1:3u"
TIMEOUT_S = 20.0
pytestmark = pytest.mark.timeout(90)


class Kitty:
    """The terminal's side: what was written to it, and keys to press."""

    def __init__(self, fd: int, process: subprocess.Popen[bytes]) -> None:
        self._fd = fd
        self.process = process
        self.shown = ""

    def until(self, text: str) -> None:
        """Read until it was written, since the last time."""
        end = time.monotonic() + TIMEOUT_S
        while text not in self.shown:
            if not select.select([self._fd], [], [], max(0.0, end - time.monotonic()))[0]:
                raise AssertionError(f"{text!r} did not come: {self.shown!r}")
            self.shown += os.read(self._fd, 65536).decode(errors="replace")
        self.shown = self.shown[self.shown.index(text) + len(text) :]

    def keys(self, keys: str) -> None:
        os.write(self._fd, keys.encode())

    def rest(self) -> str:
        """All that comes until the program has ended."""
        with suppress(OSError):  # EIO: nobody has the other end any more
            while select.select([self._fd], [], [], TIMEOUT_S)[0]:
                self.shown += os.read(self._fd, 65536).decode(errors="replace")
        self.process.wait(10)
        return self.shown


@contextmanager
def demo(*options: str) -> Iterator[Kitty]:
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (24, 100))
    command = [sys.executable, "-m", "tests.tui.demo", "--keys", "--speed", "8", "--stop-at", "5.5", *options]
    environ = {**os.environ, "TERM": "xterm-kitty", "LC_ALL": "C.UTF-8"}
    with subprocess.Popen(
        command, stdin=theirs, stdout=theirs, stderr=theirs, cwd=ROOT, env=environ, start_new_session=True
    ) as process:
        os.close(theirs)
        try:
            yield Kitty(ours, process)
        finally:
            process.kill()
            os.close(ours)


def test_held_down_it_talks_and_let_go_it_sends() -> None:
    with demo("--ptt") as kitty:
        kitty.until("\x1b[?u\x1b[c")
        kitty.keys("\x1b[?0u\x1b[?62;c")
        kitty.until("\x1b[>11u")  # asked to tell of releases
        kitty.until("hold space to talk")
        kitty.keys(PRESS + REPEAT * 5)
        kitty.until("let go to send")
        kitty.keys(RELEASE)
        kitty.until("hold space to talk")
        kitty.keys("\x1b[116;1:1;116u\x1b[116;1:3u")  # t, pressed and released
        kitty.keys("".join(f"\x1b[{ord(c)};1:1;{ord(c)}u\x1b[{ord(c)};1:3u" for c in "so it is"))
        kitty.until("so it is")
        kitty.keys("\x1b[13;1:1u\x1b[13;1:3u")
        kitty.until("you ")
        kitty.keys("\x1b[27;1:1u")  # Escape: out of the composer
        kitty.until("hold space to talk")
        kitty.keys("\x1b[113;1:1;113u\x1b[113;1:3u\x1b[113;1:1;113u")
        rest = kitty.rest()
        assert "\x1b[<u" in rest  # and set back
        assert kitty.process.returncode == 0
        assert not re.search(r"\[\d+;\d+:\d", re.sub(r"\x1b\[", "", rest))  # no sequence was echoed


def test_ctrl_c_is_one_although_the_protocol_hides_it() -> None:
    with demo("--ptt") as kitty:
        kitty.until("\x1b[?u\x1b[c")
        kitty.keys("\x1b[?0u\x1b[?62;c")
        kitty.until("hold space to talk")
        kitty.keys("\x1b[99;5u")
        assert "\x1b[<u" in kitty.rest()


def test_elsewhere_a_tap_begins_and_a_tap_ends() -> None:
    with demo("--ptt") as plain:
        plain.until("\x1b[?u\x1b[c")
        plain.keys("\x1b[?62;c")  # an answer to the second question only
        plain.until("space to talk")
        plain.keys(" ")
        plain.until("space to send")
        plain.keys(" ")
        plain.until("space to talk")
        plain.keys("qq")
        rest = plain.rest()
        assert "\x1b[>11u" not in rest
        assert "\x1b[<u" not in rest


def test_nobody_is_probed_without_push_to_talk() -> None:
    with demo() as plain:
        plain.until("space mute")
        plain.keys("qq")
        assert "\x1b[?u" not in plain.rest()


# -- what it makes of single sequences ------------------------------------------------------------


def test_the_answers_to_the_probe_are_kept_out_of_the_keys() -> None:
    knows, knows_not = KittyFilter(), KittyFilter()
    assert knows.feed("a\x1b[?0u\x1b[?62;c") == "a"
    assert knows_not.feed("\x1b[?1;2cb") == "b"
    assert (knows.known, knows_not.known, KittyFilter().known) == (True, False, None)


def test_keys_come_in_the_old_form() -> None:
    kitty = KittyFilter()
    press = "\x1b[97u\x1b[97;1:3u\x1b[98;2u\x1b[99;5u\x1b[27u\x1b[13;1:1u"
    press += "\x1b[1;1:1A\x1b[1;1:3A\x1b[3;1:1~\x1b[57441;2u"
    assert kitty.feed(press) == "aB\x03\x1b\r\x1b[A\x1b[3~"
    assert not kitty.released_space


def test_shift_or_alt_with_enter_is_a_new_line() -> None:
    assert KittyFilter().feed("\x1b[13;2u\x1b[13;3u\x1b[13;5u") == "\x1b\r\x1b\r\r"


def test_the_space_bar_tells_when_it_is_let_go() -> None:
    kitty = KittyFilter()
    assert kitty.feed("\x1b[32u\x1b[32;1:2u") == " "
    assert not kitty.released_space
    assert kitty.feed("\x1b[32;1:3u") == ""
    assert kitty.released_space


def test_a_sequence_cut_in_two_is_put_together_and_a_lone_escape_passes() -> None:
    kitty = KittyFilter()
    assert [kitty.feed(part) for part in ("x\x1b[9", "7u", "\x1b", "[?1u")] == ["x", "a", "\x1b", "[?1u"]


@pytest.mark.parametrize(
    "sequence",
    [
        "\x1b[97;1:1;99999999u",
        "\x1b[97;1:1;1114112u",
        "\x1b[55296u",
        "\x1b[97;;55296u",
        f"\x1b[97;;{'9' * 5000}u",
        "\x1b[57399u",
    ],
)
def test_what_is_no_letter_is_none(sequence: str) -> None:
    assert KittyFilter().feed(f"a{sequence}b") == "ab"


@given(st.text(alphabet="\x1b[;:?0123456789ucA~x"))
def test_no_terminal_can_break_it(came: str) -> None:
    KittyFilter().feed(came).encode()
