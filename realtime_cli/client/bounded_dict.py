"""A dict by ids that forgets its oldest entries."""

from __future__ import annotations

from typing import TypeVar

K = TypeVar("K")
V = TypeVar("V")

REMEMBERED_IDS = 64  # of items, responses or calls: late events come for the last few


class BoundedDict(dict[K, V]):
    """Holds at most ``max_size`` entries; one more drops the one that was set the longest ago.

    For what is known of ids, of which a session of hours has thousands.
    """

    def __init__(self, max_size: int = REMEMBERED_IDS) -> None:
        super().__init__()
        self._max_size = max_size
        self.forgotten = 0
        """How many entries were dropped so far."""

    def __setitem__(self, key: K, value: V) -> None:
        self.pop(key, None)
        super().__setitem__(key, value)
        if len(self) > self._max_size:
            del self[next(iter(self))]
            self.forgotten += 1

    def setdefault(self, key: K, default: V) -> V:
        """The value that is there, or the default, which is set."""
        if key not in self:
            self[key] = default
        return self[key]
