"""What the server does with sound, in its threads: the only part of the pump that knows samples."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, cast

import numpy as np

from realtime_cli.audio.pcm import SAMPLES_PER_MS, Samples, silence
from realtime_cli.audio.wire_format import AudioDecoder, AudioEncoder
from realtime_cli.server import effects
from realtime_cli.server.engine.crop import crop, find_speech
from realtime_cli.server.engine.ports import EnginePort, VoiceActivityPort

FIRST_DELTA_MS, DELTA_MS = 100, 200  # of sound in one delta: the first is short, to be heard soon


def transcript_of(engine: EnginePort, request: effects.Transcribe) -> str:
    """In a thread: find the speech if nobody has, cut it out, write it down. Silence has no words."""
    samples = _decoded(request.audio, request.format)
    onset_ms, end_ms = request.onset_ms, request.end_ms
    if onset_ms is None or end_ms is None:
        tail = silence(64 * SAMPLES_PER_MS)
        speech = find_speech(engine.voice_activity().feed(np.concatenate([samples, tail])))
        if speech is None:
            return ""
        onset_ms, end_ms = speech.onset_ms, speech.end_ms
    return engine.recogniser.transcribe(crop(samples, onset_ms, end_ms))


def _decoded(audio: bytes, format: str) -> Samples:
    reader = AudioDecoder(cast(Any, format))
    samples = reader.decode(audio)
    return samples if format == "audio/pcm" else np.concatenate([samples, reader.flush()])


class SpeechDetector:
    """The voice detector over one stream of the wire's bytes."""

    def __init__(self, detector: VoiceActivityPort, format: str) -> None:
        self._detector = detector
        self._reader = AudioDecoder(cast(Any, format))

    def feed(self, audio: bytes) -> list[float]:
        """The probability of speech in each window that is whole now."""
        return self._detector.feed(self._reader.decode(audio))


class DeltaCutter:
    """The sound of one response, encoded, in the pieces that go out."""

    def __init__(self) -> None:
        self._encoder: AudioEncoder | None = None
        self._deltas = 0

    def deltas(self, samples: Samples, format: str) -> list[bytes]:
        """The next chunk of it."""
        if self._encoder is None or self._encoder.format != format:
            self._encoder = AudioEncoder(cast(Any, format))
        return [self._encoder.encode(piece) for piece in self._pieces(samples)]

    def _pieces(self, samples: Samples) -> Iterator[Samples]:
        start = 0
        while start < len(samples):
            size = (DELTA_MS if self._deltas else FIRST_DELTA_MS) * SAMPLES_PER_MS
            yield samples[start : start + size]
            self._deltas += 1
            start += size
