"""Hours of talk in minutes: what grows, what is left, and whether the recording verifies.

    python -m tests.bench.soak [--sound-minutes 120] [--factor 12] [--seed 1]

Client and server with a real socket between them (through a proxy that cuts the line every three minutes),
full duplex, recorded, with everything by chance: questions, interruptions, typed words, tools, mutes. Sound
runs ``factor`` times as fast as on a clock; voice, ears and thoughts are scripted, for they are not what
is looked at. Memory is that of both sides and of this script together.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import os
import random
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

from realtime_cli.audio.pcm import FRAME_MS, FRAME_SAMPLES, Samples, silence
from realtime_cli.audio.playout import Playout
from realtime_cli.client import effects, inputs
from realtime_cli.recording.reader import read
from realtime_cli.recording.verify import verify
from realtime_cli.server.engine.ports import EngineCall, EngineText, ReplyRequest
from realtime_cli.tools.result import ToolResult
from tests.kit.bad_wire import BadWire, bad_wire
from tests.kit.live_session import Live, live, serving
from tests.kit.scripted_engine import ScriptedEngine

TICK_S = 0.02
CUT_EVERY_S = 180
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
        return "something was said"

    async def _reply(self, request: ReplyRequest) -> AsyncIterator[EngineText | EngineCall]:
        after_tool = bool(request.items) and request.items[-1].get("type") == "function_call_output"
        if request.tools and not after_tool and self._chance.random() < 1 / 6:
            yield EngineCall("clock", "{}")
            return
        for _ in range(self._chance.randint(1, 3)):
            yield EngineText(" ".join(["word"] * self._chance.randint(2, 15)) + ".")


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
    level_dbfs = -30.0
    latency_s = 0.0

    def __init__(self, factor: int, voice: Iterator[Samples]) -> None:
        self.playout = Playout(lambda: self.sound_s)
        self.sound_s = 0.0
        self._factor = factor
        self._voice = voice
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
            for _ in range(round(self._factor * TICK_S * 1000 / FRAME_MS)):
                self.sound_s += FRAME_MS / 1000
                block = self.playout.pull(FRAME_SAMPLES)
                if self.on_played:
                    self.on_played(block)
                if self._deliver:
                    self._deliver(next(self._voice))


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
            case inputs.Received(event=event) if event.type in ("response.done", "error"):
                self._counts[event.type] += 1


async def soak(sound_minutes: float, factor: int, seed: int, folder: Path) -> Soaked:
    """Talk for so many minutes of sound; everything by chance, but by the same chance for the same seed."""
    chance, seen = random.Random(seed), Soaked()
    gc.collect()  # what ran in this process before may have left files for the collector to close
    files, tasks = open_files(), asyncio.all_tasks()
    recording = folder / "soak.jsonl"
    sound = Sound(factor, voice(chance))
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
    async with (
        serving(Chatty(chance)) as server,
        bad_wire(server.url) as wire,
        live(
            wire.url,
            record=recording,
            keep=100,
            patch=patch,
            reconnect_tries=20,
            edges={"microphone": sound, "speaker": sound, "tools": Clock()},
        ) as talk,
    ):
        talk.duplex._observers.append(Counting(seen.counts))
        recorder: Any = talk.duplex._observers[0]
        sound.on_played = lambda block: recorder.played(talk.duplex.now(), block)
        await talk.ready()
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


def open_files() -> int:
    return len(os.listdir("/proc/self/fd"))


def resident_mib() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--sound-minutes", type=float, default=120)
    parser.add_argument("--factor", type=int, default=12)
    parser.add_argument("--seed", type=int, default=1)
    wanted = parser.parse_args()
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
