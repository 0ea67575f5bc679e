"""The numbers in a text, as digits: ``415-555``, ``four one five, double five``, ``forty-two``. English."""

from __future__ import annotations

import re
from dataclasses import dataclass

_ONES = (
    *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven"),
    *("twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"),
)
_TENS = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
_VALUES = {word: value for value, word in enumerate(_ONES)} | {"oh": 0, "o": 0, "nought": 0}
_VALUES |= {word: 20 + 10 * place for place, word in enumerate(_TENS)}
_SCALES = {"hundred": 100, "thousand": 1000}
_TIMES = {"double": 2, "triple": 3}
_TOKENS = re.compile(r"\d+(?:[.,]\d+)*|[^\W\d_]+|[.!?;:]")


@dataclass(slots=True)
class _Cardinal:
    """A number in words that may go on. ``room``: what is added to it must be below that."""

    value: int
    added: int
    room: int

    @classmethod
    def of(cls, value: int) -> _Cardinal:
        return cls(value, value, _room_behind(value))

    def takes(self, value: int) -> bool:
        """``forty`` takes ``two``, ``nineteen`` does not take ``ninety``."""
        if not 0 < value < self.room:
            return False
        self.value, self.added, self.room = self.value + value, value, _room_behind(value)
        return True

    def scale(self, factor: int) -> None:
        self.value += self.added * (factor - 1)
        self.added *= factor
        self.room = factor


def _room_behind(value: int) -> int:
    return 10 if value >= 20 else 0


def numbers_in(text: str) -> list[str]:
    """The digits of each number; what is said digit by digit, or in groups, is one number.

    Words between, and the end of a sentence, part two numbers; commas, spaces and hyphens do not.
    """
    found: list[str] = []
    run: list[str] = []
    said: _Cardinal | None = None
    times = 1
    for token in (*_TOKENS.findall(text.casefold()), "."):
        value = _VALUES.get(token)
        if said and token in _SCALES:
            said.scale(_SCALES[token])
        elif value is not None and times == 1:
            if not (said and said.takes(value)):
                run += [str(said.value)] if said else []
                said = _Cardinal.of(value)
        elif not (token == "and" and said and said.room >= 100):
            run += [str(said.value)] if said else []
            said = None
            if value is not None:
                run.append(str(value) * times)
            elif token[0].isdigit():
                run.append(re.sub(r"\D", "", token))
            elif token not in _TIMES and run:
                found.append("".join(run))
                run = []
        times = _TIMES.get(token, 1)
    return found
