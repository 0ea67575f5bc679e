"""Short sounds left in the microphone's track after the agent has ended: echo that the guard let through."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from realtime_cli.audio.pcm import SILENCE_DBFS, STEP_MS, STEP_SAMPLES, Samples

STEPS_PER_S = 1000 // STEP_MS
LOUD_DBFS = -50.0
AFTER_S = (0.3, 2.0)
"""Since the agent's last loud step; earlier is the room's own tail."""


class Blip(NamedTuple):
    """When it began, on the clock of the tracks; how long it was; its loudest step."""

    at_s: float
    ms: int
    dbfs: float


def blips(microphone: Samples, agent: Samples, spoken_s: Iterable[tuple[float, float]]) -> list[Blip]:
    """Runs of loud steps soon after the agent's last sound, outside of what the user spoke (begin, end).

    ``microphone`` as sent and ``agent`` as played: int16, 24 kHz, of the same length.
    """
    left, heard = _dbfs(microphone), _dbfs(agent)
    steps = np.arange(len(left))
    ended = np.maximum.accumulate(np.where(heard > LOUD_DBFS, steps, -len(steps) - 1000))
    since_s = (steps - ended) / STEPS_PER_S
    found = (left > LOUD_DBFS) & (since_s >= AFTER_S[0]) & (since_s <= AFTER_S[1])
    for begin_s, end_s in spoken_s:
        found[max(0, int(begin_s * STEPS_PER_S)) : max(0, int(end_s * STEPS_PER_S))] = False
    edges = np.flatnonzero(np.diff(found, prepend=False, append=False)).reshape(-1, 2)
    return [
        Blip(begin / STEPS_PER_S, int(end - begin) * STEP_MS, round(float(left[begin:end].max()), 1))
        for begin, end in edges
    ]


def _dbfs(samples: Samples) -> npt.NDArray[np.float64]:
    """The level of each step."""
    whole = samples[: len(samples) // STEP_SAMPLES * STEP_SAMPLES].reshape(-1, STEP_SAMPLES)
    power = np.square(whole / 32768).mean(axis=1)
    return np.maximum(SILENCE_DBFS, 10 * np.log10(np.maximum(power, 1e-12)))
