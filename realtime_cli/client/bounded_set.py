"""A set of ids that forgets its oldest members."""

from __future__ import annotations


class BoundedSet:
    """Holds at most ``max_size`` texts; adding one more drops the oldest. The empty text is never in it."""

    def __init__(self, max_size: int) -> None:
        self._max_size = max_size
        self._members: dict[str, None] = {}

    def __contains__(self, member: str | None) -> bool:
        return member in self._members

    def add(self, member: str) -> None:
        if not member:
            return
        self._members[member] = None
        if len(self._members) > self._max_size:
            del self._members[next(iter(self._members))]

    def discard(self, member: str) -> None:
        self._members.pop(member, None)

    def clear(self) -> None:
        self._members.clear()
