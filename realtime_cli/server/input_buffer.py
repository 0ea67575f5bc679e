"""Audio that the client has appended and that is in no item yet.

Positions are milliseconds since the first sound of the session, which is how the protocol counts
them; what is kept begins at ``start_ms``.
"""

from __future__ import annotations

BYTES_PER_MS = {"audio/pcm": 48, "audio/pcmu": 8, "audio/pcma": 8}
MAX_BUFFER_MS = 10 * 60 * 1000  # of uncommitted audio: 29 MB of PCM
COMMIT_MS = 100  # the least that the client can commit


class InputBuffer:
    """Bytes in the session's input format, and where in the session they belong."""

    def __init__(self, format: str = "audio/pcm") -> None:
        self.format = format
        self._bytes_per_ms = BYTES_PER_MS[format]
        self._kept = bytearray()
        self.start_ms = 0.0

    @property
    def kept_ms(self) -> float:
        return len(self._kept) / self._bytes_per_ms

    @property
    def end_ms(self) -> float:
        """All sound ever appended, in ms."""
        return self.start_ms + self.kept_ms

    def use_format(self, format: str) -> None:
        """Continue in another format; drop what is kept in the old one."""
        if format != self.format:
            self.clear()
            self.format, self._bytes_per_ms = format, BYTES_PER_MS[format]

    def has_room(self, size: int) -> bool:
        """Whether this many bytes may be added."""
        return self.kept_ms + size / self._bytes_per_ms <= MAX_BUFFER_MS

    def append(self, audio: bytes) -> None:
        """Add sound."""
        self._kept += audio

    def between(self, start_ms: float, end_ms: float) -> bytes:
        """The kept sound of a stretch of the session."""
        return bytes(self._kept[self._offset(start_ms) : self._offset(end_ms)])

    def take(self, start_ms: float, end_ms: float) -> bytes:
        """The same, and forget everything up to ``end_ms``."""
        audio = self.between(start_ms, end_ms)
        self.forget_before(end_ms)
        return audio

    def forget_before(self, ms: float) -> None:
        offset = self._offset(ms)
        del self._kept[:offset]
        self.start_ms += offset / self._bytes_per_ms

    def clear(self) -> None:
        self.start_ms = self.end_ms
        self._kept.clear()

    def _offset(self, ms: float) -> int:
        """Byte offset of a position, between samples, within what is kept."""
        offset = int((ms - self.start_ms) * self._bytes_per_ms)
        if self.format == "audio/pcm":
            offset &= ~1
        return max(0, min(len(self._kept), offset))
