"""The clients to compare, each as a process on a terminal, talking to one address."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Callable
from pathlib import Path

from tests.bench.sound import environment

HERE = Path(__file__).parent
REPOSITORY = HERE.parents[2]
CPU_CLOCK = 2  # with the process's id above it, Linux's name for the clock of a process's CPU time


def ours(address: str, *more: str) -> list[str]:
    """This program with its screen and everything; nothing is recorded, as the others do not record."""
    command = [sys.executable, "-m", "realtime_cli", "talk", "--base-url", address, "--no-record"]
    return [*command, "--set", "conversation.greet=false", *more]


def at_rate(rate_hz: int, channels: int) -> Callable[[str], list[str]]:
    """This program on devices that take one rate and nothing else."""

    def command(address: str) -> list[str]:
        talk = ours(address, "--set", "audio.echo=off")
        return [*talk[:1], "-m", "tests.bench.sound.one_rate", str(rate_hz), str(channels), *talk[3:]]

    return command


def rival(script: str, *words: str) -> Callable[[str], list[str]]:
    """A program of this folder in the environment of the rivals."""
    return lambda address: [str(environment.python()), str(HERE / script), *words, address]


CLIENTS: dict[str, Callable[[str], list[str]]] = {
    "floor": lambda address: [sys.executable, str(HERE / "floor.py"), address],
    "ours, echo off": lambda address: ours(address, "--set", "audio.echo=off"),
    "ours, canceller": lambda address: ours(address, "--set", "audio.echo=aec"),
    "ours, 44.1 kHz": at_rate(44_100, 1),
    "ours, 48 kHz": at_rate(48_000, 2),
    "openai-agents": rival("agents_demo.py"),
    "pipecat-ai": rival("pipecat_local.py"),
    "livekit-agents": rival("livekit_console.py", "console"),
}


class OnATerminal:
    """A process on a terminal of 100 by 30, whose output is kept for the case that it fails."""

    def __init__(self, command: list[str], devices: dict[str, str]) -> None:
        self.terminal, inner = pty.openpty()
        fcntl.ioctl(inner, termios.TIOCSWINSZ, struct.pack("HHHH", 30, 100, 0, 0))
        self.began = time.monotonic()
        settings = {**devices, "TERM": "xterm-256color", "COLUMNS": "100", "LINES": "30"}
        settings |= {"OPENAI_API_KEY": "none", "OPENAI_AGENTS_DISABLE_TRACING": "1"}
        settings.pop("PYTHONDONTWRITEBYTECODE", None)
        self.child = subprocess.Popen(
            command,
            env=settings,
            cwd=REPOSITORY,
            stdin=inner,
            stdout=inner,
            stderr=inner,
            start_new_session=True,
        )
        os.close(inner)
        self.output = b""
        self._reader = threading.Thread(target=self._drain, daemon=True)
        self._reader.start()

    def _drain(self) -> None:
        try:
            while data := os.read(self.terminal, 65536):
                self.output = (self.output + data)[-20_000:]
        except OSError:
            pass

    def cpu_s(self) -> float:
        """Of all threads, those that ended too; ``/proc/PID/stat`` counts ticks of 10 ms."""
        return time.clock_gettime(~self.child.pid << 3 | CPU_CLOCK)

    def most_mib(self) -> float:
        found = re.search(r"VmHWM:\s+(\d+)", Path(f"/proc/{self.child.pid}/status").read_text())
        return int(found[1]) / 1024 if found else 0.0

    def stop(self) -> None:
        self.child.terminate()
        try:
            self.child.wait(timeout=5)
        except subprocess.TimeoutExpired:
            self.child.kill()
            self.child.wait()
        self._reader.join(timeout=2)
        os.close(self.terminal)
