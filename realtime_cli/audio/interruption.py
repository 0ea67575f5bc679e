"""Does the user mean to interrupt? What is heard beside the agent's voice, told apart while it is heard.

For ``[audio] barge_in = "reversible"``. A sound begins where the microphone (behind the echo guard) stands
out of its room. It is meant once it has lasted for ``meant_ms``, has been voiced for part of that, and is
as loud as the user is. What ends before, from ``words_ms`` on, is some words, and only their sense tells
whether they are meant: "yes, of course" is not, "not that one" is. The rest is dismissed: what is shorter,
what goes on for long without a voice. Voiced is what repeats itself 70 to 400 times a second: vowels do,
coughs, keyboards and telephones do not; dogs and music do. A voice much softer than the user's is that of
another room, or of a television.

int16 mono at 24 kHz; a step is 10 ms.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass
from typing import Literal

import numpy as np

from realtime_cli.audio.pcm import RATE_HZ, SILENCE_DBFS, STEP_MS, STEP_SAMPLES, Samples, dbfs, silence
from realtime_cli.audio.voice_meter import USER

DECIMATION = 3  # pitch is found at 8 kHz
WINDOW_STEPS = 4  # of sound in which a pitch is looked for: three periods of a low voice
PITCH_LAGS = range(RATE_HZ // DECIMATION // 400, RATE_HZ // DECIMATION // 70)
HIGHER_LAGS = range(5, PITCH_LAGS.start - 2)  # what repeats itself as well at these is a whistle or a beep
FFT_SIZE = 1024

SoundVerdict = Literal["begun", "meant", "words", "noise", "short", "far"]
"""``begun``: not known yet. ``noise``, ``short`` and ``far`` are why a sound was dismissed."""


@dataclass(frozen=True, slots=True)
class InterruptionTuning:
    """Tuned on the labelled set of ``tests/bench/bench_interruptions.py``."""

    min_dbfs: float = USER.min_dbfs
    above_room_db: float = USER.above_room_db
    room_rise_db_per_s: float = USER.room_rise_db_per_s
    loud_steps: int = 3  # of the last five; a click has fewer
    words_ms: float = 600.0  # "okay" and "I see" last up to 550 ms
    meant_ms: float = 1200.0  # "yes, yes" lasts 1140 ms
    voiced_ms: float = 150.0  # a cough has none; "stop it, please" has 440
    noise_voiced_ms: float = 50.0  # of a noise, at most; "sorry?" in a rough voice has 70
    periodicity: float = 0.6  # correlation with itself one period later; 0.7: half of some voices is lost
    over_ms: float = 250.0  # of quiet; shorter: a pause between two words ends the sound
    noise_ms: float = 1500.0  # a sound without a voice: the agent does not wait for its end
    far_db: float = 10.0  # softer than the user by so much: somebody else
    begins_db: float = 16.0  # softer than the user by so much, nothing begins: it is residual echo
    user_fall_db_per_s: float = 0.1  # the user's loudness is forgotten so slowly


@dataclass(frozen=True, slots=True)
class JudgedSound:
    """What is known of a sound after so much of it."""

    verdict: SoundVerdict
    after_ms: float


@dataclass(slots=True)
class _Sound:
    """One sound so far."""

    lasted_ms: float
    power: float  # the sum over its loud steps
    loud_steps: int = 1
    verdict: SoundVerdict = "begun"
    quiet_ms: float = 0.0
    voiced_ms: float = 0.0

    @property
    def level_dbfs(self) -> float:
        """While it sounds: a peak says less of how far away somebody is."""
        return 10 * math.log10(self.power / self.loud_steps)


class InterruptionDetector:
    """Feed it all that the microphone gives; it learns how loud the user is from what was meant."""

    def __init__(self, tuning: InterruptionTuning = InterruptionTuning()) -> None:
        self._tuning = tuning
        self._rest = silence(0)
        self._window: deque[Samples] = deque([silence(STEP_SAMPLES)] * WINDOW_STEPS, maxlen=WINDOW_STEPS)
        self._recent: deque[bool] = deque(maxlen=5)
        self._room_dbfs = 0.0
        self._user_dbfs = SILENCE_DBFS
        self._sound: _Sound | None = None

    def heard(self, samples: Samples) -> list[JudgedSound]:
        """The next sound of the microphone, of any length, and what it made clear."""
        sound = np.concatenate([self._rest, samples])
        whole = len(sound) - len(sound) % STEP_SAMPLES
        self._rest = sound[whole:]
        steps = (sound[at : at + STEP_SAMPLES] for at in range(0, whole, STEP_SAMPLES))
        return [judged for step in steps if (judged := self._step(step))]

    def _step(self, step: Samples) -> JudgedSound | None:
        tuning = self._tuning
        self._window.append(step)
        level_dbfs = dbfs(step)
        softest_dbfs = tuning.min_dbfs - tuning.above_room_db
        risen_dbfs = self._room_dbfs + tuning.room_rise_db_per_s * STEP_MS / 1000
        self._room_dbfs = max(softest_dbfs, min(level_dbfs, risen_dbfs))
        self._user_dbfs -= tuning.user_fall_db_per_s * STEP_MS / 1000
        loud = level_dbfs > self._room_dbfs + tuning.above_room_db
        if self._sound is not None:
            return self._go_on(self._sound, level_dbfs, loud=loud)
        self._recent.append(loud and level_dbfs > self._user_dbfs - tuning.begins_db)
        if sum(self._recent) < tuning.loud_steps:
            return None
        self._sound = _Sound(len(self._recent) * STEP_MS, 10 ** (level_dbfs / 10))
        self._recent.clear()
        return JudgedSound("begun", self._sound.lasted_ms)

    def _go_on(self, sound: _Sound, level_dbfs: float, *, loud: bool) -> JudgedSound | None:
        tuning = self._tuning
        sound.lasted_ms += STEP_MS
        sound.quiet_ms = 0.0 if loud else sound.quiet_ms + STEP_MS
        if loud:
            sound.power += 10 ** (level_dbfs / 10)
            sound.loud_steps += 1
        if loud and (sound.verdict == "meant" or self._voiced()):
            sound.voiced_ms += STEP_MS
        speaks = loud and sound.voiced_ms >= tuning.voiced_ms
        near = sound.level_dbfs > self._user_dbfs - tuning.far_db
        if near and (sound.verdict == "meant" or (speaks and sound.lasted_ms >= tuning.meant_ms)):
            self._user_dbfs = max(self._user_dbfs, sound.level_dbfs)
            if sound.verdict != "meant":
                sound.verdict = "meant"
                return JudgedSound("meant", sound.lasted_ms)
        over = sound.quiet_ms >= tuning.over_ms
        if over:
            self._sound = None
        if sound.verdict == "begun" and (over or sound.lasted_ms >= tuning.noise_ms):
            sound.verdict = self._unless_meant(sound, near=near)
            return JudgedSound(sound.verdict, sound.lasted_ms)
        return None

    def _unless_meant(self, sound: _Sound, *, near: bool) -> SoundVerdict:
        tuning = self._tuning
        if sound.voiced_ms < tuning.noise_voiced_ms:
            return "noise"
        if not near:
            return "far"
        long = sound.voiced_ms >= tuning.voiced_ms and sound.lasted_ms - sound.quiet_ms >= tuning.words_ms
        return "words" if long else "short"

    def _voiced(self) -> bool:
        """Whether the last 40 ms repeat themselves as a voice does."""
        sound = np.concatenate(self._window).reshape(-1, DECIMATION).mean(axis=1)
        sound -= sound.mean()
        count = len(sound)
        energies = np.concatenate([[0.0], np.cumsum(np.square(sound))])
        products = np.fft.irfft(np.abs(np.fft.rfft(sound, FFT_SIZE)) ** 2, FFT_SIZE)
        lags = np.arange(HIGHER_LAGS.start, PITCH_LAGS.stop)
        overlaps = energies[count - lags] * (energies[count] - energies[lags])
        alike = products[lags] / np.sqrt(overlaps + 1e-9)
        pitched = alike[PITCH_LAGS.start - HIGHER_LAGS.start :]
        best = int(np.argmax(pitched))
        higher = float(alike[: len(HIGHER_LAGS)].max())
        inside = 0 < best < len(pitched) - 1
        return inside and float(pitched[best]) > max(self._tuning.periodicity, higher + 0.05)
