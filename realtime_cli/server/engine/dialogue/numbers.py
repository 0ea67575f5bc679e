"""Number words to digits and back, as far as people say them in a conversation."""

from __future__ import annotations

import math

_BELOW_TWENTY = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen"
    " seventeen eighteen nineteen"
)
_SMALL = _BELOW_TWENTY.split()
_TENS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_VALUES = {word: value for value, word in enumerate(_SMALL)}
_VALUES |= {word: 10 * (at + 2) for at, word in enumerate(_TENS)}
_SCALES = {"hundred": 100, "thousand": 1000, "million": 1_000_000, "billion": 1_000_000_000}
_LAST_SCALE = 1_000_000_000


def with_digits(text: str) -> str:
    """Every run of number words in a lower-case text as digits.

    "three hundred and five" is "305", "two point five" is "2.5", "four seven one" stays three numbers.
    """
    words, done, at = text.split(), list[str](), 0
    while at < len(words):
        value, length = _number(words[at:])
        done.append(value if length else words[at])
        at += max(1, length)
    return " ".join(done)


def _number(words: list[str]) -> tuple[str, int]:
    """The number that the words begin with, as digits, and how many words it takes; 0 for none."""
    whole, length = _whole(words)
    if not length:
        return "", 0
    if words[length : length + 1] == ["point"]:
        decimals = _decimals(words[length + 1 :])
        if decimals:
            return f"{whole}.{decimals}", length + 1 + len(decimals)
    return str(whole), length


def _decimals(words: list[str]) -> str:
    digits = ""
    for word in words:
        if not (_VALUES.get(word, 10) < 10 or (word.isdigit() and len(word) == 1)):
            break
        digits += str(_VALUES.get(word, word))
    return digits


def _whole(words: list[str]) -> tuple[int, int]:
    """A whole number in words; "and" is part of one only behind a hundred or more."""
    total, group, length, room = 0, 0, 0, _LAST_SCALE * 1000
    for at, word in enumerate(words):
        following = words[at + 1] if at + 1 < len(words) else ""
        if word in ("a", "an") and not length and following in _SCALES:
            group, room = 1, 1
        elif word in _VALUES and _VALUES[word] < room and (_VALUES[word] or not length):
            group += _VALUES[word]
            room = 10 if _VALUES[word] >= 20 else 1
        elif word in _SCALES and (group or total) and _SCALES[word] >= 100 and length:
            total, group, room = _scaled(total, group, word)
        elif word == "and" and length and words[at - 1] in _SCALES and following in _VALUES:
            continue
        else:
            break
        length = at + 1
    return total + group, length


def _scaled(total: int, group: int, word: str) -> tuple[int, int, int]:
    """Total, group and room behind a scale: a hundred multiplies the group, a greater scale closes it.

    What follows must be smaller than the room.
    """
    if word == "hundred":
        return total, group * 100, 100
    return total + group * _SCALES[word], 0, _SCALES[word]


def spoken(value: float) -> str:
    """A result as digits that a voice reads well: 391, 2.5, "minus 3", "about 0.3333"."""
    sign, value = ("minus " if value < 0 else ""), abs(value)
    if isinstance(value, int):
        return f"{sign}{value}"
    rounded = f"{value:.4f}".rstrip("0").rstrip(".")
    exact = math.isclose(float(rounded), value, rel_tol=1e-12)
    return f"{sign if exact else f'about {sign}'}{rounded}"


def in_words(number: int) -> str:
    """0 to 999 in words, for counting aloud."""
    if number < 20:
        return _SMALL[number]
    if number < 100:
        tens, rest = divmod(number, 10)
        return _TENS[tens - 2] + (f"-{_SMALL[rest]}" if rest else "")
    hundreds, rest = divmod(number, 100)
    return f"{_SMALL[hundreds]} hundred" + (f" and {in_words(rest)}" if rest else "")
