"""Children that end with their parents."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
from textwrap import dedent

import pytest

from realtime_cli.app.parent_watchdog import end_with_parent
from tests.kit.toolbox import gone

linux = pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child that its parent ended")


@linux
async def test_a_child_ends_when_its_parent_was_killed() -> None:
    child = (
        "from realtime_cli.app.parent_watchdog import end_with_parent; import time; "
        "end_with_parent(); print(1, flush=True); time.sleep(60)"
    )
    program = f"""
        import subprocess, sys, time
        child = subprocess.Popen([sys.executable, "-c", {child!r}], stdout=subprocess.PIPE)
        child.stdout.readline()
        print(child.pid, flush=True)
        time.sleep(60)
    """
    with subprocess.Popen(
        [sys.executable, "-c", dedent(program)], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        pid = int(process.stdout.readline())
        process.kill()
        process.wait()
        assert await gone(pid)


@linux
def test_a_parent_that_ended_before_it_was_asked_for_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Between two looks the parent became another: nothing but a substitute can be so quick."""
    parents, killed = iter([4711, 1]), []
    monkeypatch.setattr(os, "getppid", lambda: next(parents))
    monkeypatch.setattr(os, "kill", lambda pid, number: killed.append((pid, number)))
    monkeypatch.setattr(ctypes, "CDLL", lambda name: None)
    end_with_parent()
    assert killed == [(os.getpid(), signal.SIGTERM)]


def test_whatever_holds_it_up_a_process_is_gone_soon() -> None:
    program = """
        import threading
        from realtime_cli.app import parent_watchdog
        parent_watchdog.GRACE_S = 0.05
        parent_watchdog.end_soon(7)
        threading.Event().wait()
    """
    done = subprocess.run([sys.executable, "-c", dedent(program)], timeout=50, check=False)
    assert done.returncode == 7


def test_who_ends_in_time_is_not_held_up_by_the_clock() -> None:
    program = "from realtime_cli.app.parent_watchdog import end_soon; end_soon(7)"
    assert subprocess.run([sys.executable, "-c", program], timeout=50, check=False).returncode == 0
