"""Which of the steps that are expected was which of those that happened, each used once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

Expected = TypeVar("Expected")
Found = TypeVar("Found")


def in_any_order(
    expected: Sequence[Expected], found: Sequence[Found], fits: Callable[[Expected, Found], bool]
) -> dict[int, int]:
    """Place of an expected one -> place of what it is; as many as can be.

    Augmenting paths (Kuhn 1955): one that fits several things gives way to one that fits only what it took.
    """
    taken_by: dict[int, int] = {}

    def place(one: int, tried: set[int]) -> bool:
        for at, thing in enumerate(found):
            if at not in tried and fits(expected[one], thing):
                tried.add(at)
                if at not in taken_by or place(taken_by[at], tried):
                    taken_by[at] = one
                    return True
        return False

    for one in range(len(expected)):
        place(one, set())
    return {one: at for at, one in taken_by.items()}


def in_this_order(
    expected: Sequence[Expected], found: Sequence[Found], fits: Callable[[Expected, Found], bool]
) -> dict[int, int]:
    """The same, each behind the one before it; ends at the first that is missing."""
    placed: dict[int, int] = {}
    begin = 0
    for one, wanted in enumerate(expected):
        at = next((at for at in range(begin, len(found)) if fits(wanted, found[at])), None)
        if at is None:
            break
        placed[one], begin = at, at + 1
    return placed
