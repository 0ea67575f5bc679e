"""Does the canceller let echo through? Compares its output with the far end.

When the echo path changes at once (a device hiccups, the laptop is moved), the canceller needs a second
to learn it, and the echo passes like a voice. But an echo is the far end over again: over 100 ms their
correlation, at the best delay, is 1.0 where nothing reflects and 0.6 to 0.8 in a room; that of a user is
not (95th percentile over recorded speech: 0.35; for the same voice 0.69).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from realtime_cli.audio.pcm import FRAME_MS, FRAME_SAMPLES, SAMPLES_PER_MS, Floats, Samples, dbfs, to_float

Spectra = npt.NDArray[np.complex64]


@dataclass(frozen=True, slots=True)
class LeakTuning:
    """When the canceller's output is taken for echo. Times are multiples of 20 ms."""

    window_ms: int = 100  # longer is surer; the leak is heard for as long
    max_delay_ms: int = 400  # loudspeaker to microphone, at most; costs time with its length
    correlation: float = 0.8  # lower: a user with the agent's voice is cut; higher: echo passes
    audible_dbfs: float = -55.0  # softer is not looked at: the comparison takes 0.1 ms


class EchoLeakDetector:
    """int16 mono frames of 20 ms at 24 kHz in; compares them only while the canceller's output is audible.

    The correlation is put together from blocks of 20 ms (overlap-save), whose spectra are kept: each frame
    has one new block, so that all delays cost little more than one.
    """

    def __init__(self, tuning: LeakTuning = LeakTuning()) -> None:
        self._tuning = tuning
        self._window = tuning.window_ms // FRAME_MS  # in blocks, as all here
        self._delays = tuning.max_delay_ms // FRAME_MS
        self._floor = tuning.window_ms * SAMPLES_PER_MS * 1e-6  # -60 dBFS: a softer far end makes no echo
        self._far_end = _Blocks(self._delays + self._window)
        self._output = _Blocks(self._window)
        self._far_spectra = _Kept((self._delays + self._window - 1, FRAME_SAMPLES + 1), np.complex64)
        self._output_spectra = _Kept((self._window, FRAME_SAMPLES + 1), np.complex64)
        self._far_sums = _Kept((self._delays + self._window, FRAME_SAMPLES + 1), np.float64)
        self.correlation = 0.0
        """Of the last output with the far end, 0 to 1; 0 where nobody looked."""

    def frame(self, far_end: Samples, aec_output: Samples, *, looks: bool = True) -> bool:
        """Whether ``aec_output``, with what came before it, is the far end over again. 480 samples each.

        ``looks``: whether anybody wants to know; the comparison costs more than all else here.
        """
        self._far_end.add(far_end)
        self._output.add(aec_output)
        for kept in (self._far_spectra, self._output_spectra, self._far_sums):
            kept.late += 1
        self.correlation = 0.0
        if not looks:
            return False
        audible = dbfs(aec_output) > self._tuning.audible_dbfs
        self.correlation = self._correlate() if audible else 0.0
        return self.correlation > self._tuning.correlation

    def _correlate(self) -> float:
        """The greatest normalised cross-correlation over all delays, 0 to 1."""
        output = to_float(self._output.samples)
        far_spectra = self._far_spectra.with_new(self._new_far_spectra)
        spectra = self._output_spectra.with_new(self._new_output_spectra)
        product = far_spectra[: self._delays] * spectra[0]
        for block in range(1, self._window):
            product += far_spectra[block : block + self._delays] * spectra[block]
        products = np.fft.irfft(product, 2 * FRAME_SAMPLES)[:, :FRAME_SAMPLES]
        delayed = float(np.max(np.square(products) / self._far_energies()))
        latest = to_float(self._far_end.samples[-len(output) :])
        at_once = float(np.dot(latest, output)) ** 2 / self._energy(latest)
        return math.sqrt(max(delayed, at_once) / max(float(np.dot(output, output)), 1e-12))

    def _energy(self, samples: Floats) -> float:
        return max(float(np.dot(samples, samples)), self._floor)

    def _new_output_spectra(self, late: int) -> Spectra:
        """Conjugates of those of the last blocks."""
        latest = to_float(self._output.samples[-late * FRAME_SAMPLES :]).reshape(late, FRAME_SAMPLES)
        found: Spectra = np.conj(np.fft.rfft(latest, 2 * FRAME_SAMPLES))
        return found

    def _new_far_spectra(self, late: int) -> Spectra:
        """Of the last pairs of far-end blocks."""
        latest = to_float(self._far_end.samples[-(late + 1) * FRAME_SAMPLES :])
        pairs = np.lib.stride_tricks.sliding_window_view(latest, 2 * FRAME_SAMPLES)[::FRAME_SAMPLES]
        found: Spectra = np.fft.rfft(pairs).astype(np.complex64, copy=False)
        return found

    def _far_energies(self) -> npt.NDArray[np.float64]:
        """Of the far end in a window at each delay but 0, shape (delays, samples of a block)."""
        sums = self._far_sums.with_new(self._new_sums)
        whole = np.convolve(sums[:, -1], np.ones(self._window), "valid")[: self._delays]
        ahead, behind = sums[: self._delays, :-1], sums[self._window :, :-1]
        energies: npt.NDArray[np.float64] = np.maximum(whole[:, None] - ahead + behind, self._floor)
        return energies

    def _new_sums(self, late: int) -> npt.NDArray[np.float64]:
        """Of the squares of the last far-end blocks, before each of their samples, and of all of them."""
        latest = to_float(self._far_end.samples[-late * FRAME_SAMPLES :]).reshape(late, FRAME_SAMPLES)
        sums = np.zeros((late, FRAME_SAMPLES + 1))
        np.cumsum(np.square(latest, dtype=np.float64), axis=1, out=sums[:, 1:])
        return sums


class _Blocks:
    """The last blocks of a stream, in order; a ring in which all that is kept stands twice."""

    def __init__(self, count: int) -> None:
        self._count = count * FRAME_SAMPLES
        self._ring = np.zeros(2 * self._count, np.int16)
        self._at = 0

    def add(self, block: Samples) -> None:
        end = self._at + FRAME_SAMPLES
        self._ring[self._at : end] = block
        self._ring[self._at + self._count : end + self._count] = block
        self._at = end % self._count

    @property
    def samples(self) -> Samples:
        """Oldest first."""
        return self._ring[self._at : self._at + self._count]


class _Kept:
    """What was worked out of the last blocks, a row each; ``late`` of them have not been yet."""

    def __init__(self, shape: tuple[int, int], dtype: npt.DTypeLike) -> None:
        self.late = 0
        self._rows: npt.NDArray[Any] = np.zeros(shape, dtype)

    def with_new(self, work_out: Callable[[int], npt.NDArray[Any]]) -> npt.NDArray[Any]:
        """The rows, oldest first; ``work_out(n)`` gives the last n."""
        late, self.late = min(self.late, len(self._rows)), 0
        if late:
            self._rows[:-late] = self._rows[late:]
            self._rows[-late:] = work_out(late)
        return self._rows
