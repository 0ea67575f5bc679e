"""Measures in both streams of a Live conversation who speaks, since no event of that protocol says so."""

from __future__ import annotations

import base64

from realtime_cli.audio.pcm import Samples
from realtime_cli.audio.voice_meter import AGENT, BATCH_MS, USER, VoiceMeter
from realtime_cli.audio.wire_format import AudioDecoder
from realtime_cli.client import inputs
from realtime_cli.protocol.objects import BYTES_PER_MS, WireFormat


class LiveVoices:
    """What was sent and what came, in order; the findings are inputs of the session."""

    def __init__(self, format: WireFormat) -> None:
        self._format = format
        self._batch_bytes = BATCH_MS * BYTES_PER_MS[format]
        self.connected()

    def connected(self) -> None:
        """A new session has new streams."""
        self._decoder = AudioDecoder(self._format)
        self._sent = bytearray()  # not measured yet
        self._user, self._agent = VoiceMeter(USER), VoiceMeter(AGENT)

    def sent(self, at: float, audio: str) -> list[inputs.Input]:
        """Base64 sound of the user's, as it was sent: so a microphone that is muted says nothing."""
        self._sent += base64.b64decode(audio)
        if len(self._sent) < self._batch_bytes:
            return []
        samples = self._decoder.decode(bytes(self._sent))
        self._sent.clear()
        return [
            inputs.VoiceDetected(at, "user", one.speaking, one.position_ms)
            for one in self._user.feed(samples)
        ]

    def came(self, at: float, samples: Samples) -> list[inputs.Input]:
        """Sound of the agent's."""
        return [
            inputs.VoiceDetected(at, "agent", one.speaking, one.position_ms)
            for one in self._agent.feed(samples)
        ]
