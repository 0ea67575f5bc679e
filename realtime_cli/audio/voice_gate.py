"""Silence instead of the room while nobody speaks: ``[audio] vad_gate``.

What is sent is as long as what was heard, zeros in place of sound, so that the server's clock and its own
voice detection go on as before; nothing is left out. A verdict comes some 50 ms after a
word has begun, so the sound waits for it: 120 ms of delay are the price of the option.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from realtime_cli.audio.pcm import RATE_HZ, SAMPLES_PER_MS, Samples, dbfs, silence
from realtime_cli.audio.resample import Resampler
from realtime_cli.audio.voice_meter import USER
from realtime_cli.errors import ConfigError
from realtime_cli.install_hint import install

DETECTOR_HZ = 16_000  # the detector takes 16, 32 or 48 kHz
STEP_SAMPLES = DETECTOR_HZ // 100
VOICE = 0.5  # probability
LOOK_AHEAD_MS = 120
HANGOVER_MS = 500  # a pause between words, and what a server's detection needs of the room


class VoiceGate:
    """int16 mono frames at 24 kHz in, of any length; out 120 ms later, zeros where nobody speaks.

    Raises :class:`ConfigError` when built, if the detector's package is not there.
    """

    def __init__(self) -> None:
        self._detector = _detector()
        self._resampler = Resampler(RATE_HZ, DETECTOR_HZ)
        self._pending = silence(0)
        self._waiting = silence(LOOK_AHEAD_MS * SAMPLES_PER_MS)
        self._room_dbfs = 0.0
        self._open_ms = 0.0

    @property
    def open(self) -> bool:
        """Whether sound is passed on now."""
        return self._open_ms > 0

    def process(self, frame: Samples) -> Samples:
        """The frame of 120 ms ago, or as much silence."""
        self._open_ms = max(0.0, self._open_ms - len(frame) / SAMPLES_PER_MS)
        if self._speaks(frame):
            self._open_ms = LOOK_AHEAD_MS + HANGOVER_MS
        sound = np.concatenate([self._waiting, frame])
        self._waiting = sound[len(frame) :]
        return sound[: len(frame)] if self.open else silence(len(frame))

    def _speaks(self, frame: Samples) -> bool:
        level_dbfs = dbfs(frame)  # what stands out of the room may be a voice, whatever the detector says
        self._room_dbfs = min(level_dbfs, self._room_dbfs + USER.room_rise_db_per_s * len(frame) / RATE_HZ)
        loud = level_dbfs > max(USER.min_dbfs, self._room_dbfs + USER.above_room_db)
        return self._voice(frame) or loud

    def _voice(self, frame: Samples) -> bool:
        sound = np.concatenate([self._pending, self._resampler.feed(frame)])
        whole = len(sound) // STEP_SAMPLES * STEP_SAMPLES
        self._pending = sound[whole:]
        steps = sound[:whole].reshape(-1, STEP_SAMPLES)
        return max((self._detector.process(step) for step in steps), default=0.0) > VOICE


def _detector() -> Any:
    try:
        from pywebrtc_audio import VoiceDetector
    except ImportError as error:
        remedy = f"Install it: {install('pywebrtc-audio')}, or set audio.vad_gate = false."
        raise ConfigError("The voice detector of audio.vad_gate is not installed.", remedy) from error
    return VoiceDetector(sample_rate=DETECTOR_HZ)
