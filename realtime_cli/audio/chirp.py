"""A chirp to measure a room with: made, and found again in what the microphone heard.

A sweep is found by correlating: all of its energy falls onto one point in time, so that it is found far below
the noise. Several are looked for together, in the order in which they were played, so that one cough changes
nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from realtime_cli.audio.pcm import RATE_HZ, SILENCE_DBFS, Floats, Samples, dbfs, silence, to_float, to_int16

LOW_HZ, HIGH_HZ = 300.0, 5_000.0  # what the smallest loudspeaker plays and every microphone hears
CHIRP_S = 0.25
RAMP_S = 0.01
LEVEL = 0.25  # of full scale: loud enough to be heard, not to hurt
MAX_DELAY_S = 1.2
MIN_PEAK = 8.0  # against the mean of the correlation: noise alone makes 4 to 6


@dataclass(frozen=True, slots=True)
class MeasuredEcho:
    """``delay_ms`` from the block's way into the device to its way out of the other one.

    ``loss_db``: how much softer the echo is than what was played. ``sureness``: the peak of the correlation
    against its mean.
    """

    delay_ms: float
    loss_db: float
    sureness: float


def chirp() -> Samples:
    """A quarter of a second from 300 to 5000 Hz."""
    count = round(RATE_HZ * CHIRP_S)
    seconds = np.arange(count) / RATE_HZ
    slope = (HIGH_HZ - LOW_HZ) / CHIRP_S
    sweep = np.sin(2 * np.pi * (LOW_HZ * seconds + slope * seconds**2 / 2))
    edge = np.arange(count) / (RATE_HZ * RAMP_S)
    return to_int16((LEVEL * np.minimum(1, np.minimum(edge, edge[::-1])) * sweep).astype(np.float32))


def chirps(count: int, every_s: float) -> Samples:
    """``count`` of them, one ``every_s``, and as much silence behind the last as between two."""
    one = chirp()
    rest = silence(round(RATE_HZ * every_s) - len(one))
    return np.concatenate([np.concatenate([one, rest])] * count)


def find(played: Samples, heard: Samples) -> MeasuredEcho | None:
    """Where ``played`` is in ``heard`` (both from the same moment on), or None if it is not.

    Raises ValueError if nothing was played.
    """
    if not played.any():
        raise ValueError("nothing was played")
    most = min(len(heard), round(RATE_HZ * MAX_DELAY_S))
    if not heard.any() or not most:
        return None
    correlation = np.abs(_correlation(to_float(heard), to_float(played))[:most])
    at = int(np.argmax(correlation))
    sureness = float(correlation[at] / max(1e-12, float(np.mean(correlation))))
    if sureness < MIN_PEAK:
        return None
    return MeasuredEcho(at * 1000 / RATE_HZ, _loss_db(played, heard, at), sureness)


def _correlation(heard: Floats, played: Floats) -> Floats:
    """How alike ``heard`` from each sample on and ``played`` are, by way of the Fourier transform."""
    size = 1 << (len(heard) + len(played)).bit_length()
    spectrum = np.fft.rfft(heard, size) * np.conj(np.fft.rfft(played, size))
    return np.fft.irfft(spectrum, size).astype(np.float32)


def _loss_db(played: Samples, heard: Samples, at: int) -> float:
    """The level of what was played over that of what was heard then, where something was played.

    What the room sounds like by itself is taken off first.
    """
    count = min(len(played), len(heard) - at)
    sounding = played[:count] != 0
    echo = _power(heard[at : at + count][sounding])
    rest = heard[at : at + count][~sounding]
    noise = _power(rest[len(rest) // 2 :]) if len(rest) else 0.0
    return 10 * float(np.log10(_power(played[:count][sounding]) / max(echo - noise, 1e-3)))


def _power(samples: Samples) -> float:
    return float(np.mean(samples.astype(np.float64) ** 2)) if len(samples) else 0.0


def quietest_dbfs(samples: Samples, window_s: float = 0.2) -> float:
    """The level of the room by itself: that of the quietest window."""
    size = round(RATE_HZ * window_s)
    levels = [dbfs(samples[start : start + size]) for start in range(0, len(samples) - size + 1, size)]
    return min(levels, default=SILENCE_DBFS)
