"""How many sessions a machine carries: double them until it is too many, then halve the gap. Pure."""

from __future__ import annotations

from dataclasses import dataclass

FIRST = 10
CLOSE_ENOUGH = 0.1
MAX_USERS = 100_000


@dataclass
class Search:
    """``users`` is what to try next; ``done`` when ``carried`` is known to a tenth."""

    users: int = FIRST
    carried: int = 0
    too_many: int | None = None

    def tried(self, well: bool) -> None:
        """How ``users`` went."""
        if well:
            self.carried = self.users
        else:
            self.too_many = self.users
        if self.too_many is None:
            self.users = min(MAX_USERS, self.users * 2)
        else:
            self.users = (self.carried + self.too_many) // 2

    @property
    def done(self) -> bool:
        if self.too_many is None:
            return self.carried >= MAX_USERS
        return self.too_many - self.carried <= max(1, CLOSE_ENOUGH * self.too_many)
