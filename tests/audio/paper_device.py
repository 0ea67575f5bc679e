"""A device that does what it is told, and breaks when a test wants it to: real ones break at no command."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from realtime_cli.errors import AudioDeviceError

TIMEOUT_S = 10.0


class PaperDevice:
    """An open stream; ``log`` is what was done to it, ``refuses`` what it will not do."""

    device_name, channels = "paper", 1

    def __init__(self, log: list[str], rate_hz: int = 24_000, latency_s: float = 0.02) -> None:
        self.rate_hz, self.latency_s = rate_hz, latency_s
        self.active = False
        self.refuses: set[str] = set()
        self._log = log

    def start(self) -> None:
        self._do("start")
        self.active = True

    def abort(self) -> None:
        self._do("abort")

    def close(self) -> None:
        self._do("close")
        self.active = False

    def _do(self, what: str) -> None:
        if what in self.refuses:
            raise AudioDeviceError(f"It does not {what}.")
        self._log.append(what)


async def until(true: Callable[[], bool]) -> None:
    """Wait for what a worker or a watch does."""
    async with asyncio.timeout(TIMEOUT_S):
        while not true():
            await asyncio.sleep(0.002)
