"""What waits for the wire, in order, bounded.

At most ``FRAMES`` frames of microphone sound (5 s of speech) wait: if the wire stalls longer the oldest go, because
late speech is worse than lost speech. Everything else in it is small and never dropped.
"""

from __future__ import annotations

import asyncio
from collections import deque

FRAMES = 500


class Outbox:
    """Encoded events on their way out; one pump takes them, one step puts them in."""

    def __init__(self) -> None:
        self._waiting: deque[tuple[str, bool]] = deque()
        self._frames = 0
        self._filled = asyncio.Event()
        self.size = 0  # of all that waits, in characters
        self.dropped_frames = 0  # since the session began

    def __len__(self) -> int:
        return len(self._waiting)

    def put(self, text: str, *, sound: bool) -> bool:
        """Append; returns whether the oldest frame had to go for it."""
        full = sound and self._frames >= FRAMES
        if full:
            self._drop_oldest_frame()
        self._waiting.append((text, sound))
        self._frames += sound
        self.size += len(text)
        self._filled.set()
        return full

    def take(self) -> str:
        """The oldest. Raises IndexError when nothing waits."""
        text, sound = self._waiting.popleft()
        self._frames -= sound
        self.size -= len(text)
        return text

    def clear(self) -> None:
        """Nothing of a lost socket goes to the next one by itself."""
        self._waiting.clear()
        self._frames = self.size = 0

    def stir(self) -> None:
        """There is a new wire: whoever waits in ``filled`` looks again."""
        self._filled.set()

    async def filled(self) -> None:
        """Until something was put in, or there is a new wire, since the last time."""
        await self._filled.wait()
        self._filled.clear()

    def _drop_oldest_frame(self) -> None:
        place = next(place for place, (_, sound) in enumerate(self._waiting) if sound)
        self.size -= len(self._waiting[place][0])
        del self._waiting[place]
        self._frames -= 1
        self.dropped_frames += 1
