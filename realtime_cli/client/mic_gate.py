"""Decides whether a microphone frame is sent, replaced by silence, kept for a moment, or dropped.

Paused input is dropped, not queued. But a server in the middle of an utterance waits for silence that
would never come, so for as long as it believes that the user speaks, and for a moment after pausing
(its verdict may be on its way), a paused microphone sends silence.
"""

from __future__ import annotations

from collections import deque

from realtime_cli.client.in_force import InForce
from realtime_cli.client.session_part import SessionPart
from realtime_cli.client.waits import FADE_OUT_S
from realtime_cli.protocol.objects import BYTES_PER_MS, WireFormat

SILENCE: dict[WireFormat, int] = dict.fromkeys(BYTES_PER_MS, 0x00) | {"audio/pcmu": 0xFF, "audio/pcma": 0xD5}
PRE_ROLL_MS = 300
MINIMUM_COMMIT_MS = 100  # API reference, input_audio_buffer.commit


class MicGate(SessionPart):
    """The gate between microphone and wire."""

    def __init__(
        self,
        *,
        push_to_talk: bool,
        manual: bool,
        muted: bool,
        pre_roll_ms: int = PRE_ROLL_MS,
        by_voice: bool = False,
    ) -> None:
        """``by_voice``: where turns are manual, only what the user says goes out, and no silence."""
        self.push_to_talk = push_to_talk
        self.by_voice = by_voice
        self.voice = False
        self.manual = manual
        self.muted = muted
        self.talking = not push_to_talk
        self.server_hears_speech = False
        self.format: WireFormat = "audio/pcm"
        self.uncommitted_ms = 0.0
        self._pre_roll_ms = pre_roll_ms
        self._pre_roll: deque[bytes] = deque()
        self._closed_at: float | None = None

    @property
    def open(self) -> bool:
        """Whether what the user says reaches the server."""
        waits_for_voice = self.by_voice and self.manual and not self.voice
        return self.talking and not self.muted and not waits_for_voice

    def frames(self, at: float, audio: bytes) -> list[bytes]:
        """The frames to append for this one."""
        if self.open:
            return self.count([*self._take_pre_roll(), audio])
        if not self.muted:
            self._keep(audio)
        if not self.manual and self._server_waits(at):
            return self.count([bytes([SILENCE[self.format]]) * len(audio)])
        return []

    def _server_waits(self, at: float) -> bool:
        just_closed = self._closed_at is not None and at - self._closed_at < FADE_OUT_S
        return self.server_hears_speech or just_closed

    def count(self, frames: list[bytes]) -> list[bytes]:
        """Count sound that goes to the server, which may be committed."""
        self.uncommitted_ms += sum(map(len, frames)) / BYTES_PER_MS[self.format]
        return frames

    def _keep(self, audio: bytes) -> None:
        self._pre_roll.append(audio)
        while sum(map(len, self._pre_roll)) > self._pre_roll_ms * BYTES_PER_MS[self.format]:
            self._pre_roll.popleft()

    def _take_pre_roll(self) -> list[bytes]:
        kept = list(self._pre_roll)
        self._pre_roll.clear()
        return kept

    def toggle_mute(self, at: float) -> bool:
        """Mute or unmute; returns whether the microphone is muted now."""
        self.muted = not self.muted
        self._pre_roll.clear()
        self._closed_at = at if self.muted else None
        return self.muted

    def talk(self) -> bool:
        """The key was pressed; False if it was held already."""
        if self.talking:
            return False
        self.talking, self._closed_at = True, None
        return True

    def release(self, at: float) -> bool:
        """The key was released; False if it was not held, or if there is no such key."""
        if not self.push_to_talk or not self.talking:
            return False
        self.talking, self._closed_at = False, at
        return True

    def committed(self) -> None:
        self.uncommitted_ms = 0.0

    @property
    def can_commit(self) -> bool:
        return self.uncommitted_ms >= MINIMUM_COMMIT_MS

    def on_settings(self, in_force: InForce) -> None:
        self.format, self.manual = in_force.input_format, in_force.manual

    def on_user_speech(self, at: float, *, speaking: bool) -> None:
        self.server_hears_speech = speaking

    def on_disconnect(self) -> None:
        """The socket is gone, and its input buffer with it."""
        self.uncommitted_ms = 0.0
        self.server_hears_speech = False
        self._closed_at = None
