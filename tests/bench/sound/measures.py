"""What is measured of a client, each as an experiment on the running process."""

from __future__ import annotations

import asyncio
import multiprocessing
import random
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from realtime_cli.audio.pcm import silence
from realtime_cli.audio.wav_file import wav_header
from tests.bench.sound.capture import Capture
from tests.bench.sound.clients import OnATerminal
from tests.bench.sound.stub import Stub, tone

BURST_MS = 40
LATE_ANSWER_MS = 4000
PAUSE_S = 0.6
SPINNING = 3


def spread(values: list[float]) -> dict[str, Any]:
    """Median, 95th percentile, worst."""
    found = np.array([value for value in values if np.isfinite(value)])
    if not len(found):
        return {"n": 0}
    return {
        "median": round(float(np.median(found)), 1),
        "p95": round(float(np.percentile(found, 95)), 1),
        "worst": round(float(found.max()), 1),
        "n": len(found),
    }


class Rig:
    """One client on virtual devices with a stub server."""

    def __init__(self, stub: Stub, client: OnATerminal, devices: dict[str, str]) -> None:
        self.stub = stub
        self.client = client
        self._devices = devices
        self.speaker = Capture("speaker.monitor", devices)
        self._chance = random.Random(7)

    def close(self) -> None:
        self.speaker.close()

    async def mouth_to_wire(self, seconds: float) -> dict[str, Any]:
        """From the arrival of a burst in a capture of the microphone to its arrival at the server, in ms."""
        microphone = Capture("mic", self._devices)
        with tempfile.NamedTemporaryFile(suffix=".wav") as file:
            parts = [silence(12_000)]
            for _ in range(_times(seconds, 0.67)):
                parts += [tone(BURST_MS), silence(self._chance.randint(12_000, 18_000))]
            sound = np.concatenate(parts).astype("<i2").tobytes()
            Path(file.name).write_bytes(wav_header(len(sound)) + sound)
            self.stub.heard.clear()
            command = ["paplay", "--device=mouth", "--latency-msec=250", file.name]
            await asyncio.to_thread(subprocess.run, command, env=self._devices, check=True)
        await asyncio.sleep(0.5)
        spoken = [begin for begin, _ in microphone.stretches(0.0)]
        microphone.close()
        heard = list(self.stub.heard)
        waits = [
            1000 * (min(later) - at)
            for at in spoken
            if (later := [wire for wire in heard if at - 0.05 < wire < at + 0.45])
        ]
        return spread(waits)

    async def wire_to_ear(self, seconds: float) -> dict[str, Any]:
        """From sending an answer of 1.2 s at once to its first sample in the loudspeaker's capture, in ms."""
        waits = []
        for _ in range(_times(seconds, 1.2 + PAUSE_S)):
            self.speaker.forget()
            left_at = await self.stub.fast_answer(1200)
            await asyncio.sleep(1.2 + PAUSE_S)
            waits.append(1000 * (self.speaker.first_loud(left_at) - left_at))
        return spread(waits)

    async def interruptions(self, seconds: float) -> dict[str, Any]:
        """Silence after ``speech_started``, and how far the truncation is from what was captured, in ms."""
        silent, off = [], []
        for _ in range(_times(seconds, 1.0 + PAUSE_S)):
            self.speaker.forget()
            item = await self.stub.begin()
            for _ in range(4):
                await self.stub.delta(item, 1000)
            await asyncio.sleep(self._chance.uniform(0.4, 1.6))
            at = await self.stub.user_speaks(item)
            await asyncio.sleep(PAUSE_S)
            await self.stub.user_stops(item)
            silent.append(max(0.0, 1000 * (self.speaker.last_loud(0.0) - at)))
            heard_ms, gaps = self.speaker.sound_ms(0.0)
            if item in self.stub.truncated:
                off.append(abs(self.stub.truncated[item] - (heard_ms - sum(gaps))))
        return {"silent_ms": spread(silent), "truncated_off_ms": spread(off)}

    async def late_wire(self, seconds: float) -> dict[str, Any]:
        """Silence inside answers from a wire with pauses of 150 to 300 ms, for each minute of speech.

        At first, and in as many seconds after that; and how much later than the wire the sound began, in ms.
        """
        answers = _times(seconds, LATE_ANSWER_MS / 1000)
        silent, delays = [0.0, 0.0], []
        for number in range(2 * answers):
            self.speaker.forget()
            left_at = await self.stub.late_answer(LATE_ANSWER_MS, self._chance)
            await asyncio.sleep(PAUSE_S + 0.4)
            silent[number // answers] += sum(self.speaker.sound_ms(0.0)[1])
            delays.append(1000 * (self.speaker.first_loud(left_at) - left_at))
        minutes = answers * LATE_ANSWER_MS / 60_000
        return {"silent_ms_per_min": [round(ms / minutes) for ms in silent], "delay_ms": spread(delays)}

    async def beside_spinning(self, seconds: float) -> dict[str, Any]:
        """Gaps in answers beside processes that spin, for each minute of speech."""
        gaps: list[float] = []
        answers = _times(seconds, LATE_ANSWER_MS / 1000)
        with spinning(SPINNING):
            for _ in range(answers):
                self.speaker.forget()
                await self.stub.fast_answer(LATE_ANSWER_MS)
                await asyncio.sleep(LATE_ANSWER_MS / 1000 + PAUSE_S)
                gaps += self.speaker.sound_ms(0.0)[1]
        per_min = 60_000 * len(gaps) / (answers * LATE_ANSWER_MS)
        return {"gaps_per_min": round(per_min, 1), "gap_ms": [round(gap) for gap in gaps[:12]]}

    async def listening(self, seconds: float) -> dict[str, Any]:
        """CPU while nobody speaks and the microphone is open."""
        before = self._used()
        await asyncio.sleep(seconds)
        return self._cost(*before)

    async def cost(self, seconds: float) -> dict[str, Any]:
        """CPU while the agent speaks and the microphone is open, and the most memory so far."""
        before = self._used()
        for _ in range(_times(seconds, 5)):
            self.speaker.forget()
            await self.stub.fast_answer(4000)
            await asyncio.sleep(5)
        return self._cost(*before)

    def _used(self) -> tuple[float, int, float]:
        return self.client.cpu_s(), self.stub.appends, time.monotonic()

    def _cost(self, cpu_s: float, appends: int, began_at: float) -> dict[str, Any]:
        """Since there were so many seconds of CPU and appends, at that time."""
        used_s, sent, now = self._used()
        seconds = now - began_at
        return {
            "cpu_s_per_min": round((used_s - cpu_s) * 60 / seconds, 2),
            "most_mib": round(self.client.most_mib()),
            "appends_per_s": round((sent - appends) / seconds, 1),
        }


def _times(seconds: float, each_s: float) -> int:
    """How often something that takes so long fits, at least once."""
    return max(1, round(seconds / each_s))


def _spin() -> None:
    while True:
        pass


@contextmanager
def spinning(processes: int) -> Iterator[None]:
    """So many processes that do nothing but take the machine's time."""
    running = [multiprocessing.Process(target=_spin, daemon=True) for _ in range(processes)]
    for process in running:
        process.start()
    try:
        yield
    finally:
        for process in running:
            process.kill()
            process.join()
