"""A Realtime server that says exactly what a list of lines says, when it says so, and hears everything.

A line: ``{"on": "response.create", "nth": 2, "after": 0.3, "event": {...}}``. The client's ``nth`` event of
that type on a connection starts the clock (left out: its first ``session.update``), and ``after`` so many
seconds the event goes out. ``"conn": 2`` keeps a line for the second connection, else it is for the first.
In place of an event: ``"drop": true`` (the socket is gone) or ``"close": [code, reason]``. A ``delta`` of
sound is written as ``{"tone": [hz, ms]}``, ``{"zeros": ms}`` or ``{"slice": [hz, ms, from_byte, to_byte]}``
(PCM16, 24 kHz).

By itself it only confirms settings and items.
"""

from __future__ import annotations

import asyncio
import base64
import copy
import json
from collections import Counter
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import numpy as np
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

Json = dict[str, Any]
RATE_HZ = 24000
PCM = {"type": "audio/pcm", "rate": RATE_HZ}
SESSION: Json = {
    "type": "realtime",
    "id": "sess_case",
    "model": "gpt-realtime",
    "output_modalities": ["audio"],
    "audio": {
        "input": {
            "format": PCM,
            "transcription": None,
            "turn_detection": {"type": "server_vad", "create_response": True, "interrupt_response": True},
        },
        "output": {"format": PCM, "voice": "marin"},
    },
}


def lines_of(path: Path) -> list[Json]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines() if line.strip()]


def pcm(delta: Json) -> bytes:
    """The sound that a line writes out in figures, as PCM16."""
    if "zeros" in delta:
        return bytes(2 * RATE_HZ * delta["zeros"] // 1000)
    hz, ms, *cut = delta.get("tone") or delta["slice"]
    wave = 8000 * np.sin(2 * np.pi * hz * np.arange(RATE_HZ * ms // 1000) / RATE_HZ)
    return wave.astype("<i2").tobytes()[slice(*cut) if cut else slice(None)]


class VerbatimServer:
    """``heard``: every client event with its connection, from 1."""

    def __init__(self, lines: Iterable[Json]) -> None:
        self.lines = list(lines)
        self.url = ""
        self.connections = 0
        self.heard: list[tuple[int, Json]] = []

    def heard_of(self, kind: str, connection: int | None = None) -> list[Json]:
        """What came of this type, in order; on one connection where it is given."""
        return [event for where, event in self.heard if event["type"] == kind and connection in (None, where)]

    async def converse(self, socket: ServerConnection) -> None:
        self.connections += 1
        talk = _Talk(self, socket, self.connections)
        try:
            await talk.run()
        except ConnectionClosed:
            pass
        finally:
            await talk.end()


class _Talk:
    """One connection."""

    def __init__(self, server: VerbatimServer, socket: ServerConnection, number: int) -> None:
        self.server, self.socket, self.number = server, socket, number
        self.session = copy.deepcopy(SESSION)
        self.seen: Counter[str] = Counter()
        self.emitted = 0
        self.clocks: list[asyncio.Task[None]] = []

    async def run(self) -> None:
        await self.emit({"type": "session.created", "session": self.session})
        async for text in self.socket:
            event = json.loads(text)
            self.server.heard.append((self.number, event))
            await self.confirm(event)
            self.seen[event["type"]] += 1
            self.start_clock(event["type"])

    async def end(self) -> None:
        for clock in self.clocks:
            clock.cancel()
        await asyncio.gather(*self.clocks, return_exceptions=True)

    async def emit(self, event: Json) -> None:
        self.emitted += 1
        event = {"event_id": f"event_{self.number}_{self.emitted}", **event}
        if isinstance(event.get("delta"), dict):
            event["delta"] = base64.b64encode(pcm(event["delta"])).decode("ascii")
        await self.socket.send(json.dumps(event))

    async def confirm(self, event: Json) -> None:
        match event["type"]:
            case "session.update":
                _merge(self.session, event["session"])
                await self.emit({"type": "session.updated", "session": self.session})
            case "conversation.item.create":
                number = self.seen["conversation.item.create"] + 1
                item = {"id": f"mine_{number}", **event["item"], "status": "completed"}
                for kind in ("added", "done"):
                    await self.emit({"type": f"conversation.item.{kind}", "item": item})
            case "conversation.item.truncate":
                fields = {name: event[name] for name in ("item_id", "content_index", "audio_end_ms")}
                await self.emit({"type": "conversation.item.truncated", **fields})

    def start_clock(self, kind: str) -> None:
        due = [
            line
            for line in self.server.lines
            if (line.get("on", "session.update"), line.get("nth", 1), line.get("conn", 1))
            == (kind, self.seen[kind], self.number)
        ]
        if due:
            self.clocks.append(asyncio.create_task(self.say(due)))

    async def say(self, due: list[Json]) -> None:
        begun = asyncio.get_running_loop().time()
        for line in sorted(due, key=lambda line: line.get("after", 0)):
            await asyncio.sleep(begun + line.get("after", 0) - asyncio.get_running_loop().time())
            if line.get("drop"):
                self.socket.transport.abort()
            elif close := line.get("close"):
                await self.socket.close(*close)
            else:
                await self.emit(line["event"])


def _merge(whole: Json, patch: Json) -> None:
    for key, value in patch.items():
        if isinstance(value, dict) and isinstance(whole.get(key), dict):
            _merge(whole[key], value)
        else:
            whole[key] = value


@asynccontextmanager
async def saying(lines: Iterable[Json]) -> AsyncIterator[VerbatimServer]:
    server = VerbatimServer(lines)
    async with serve(server.converse, "127.0.0.1", 0, max_size=None, close_timeout=2) as listener:
        host, port = next(iter(listener.sockets)).getsockname()
        server.url = f"ws://{host}:{port}/v1/realtime"
        yield server
