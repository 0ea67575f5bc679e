"""Text at the pace at which it is heard: how much of a transcript the sound has reached.

Sound arrives faster than it is heard, and the transcript runs ahead of the sound. What a listener
knows at a moment is the part of the text in proportion to the time heard, up to the end of a word.
"""

from __future__ import annotations

from dataclasses import dataclass

# While sound is still arriving its full length is unknown. Ordinary speech has about 16 characters a
# second; taking the larger of this and what came keeps the text from running ahead of the voice.
SPOKEN_MS_PER_CHARACTER = 62.0
MAX_WORD_LENGTH = 24


@dataclass(slots=True)
class RevealedPart:
    """One content part of an answer: its text, its sound, and how much of both reached the listener."""

    text: str = ""
    voice: bool = False
    played_ms: float = 0.0  # given to the loudspeaker
    wire_ms: float = 0.0  # seen on the wire; stands in where no playing was recorded
    audio_complete: bool = False
    heard_ms: float = 0.0
    heard_to_end: bool = False
    shown: int = 0  # characters of the text that were heard

    @property
    def received_ms(self) -> float:
        return self.played_ms or self.wire_ms

    def reach(self) -> None:
        """Let the shown text follow the heard time; it never goes back."""
        if self.heard_to_end and self.audio_complete:
            self.shown = len(self.text)
        elif self.heard_ms > 0 and self.text:
            reached = round(len(self.text) * min(1.0, self.heard_ms / max(1.0, self.length_ms)))
            self.shown = max(self.shown, word_end(self.text, reached))

    @property
    def length_ms(self) -> float:
        """The length of the whole part, estimated while it is still arriving."""
        if self.audio_complete:
            return self.received_ms
        return max(self.received_ms, len(self.text) * SPOKEN_MS_PER_CHARACTER)

    @property
    def shown_text(self) -> str:
        return self.text[: self.shown]


def word_end(text: str, place: int) -> int:
    """The end of the word that ``place`` is in; scripts without blanks end at the place itself."""
    if place <= 0:
        return 0
    if text[place - 1].isspace():
        return len(text[:place].rstrip())  # the next word has not begun
    for end in range(place, min(len(text), place + MAX_WORD_LENGTH)):
        if text[end].isspace():
            return end
    return len(text) if len(text) - place < MAX_WORD_LENGTH else place
