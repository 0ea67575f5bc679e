"""What was given to the loudspeaker (the far end), in step with the microphone, for the echo canceller.

It must not slip: a slip of 20 ms each second costs 15 dB. So each microphone frame takes exactly its
length of far end; what comes late is dropped, as much as was missing; and where one clock has lost time
for good, both are aligned once more, which the canceller needs about a second to learn. Until the first
sound nothing is lost by aligning, so every frame does: devices start in bursts.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import numpy as np

from realtime_cli.audio.pcm import FRAME_MS, SAMPLES_PER_MS, Samples, silence


@dataclass(frozen=True, slots=True)
class FarEndTuning:
    """When the two clocks count as apart."""

    capacity_ms: int = 5000  # kept while nobody takes; the oldest goes first
    missed_ms: int = 60  # so much missing within a short time is a slip, not jitter: align again
    forgiven_share: float = 1 / 50  # of what is taken: missing sound is forgotten at this rate
    drift_window_ms: int = 2000  # too much in hand all that time is drift, not jitter
    lost_window_ms: int = 300  # far too much all that time: the microphone has lost sound
    lost_ms: int = 60


class FarEnd:
    """A ring of int16 mono samples at 24 kHz: blocks of any length in, frames of any length out.

    One thread puts, another takes; each writes counters of its own, so there is no lock. ``ahead_ms`` is
    kept in hand against jitter; it must stay below both devices' latencies together.
    """

    def __init__(self, ahead_ms: int = FRAME_MS, tuning: FarEndTuning = FarEndTuning()) -> None:
        self._ahead = ahead_ms * SAMPLES_PER_MS
        self._missed_to_realign = tuning.missed_ms * SAMPLES_PER_MS
        self._forgiven_share = tuning.forgiven_share
        self._lost_window = tuning.lost_window_ms * SAMPLES_PER_MS
        self._lost = tuning.lost_ms * SAMPLES_PER_MS
        self._windows: deque[int] = deque(maxlen=tuning.drift_window_ms // tuning.lost_window_ms)
        self._ring = silence(tuning.capacity_ms * SAMPLES_PER_MS)
        self._written = 0  # by the audio thread only
        self._end = self._start = 0  # what is in hand, as sample numbers since the beginning
        self._aligned = False
        self._late = 0  # samples that were missing and are still to come
        self._lately_missed = 0.0
        self._sounded = False
        self._lowest = len(self._ring)
        self._watched = self._watched_from = 0
        self.misses = 0
        self.realigned = 0

    def put(self, block: Samples) -> None:
        """On the audio thread: copy into the ring."""
        at = self._written % len(self._ring)
        head = min(len(block), len(self._ring) - at)
        self._ring[at : at + head] = block[:head]
        self._ring[: len(block) - head] = block[head:]
        self._written += len(block)

    def take(self, count: int) -> Samples:
        """The far end of a microphone frame of ``count`` samples; zeros where there is none."""
        self._end = self._written
        self._start = max(self._start, self._end - len(self._ring))
        self._skip_late()
        if not self._aligned and not self._align(count):
            return silence(count)
        if self._in_hand < count:
            return self._miss(count)
        self._lately_missed = max(0.0, self._lately_missed - self._forgiven_share * count)
        self._watch_drift(count)
        self._start += count
        return self._samples(self._start - count, self._start)

    @property
    def behind(self) -> bool:
        """Whether far too much is in hand just now: frames are waiting, or the microphone has lost sound."""
        return self._in_hand > 2 * self._ahead + self._lost

    @property
    def _in_hand(self) -> int:
        return self._end - self._start

    def _samples(self, start: int, end: int) -> Samples:
        at, count = start % len(self._ring), end - start
        if at + count <= len(self._ring):
            return self._ring[at : at + count].copy()
        return np.concatenate([self._ring[at:], self._ring[: at + count - len(self._ring)]])

    def _align(self, count: int) -> bool:
        """Have just enough in hand; for good as soon as there is sound in it."""
        if self._in_hand < count + self._ahead:
            return False
        self._sounded = self._sounded or bool(self._samples(self._start, self._end).any())
        self._aligned = self._sounded
        self._start = self._end - count - self._ahead
        return True

    def _skip_late(self) -> None:
        """Drop what came late: zeros were used in its place."""
        skipped = min(self._late, self._in_hand)
        self._start += skipped
        self._late -= skipped

    def _miss(self, count: int) -> Samples:
        self.misses += 1
        self._lately_missed += count
        if self._lately_missed > self._missed_to_realign:
            self._aligned, self._late, self._lately_missed = False, 0, 0.0
            self.realigned += 1
        else:
            self._late += count
        return silence(count)

    def _watch_drift(self, count: int) -> None:
        """Jitter adds for a moment to what is in hand; what is never used shows that a clock is ahead.

        A burst of waiting frames, in which nothing new is played, says nothing.
        """
        if not self._watched:
            self._watched_from = self._end
        self._lowest = min(self._lowest, self._in_hand - count)
        self._watched += count
        if min(self._watched, self._end - self._watched_from) < self._lost_window:
            return
        self._windows.append(self._lowest)
        lost = self._lowest > 2 * self._ahead + self._lost
        drifted = len(self._windows) == self._windows.maxlen and min(self._windows) > 2 * self._ahead
        if lost or drifted:
            self._start += (self._lowest if lost else min(self._windows)) - self._ahead
            self.realigned += 1
            self._windows.clear()
        self._watched, self._lowest = 0, len(self._ring)
