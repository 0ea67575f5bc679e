"""Stretches of speech on the session's clock, and which of them a fragment of a transcript belongs to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

NEAR_MS = 700.0  # fragments are on a grid of 200 ms, and recognisers place words a little off
WORD_GAP_MS = 1_000.0  # without measured sound: such a gap between fragments ends a stretch


@dataclass(slots=True)
class Stretch:
    """Somebody speaks from ``start_ms``; ``end_ms`` None: still. ``measured`` in the sound, else by words."""

    item_id: str
    start_ms: float
    end_ms: float | None = None
    measured: bool = True
    text: str = ""
    last_ms: float = 0.0
    """Where the last of its words ends."""

    def add(self, text: str, end_ms: float) -> str:
        """Add a fragment; returns it as added: one that begins a message brings no space of its own."""
        if self.text and self.text[-1] in ".!?" and not text[:1].isspace():
            text = f" {text}"
        self.text += text
        self.last_ms = max(self.last_ms, end_ms)
        return text

    def distance_ms(self, start_ms: float, end_ms: float) -> float:
        """How far a fragment is from it; 0 where they overlap."""
        end = self.end_ms
        if end is None:
            end = float("inf") if self.measured else max(self.last_ms, self.start_ms)
        return max(0.0, start_ms - end, self.start_ms - end_ms)


S = TypeVar("S", bound=Stretch)


def nearest(stretches: Sequence[S], start_ms: float, end_ms: float) -> S | None:
    """The stretch that a fragment belongs to, the newest that overlaps it; None: it belongs to none."""
    best = min(reversed(stretches[-6:]), key=lambda one: one.distance_ms(start_ms, end_ms), default=None)
    if best is None:
        return None
    near_ms = NEAR_MS if best.measured else WORD_GAP_MS - 1
    return best if best.distance_ms(start_ms, end_ms) <= near_ms else None
