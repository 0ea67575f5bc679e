"""What the user said, cut out of a recording's microphone: whole, from the first soft sound to the last."""

from __future__ import annotations

import math

import numpy as np

from realtime_cli.audio.pcm import FRAME_SAMPLES, RATE_HZ, Samples, dbfs

BEFORE_S, AFTER_S = 0.25, 0.1  # the end already has the silence that ended the turn
PAUSE_FRAMES = 15  # 300 ms: so much quiet is ahead of what somebody says; less is a pause between two sounds
MAX_OFF_S = 2.0  # a server reports beginning and end late or early by at most this
SILENT_DBFS = -60.0
OVER_NOISE_DB = 6.0


class RecordedClips:
    """``microphone``: all of it, int16 at 24 kHz."""

    def __init__(self, microphone: Samples) -> None:
        count = len(microphone) // FRAME_SAMPLES
        self._microphone = microphone
        self._levels = np.array(
            [dbfs(microphone[index * FRAME_SAMPLES : (index + 1) * FRAME_SAMPLES]) for index in range(count)]
        )
        noise_dbfs = float(np.percentile(self._levels, 10)) if count else SILENT_DBFS
        self._quiet_dbfs = max(SILENT_DBFS, noise_dbfs + OVER_NOISE_DB)

    def whole(self, begin_s: float, end_s: float, free_since_s: float) -> tuple[Samples, float]:
        """The sound of what was said between these times, and when it begins.

        A server hears the beginning late: the clip goes back to the quiet ahead of it, though not past
        ``free_since_s``, where the sound before it ended, and on to the quiet behind it. Long silence at its
        own beginning is left out. Without samples where the sound is missing, or nothing can be heard in it.
        """
        begin = self._quiet_before(begin_s, max(free_since_s, begin_s - MAX_OFF_S))
        end = self._quiet_behind(end_s)
        loud = np.flatnonzero(self._levels[begin:end] > self._quiet_dbfs)
        if not len(loud):
            return self._microphone[:0], begin_s
        first_s = (begin + int(loud[0])) * FRAME_SAMPLES / RATE_HZ
        clip_s = max(0.0, free_since_s, first_s - BEFORE_S)
        end_s = max(end_s, (begin + int(loud[-1]) + 1) * FRAME_SAMPLES / RATE_HZ) + AFTER_S
        return np.ascontiguousarray(
            self._microphone[round(clip_s * RATE_HZ) : round(end_s * RATE_HZ)]
        ), clip_s

    def _frame(self, at_s: float) -> int:
        return max(0, math.floor(at_s * RATE_HZ / FRAME_SAMPLES))

    def _quiet_before(self, begin_s: float, since_s: float) -> int:
        """The frame at which the sound that goes on at ``begin_s`` began."""
        index, quiet = min(self._frame(begin_s), len(self._levels)), 0
        while index > self._frame(since_s) and quiet < PAUSE_FRAMES:
            index -= 1
            quiet = quiet + 1 if self._levels[index] <= self._quiet_dbfs else 0
        return index

    def _quiet_behind(self, end_s: float) -> int:
        """The frame behind the sound that goes on at ``end_s``."""
        index, quiet = self._frame(end_s) + 1, 0
        last = min(self._frame(end_s + MAX_OFF_S), len(self._levels))
        while index < last and quiet < PAUSE_FRAMES:
            quiet = quiet + 1 if self._levels[index] <= self._quiet_dbfs else 0
            index += 1
        return index
