"""The same talk on virtual devices over Realtime and over Live, in turn: gaps, latency, CPU.

    python -m tests.bench.bench_live [SECONDS] [ROUNDS]

Questions are asked in turn, and every third answer is interrupted 2.5 s after the question. The server is in
a process of its own and asks a chat endpoint that always answers at length.
"""

from __future__ import annotations

import asyncio
import re
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from realtime_cli.client import inputs
from realtime_cli.conversation import events as e
from realtime_cli.conversation.narrated import narrate, narrator_of
from realtime_cli.conversation.turns import TurnLog
from realtime_cli.recording.reader import read
from tests.bench.bench_talk import QUESTIONS, OnAScreen, wait_for
from tests.kit.chat_server import ChatServer, text
from tests.kit.speech import clip_path
from tests.kit.virtual_devices import VirtualDevices, running

ANSWER = "That is a good question. Let me think about it aloud, one step after the other, until you stop me."
INTERRUPTED_AFTER_S = 2.5


@contextmanager
def chatting() -> Iterator[str]:
    """A chat endpoint in a thread."""
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, daemon=True).start()
    server = ChatServer([text(ANSWER)])
    asyncio.run_coroutine_threadsafe(server.__aenter__(), loop).result()
    yield server.url
    loop.call_soon_threadsafe(loop.stop)


@contextmanager
def serving(chat_url: str) -> Iterator[str]:
    """The local server; yields its address without the path."""
    chat = ("--set", f"local.chat_url={chat_url}", "--set", "local.chat_model=small")
    command = [sys.executable, "-m", "realtime_cli", "serve", "--port", "0", *chat]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as server:
        assert server.stderr is not None
        yield next(found[0] for line in server.stderr if (found := re.search(r"ws://[\d.:]+", line)))
        server.terminate()


def converse(devices: VirtualDevices, seconds: float) -> int:
    """Returns how many questions were asked."""
    until, number = time.monotonic() + seconds, 0
    while time.monotonic() < until:
        devices.speak(clip_path(QUESTIONS[number % len(QUESTIONS)]))
        time.sleep(INTERRUPTED_AFTER_S)
        if number % 3 != 2:
            devices.silence(1.0)
        number += 1
    return number


def talk(devices: VirtualDevices, protocol: str, address: str, folder: Path, seconds: float) -> None:
    kept = folder / f"{protocol}-{time.monotonic():.0f}.jsonl"
    path = {"live": "/v1/live/sessions", "realtime": "/v1/realtime"}[protocol]
    said = ("--set", f"connection.protocol={protocol}", "--set", "conversation.greet=false")
    screen = OnAScreen(devices, "--base-url", address + path, *said, "--record", str(kept))
    wait_for(kept, {"live": "session.started", "realtime": "session.created"}[protocol])
    time.sleep(2)
    cpu, began = screen.cpu_s(), time.monotonic()
    asked = converse(devices, seconds)
    used, took = screen.cpu_s() - cpu, time.monotonic() - began
    screen.stop()
    report(protocol, kept, asked, used * 60 / took)


def report(protocol: str, kept: Path, asked: int, cpu_s_a_minute: float) -> None:
    recording = read(kept)
    entries = list(recording.entries())
    told = list(narrate(entries, narrator_of(recording.header.options())))
    log = TurnLog()
    for event in told:
        log.observe(event)
    cut = sum(isinstance(event, e.AgentInterrupted) for event in told)
    states = [entry.value for entry in entries if isinstance(entry.value, inputs.SoundState)]
    gaps = max((state.underruns for state in states), default=0)
    print(
        f"{protocol:<9} CPU {cpu_s_a_minute:.2f} s a minute, {gaps} gaps, {asked} questions, "
        f"{len(log.turns)} turns, {cut} interruptions; end of speech to first sample heard "
        f"{log.median_ms or 0:.0f} ms median, {max(log.waits_ms, default=0):.0f} worst of "
        f"{len(log.waits_ms)}",
        flush=True,
    )


def main() -> None:
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 180.0
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 1
    with (
        running() as devices,
        tempfile.TemporaryDirectory() as folder,
        chatting() as chat_url,
        serving(chat_url) as address,
    ):
        for _ in range(rounds):
            for protocol in ("realtime", "live"):
                talk(devices, protocol, address, Path(folder), seconds)


if __name__ == "__main__":
    main()
