"""Child processes: what they see, and how they end."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path

import pytest

from realtime_cli.tools.process import end, found, how_it_ended, kill_group, seen, started, tied
from tests.kit.toolbox import gone, runs

posix = pytest.mark.skipif(sys.platform == "win32", reason="process groups as POSIX has them")
PARENT = (
    "import subprocess, sys; child = subprocess.Popen([sys.executable, '-c', 'import time; "
    "time.sleep(60)']); print(child.pid, flush=True); child.wait()"
)


def test_a_child_sees_what_every_program_needs_and_what_was_named() -> None:
    environ = {"PATH": "/bin", "HOME": "/root", "LANG": "C", "OPENAI_API_KEY": "sk", "MINE": "1"}
    child = seen(environ, ["MINE", "UNSET"])
    assert {name: child[name] for name in ("HOME", "LANG", "MINE")} == {
        "HOME": "/root",
        "LANG": "C",
        "MINE": "1",
    }
    assert child["PATH"].split(os.pathsep) == ["/bin", str(Path(sys.executable).parent)]
    assert set(child) == {"PATH", "HOME", "LANG", "MINE"}
    assert seen({})["PATH"].startswith(os.defpath)


@posix
def test_a_program_is_on_the_path_or_beside_the_agent_file(tmp_path: Path) -> None:
    for name in ("tool", "text"):
        (tmp_path / name).write_text("#!/bin/sh\n")
    (tmp_path / "tool").chmod(0o755)
    assert found("sh", tmp_path, "/bin") == "/bin/sh"
    assert found("./tool", tmp_path, "/bin") == str(tmp_path / "tool")
    assert found("./text", tmp_path, "/bin") is None, "it may not be run"
    assert found("tool", tmp_path, "/bin") is None, "without a slash it is looked for on the path"
    assert found("nosuch", tmp_path, "/bin") is None


def test_a_tied_command_line_ends_with_the_command() -> None:
    assert tied(["sleep", "60"])[-2:] == ["sleep", "60"]


@posix
async def test_an_end_is_that_of_all_that_was_started() -> None:
    process = await started(sys.executable, "-c", PARENT, stdout=asyncio.subprocess.PIPE)
    assert process.stdout
    grandchild = int(await process.stdout.readline())
    assert runs(grandchild)
    await end(process)
    assert process.returncode == -signal.SIGKILL
    assert await gone(grandchild)
    await end(process)  # again, for who is not sure
    kill_group(process.pid)


async def test_what_cannot_start_is_the_caller_s_error() -> None:
    with pytest.raises(FileNotFoundError):
        await started("/no/such/program")


@pytest.mark.parametrize(
    ("code", "words"),
    [(0, "exit code 0"), (7, "exit code 7"), (None, "exit code None"), (-9999, "exit code -9999")],
)
def test_an_end_in_words(code: int | None, words: str) -> None:
    assert how_it_ended(code) == words


@posix
def test_a_signal_is_named() -> None:
    assert how_it_ended(-signal.SIGKILL) == "killed by SIGKILL"
