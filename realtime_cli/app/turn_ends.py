"""``[audio] end_of_turn = "vad"``: the user's turns by the voice activity model of local speech, here."""

from __future__ import annotations

from realtime_cli.audio.pcm import SAMPLES_PER_MS, Samples
from realtime_cli.audio.voice_meter import VoiceChange
from realtime_cli.server.turn_detector import TurnDetector, TurnEnded, TurnStarted


class DetectedTurns:
    """Begin and end of what the user says; a turn ends after ``silence_ms`` without speech.

    The model takes less than a millisecond for 32 ms of sound, so it runs on the thread that delivers it.
    Raises ConfigError when built, if local speech is not installed.
    """

    def __init__(self, silence_ms: float) -> None:
        from realtime_cli.server.engine.voice_activity import VoiceActivity

        self._activity = VoiceActivity()
        settings = {"type": "server_vad", "silence_duration_ms": silence_ms}
        self._detector = TurnDetector(settings, 0.0)
        self._heard_ms = 0.0

    def heard(self, samples: Samples) -> list[VoiceChange]:
        self._heard_ms += len(samples) / SAMPLES_PER_MS
        changes = []
        for probability in self._activity.feed(samples):
            for mark in self._detector.feed(probability):
                if isinstance(mark, TurnStarted):
                    changes.append(self._change(True, mark.onset_ms))
                elif isinstance(mark, TurnEnded):
                    changes.append(self._change(False, mark.speech_end_ms))
        return changes

    def _change(self, speaking: bool, position_ms: float) -> VoiceChange:
        return VoiceChange(speaking, position_ms, self._heard_ms - position_ms)
