"""What was said and what was heard, side by side in one WAV file on the session's clock."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from realtime_cli.audio.pcm import RATE_HZ, Samples
from realtime_cli.audio.wire_format import AudioDecoder
from realtime_cli.protocol.objects import WireFormat
from realtime_cli.recording.tracks import GrowingWav

LEFT, RIGHT = 0, 1


class StereoTrack:
    """Left: the microphone as sent. Right: the agent as played. Both on the session's clock."""

    def __init__(self, path: Path, sent_format: WireFormat = "audio/pcm") -> None:
        self._wav = GrowingWav(path, 1, 2, RATE_HZ, 2)
        self._from_wire = AudioDecoder(sent_format)

    def put_sent(self, start: int, audio: bytes) -> None:
        """The user's sound, in the wire's format."""
        self.put(LEFT, start, self._from_wire.decode(audio))

    def put_played(self, start: int, samples: Samples) -> None:
        """The agent's."""
        self.put(RIGHT, start, samples)

    def put(self, channel: int, start: int, samples: Samples) -> None:
        """Lay ``samples`` (int16, 24 kHz) over one channel from sample ``start`` on."""
        frames = np.zeros((len(samples), 2), np.int16)
        if start * 4 < self._wav.data_bytes:
            there = np.frombuffer(self._wav.read_at(start * 4, len(samples) * 4), np.int16)
            frames.reshape(-1)[: len(there) & ~1] = there[: len(there) & ~1]
        frames[:, channel] = samples
        self._wav.write_at(start * 4, frames.tobytes())

    def close(self) -> None:
        self._wav.close()
