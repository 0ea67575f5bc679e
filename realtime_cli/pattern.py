"""Patterns that others wrote (scripts, schemas of tools): one search, which ends.

The standard library's ``re`` has no limit: ``(a|aa)+$`` against a long word takes years, holds the event
loop, and no signal gets through. The language is still that of ``re``.
"""

from __future__ import annotations

import math
import re
from typing import Protocol

from realtime_cli.errors import ConfigError

LIMIT_S = 1.0  # of CPU time: a busy machine makes no pattern too slow
MAX_LENGTH = 20_000
MAX_REPEATS = 1_000_000  # ((a{1000}){1000}){1000} is written out by the compiler, and fills the memory

_COUNT = re.compile(r"\{(\d{1,10})")


class PatternTooSlow(ConfigError):
    """A search that was given up."""


class Found(Protocol):
    """What was found; ``found[0]`` is its text."""

    def __getitem__(self, group: int | str, /) -> str: ...


_too_slow: set[tuple[str, int]] = set()  # pattern and hash of the text: each is waited for once


def check_pattern(pattern: str) -> None:
    """Raise ValueError with what is wrong with a pattern."""
    if len(pattern) > MAX_LENGTH:
        raise ValueError(f"is longer than {MAX_LENGTH} characters")
    if math.prod(max(1, int(count)) for count in _COUNT.findall(pattern)) > MAX_REPEATS:
        raise ValueError(f"repeats more than {MAX_REPEATS} times")
    try:
        re.compile(pattern)
    except (re.error, RecursionError, OverflowError) as error:
        raise ValueError(f"is not a valid regular expression: {error}") from None


def search(pattern: str, text: str, *, ignore_case: bool = False, limit_s: float = LIMIT_S) -> Found | None:
    """Where the pattern first matches. Raises PatternTooSlow, and ValueError for what is no pattern."""
    check_pattern(pattern)
    import regex

    asked = (pattern, hash(text))
    try:
        if asked in _too_slow:
            raise TimeoutError
        return regex.search(
            pattern, text, regex.IGNORECASE if ignore_case else 0, timeout=limit_s, concurrent=True
        )
    except (TimeoutError, MemoryError):
        _too_slow.add(asked)
        raise PatternTooSlow(f"The pattern {pattern} took longer than {limit_s:g} s.") from None
    except regex.error as error:
        raise ValueError(f"is not a valid regular expression: {error}") from None
