"""A loudspeaker that exists only in time: it pulls a playout block by block on a clock of its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from realtime_cli.audio.pcm import SAMPLES_PER_MS, Samples
from realtime_cli.audio.playout import Playout

BLOCK_MS = 10


@dataclass
class Clock:
    """Seconds that pass only when told."""

    now: float = 100.0

    def __call__(self) -> float:
        return self.now


def tone(ms: float, value: int = 1000) -> Samples:
    """A constant: easy to count, easy to find again."""
    return np.full(round(ms * SAMPLES_PER_MS), value, np.int16)


@dataclass
class Room:
    """Pushes arrive at set times; blocks of 10 ms are pulled from time 0 on. Times in ms."""

    latency_ms: float = 0.0
    clock: Clock = field(default_factory=Clock)
    played: list[Samples] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.playout = Playout(self.clock)
        self._start_s = self.clock.now

    @property
    def now_ms(self) -> float:
        return 1000 * (self.clock.now - self._start_s)

    def run(self, until_ms: float, arrivals: Sequence[tuple[float, str, Samples | None]] = ()) -> None:
        """Let time pass; each arrival is (time, item, samples), None for samples ends the item."""
        waiting = sorted(arrivals, key=lambda arrival: arrival[0])
        blocks = round((until_ms - self.now_ms) / BLOCK_MS)
        first_ms = self.now_ms
        for block in range(blocks):
            due_ms = first_ms + block * BLOCK_MS
            while waiting and waiting[0][0] <= due_ms:
                self._arrive(*waiting.pop(0))
            self._at(due_ms)
            self.played.append(self.playout.pull(BLOCK_MS * SAMPLES_PER_MS, self.latency_ms / 1000))
        self._at(until_ms)
        for arrival in waiting:
            assert arrival[0] <= until_ms, "the room closed before everything had come"
            self._arrive(*arrival)

    def _arrive(self, at_ms: float, item: str, samples: Samples | None) -> None:
        self._at(max(at_ms, self.now_ms))
        if samples is None:
            self.playout.end(item, 0)
        else:
            self.playout.push(item, 0, samples)

    def _at(self, ms: float) -> None:
        self.clock.now = self._start_s + ms / 1000

    @property
    def sound(self) -> Samples:
        """All that was played so far."""
        return np.concatenate(self.played)

    def silence_inside_ms(self) -> float:
        """Zeros between the first and the last sample that is none."""
        (loud,) = np.nonzero(self.sound)
        inside = self.sound[loud[0] : loud[-1] + 1]
        return float(np.count_nonzero(inside == 0)) / SAMPLES_PER_MS

    def first_sound_ms(self) -> float:
        return float(np.nonzero(self.sound)[0][0]) / SAMPLES_PER_MS
