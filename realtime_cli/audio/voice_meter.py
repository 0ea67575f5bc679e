"""Who speaks, by level alone: where a stream of sound begins and stops to be louder than its room.

For the Live protocol, in which nobody says so. A step of 10 ms is loud when it stands out of the room, which
is the softest that the stream has been, believed slowly when it rises. Speech begins where so many of the
last steps were loud, and is over when none has been for ``hangover_ms``; both are dated back to the loud
sound itself. Measured on synthetic conversations (``tests/conversation/live``): boundaries within 20 ms in
the median.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import numpy as np

from realtime_cli.audio.pcm import (
    RATE_HZ,
    SAMPLES_PER_MS,
    SILENCE_DBFS,
    STEP_MS,
    STEP_SAMPLES,
    Samples,
    silence,
)

BATCH_MS = 60  # is looked at together: frames of 20 ms cost three times as much one by one
BATCH_SAMPLES = BATCH_MS * SAMPLES_PER_MS


@dataclass(frozen=True, slots=True)
class VoiceMeterTuning:
    """What tells speech from its room."""

    min_dbfs: float = -50.0  # softer is never speech: microphones give -60 in a quiet room
    above_room_db: float = 12.0  # a voice stands out of its room
    room_rise_db_per_s: float = 2.5  # a louder room is believed slowly
    first_room_dbfs: float = 0.0  # unknown: as loud as the first sound
    loud_steps: int = 5  # of the last ten: a click has fewer
    hangover_ms: float = 500.0  # a pause between words is shorter


USER = VoiceMeterTuning()
# The agent's stream is clean: exact zeros or a faint noise floor between utterances, and it may begin with
# speech. It pauses longer within one.
AGENT = VoiceMeterTuning(min_dbfs=-55.0, first_room_dbfs=SILENCE_DBFS, loud_steps=3, hangover_ms=800.0)


@dataclass(frozen=True, slots=True)
class VoiceChange:
    """Speech began or stopped at this place of the stream, so long ago as the finder says."""

    speaking: bool
    position_ms: float
    ago_ms: float = 0.0


class VoiceMeter:
    """``feed`` gives what has become clear; positions are ms since the stream began."""

    def __init__(self, tuning: VoiceMeterTuning = USER) -> None:
        self._tuning = tuning
        self.speaking = False
        self._position_ms = 0.0
        self._rest = silence(0)
        self._room_dbfs = tuning.first_room_dbfs
        self._recent: deque[tuple[float, bool]] = deque(maxlen=10)
        self._loud_until_ms = 0.0

    def feed(self, samples: Samples) -> list[VoiceChange]:
        """The next sound of the stream (int16 mono 24 kHz), of any length; less than 60 ms wait for more."""
        sound = np.concatenate([self._rest, samples]) if len(self._rest) else samples
        count = len(sound) // STEP_SAMPLES if len(sound) >= BATCH_SAMPLES else 0
        self._rest = sound[count * STEP_SAMPLES :]
        if not count:
            return []
        steps = sound[: count * STEP_SAMPLES].reshape(count, STEP_SAMPLES).astype(np.float32)
        powers = np.einsum("ij,ij->i", steps, steps) / (STEP_SAMPLES * 32768.0**2)
        levels = 10 * np.log10(np.maximum(powers, 10 ** (SILENCE_DBFS / 10)))
        changes = []
        for level in levels.tolist():
            if (change := self._step(level)) is not None:
                changes.append(change)
        return changes

    def _step(self, level_dbfs: float) -> VoiceChange | None:
        tuning = self._tuning
        began_ms, self._position_ms = self._position_ms, self._position_ms + STEP_MS
        rise_db = tuning.room_rise_db_per_s * STEP_SAMPLES / RATE_HZ
        lowest_dbfs = tuning.min_dbfs - tuning.above_room_db  # softer makes no odds, but rises for long
        self._room_dbfs = max(lowest_dbfs, min(level_dbfs, self._room_dbfs + rise_db))
        loud = level_dbfs > max(tuning.min_dbfs, self._room_dbfs + tuning.above_room_db)
        self._recent.append((began_ms, loud))
        if loud:
            self._loud_until_ms = self._position_ms
        if not self.speaking:
            first = [at_ms for at_ms, was_loud in self._recent if was_loud]
            if len(first) >= tuning.loud_steps:
                self.speaking = True
                return VoiceChange(True, first[0])
        elif self._position_ms - self._loud_until_ms >= tuning.hangover_ms:
            self.speaking = False
            self._recent.clear()
            return VoiceChange(False, self._loud_until_ms)
        return None
