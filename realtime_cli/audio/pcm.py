"""The one form that sound has inside the program: int16, mono, 24 kHz, in frames of 20 ms."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from realtime_cli.audio.sample_format import BYTES_PER_MS as BYTES_PER_MS
from realtime_cli.audio.sample_format import FRAME_MS as FRAME_MS
from realtime_cli.audio.sample_format import FRAME_SAMPLES as FRAME_SAMPLES
from realtime_cli.audio.sample_format import RATE_HZ as RATE_HZ
from realtime_cli.audio.sample_format import SAMPLES_PER_MS as SAMPLES_PER_MS
from realtime_cli.audio.sample_format import SILENCE_DBFS as SILENCE_DBFS

STEP_MS = 10  # in which sound is cancelled and judged
STEP_SAMPLES = STEP_MS * SAMPLES_PER_MS
Samples = npt.NDArray[np.int16]  # as in sample_format, for who needs it at run time
Floats = npt.NDArray[np.float32]


def silence(count: int) -> Samples:
    """``count`` samples of digital zero."""
    return np.zeros(count, np.int16)


def to_float(samples: npt.NDArray[np.int16]) -> Floats:
    """int16 to float32 in [-1, 1)."""
    return np.multiply(samples, np.float32(1 / 32768), dtype=np.float32)


def to_int16(samples: npt.NDArray[np.floating]) -> Samples:
    """Float in [-1, 1] to int16, rounded; what is beyond is clipped, never wrapped."""
    scaled = np.rint(samples * np.float32(32768))
    clipped: Samples = np.clip(scaled, -32768, 32767).astype(np.int16)
    return clipped


def down_mix(frames: npt.NDArray[np.int16]) -> Samples:
    """Shape (n, channels) to (n,): the mean of the channels, which cannot clip."""
    if frames.ndim == 1:
        return frames
    if frames.shape[1] == 1:
        return np.ascontiguousarray(frames[:, 0])
    mixed: Samples = np.rint(frames.mean(axis=1, dtype=np.float32)).astype(np.int16)
    return mixed


def energy(samples: npt.NDArray[np.int16]) -> float:
    """The sum of the squares: the cheapest measure that tells silence, soft and loud sound apart."""
    values = samples.astype(np.float32)
    return float(np.dot(values, values))


def dbfs(samples: npt.NDArray[np.int16]) -> float:
    """Root mean square in dB of full scale (32768); digital silence and nothing at all are -120."""
    total = energy(samples)
    return max(SILENCE_DBFS, 10 * math.log10(total / len(samples) / 32768**2)) if total else SILENCE_DBFS
