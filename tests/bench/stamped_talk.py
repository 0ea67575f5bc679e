"""``talk`` with a stamp at both ends of the two paths that sound takes through it; started by ``bench_talk``.

``$STAMPS`` names the file that gets, at the end, the milliseconds of every frame: from the audio thread's
block (its first one) to the frame's bytes being handed to the socket, of all frames and of loud ones, and
from bytes of the socket to the playout buffer.
"""

from __future__ import annotations

import atexit
import json
import os
import time
from collections import deque
from pathlib import Path
from typing import Any

from websockets.asyncio.connection import Connection

from realtime_cli.audio.microphone import DeviceMicrophone
from realtime_cli.audio.playout import Playout
from realtime_cli.cli import main
from realtime_cli.outbox import Outbox
from realtime_cli.protocol import codec
from realtime_cli.wire.websocket import WebSocket

to_socket: list[float] = []
loud_to_socket: list[float] = []
to_playout: list[float] = []
arrived: deque[float] = deque(maxlen=1000)
blocks: deque[float | None] = deque()
block_at = bytes_at = 0.0
is_loud = False


def on_block(microphone: Any, frames: Any, original: Any = DeviceMicrophone._on_block) -> None:
    arrived.append(time.perf_counter())
    original(microphone, frames)


def take_next(microphone: Any, original: Any = DeviceMicrophone._take_next) -> None:
    global block_at, is_loud
    is_loud = not microphone._quiet_ms
    if waiting := len(microphone._blocks):
        block_at = arrived[-waiting]
    original(microphone)


def put(outbox: Any, text: str, *, sound_ms: float = 0.0, original: Any = Outbox.put) -> Any:
    blocks.append(block_at if sound_ms else None)
    return original(outbox, text, sound_ms=sound_ms)


def send_now(socket: Any, text: str, original: Any = WebSocket.send_now) -> bool:
    sent: bool = original(socket, text)
    if sent and codec.APPENDS[0] in text[:60]:
        to_socket.append(1000 * (time.perf_counter() - block_at))
        if is_loud:
            loud_to_socket.append(to_socket[-1])
    return sent


async def send(socket: Any, text: str, original: Any = WebSocket.send) -> None:
    counted = len(to_socket)
    await original(socket, text)
    at = blocks.popleft()
    del to_socket[counted:]
    if at:
        to_socket.append(1000 * (time.perf_counter() - at))


def data_received(connection: Any, data: bytes, original: Any = Connection.data_received) -> None:
    global bytes_at
    bytes_at = time.perf_counter()
    original(connection, data)


def push(playout: Any, *arguments: Any, original: Any = Playout.push) -> None:
    original(playout, *arguments)
    to_playout.append(1000 * (time.perf_counter() - bytes_at))


def write() -> None:
    found = {"to_socket": to_socket, "loud_to_socket": loud_to_socket, "to_playout": to_playout}
    Path(os.environ["STAMPS"]).write_text(json.dumps(found))


DeviceMicrophone._on_block = on_block  # type: ignore[method-assign]
DeviceMicrophone._take_next = take_next  # type: ignore[method-assign]
Outbox.put = put  # type: ignore[method-assign]
WebSocket.send_now = send_now  # type: ignore[method-assign]
WebSocket.send = send  # type: ignore[method-assign]
Connection.data_received = data_received  # type: ignore[method-assign]
Playout.push = push  # type: ignore[method-assign,assignment]
atexit.register(write)
main()
