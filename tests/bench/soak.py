"""Hours of talk in minutes: what grows, what is left, and whether the recording verifies.

    python -m tests.bench.soak [--sound-minutes 120] [--factor 12] [--seed 1]
    python -m tests.bench.soak --turns 700 [--apart] [--trace]

Client and server with a real socket between them (through a proxy that cuts the line every three minutes),
full duplex, recorded, with everything by chance: questions, interruptions, typed words, tools, mutes. Sound
runs ``factor`` times as fast as on a clock; voice, ears and thoughts are scripted, for they are not what
is looked at. Memory is that of both sides and of this script together.

``--turns``: what a turn leaves in memory. Spoken turns one after the other, on a screen, each as soon as the
last is over; some interrupt the answer, some call a tool. ``--apart``: the server in a process of its own.
``--trace``: what Python keeps, by the line that made it (half as fast).
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import os
import random
import re
import subprocess
import sys
import tempfile
import time
import tracemalloc
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field
from itertools import chain, islice, repeat
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

from realtime_cli.audio.pcm import FRAME_MS, FRAME_SAMPLES, Samples, silence
from realtime_cli.audio.playout import Playout
from realtime_cli.client import effects, inputs
from realtime_cli.protocol import server_events as s
from realtime_cli.recording.reader import read
from realtime_cli.recording.verify import verify
from realtime_cli.server.engine.ports import EngineCall, EngineText, ReplyRequest
from realtime_cli.tools.result import ToolResult
from realtime_cli.tui.screen import LiveScreen, terminal_console
from realtime_cli.tui.terminal import Terminal
from tests.kit.bad_wire import BadWire, bad_wire
from tests.kit.live_session import Live, live, serving
from tests.kit.scripted_engine import ScriptedEngine
from tests.tui.pseudo_terminal import pseudo_terminal

TICK_S = 0.02
CUT_EVERY_S = 180
TURNS_FACTOR = 25
PATIENCE_S = 120
TRACED_LINES = 25
SCREEN = {"TERM": "xterm-256color"}
WARM_UP_S = 600
LOUD: Samples = np.full(FRAME_SAMPLES, 8000, np.int16)
QUIET: Samples = silence(FRAME_SAMPLES)


class Chatty(ScriptedEngine):
    """Answers of any length, one in six with a tool; remembers nothing."""

    def __init__(self, chance: random.Random) -> None:
        super().__init__()
        self._chance = chance
        self.sentences = self.speeds = self.heard_ms = Forgetful()

    @property
    def reply(self) -> Any:
        return SimpleNamespace(reply=self._reply)

    def transcribe(self, samples: Samples) -> str:
        return self._sentence()

    async def _reply(self, request: ReplyRequest) -> AsyncIterator[EngineText | EngineCall]:
        after_tool = bool(request.items) and request.items[-1].get("type") == "function_call_output"
        if request.tools and not after_tool and self._chance.random() < 1 / 6:
            yield EngineCall("clock", "{}")
            return
        for _ in range(self._chance.randint(1, 3)):
            yield EngineText(self._sentence())

    def _sentence(self) -> str:
        """Words that were hardly said before."""
        words = ("".join(self._chance.choices("aeioulnrst", k=self._chance.randint(2, 9))) for _ in range(15))
        return " ".join(islice(words, self._chance.randint(2, 15))) + "."


class Forgetful(list[Any]):
    def append(self, value: Any) -> None:
        pass

    def __len__(self) -> int:
        return 0


class Clock:
    """The tool."""

    def subscribe(self, listener: Any) -> None:
        pass

    async def call(self, call_id: str, name: str, arguments: str) -> ToolResult:
        await asyncio.sleep(0.01)
        return ToolResult("noon")

    async def approve(self, call_id: str, name: str, arguments: str) -> None:
        pass

    async def close(self) -> None:
        pass


class Sound:
    """Microphone and loudspeaker on one quick clock; ``sound_s`` is how much of it has passed."""

    on_played: Callable[[Samples], None] | None = None
    has_room: Callable[[], bool] | None = None  # whether the wire keeps up
    level_dbfs = -30.0
    latency_s = 0.0

    def __init__(self, factor: int, voice: Iterator[Samples]) -> None:
        self.playout = Playout(lambda: self.sound_s)
        self.sound_s = 0.0
        self._factor = factor
        self.voice = voice
        self._deliver: Callable[[Samples | None], None] | None = None
        self._task: asyncio.Task[None] | None = None

    def start(self, deliver: Callable[[Samples | None], None] | None = None) -> None:
        self._deliver = deliver or self._deliver
        self._task = self._task or asyncio.create_task(self._run(), name="sound")

    def stop_now(self) -> tuple[inputs.HeardItem, ...]:
        return self.playout.stop()

    async def drained(self) -> None:
        pass

    async def close(self) -> None:
        if self._task:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None

    async def _run(self) -> None:
        due = time.monotonic()
        while True:
            due += TICK_S
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            due = max(due, time.monotonic() - 0.2)  # a busy machine is not to be chased
            if self.has_room and not self.has_room():
                continue
            for _ in range(round(self._factor * TICK_S * 1000 / FRAME_MS)):
                self.sound_s += FRAME_MS / 1000
                block = self.playout.pull(FRAME_SAMPLES)
                if self.on_played:
                    self.on_played(block)
                if self._deliver:
                    self._deliver(next(self.voice))


def voice(chance: random.Random) -> Iterator[Samples]:
    """Somebody who talks now and then, and does not always wait for the end of an answer."""
    while True:
        for _ in range(chance.randint(15, 75)):
            yield LOUD
        for _ in range(chance.randint(40, 300)):
            yield QUIET


@dataclass
class Soaked:
    """What was seen. Memory in MiB by sound minute."""

    memory: list[float] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    files_left: int = 0
    tasks_left: list[str] = field(default_factory=list)
    steps: int = 0
    differing: int = 0
    recording_mib: float = 0.0

    @property
    def growth(self) -> float:
        """The last minutes against those after the first ten, as a share; 0 for a short run."""
        warm = self.memory[WARM_UP_S // 60 :]
        if len(warm) < 10:
            return 0.0
        return float(np.median(warm[-5:]) / np.median(warm[:5]) - 1)


class Counting:
    """An observer that counts what happened."""

    def __init__(self, counts: Counter[str]) -> None:
        self._counts = counts

    def observe(self, entry: Any) -> None:
        match entry.value:
            case effects.StopPlayback():
                self._counts["interruptions"] += 1
            case effects.CallTool():
                self._counts["tool calls"] += 1
            case inputs.Connected():
                self._counts["connections"] += 1
            case inputs.Pressed():
                self._counts["keys"] += 1
            case inputs.Typed():
                self._counts["typed"] += 1
            case inputs.Received(event=s.InputAudioBufferCommitted()):
                self._counts["turns"] += 1
                self._counts["unanswered"] = 1
            case inputs.Received(event=s.ResponseDone(response=response)) if response.status == "completed":
                if any(item.type == "message" for item in response.output or ()):
                    self._counts["unanswered"] = 0
                self._counts["response.done"] += 1
            case inputs.Received(event=event) if event.type in ("response.done", "error"):
                self._counts[event.type] += 1


@asynccontextmanager
async def talking(url: str, sound: Sound, recording: Path, counts: Counter[str]) -> AsyncIterator[Live]:
    """A recorded full-duplex talk with a tool, once it is ready."""
    tools = [{"type": "function", "name": "clock", "description": "Tells the time", "parameters": {}}]
    patch = {
        "type": "realtime",
        "tools": tools,
        "audio": {
            "input": {
                "transcription": {"model": "whisper-1"},
                "turn_detection": {"type": "server_vad", "silence_duration_ms": 300},
            }
        },
    }
    async with live(
        url,
        record=recording,
        keep=100,
        socket={"ping_interval_s": None},  # a busy machine is no dead line
        patch=patch,
        reconnect_tries=20,
        edges={"microphone": sound, "speaker": sound, "tools": Clock()},
    ) as talk:
        talk.duplex._observers.append(Counting(counts))
        recorder: Any = talk.duplex._observers[0]
        sound.on_played = lambda block: recorder.played(talk.duplex.now(), block)
        await talk.ready()
        yield talk


async def soak(sound_minutes: float, factor: int, seed: int, folder: Path) -> Soaked:
    """Talk for so many minutes of sound; everything by chance, but by the same chance for the same seed."""
    chance, seen = random.Random(seed), Soaked()
    gc.collect()  # what ran in this process before may have left files for the collector to close
    files, tasks = open_files(), asyncio.all_tasks()
    recording = folder / "soak.jsonl"
    sound = Sound(factor, voice(chance))
    async with (
        serving(Chatty(chance)) as server,
        bad_wire(server.url) as wire,
        talking(wire.url, sound, recording, seen.counts) as talk,
    ):
        await meddle(talk, wire, sound, chance, seen, sound_minutes * 60)
    for _ in range(50):  # on a busy machine the last ones take their time
        await asyncio.sleep(0.1)
        if not asyncio.all_tasks() - tasks:
            break
    gc.collect()
    seen.files_left = open_files() - files
    seen.tasks_left = [task.get_name() for task in asyncio.all_tasks() - tasks]
    seen.recording_mib = recording.stat().st_size / 2**20
    verdict = await asyncio.to_thread(verify, read(recording))
    seen.steps, seen.differing = verdict.steps, len(verdict.different)
    return seen


async def meddle(
    talk: Live, wire: BadWire, sound: Sound, chance: random.Random, seen: Soaked, end_s: float
) -> None:
    """Keys, words and cut lines until the sound has run for ``end_s``."""
    duplex, next_minute_s, next_cut_s, muted = talk.duplex, 60.0, float(CUT_EVERY_S), False
    next_cut_s = min(next_cut_s, end_s / 2)
    while sound.sound_s < end_s:
        await asyncio.sleep(TICK_S * 5)
        assert not talk.task.done(), talk.task
        roll = chance.random()
        if roll < 0.02 or muted:
            duplex.step(inputs.Pressed(duplex.now(), "mute"))
            muted = not muted
        elif roll < 0.04:
            duplex.step(inputs.Pressed(duplex.now(), "interrupt"))
        elif roll < 0.06:
            duplex.step(inputs.Typed(duplex.now(), "And what about this?"))
        if sound.sound_s >= next_cut_s:
            next_cut_s += CUT_EVERY_S
            chance.choice([wire.reset, wire.hang_up])()
        if sound.sound_s >= next_minute_s:
            next_minute_s += 60
            seen.memory.append(resident_mib())


async def turns(
    count: int, chance: random.Random, url: str, server: int, folder: Path
) -> AsyncGenerator[tuple[int, dict[str, float]], None]:
    """Hold so many turns; after each hundred of them, what there is in memory, in KiB."""
    counts, sound = Counter[str](), Sound(TURNS_FACTOR, repeat(QUIET))
    async with (
        pseudo_terminal() as terminal,
        LiveScreen(terminal_console(terminal.stdout, SCREEN), terminal=Terminal()) as screen,
        talking(url, sound, folder / "turns.jsonl", counts) as talk,
    ):
        talk.duplex._readers.append(screen)
        sound.has_room = lambda: talk.duplex.has_room
        for number in range(1, count + 1):
            await take_turn(talk, sound, counts, cuts=chance.random() < 0.1)
            terminal.shown = ""
            if number % 100 == 0:
                yield number, memory_kib(server)


async def take_turn(talk: Live, sound: Sound, counts: Counter[str], *, cuts: bool) -> None:
    """Say something and hear the answer; ``cuts``: only its beginning, so that the next turn cuts it."""
    session, taken = talk.session, counts["turns"]
    sound.voice = chain([LOUD] * 20, repeat(QUIET))
    await talk.until(lambda: counts["turns"] > taken, PATIENCE_S)
    heard = session.playback
    await talk.until(
        lambda: heard.unheard if cuts and counts["unanswered"] else session.idle and not counts["unanswered"],
        PATIENCE_S,
    )


def memory_kib(server: int) -> dict[str, float]:
    """Of this process and of the server's, if that is another one; ``python`` where it is traced."""
    gc.collect()
    kib = {"client" if server else "both sides": anonymous_kib(os.getpid())}
    if server:
        kib["server"] = anonymous_kib(server)
    if tracemalloc.is_tracing():
        kib["python"] = tracemalloc.get_traced_memory()[0] / 1024
    return kib


@asynccontextmanager
async def served(chance: random.Random, *, apart: bool) -> AsyncIterator[tuple[str, int]]:
    """A server's address, and its process id if it is ``apart``."""
    if not apart:
        async with serving(Chatty(chance)) as inside:
            yield inside.url, 0
        return
    command = [sys.executable, "-m", "tests.bench.soak", "--serve"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield process.stdout.readline().strip(), process.pid
        process.terminate()


async def serve() -> None:
    """Be the server that is apart: tell the address, and serve until somebody ends the process."""
    async with serving(Chatty(random.Random(1))) as server:
        print(server.url, flush=True)
        await asyncio.Event().wait()


async def print_turns(count: int, seed: int, *, apart: bool, trace: bool) -> None:
    """A line for each hundred turns, what each turn left after the first hundred, and (traced) where."""
    chance, told, snapshots = random.Random(seed), list[tuple[int, dict[str, float]]](), list[Any]()
    if trace:
        tracemalloc.start()
    with tempfile.TemporaryDirectory() as folder:
        async with (
            served(chance, apart=apart) as (url, server),
            aclosing(turns(count, chance, url, server, Path(folder))) as held,
        ):
            async for number, kib in held:
                sizes = (f"{name} {size:.0f}" for name, size in kib.items())
                print(f"{number:5d} turns, KiB:", *sizes, flush=True)
                told.append((number, kib))
                if trace and (len(told) == 1 or number > count - 100):
                    snapshots.append(tracemalloc.take_snapshot())
    (first, least), (last, most) = told[0], told[-1]
    for name in least:
        print(f"a turn leaves in {name}: {(most[name] - least[name]) / (last - first):.2f} KiB")
    grown = snapshots[-1].compare_to(snapshots[0], "lineno") if trace else ()
    for line in grown[:TRACED_LINES]:
        kib_a_turn = line.size_diff / 1024 / (last - first)
        print(f"{kib_a_turn:7.3f} KiB a turn, {line.count_diff:+6d}: {line.traceback[0]}")


def open_files() -> int:
    return len(os.listdir("/proc/self/fd"))


def anonymous_kib(pid: int) -> float:
    """The process's own memory: what is mapped from files does not count."""
    found = re.search(r"RssAnon:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())
    assert found
    return float(found[1])


def resident_mib() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--sound-minutes", type=float, default=120)
    parser.add_argument("--factor", type=int, default=12)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--turns", type=int)
    parser.add_argument("--apart", action="store_true")
    parser.add_argument("--trace", action="store_true")
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    wanted = parser.parse_args()
    if wanted.serve:
        asyncio.run(serve())
    elif wanted.turns:
        asyncio.run(print_turns(wanted.turns, wanted.seed, apart=wanted.apart, trace=wanted.trace))
    else:
        print_soak(wanted)


def print_soak(wanted: argparse.Namespace) -> None:
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        seen = asyncio.run(soak(wanted.sound_minutes, wanted.factor, wanted.seed, Path(folder)))
    print(f"{wanted.sound_minutes:g} minutes of talk in {time.monotonic() - began:.0f} s")
    print(", ".join(f"{count} {name}" for name, count in sorted(seen.counts.items())))
    print("memory by ten minutes, MiB:", *(round(mib) for mib in seen.memory[::10]))
    print(f"growth after the first ten minutes: {100 * seen.growth:+.1f} %")
    print(f"left open: {seen.files_left} files, {len(seen.tasks_left)} tasks {seen.tasks_left or ''}")
    print(f"recording: {seen.recording_mib:.0f} MiB, {seen.steps} steps, {seen.differing} of them differ")


if __name__ == "__main__":
    main()
