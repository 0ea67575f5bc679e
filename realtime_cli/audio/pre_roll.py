"""The user's first syllables, sent once it is sure that they were the user's.

Until then the server gets silence, so that no echo wakes its voice activity detection. Then it gets what was
said meanwhile, all at once: it counts sound, not time. Later, as much silence is left out, so that its clock
and the recording's agree with ours again.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

import numpy as np

from realtime_cli.audio.pcm import SAMPLES_PER_MS, Samples, silence


class PreRoll:
    """Takes steps of ``step_ms``, int16 mono at 24 kHz.

    Gives out as much in the long run, and at most ``length_ms`` more for a while.
    """

    def __init__(self, length_ms: int, step_ms: int) -> None:
        self._kept: deque[Samples] = deque(maxlen=length_ms // step_ms)
        self._step_samples = step_ms * SAMPLES_PER_MS
        self._owed = 0  # steps of silence to be left out

    def withhold(self, words: Iterable[Samples]) -> Samples:
        """Nobody speaks, as far as is known: silence for one step, or nothing.

        ``words`` are the steps that have become known since; they may be of earlier ones.
        """
        self._kept.extend(words)
        if self._owed:
            self._owed -= 1
            return silence(0)
        return silence(self._step_samples)

    def release(self, words: Iterable[Samples]) -> Samples:
        """``words``, and before them those that were withheld just before. The last are this step's."""
        *late, last = words
        self._kept.extend(late)
        if not self._kept:
            return last
        self._owed += len(self._kept)
        sent = np.concatenate([*self._kept, last])
        self._kept.clear()
        return sent

    def forget(self) -> None:
        """What was withheld is of no use any more: others have been sent since."""
        self._kept.clear()
