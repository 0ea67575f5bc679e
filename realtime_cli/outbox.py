"""What waits to be sent, in order and bounded.

At most ``MAX_SOUND_MS`` of microphone sound wait: if the wire stalls longer the oldest goes, because late
speech is worse than lost speech. Everything else in it is small and never dropped.
"""

from __future__ import annotations

import asyncio
from collections import deque

MAX_SOUND_MS = 5000.0


class Outbox:
    """Encoded events on their way out; one pump takes them, one step puts them in."""

    def __init__(self) -> None:
        self._waiting: deque[tuple[str, float]] = deque()
        self._filled = asyncio.Event()
        self.sound_ms = 0.0
        """Microphone sound that waits."""
        self.other_chars = 0
        """What waits beside the sound, in characters."""
        self.dropped_ms = 0.0
        """Sound that was dropped since the session began."""

    def __len__(self) -> int:
        return len(self._waiting)

    def put(self, text: str, *, sound_ms: float = 0.0) -> bool:
        """Append an event, of ``sound_ms`` of sound; returns whether older sound had to go for it."""
        dropped_ms = self.dropped_ms
        while sound_ms and self.sound_ms and self.sound_ms + sound_ms > MAX_SOUND_MS:
            self._drop_oldest_sound()
        self._waiting.append((text, sound_ms))
        self._count(text, sound_ms, 1)
        self._filled.set()
        return self.dropped_ms > dropped_ms

    def take(self) -> str:
        """The oldest. Raises IndexError when nothing waits."""
        text, sound_ms = self._waiting.popleft()
        self._count(text, sound_ms, -1)
        return text

    def clear(self) -> None:
        """Drop everything: nothing meant for a lost socket goes to the next one."""
        self._waiting.clear()
        self.sound_ms, self.other_chars = 0.0, 0

    def notify(self) -> None:
        """There is a new socket: wake whoever waits in ``filled``."""
        self._filled.set()

    async def filled(self) -> None:
        """Until something was put in, or there is a new wire, since the last time."""
        await self._filled.wait()
        self._filled.clear()

    def _count(self, text: str, sound_ms: float, sign: int) -> None:
        if sound_ms:
            self.sound_ms += sign * sound_ms
        else:
            self.other_chars += sign * len(text)

    def _drop_oldest_sound(self) -> None:
        place = next(place for place, (_, sound_ms) in enumerate(self._waiting) if sound_ms)
        text, sound_ms = self._waiting[place]
        del self._waiting[place]
        self._count(text, sound_ms, -1)
        self.dropped_ms += sound_ms
