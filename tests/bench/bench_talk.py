"""The whole client, screen on, on virtual devices against a server in another process.

    python -m tests.bench.bench_talk [SECONDS]

Prints: start to open WebSocket; CPU and memory of a minute of full-duplex talk; microphone frame to
socket and socket to playout buffer; and, with the local agent inside, the time from the last sample of
the user's speech (plus the configured silence) to the first played sample.
"""

from __future__ import annotations

import json
import os
import pty
import re
import resource
import statistics
import subprocess
import sys
import tempfile
import termios
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from realtime_cli.client import effects, inputs
from realtime_cli.protocol import server_events as s
from realtime_cli.recording.reader import read
from tests.kit.speech import clip_path
from tests.kit.virtual_devices import VirtualDevices, running

QUESTIONS = ("heart-04", "michael-05", "more-talk-02", "heart-06", "human-08", "heart-01", "michael-01")
SILENCE_MS = 480


class OnAScreen:
    """A ``talk`` on a terminal of 100 by 30, whose output is read and thrown away."""

    def __init__(
        self, devices: VirtualDevices, *arguments: str, module: str = "realtime_cli", **environ: str
    ) -> None:
        self.terminal, inner = pty.openpty()
        termios.tcsetwinsize(inner, (30, 100))  # without a size there would be no screen
        environment = {**devices.environment(), "TERM": "xterm-256color"} | environ
        self.began = time.monotonic()
        self.child = subprocess.Popen(
            [sys.executable, "-m", module, "talk", *arguments],
            env=environment,
            stdin=inner,
            stdout=inner,
            stderr=inner,
            start_new_session=True,
        )
        os.close(inner)
        threading.Thread(target=self._drain, daemon=True).start()

    def _drain(self) -> None:
        try:
            while os.read(self.terminal, 65536):
                pass
        except OSError:
            pass

    def status(self, field: str) -> int:
        return int(re.search(rf"{field}:\s+(\d+)", Path(f"/proc/{self.child.pid}/status").read_text())[1])  # type: ignore[index]

    def cpu_s(self) -> float:
        fields = Path(f"/proc/{self.child.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def stop(self) -> None:
        self.child.terminate()
        self.child.wait(timeout=10)


def wait_for(path: Path, word: str) -> float:
    deadline = time.monotonic() + 30
    while not (path.exists() and word in path.read_text()):
        assert time.monotonic() < deadline, f"no {word} within 30 s"
        time.sleep(0.005)
    return time.monotonic()


def converse(devices: VirtualDevices, until: float) -> None:
    """Ask questions in turn until the time is over."""
    number = 0
    while time.monotonic() < until:
        devices.speak(clip_path(QUESTIONS[number % len(QUESTIONS)]))
        time.sleep(0.7)
        devices.silence(0.8)
        number += 1


@contextmanager
def serving() -> Iterator[str]:
    """The local server in a process of its own."""
    command = [sys.executable, "-m", "realtime_cli", "serve", "--port", "0"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as server:
        assert server.stderr is not None
        yield next(found[0] for line in server.stderr if (found := re.search(r"ws://\S+", line)))
        server.terminate()


def client_alone(devices: VirtualDevices, folder: Path, seconds: float) -> None:
    with serving() as address:
        recording = folder / "alone.jsonl"
        talk = OnAScreen(devices, "--base-url", address, "--record", str(recording))
        opened = wait_for(recording, "session.created") - talk.began
        time.sleep(2)
        cpu, began = talk.cpu_s(), time.monotonic()
        converse(devices, began + seconds)
        used, took = talk.cpu_s() - cpu, time.monotonic() - began
        print(f"start to session.created       {1000 * opened:6.0f} ms")
        print(f"CPU of a minute of talk        {used * 60 / took:6.1f} s")
        print(f"resident, at most              {talk.status('VmHWM') / 1024:6.0f} MiB")
        talk.stop()
        entries = [entry.value for entry in read(recording).entries()]
        lags = [v.data["loop_lag_ms"] for v in entries if isinstance(v, inputs.Noted) and v.topic == "lag"]
        print(f"loop late by more than 50 ms   {len(lags):6d} times, at worst {max(lags, default=0)} ms")


def path_of_a_frame(devices: VirtualDevices, folder: Path, seconds: float) -> None:
    stamps = folder / "stamps.json"
    with serving() as address:
        talk = OnAScreen(
            devices,
            "--base-url",
            address,
            "--no-record",
            module="tests.bench.stamped_talk",
            STAMPS=str(stamps),
        )
        time.sleep(4)
        converse(devices, time.monotonic() + seconds)
        talk.stop()
    for name, values in json.loads(stamps.read_text()).items():
        p50, p99 = statistics.median(values), statistics.quantiles(values, n=100)[98]
        what = {
            "to_socket": "microphone block to socket",
            "loud_to_socket": "the same of loud sound",
            "to_playout": "socket to playout buffer",
        }[name]
        print(
            f"{what:<30} {p50:6.1f} ms median, {p99:.1f} ms p99, {max(values):.1f} ms worst of {len(values)}"
        )


def answers(devices: VirtualDevices, folder: Path) -> None:
    recording = folder / "local.jsonl"
    talk = OnAScreen(devices, "--config", "configs/local.toml", "--record", str(recording))
    listening = wait_for(recording, "session.updated") - talk.began
    devices.silence(2.0)
    converse(devices, time.monotonic() + 40)
    talk.stop()
    waits = first_sounds(recording)
    print(f"start to listening             {1000 * listening:6.0f} ms")
    print(
        f"silence to first played sample {statistics.median(waits):6.0f} ms median of {len(waits)}, "
        f"worst {max(waits):.0f}"
    )


def first_sounds(recording: Path) -> list[float]:
    """Milliseconds from the end of the configured silence to the first played sample of the answer."""
    waits: list[float] = []
    stopped_at: float | None = None
    appended: list[tuple[float, float]] = []  # ms of sound sent so far, when
    total_ms = 0.0
    for entry in read(recording).entries():
        value: Any = entry.value
        if isinstance(value, effects.Send) and value.event.type == "input_audio_buffer.append":
            total_ms += len(value.event.audio or "") * 3 / 4 / 48
            appended.append((total_ms, entry.at))
        elif isinstance(value, inputs.Received) and isinstance(value.event, s.InputAudioBufferSpeechStopped):
            end_ms = value.event.audio_end_ms or 0
            stopped_at = next((at for ms, at in appended if ms >= end_ms), value.at)
        elif isinstance(value, inputs.Played) and stopped_at is not None:
            waits.append(1000 * (value.at - value.heard_ms / 1000 - stopped_at))
            stopped_at = None
    return waits


def main() -> None:
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 60.0
    with running() as devices, tempfile.TemporaryDirectory() as folder:
        client_alone(devices, Path(folder), seconds)
        path_of_a_frame(devices, Path(folder), seconds / 2)
        answers(devices, Path(folder))
    print(
        f"(this script and its children: {resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime:.0f} s CPU)"
    )


if __name__ == "__main__":
    main()
