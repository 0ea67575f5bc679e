"""Ctrl+C at every stage of a talk: over within two seconds, with 130, all written down, nothing left."""

from __future__ import annotations

import asyncio
import json
import os
import pty
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from realtime_cli.audio.wav_file import wav_header
from realtime_cli.recording.reader import read
from realtime_cli.recording.verify import NothingToVerify, verify
from tests.kit.speech import clip_path
from tests.kit.toolbox import runs

pytestmark = pytest.mark.timeout(90)

ROOT = Path(__file__).parents[2]
CLIP = clip_path("more-talk-01")
WITHIN_S = 2.0
PATIENCE = 4.0  # a machine that runs other tests too is given more


@contextmanager
def started(*arguments: str | Path, stdin: int = subprocess.DEVNULL) -> Iterator[subprocess.Popen[str]]:
    """``realtime-cli`` as the leader of a group, so that what it leaves behind can be found."""
    child = subprocess.Popen(
        [sys.executable, "-m", "realtime_cli", *map(str, arguments)],
        cwd=ROOT,
        stdin=stdin,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        yield child
    finally:
        if child.poll() is None:
            os.killpg(child.pid, signal.SIGKILL)
        child.communicate()


def interrupt(child: subprocess.Popen[str]) -> tuple[str, float]:
    """Send SIGINT; returns stderr and how long the end took. Checks exit code and what is left."""
    began = time.monotonic()
    child.send_signal(signal.SIGINT)
    _, told = child.communicate(timeout=20)
    took_s = time.monotonic() - began
    assert child.returncode == 130, told
    assert "Traceback" not in told
    assert not left_of(child.pid), "processes are left"
    assert took_s < WITHIN_S * PATIENCE
    print(f"ended in {took_s:.2f} s")
    return told, took_s


def left_of(group: int) -> list[str]:
    """Names of live processes of a session that was started with the child."""
    left = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            name, rest = stat.read_text().rsplit(")", 1)
        except OSError:
            continue
        if rest.split()[3] == str(group) and rest.split()[0] != "Z":
            left.append(name)
    return left


def wait_for(true: Callable[[], bool], timeout_s: float = 40) -> None:
    deadline = time.monotonic() + timeout_s
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def holds(recording: Path, text: str) -> Callable[[], bool]:
    return lambda: recording.exists() and text in recording.read_text()


def closed(recording: Path) -> None:
    """The recording has its last line, which knows how it ended, and verifies."""
    last = json.loads(recording.read_text().splitlines()[-1])
    assert 130 in last.values(), last
    with suppress(NothingToVerify):  # it ended before anything happened
        assert not verify(read(recording)).different


@pytest.mark.parametrize("after_s", [0.15, 0.5, 0.9, 1.4])
def test_while_it_starts(after_s: float, tmp_path: Path):
    with started(
        "talk", "-c", "configs/local.toml", "-i", CLIP, "-o", "null", "--json", "--no-record"
    ) as child:
        time.sleep(after_s)
        child.send_signal(signal.SIGINT)
        began = time.monotonic()
        _, told = child.communicate(timeout=20)
        assert child.returncode in (130, -signal.SIGINT), told  # the latter: before any of our code ran
        assert time.monotonic() - began < WITHIN_S * PATIENCE
        if child.returncode == 130:
            assert "Traceback" not in told


@asynccontextmanager
async def mute_server() -> AsyncIterator[str]:
    """Takes connections and never answers."""

    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    async with await asyncio.start_server(listen, "127.0.0.1", 0) as server:
        yield f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1/realtime"


async def test_while_it_connects(tmp_path: Path):
    recording = tmp_path / "connecting.jsonl"
    async with mute_server() as url:

        def run() -> None:
            arguments = ("talk", "--base-url", url, "-i", CLIP, "-o", "null", "--json", "--record", recording)
            with started(*arguments) as child:
                wait_for(recording.exists)
                time.sleep(0.3)
                interrupt(child)
            assert not recording.exists(), "there was no connection to record"

        await asyncio.to_thread(run)


def test_while_it_speaks(tmp_path: Path):
    recording = tmp_path / "speaking.jsonl"
    arguments = ("talk", "-c", "configs/local.toml", "-i", CLIP, "-o", "null", "--json")
    with started(*arguments, "--record", recording) as child:
        wait_for(holds(recording, '"Played"'))
        interrupt(child)
    closed(recording)


TOOL = """
[connection]
provider = "local"
[[tools]]
name = "dig"
description = "Dig a hole"
command = ["sh", "-c", "touch {folder}/digging; sleep 600"]
"""


def agent_that_digs(folder: Path) -> Path:
    path = folder / "agent.toml"
    path.write_text(TOOL.format(folder=folder))
    return path


def test_while_a_tool_runs(tmp_path: Path):
    agent, recording = agent_that_digs(tmp_path), tmp_path / "tool.jsonl"
    with started(
        "text", "-c", agent, "--trust", agent, "--approve", "all", "--record", recording, "Dig a hole"
    ) as child:
        wait_for((tmp_path / "digging").exists)
        interrupt(child)
    closed(recording)


def test_while_it_asks_for_permission(tmp_path: Path, heart: Any):
    agent, recording, spoken = agent_that_digs(tmp_path), tmp_path / "asking.jsonl", tmp_path / "ask.wav"
    samples = np.concatenate([*heart.speak("Please dig a hole."), np.zeros(24_000, np.int16)])
    spoken.write_bytes(wav_header(2 * len(samples)) + samples.tobytes())
    terminal, end = pty.openpty()
    try:
        arguments = ("talk", "-c", agent, "-i", spoken, "-o", "null", "--plain", "--record", recording)
        with started(*arguments, stdin=end) as child:
            os.write(terminal, b"y\n")  # the folder may be trusted; its command is asked about all the same
            wait_for(holds(recording, "ApprovalAsked"))
            interrupt(child)
        closed(recording)
        assert not (tmp_path / "digging").exists()
    finally:
        os.close(terminal)
        os.close(end)


def test_while_it_asks_for_trust(tmp_path: Path):
    agent = agent_that_digs(tmp_path)
    terminal, end = pty.openpty()
    try:
        arguments = ("talk", "-c", agent, "-i", CLIP, "-o", "null", "--plain", "--no-record")
        with started(*arguments, stdin=end) as child:
            assert child.stderr is not None
            told = b""
            while b"Do you trust it" not in told:
                told += os.read(child.stderr.fileno(), 4096)
            interrupt(child)
    finally:
        os.close(terminal)
        os.close(end)


def test_twice_at_once(tmp_path: Path):
    """The second does not wait for anything."""
    recording = tmp_path / "twice.jsonl"
    arguments = ("talk", "-c", "configs/local.toml", "-i", CLIP, "-o", "null", "--json")
    with started(*arguments, "--record", recording) as child:
        wait_for(holds(recording, "session.updated"))
        child.send_signal(signal.SIGINT)
        interrupt(child)


def test_the_server(tmp_path: Path):
    with started("serve", "--port", "0") as child:
        assert child.stderr is not None
        while "Listening" not in child.stderr.readline():
            assert child.poll() is None
        child.send_signal(signal.SIGINT)
        child.communicate(timeout=20)
        assert child.returncode == 0
        assert not left_of(child.pid)


# -- SIGTERM and SIGHUP -----------------------------------------------------------------------------

ENDING = ("SIGTERM", "SIGHUP")
SCRIPT = """
mode = "text"
agent = { connection = { provider = "local" } }
[[turns]]
user = "say after me: one"
"""
HOOK = """
[connection]
provider = "local"
[hooks]
on_conversation_item_created = ["sh", "-c", "touch began; exec sleep 600"]
"""


@pytest.mark.parametrize("name", ENDING)
def test_a_run_ends_with_the_report_of_what_it_has(name: str, tmp_path: Path):
    (tmp_path / "a.toml").write_text(SCRIPT)
    (tmp_path / "b.toml").write_text(SCRIPT + "[[turns]]\ntimeout_ms = 60000\n")
    report = tmp_path / "results.json"
    with started("run", tmp_path / "a.toml", tmp_path / "b.toml", "--json", report, "--no-record") as child:
        told = child.stderr.readline()
        while not told.startswith("passed"):
            told = child.stderr.readline()
        child.send_signal(getattr(signal, name))
        _, told = child.communicate(timeout=20)
    assert child.returncode == 130
    assert "interrupted; 1 of 2 scripts had ended" in told
    assert [one["name"] for one in json.loads(report.read_text())["results"]] == ["a"]


@pytest.mark.parametrize("name", [*ENDING, "SIGKILL"])
def test_a_hooks_command_does_not_outlive_the_program(name: str, tmp_path: Path):
    agent = tmp_path / "agent.toml"
    agent.write_text(HOOK)
    with started("text", "-c", agent, "--trust", agent, "--no-record", "Hello.") as child:
        wait_for((tmp_path / "began").exists)
        wait_for(lambda: bool(hooks_of(child.pid)))
        (hook,) = hooks_of(child.pid)
        child.send_signal(getattr(signal, name))
        child.wait(20)
        wait_for(lambda: not runs(hook))


def hooks_of(parent: int) -> list[int]:
    """The sleeping children of a process."""
    listed = subprocess.run(["ps", "-o", "pid=,comm=", "--ppid", str(parent)], capture_output=True, text=True)
    return [int(line.split()[0]) for line in listed.stdout.splitlines() if line.split()[1] == "sleep"]
