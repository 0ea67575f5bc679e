"""Streaming conversion of the sample rate, with even output and at most 2.5 ms held back.

libsamplerate's fastest sinc filter: 88 dB, under 1 ms held between 24 and 48 kHz, 2.5 ms to and from
8 kHz. (soxr's streaming holds 20 to 60 ms and gives it out in lumps, so it is no choice for live sound.)
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from realtime_cli.audio.pcm import Samples, silence, to_float, to_int16


class Resampler:
    """One mono stream of int16 from ``from_hz`` to ``to_hz``; blocks of any length in and out."""

    def __init__(self, from_hz: int, to_hz: int) -> None:
        self.from_hz = from_hz
        self.to_hz = to_hz
        self._filter: Any = None
        self._given = 0
        self._taken = 0

    @property
    def held_ms(self) -> float:
        """How much has gone in and not come out yet."""
        return max(0.0, 1000 * (self._taken / self.from_hz - self._given / self.to_hz))

    def feed(self, samples: npt.NDArray[np.int16]) -> Samples:
        """The output that is ready after these samples."""
        if self.from_hz == self.to_hz:
            return samples
        if self._filter is None:
            self._filter = self._open()
        ready = to_int16(self._filter.process(to_float(samples), self.to_hz / self.from_hz))
        self._taken += len(samples)
        self._given += len(ready)
        return ready

    def flush(self) -> Samples:
        """What is held back; the next block begins a new stream."""
        owed = round(self._taken * self.to_hz / self.from_hz) - self._given
        # The wrapper sizes its output by its input, so silence has to push the rest out.
        rest = self.feed(np.zeros(self.from_hz // 50, np.int16))[:owed] if owed > 0 else silence(0)
        self.reset()
        return rest

    def reset(self) -> None:
        """Forget the stream so far."""
        self._given = self._taken = 0
        if self._filter is not None:
            self._filter.reset()

    @staticmethod
    def _open() -> Any:
        import samplerate  # not at the top: a session without conversion does not pay for it

        return samplerate.Resampler("sinc_fastest", channels=1)


def convert(samples: npt.NDArray[np.int16], from_hz: int, to_hz: int) -> Samples:
    """A whole sound at once."""
    resampler = Resampler(from_hz, to_hz)
    return np.concatenate([resampler.feed(samples), resampler.flush()]) if len(samples) else samples
