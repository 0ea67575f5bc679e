"""Words on the grid of 200 ms on which Live sends transcripts."""

from __future__ import annotations

import re
from dataclasses import dataclass

from realtime_cli.protocol.live.limits import TRANSCRIPT_GRID_MS

_WORD = re.compile(r"\s*\S+")


@dataclass(frozen=True, slots=True)
class TimedWord:
    """A word with the space in front of it, and the middle of its sound in session time."""

    text: str
    middle_ms: float


@dataclass(frozen=True, slots=True)
class TranscriptFragment:
    """The words of one cell of the grid."""

    text: str
    start_ms: int
    end_ms: int


def timed_words(text: str, start_ms: float, end_ms: float, *, continues: bool) -> list[TimedWord]:
    """The words of a stretch of speech, each as long as its letters make it.

    ``continues``: something was said just before, so that the first word has a space in front, too.
    """
    words = _WORD.findall(" ".join(text.split()))
    if words and continues:
        words[0] = f" {words[0]}"
    letters = sum(map(len, words))
    found, before = [], 0
    for word in words:
        middle = (before + len(word) / 2) / letters
        found.append(TimedWord(word, start_ms + middle * (end_ms - start_ms)))
        before += len(word)
    return found


def fragments(words: list[TimedWord]) -> list[TranscriptFragment]:
    """The words cell by cell; cells without words are left out."""
    cells: dict[int, str] = {}
    for word in words:
        cell = int(word.middle_ms // TRANSCRIPT_GRID_MS)
        cells[cell] = cells.get(cell, "") + word.text
    return [
        TranscriptFragment(text, cell * TRANSCRIPT_GRID_MS, (cell + 1) * TRANSCRIPT_GRID_MS)
        for cell, text in cells.items()
    ]
