"""``docs``: pages on a terminal, and to a pipe."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from realtime_cli.commands.docs import PAGES, names
from realtime_cli.errors import ExitCode
from tests.kit.cli import run_cli

MODULE = [sys.executable, "-m", "realtime_cli"]


def on_a_terminal(*arguments: str, pager: str, rows: int = 24) -> str:
    """What a terminal of 80 columns shows of a command that writes to it until its end."""
    pty, fcntl, termios, struct = (
        pytest.importorskip(name) for name in ("pty", "fcntl", "termios", "struct")
    )
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", rows, 80, 0, 0))
    environ = {**os.environ, "PAGER": pager, "TERM": "xterm-256color"}
    child = subprocess.Popen([*MODULE, *arguments], stdin=theirs, stdout=theirs, stderr=theirs, env=environ)
    os.close(theirs)
    shown = b""
    try:
        while block := os.read(ours, 65536):
            shown += block
    except OSError:  # Linux says so that the other end is closed
        pass
    os.close(ours)
    assert child.wait(timeout=20) == ExitCode.OK
    return shown.decode()


def test_a_pipe_gets_the_page_as_it_is() -> None:
    ended = run_cli("docs", "events")
    assert ended.returncode == ExitCode.OK
    assert ended.stdout == (PAGES / "events.md").read_text("utf-8")


def test_without_a_page_every_one_is_listed_with_its_first_sentence() -> None:
    listed = re.findall(r"(?m)^- \*\*(.+)\*\*: (.+)\.$", run_cli("docs").stdout)
    assert [name for name, _ in listed] == names()
    assert all(10 < len(sentence) < 120 for _, sentence in listed)


@pytest.mark.parametrize(
    ("page", "remedy"), [("evnets", "Did you mean events?"), ("zzz", "The pages are: agent-file, ")]
)
def test_an_unknown_page_is_a_mistake(page: str, remedy: str) -> None:
    ended = run_cli("docs", page)
    assert ended.returncode == ExitCode.USAGE
    assert f"There is no page '{page}'." in ended.stderr
    assert remedy in ended.stderr


def test_a_terminal_gets_it_rendered_and_through_a_pager(tmp_path: Path) -> None:
    paged = tmp_path / "paged"
    shown = on_a_terminal("docs", "events", pager=f"sh -c 'cat > {paged}; echo PAGED'")
    assert "PAGED" in shown
    text = paged.read_text("utf-8")
    assert "\x1b[" in text
    assert "user_text_final" in text
    assert "### user_text_final" not in text
    assert max(len(re.sub(r"\x1b\[[\d;]*m", "", line)) for line in text.splitlines()) <= 80


def test_the_list_needs_no_pager() -> None:
    shown = on_a_terminal("docs", pager="sh -c 'cat > /dev/null; echo PAGED'")
    assert "PAGED" not in shown
    assert "architecture" in shown
