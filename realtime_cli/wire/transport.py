"""What the rest of the program needs of a connection: whole text frames, in order, both ways."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Protocol

ABNORMAL = 1006  # RFC 6455 §7.1.5: the connection ended without a close frame
FRAMES_IN_FLIGHT = 1024  # what the in-memory twin holds before a sender has to wait


class Closed(Exception):
    """The connection is over. ``code`` is RFC 6455's; 1006 when there was no goodbye."""

    def __init__(self, code: int, reason: str = "") -> None:
        super().__init__(f"{code} {reason}".strip())
        self.code = code
        self.reason = reason


class Transport(Protocol):
    """One end of a connection."""

    async def send(self, text: str) -> None:
        """Put one frame on the wire; waits while the peer is slow. Raises :class:`Closed`."""

    def send_now(self, text: str) -> bool:
        """Put one frame on the wire if that surely needs no waiting; whether it did. Never raises."""

    async def recv(self) -> str:
        """The next frame. Raises :class:`Closed`, again and again, once all frames were read."""

    async def close(self, code: int = 1000, reason: str = "") -> None:
        """Say goodbye and wait for the peer's; with code 1006 just hang up. Never raises."""


class _Pipe:
    """One direction of an in-memory connection."""

    def __init__(self) -> None:
        self.frames: deque[str] = deque()
        self.closed: Closed | None = None
        self.changed = asyncio.Condition()

    async def put(self, text: str) -> None:
        async with self.changed:
            await self.changed.wait_for(lambda: self.closed or len(self.frames) < FRAMES_IN_FLIGHT)
            if self.closed:
                raise Closed(self.closed.code, self.closed.reason)
            self.frames.append(text)
            self.changed.notify_all()

    async def get(self) -> str:
        async with self.changed:
            await self.changed.wait_for(lambda: self.closed or self.frames)
            if not self.frames and self.closed:
                raise Closed(self.closed.code, self.closed.reason)
            text = self.frames.popleft()
            self.changed.notify_all()
            return text

    async def end(self, closed: Closed) -> None:
        async with self.changed:
            self.closed = self.closed or closed
            self.changed.notify_all()


class MemoryTransport:
    """One end of a connection that never leaves the process."""

    def __init__(self, outgoing: _Pipe, incoming: _Pipe) -> None:
        self._outgoing = outgoing
        self._incoming = incoming

    async def send(self, text: str) -> None:
        await self._outgoing.put(text)

    def send_now(self, text: str) -> bool:
        return False

    async def recv(self) -> str:
        return await self._incoming.get()

    async def close(self, code: int = 1000, reason: str = "") -> None:
        closed = Closed(code, reason)
        await self._outgoing.end(closed)
        await self._incoming.end(closed)


def memory_pair() -> tuple[MemoryTransport, MemoryTransport]:
    """Two ends joined in memory: what one sends the other receives."""
    there, back = _Pipe(), _Pipe()
    return MemoryTransport(there, back), MemoryTransport(back, there)
