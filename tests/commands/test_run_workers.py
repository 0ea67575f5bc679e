"""``run`` over several processes: one report, and no process that outlives the one that was asked."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.commands.test_run import BAD, GOOD, script

pytestmark = pytest.mark.heavy

LONG = GOOD + "[[turns]]\ntimeout_ms = 60000\n"  # waits for an answer that never comes
posix = pytest.mark.skipif(os.name == "nt", reason="process groups as POSIX has them")


@contextmanager
def running(*arguments: str | Path, **more: Any) -> Iterator[subprocess.Popen[str]]:
    """``run`` at the head of a process group of its own."""
    command = [sys.executable, "-m", "realtime_cli", "run", *map(str, arguments)]
    with subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, start_new_session=True, **more
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def is_gone(group: int, within_s: float) -> bool:
    """Whether no process of the group does anything any more."""
    end_at = time.monotonic() + within_s
    while time.monotonic() < end_at:
        listed = subprocess.run(["ps", "-A", "-o", "pgid=,stat="], capture_output=True, text=True, check=True)
        states = [line.split()[1] for line in listed.stdout.splitlines() if line.split()[0] == str(group)]
        if all(state.startswith("Z") for state in states):
            return True
        time.sleep(0.05)
    return False


def test_the_scripts_are_spread_and_their_results_are_one_report_in_order(tmp_path: Path) -> None:
    files = [script(tmp_path, f"s{n}", BAD if n == 2 else GOOD) for n in range(3)]
    results, junit = tmp_path / "results.json", tmp_path / "junit.xml"
    with running(*files, "--workers", "2", "--no-record", "--json", results, "--junit", junit) as process:
        _, told = process.communicate(timeout=60)
    assert process.returncode == 1
    assert sum(line.startswith("passed") for line in told.splitlines()) == 2
    whole = json.loads(results.read_text(encoding="utf-8"))
    assert [(one["name"], one["status"]) for one in whole["results"]] == [
        ("s0", "passed"),
        ("s1", "passed"),
        ("s2", "failed"),
    ]
    assert 'failures="1"' in junit.read_text(encoding="utf-8")


def test_shards_merge_into_the_report_of_the_whole(tmp_path: Path) -> None:
    files = [script(tmp_path, f"s{n}", GOOD) for n in range(2)]
    parts = [tmp_path / "1.json", tmp_path / "2.json"]
    for number, part in enumerate(parts, 1):
        with running(*files, "--shard", f"{number}/2", "--no-record", "-q", "--json", part) as process:
            assert process.wait(60) == 0
    with running("--merge", *parts, "--json", tmp_path / "all.json") as process:
        assert process.wait(60) == 0
    assert [one["name"] for one in json.loads((tmp_path / "all.json").read_text())["results"]] == ["s0", "s1"]
    with running("--merge", parts[1]) as process:
        _, told = process.communicate(timeout=60)
    assert process.returncode == 2
    assert "Of 2 shards, 1 is missing." in told


@contextmanager
def two_at_work(folder: Path) -> Iterator[subprocess.Popen[str]]:
    files = [script(folder, name, LONG) for name in ("one", "two")]
    with running(*files, "--workers", "2", "--record", folder / "kept") as process:
        end_at = time.monotonic() + 30
        while len(list(folder.glob("kept/*.jsonl"))) < 2 and time.monotonic() < end_at:
            time.sleep(0.05)
        yield process


@posix
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_an_interrupt_ends_every_process(number: signal.Signals, tmp_path: Path) -> None:
    if signal.getsignal(number) is signal.SIG_IGN:
        pytest.skip("nohup: the program leaves it ignored")
    with two_at_work(tmp_path) as process:
        process.send_signal(number)
        assert is_gone(process.pid, 5)
        _, told = process.communicate(timeout=5)
        assert process.returncode == 130
    assert "Traceback" not in told


@posix
def test_a_killed_parent_leaves_no_process(tmp_path: Path) -> None:
    with two_at_work(tmp_path) as process:
        process.kill()
        process.wait(5)
        assert is_gone(process.pid, 8)
