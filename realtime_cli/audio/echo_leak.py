"""Does the canceller let echo through? Compares its output with the far end.

When the echo path changes at once (a device hiccups, the laptop is moved), the canceller needs a second
to learn it, and the echo passes like a voice. But an echo is the far end over again: over 100 ms their
correlation, at the best delay, is 1.0 where nothing reflects and 0.6 to 0.8 in a room; that of a user is
not (95th percentile over recorded speech: 0.35; for the same voice 0.69).
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import numpy as np

from realtime_cli.audio.pcm import SAMPLES_PER_MS, Floats, Samples, dbfs, silence, to_float


@dataclass(frozen=True, slots=True)
class LeakTuning:
    """When the canceller's output is taken for echo."""

    window_ms: int = 100  # longer is surer; the leak is heard for as long
    max_delay_ms: int = 400  # loudspeaker to microphone, at most; costs time with its length
    correlation: float = 0.8  # lower: a user with the agent's voice is cut; higher: echo passes
    audible_dbfs: float = -55.0  # softer is not looked at: the comparison takes 0.5 ms


class EchoLeakDetector:
    """int16 mono frames at 24 kHz in. Costs 0.5 ms a frame, only while the canceller's output is audible."""

    def __init__(self, tuning: LeakTuning = LeakTuning()) -> None:
        self._tuning = tuning
        self._window = tuning.window_ms * SAMPLES_PER_MS
        self._delays = tuning.max_delay_ms * SAMPLES_PER_MS
        # A power of two above the delay plus twice the window, so that nothing wraps around.
        self._fft_size = 1 << (self._delays + 2 * self._window).bit_length()
        self._far_end = _History(self._delays + self._window)
        self._output = _History(self._window)
        self.correlation = 0.0
        """Of the last output with the far end, 0 to 1."""

    def frame(self, far_end: Samples, aec_output: Samples) -> bool:
        """Whether ``aec_output``, with what came before it, is the far end over again. Equal lengths."""
        self._far_end.add(far_end)
        self._output.add(aec_output)
        audible = dbfs(aec_output) > self._tuning.audible_dbfs
        self.correlation = self._correlate() if audible else 0.0
        return self.correlation > self._tuning.correlation

    def _correlate(self) -> float:
        """The greatest normalised cross-correlation over all delays, 0 to 1."""
        far_end, output = self._far_end.samples, self._output.samples
        spectrum = np.fft.rfft(far_end, self._fft_size) * np.conj(np.fft.rfft(output, self._fft_size))
        products = np.abs(np.fft.irfft(spectrum, self._fft_size)[: self._delays + 1])
        sums = np.concatenate([[0.0], np.cumsum(np.square(far_end, dtype=np.float64))])
        far_energies = sums[self._window :] - sums[: -self._window]
        output_energy = float(np.square(output, dtype=np.float64).sum())
        floor = self._window * 1e-6  # -60 dBFS: a softer far end makes no echo
        scale = np.sqrt(np.maximum(far_energies, floor) * max(output_energy, 1e-12))
        return float(np.max(products / scale))


class _History:
    """The last ``count`` samples of a stream; put together only when they are asked for."""

    def __init__(self, count: int) -> None:
        self._count = count
        self._blocks: deque[Samples] = deque([silence(count)])
        self._held = count

    def add(self, block: Samples) -> None:
        self._blocks.append(block)
        self._held += len(block)
        while self._held - len(self._blocks[0]) >= self._count:
            self._held -= len(self._blocks.popleft())

    @property
    def samples(self) -> Floats:
        """Shape (count,), float32 in [-1, 1)."""
        return to_float(np.concatenate(self._blocks)[-self._count :])
