"""Texts compared as people hear them: normalised words, and the word error rate between two texts."""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import SequenceMatcher

_WORDS = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen"
    " seventeen eighteen nineteen twenty thirty forty fifty sixty seventy eighty ninety"
)
_UNITS, _TENS = _WORDS.split()[:20], _WORDS.split()[20:]
_SPELLINGS = {
    "okay": "ok",
    "cancelled": "canceled",
    "meters": "metres",
    "meter": "metre",
    "grey": "gray",
    "to-day": "today",
    "to-night": "tonight",
    "to-morrow": "tomorrow",
    "goodbye": "bye",
    "good-bye": "bye",
}


def normalise(text: str) -> list[str]:
    """Lower-case words without punctuation; digits as words; old hyphenations as one habit."""
    text = text.lower().replace("’", "'")
    words = [_SPELLINGS.get(word.strip(".,!?;:"), word) for word in text.split()]
    text = re.sub(r"(?<=\d),(?=\d{3})", "", " ".join(words))
    text = re.sub(r"\d+", lambda found: f" {in_words(found[0])} ", text)
    return re.findall(r"[a-z']+", re.sub(r"(?<![a-z])'|'(?![a-z])", " ", text))


def in_words(digits: str) -> str:
    """Up to two digits as a number, more of them one by one: "23" and "47192" as people dictate them."""
    number = int(digits)
    if len(digits) > 2 or (digits.startswith("0") and len(digits) > 1):
        return " ".join(_UNITS[int(digit)] for digit in digits)
    if number < 20:
        return _UNITS[number]
    tens, rest = divmod(number, 10)
    return _TENS[tens - 2] + (f" {_UNITS[rest]}" if rest else "")


@dataclass(frozen=True, slots=True)
class Comparison:
    """A text and how it was heard: the number of wrong words, of how many, and the missing ones."""

    errors: int
    words: int
    missing: tuple[str, ...]


def compare(expected: str, heard: str, *, open_end: bool = False) -> Comparison:
    """By the best alignment. ``open_end``: as much of the end as fits best need not be there."""
    wanted, got = normalise(expected), normalise(heard)
    row = list(range(len(got) + 1))
    ends = [row[-1]]
    for at, want in enumerate(wanted, 1):
        before, row = row, [at]
        for column, word in enumerate(got, 1):
            row.append(min(before[column] + 1, row[-1] + 1, before[column - 1] + (want != word)))
        ends.append(row[-1])
    count = min(range(len(ends)), key=lambda length: (ends[length], -length)) if open_end else len(wanted)
    same = SequenceMatcher(None, wanted[:count], got, autojunk=False).get_opcodes()
    missing = [
        word for tag, begin, end, *_ in same if tag in ("delete", "replace") for word in wanted[begin:end]
    ]
    return Comparison(ends[count], count, tuple(missing))


def word_errors(expected: str, heard: str) -> tuple[int, int]:
    """(substitutions + insertions + deletions of the best alignment, number of words expected)."""
    found = compare(expected, heard)
    return found.errors, found.words


def word_error_rate(expected: str, heard: str) -> float:
    """Errors per expected word, 0 for the same words; may exceed 1."""
    errors, words = word_errors(expected, heard)
    return errors / words if words else float(errors)
