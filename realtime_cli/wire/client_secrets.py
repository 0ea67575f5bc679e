"""Client secrets: short-lived keys (``ek_...``) with which browsers open a session, and its settings."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import field
from typing import Any

from realtime_cli.value import value

PREFIX = "ek_"
MIN_LIFE_S, MAX_LIFE_S, DEFAULT_LIFE_S = 10, 7200, 600
MAX_SECRETS = 10_000  # that are alive; beyond this the oldest is forgotten


@value
class ClientSecret:
    """``session``: settings of the sessions that it opens. It may open many, until ``expires_at`` (Unix)."""

    value: str = field(repr=False)
    expires_at: int
    session: Mapping[str, Any] = field(repr=False)


class ClientSecrets:
    """Those that a server has given out."""

    def __init__(self, now: Callable[[], float] = time.time) -> None:
        self._now = now
        self._alive: dict[str, ClientSecret] = {}

    def mint(self, life_s: int, session: Mapping[str, Any]) -> ClientSecret:
        self._alive = {value: one for value, one in self._alive.items() if one.expires_at > self._now()}
        if len(self._alive) >= MAX_SECRETS:
            del self._alive[next(iter(self._alive))]
        one = ClientSecret(PREFIX + secrets.token_hex(16), int(self._now()) + life_s, session)
        self._alive[one.value] = one
        return one

    def find(self, value: str) -> ClientSecret | None:
        """The secret that opens a session now; None for one that has expired, or is no secret of ours."""
        one = self._alive.get(value)
        return one if one and one.expires_at > self._now() else None
