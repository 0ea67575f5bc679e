"""Which part of the audio the recogniser gets."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from realtime_cli.audio.pcm import SAMPLES_PER_MS, Samples

BEFORE_MS = 100
AFTER_MS = 250
MAX_PIECE_MS = 12_000  # the model was trained on short clips and slows down with the square of the length
SEAM_MS = 4_000  # the stretch before the limit in which the quietest place is looked for
QUIET_MS = 20


@dataclass(frozen=True)
class Speech:
    """Where speech begins and ends in a sound, in ms from its start."""

    onset_ms: int
    end_ms: int


def find_speech(
    probabilities: Sequence[float], window_ms: int = 32, threshold: float = 0.5, min_windows: int = 2
) -> Speech | None:
    """First onset to last speech of a whole sound; None when nobody speaks in it.

    One window over the threshold is a click: ``min_windows`` in a row make an onset.
    """
    speaking = [probability >= threshold for probability in probabilities]
    starts = [at for at in range(len(speaking) - min_windows + 1) if all(speaking[at : at + min_windows])]
    if not starts:
        return None
    last = starts[-1] + min_windows
    return Speech(onset_ms=starts[0] * window_ms, end_ms=last * window_ms)


def crop(samples: Samples, onset_ms: float, end_ms: float) -> Samples:
    """From 100 ms before the detector's onset to 250 ms after its last speech.

    Measured on 24 kHz sound: 1.9 % word errors so (with the zeros that the recogniser adds behind it),
    3.7 % with the whole buffer. Silence in front is what costs most.
    """
    start = max(0, round((onset_ms - BEFORE_MS) * SAMPLES_PER_MS))
    return samples[start : round((end_ms + AFTER_MS) * SAMPLES_PER_MS)]


def pieces(samples: Samples, max_ms: int = MAX_PIECE_MS) -> Iterator[Samples]:
    """The sound in order, in parts of at most ``max_ms``, each cut at a quiet place."""
    longest = max_ms * SAMPLES_PER_MS
    while len(samples) > longest:
        cut = quietest(samples[:longest], min(SEAM_MS, max_ms // 2) * SAMPLES_PER_MS)
        yield samples[:cut]
        samples = samples[cut:]
    if len(samples):
        yield samples


def quietest(samples: Samples, within: int) -> int:
    """The middle of the 100 ms of least energy among the last ``within`` samples, as an index."""
    step = QUIET_MS * SAMPLES_PER_MS
    start = len(samples) - within // step * step
    blocks = samples[start:].astype(np.float32).reshape(-1, step)
    energy = np.convolve((blocks**2).sum(axis=1), np.ones(5), mode="valid")
    return start + (int(energy.argmin()) * step) + 5 * step // 2
