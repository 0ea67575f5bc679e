"""The user's side of the stream.

It never pauses, since the session's clock and its billing run on it. While the microphone is muted, or the
push-to-talk key is up, frames are replaced by silence of the same length. Where no frames come at all (words
are typed, a file is over), silence is made by the clock.
"""

from __future__ import annotations

from realtime_cli.client.mic_gate import SILENCE
from realtime_cli.protocol.objects import BYTES_PER_MS, WireFormat

FRAME_MS = 20
TICK_S = 0.1  # silence by the clock comes in pieces of this
WATCH_S = 0.5  # with a microphone that runs, looking this often is enough
LATE_S = 0.25  # a microphone silent for this long has stopped
MAX_PIECE_MS = 200  # of silence at once
MAX_OWED_MS = 1_000  # after a stall of this program the clock is reset: nothing was said meanwhile


class LiveMicGate:
    """Decides what is sent for a microphone frame, and how much silence is due."""

    def __init__(self, format: WireFormat, *, push_to_talk: bool, muted: bool) -> None:
        self.format: WireFormat = format
        self.push_to_talk = push_to_talk
        self.muted = muted
        self.talking = not push_to_talk
        self._began_at = 0.0
        self._sent_ms = 0.0
        self._frame_at = float("-inf")

    @property
    def open(self) -> bool:
        """What the microphone gives is sent."""
        return self.talking and not self.muted

    def begin(self, at: float) -> None:
        """A session's clock begins."""
        self._began_at, self._sent_ms = at, 0.0

    def frame(self, at: float, audio: bytes) -> bytes:
        """What is sent in place of a frame: itself, or silence of its length."""
        self._frame_at = at
        self._sent_ms += len(audio) / BYTES_PER_MS[self.format]
        return audio if self.open else self._silence(len(audio))

    def due(self, at: float) -> bytes:
        """The silence that is due now; nothing while a microphone gives frames."""
        owed_ms = (at - self._began_at) * 1000 - self._sent_ms
        if at - self._frame_at < LATE_S or owed_ms < FRAME_MS:
            return b""
        if owed_ms > MAX_OWED_MS:
            self._began_at += (owed_ms - MAX_PIECE_MS) / 1000
        piece_ms = int(min(owed_ms, MAX_PIECE_MS)) // FRAME_MS * FRAME_MS
        self._sent_ms += piece_ms
        return self._silence(round(piece_ms * BYTES_PER_MS[self.format]))

    def next_look(self, at: float) -> float:
        return at + (WATCH_S if at - self._frame_at < LATE_S else TICK_S)

    def _silence(self, size: int) -> bytes:
        return bytes([SILENCE[self.format]]) * size


class LivePlayback:
    """What was given to the loudspeaker: one part that never ends."""

    PART = ("live", 0)

    def __init__(self) -> None:
        self.unheard = False
        self.heard_ms = 0.0

    def awaits(self, begun: object) -> bool:
        """Whether the first sample has not been heard yet."""
        return False
