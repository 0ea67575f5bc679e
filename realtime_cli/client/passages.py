"""Fragments of a translation, which has no end, joined to passages of about a sentence.

A passage is over when its last fragment ends a sentence and another one comes, when the next fragment is
1.5 s further on in the sound, or when for 1.5 s nothing of it has come.
"""

from __future__ import annotations

from dataclasses import dataclass

from realtime_cli.protocol.translation import FRAME_MS

GAP_MS = 1_500.0  # in the sound
QUIET_S = 1.5  # on the clock: the passage is whole
LETTER_MS = 120.0  # of slow speech: with so much sound for its words, a passage waits for no more of it
MAX_LETTERS = 400  # without any punctuation a passage ends here
SENTENCE_END = (".", "!", "?", "…", "。", "！", "？")


@dataclass(slots=True)
class Passage:
    """``begin_ms``, ``end_ms``: its place in the sound that was sent. ``at``: when the last of it came."""

    number: int
    begin_ms: float
    end_ms: float
    text: str = ""
    at: float = 0.0
    sound_ms: float = 0.0

    @property
    def item_id(self) -> str:
        """Names a passage of the translation; its sound bears the same name."""
        return f"translation_{self.number}"

    @property
    def ends_sentence(self) -> bool:
        return self.text.rstrip().endswith(SENTENCE_END)


class Passages:
    """One side of a translation. ``current`` is the passage that goes on."""

    def __init__(self) -> None:
        self.current: Passage | None = None
        self._count = 0

    def add(self, delta: str, elapsed_ms: float, at: float) -> Passage | None:
        """Add a fragment; returns the passage before it, if that is over now."""
        over, now = None, self.current
        if now and (now.ends_sentence or elapsed_ms - now.end_ms > GAP_MS or len(now.text) > MAX_LETTERS):
            over = self.finish()
        if self.current is None:
            self._count += 1
            begin_ms = max(0.0, elapsed_ms - FRAME_MS, over.end_ms if over else 0.0)
            self.current = Passage(self._count, min(begin_ms, elapsed_ms), elapsed_ms)
        self.current.text += delta
        self.current.end_ms = max(self.current.end_ms, elapsed_ms)
        self.current.at = at
        return over

    def sound(self, ms: float, at: float) -> Passage | None:
        """Add sound to the current passage; returns it. Silence behind it does not keep it open."""
        now = self.current
        if now:
            now.at = at if now.sound_ms < LETTER_MS * len(now.text) else now.at
            now.sound_ms += ms
        return now

    def settle(self, at: float) -> Passage | None:
        """The passage that is over because nothing more has come."""
        return self.finish() if self.current and at - self.current.at >= QUIET_S else None

    def finish(self) -> Passage | None:
        """End the current passage."""
        over, self.current = self.current, None
        return over
