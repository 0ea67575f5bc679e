"""A TCP proxy between a client and a server that does what bad networks do.

It forwards bytes and knows nothing of WebSockets, so every fault is one that a real line can have:
delay, stall (bytes wait), deafness (bytes vanish, the socket stays: half-open), a reset, a hang-up without
goodbye, flipped bits, refused or unanswered connections.
"""

from __future__ import annotations

import asyncio
import random
import socket
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import urlsplit

CHUNK_BYTES = 16 * 1024
RESET = struct.pack("ii", 1, 0)  # SO_LINGER: a close becomes a RST

Way = Literal["up", "down"]


@dataclass
class BadWire:
    """Knobs take effect at once, for all connections. ``up`` is to the server, ``down`` to the client."""

    url: str = ""
    delay_s: float = 0.0
    jitter_s: float = 0.0
    deaf: set[Way] = field(default_factory=set)
    """Ways on which bytes vanish while the socket stays open."""
    flip: dict[Way, int] = field(default_factory=dict)
    """How many chunks of a way get one flipped bit; the opening is spared, a refusal of it would be final."""
    refusing: bool = False
    """New connections are reset before a byte was read."""
    connections: int = 0
    """How many came so far, refused ones too."""
    _target: tuple[str, int] = ("127.0.0.1", 0)
    _flowing: asyncio.Event = field(default_factory=asyncio.Event)
    _open: list[asyncio.StreamWriter] = field(default_factory=list)
    _random: random.Random = field(default_factory=lambda: random.Random(1))

    def stall(self) -> None:
        """Bytes wait, both ways, until ``resume``."""
        self._flowing.clear()

    def resume(self) -> None:
        self._flowing.set()

    def reset(self) -> None:
        """Every connection ends with a RST."""
        for writer in self._open:
            sock: socket.socket = writer.get_extra_info("socket")
            with suppress(OSError):
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        self.hang_up()

    def hang_up(self) -> None:
        """Every connection ends without a goodbye of the protocol above."""
        for writer in self._open:
            writer.transport.abort()
        self._open.clear()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._open.append(writer)
        if self.refusing:
            self.reset()
            return
        try:
            there_reader, there = await asyncio.open_connection(*self._target)
        except OSError:
            writer.transport.abort()
            return
        self._open.append(there)
        try:
            await asyncio.gather(self._pass(reader, there, "up"), self._pass(there_reader, writer, "down"))
        finally:
            for end in (writer, there):
                end.transport.abort()

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, way: Way) -> None:
        with suppress(OSError):
            while data := await reader.read(CHUNK_BYTES):
                await self._flowing.wait()
                if self.delay_s or self.jitter_s:
                    await asyncio.sleep(self.delay_s + self._random.uniform(0, self.jitter_s))
                if way not in self.deaf:
                    writer.write(self._spoilt(data, way))
                    await writer.drain()
            if way not in self.deaf:
                writer.close()

    def _spoilt(self, data: bytes, way: Way) -> bytes:
        if not self.flip.get(way) or data.startswith((b"GET ", b"HTTP/")):
            return data
        self.flip[way] -= 1
        place = self._random.randrange(len(data))
        return data[:place] + bytes([data[place] ^ (1 << self._random.randrange(8))]) + data[place + 1 :]


@asynccontextmanager
async def bad_wire(url: str) -> AsyncIterator[BadWire]:
    """A proxy before the ``ws://`` server at ``url``; connect to its own ``url``."""
    parts = urlsplit(url)
    wire = BadWire(_target=(parts.hostname or "127.0.0.1", parts.port or 80))
    wire.resume()
    tasks: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task
        tasks.add(task)
        task.add_done_callback(tasks.discard)
        with suppress(asyncio.CancelledError):
            await wire._serve(reader, writer)

    listening = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = listening.sockets[0].getsockname()[1]
    wire.url = f"ws://127.0.0.1:{port}{parts.path}"
    try:
        yield wire
    finally:
        listening.close()
        wire.resume()
        wire.hang_up()
        for task in list(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
