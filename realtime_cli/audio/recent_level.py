"""How loud a stream of sound was a moment ago."""

from __future__ import annotations

from collections import deque

import numpy as np

from realtime_cli.audio.pcm import SAMPLES_PER_MS, SILENCE_DBFS, Samples, dbfs

RECENT_MS = 500.0  # a server needs that long to say that the user speaks


class RecentLevel:
    """How loud it was in the last ``recent_ms``, whatever the length of its blocks.

    One thread adds, another may ask.
    """

    def __init__(self, recent_ms: float = RECENT_MS) -> None:
        self._recent_samples = recent_ms * SAMPLES_PER_MS
        self._blocks: deque[Samples] = deque()
        self._kept = 0

    def add(self, samples: Samples) -> None:
        """Keep the next block (int16 mono, 24 kHz); how loud it is, is asked much less often."""
        self._blocks.append(samples)
        self._kept += len(samples)
        while self._kept - len(self._blocks[0]) >= self._recent_samples:
            self._kept -= len(self._blocks.popleft())

    @property
    def last_dbfs(self) -> float:
        """The newest block."""
        return round(dbfs(self._blocks[-1]), 1) if self._blocks else SILENCE_DBFS

    @property
    def mean_dbfs(self) -> float:
        """Of all the sound that is kept."""
        blocks = list(self._blocks)
        return dbfs(np.concatenate(blocks)) if blocks else SILENCE_DBFS

    @property
    def loudest_dbfs(self) -> float | None:
        """The loudest block; None before the first one."""
        return max((round(dbfs(block), 1) for block in self._blocks), default=None)
