"""Does the canceller let echo through? Compares what it gives with what the loudspeaker got.

When the way of the sound changes at once (a device hiccups, the laptop is moved), the canceller needs a
second to learn it, and the echo passes like a voice. But the echo is the reference over again: over
100 ms its correlation with it, at the best delay, is 1.0 where nothing reflects and 0.6 to 0.8 in a room;
that of a user is not (95th percentile over recorded speech: 0.35; for the same voice 0.69).
"""

from __future__ import annotations

from collections import deque

import numpy as np

from realtime_cli.audio.pcm import SAMPLES_PER_MS, Floats, Samples, dbfs, silence, to_float

WINDOW_SAMPLES = 100 * SAMPLES_PER_MS
MAX_DELAY_SAMPLES = 400 * SAMPLES_PER_MS
FFT_SAMPLES = 16_384  # the next power of two above delay and twice the window
ALIKE = 0.8
AUDIBLE_DBFS = -55.0


class EchoLeakDetector:
    """Frames in; costs 0.5 ms, and that only while the canceller's output is audible."""

    def __init__(self) -> None:
        self._given = _Last(MAX_DELAY_SAMPLES + WINDOW_SAMPLES)
        self._left = _Last(WINDOW_SAMPLES)
        self.likeness = 0.0
        """Of what was left last to the reference, 0 to 1."""

    def frame(self, reference: Samples, left: Samples) -> bool:
        """Whether ``left``, with what came before it, is the reference over again."""
        self._given.add(reference)
        self._left.add(left)
        audible = dbfs(left) > AUDIBLE_DBFS
        self.likeness = self._compare() if audible else 0.0
        return self.likeness > ALIKE

    def _compare(self) -> float:
        """The greatest normalised cross-correlation over all delays, 0 to 1."""
        given, left = self._given.samples, self._left.samples
        spectrum = np.fft.rfft(given, FFT_SAMPLES) * np.conj(np.fft.rfft(left, FFT_SAMPLES))
        products = np.abs(np.fft.irfft(spectrum, FFT_SAMPLES)[: MAX_DELAY_SAMPLES + 1])
        sums = np.concatenate([[0.0], np.cumsum(np.square(given, dtype=np.float64))])
        energies = sums[WINDOW_SAMPLES:] - sums[:-WINDOW_SAMPLES]
        own = float(np.square(left, dtype=np.float64).sum())
        floor = WINDOW_SAMPLES * 1e-6  # -60 dBFS: a reference softer than that makes no echo
        return float(np.max(products / np.sqrt(np.maximum(energies, floor) * max(own, 1e-12))))


class _Last:
    """The last ``count`` samples of a stream; put together only when they are asked for."""

    def __init__(self, count: int) -> None:
        self._count = count
        self._blocks: deque[Samples] = deque([silence(count)])
        self._kept = count

    def add(self, block: Samples) -> None:
        self._blocks.append(block)
        self._kept += len(block)
        while self._kept - len(self._blocks[0]) >= self._count:
            self._kept -= len(self._blocks.popleft())

    @property
    def samples(self) -> Floats:
        return to_float(np.concatenate(self._blocks)[-self._count :])
