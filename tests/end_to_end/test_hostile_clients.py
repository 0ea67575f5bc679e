"""``serve`` against clients that want to hurt it: each is held off, and an honest one is served beside it."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import resource
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from realtime_cli.app.local_server import ServeOptions
from realtime_cli.server.settings import Defaults
from realtime_cli.wire import websocket
from realtime_cli.wire.transport import Closed, Transport
from tests.kit.live_session import live, serving
from tests.kit.scripted_engine import ScriptedEngine

pytestmark = pytest.mark.timeout(60)


async def answer_to(transport: Transport, type: str = "error") -> dict[str, Any]:
    async with asyncio.timeout(10):
        while True:
            event = json.loads(await transport.recv())
            if event["type"] == type:
                return event


async def append(transport: Transport, audio: str) -> None:
    await transport.send(json.dumps({"type": "input_audio_buffer.append", "audio": audio}))


async def honest_talk(url: str) -> None:
    async with live(url) as talk:
        await talk.ready()
        await talk.say("Is anybody there?")


def test_it_listens_on_loopback_unless_told():
    assert ServeOptions().host == "127.0.0.1"


async def test_a_slow_loris_is_shown_the_door():
    """Clients that send their request a byte at a time hold no session, and not for ever."""
    async with serving(ScriptedEngine(), max_connections=2, open_timeout_s=0.5) as server:
        lorises = [await asyncio.open_connection("127.0.0.1", server.port) for _ in range(50)]
        for _, writer in lorises:
            writer.write(b"GET /v1/realtime HTTP/1.1\r\nHost: localhost\r\n")
        await honest_talk(server.url)
        async with asyncio.timeout(5):
            ends = [await reader.read() for reader, _ in lorises]
        assert all(b" 101 " not in end for end in ends)
        for _, writer in lorises:
            writer.close()


async def test_appends_as_large_as_they_may_be_fill_the_buffer_and_no_more():
    async with serving(ScriptedEngine()) as server:
        client = await websocket.connect(server.url)
        largest = base64.b64encode(bytes(14 * 1024 * 1024)).decode()
        off = {
            "type": "session.update",
            "session": {"type": "realtime", "audio": {"input": {"turn_detection": None}}},
        }
        await client.send(json.dumps(off))
        for _ in range(2):
            await append(client, largest)
        assert (await answer_to(client))["error"]["code"] == "input_audio_buffer_full"
        await append(client, base64.b64encode(bytes(15 * 1024 * 1024 + 30)).decode())
        assert "15 MiB" in (await answer_to(client))["error"]["message"]
        await honest_talk(server.url)
        await client.close()


async def test_a_message_beyond_all_bounds_ends_that_session_only():
    async with serving(ScriptedEngine()) as server:
        client = await websocket.connect(server.url)
        with suppress(Closed):
            await client.send("x" * (25 * 1024 * 1024))
        with suppress(Closed):
            await drain(client)
        with pytest.raises(Closed) as closed:
            await client.recv()
        assert closed.value.code in (1009, 1006)
        await honest_talk(server.url)


async def test_thousands_of_items_are_bounded():
    async with serving(ScriptedEngine()) as server:
        client = await websocket.connect(server.url)
        reading = asyncio.create_task(drain(client))
        item = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "x" * 1000}]}
        create = json.dumps({"type": "conversation.item.create", "item": item})
        for _ in range(2500):
            await client.send(create)
        await honest_talk(server.url)
        await client.close()
        await asyncio.gather(reading, return_exceptions=True)


@pytest.mark.parametrize(
    ("target", "header", "status"),
    [
        (b"/v1/realtime", b"Host: evil.example", b"403"),
        (b"/v1/realtime", b"Host: [::1", b"400"),
        (b"//[x", b"Host: localhost", b"400"),
        (b"/v1/real\xfftime", b"Host: localhost", b"404"),
        (b"/v1/realtime?model=\xff%ff%00", b"Host: localhost", b"101"),
        (b"/v1/realtime", b"Host: localhost\r\nOrigin: http://[::1", b"400"),
        (b"/v1/realtime", b"Host: localhost\r\nOrigin: \xff\xfe", b"403"),
        (b"/v1/realtime", b"Host: localhost\r\nAuthorization: Bearer \xff\xfe", b"101"),
        (b"/v1/realtime", b"Host: localhost\r\nSec-WebSocket-Protocol: \xff", b"400"),
    ],
)
async def test_odd_requests_are_answered_and_break_nothing(target: bytes, header: bytes, status: bytes):
    async with serving(ScriptedEngine()) as server:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(
            b"GET "
            + target
            + b" HTTP/1.1\r\n"
            + header
            + b"\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
        )
        async with asyncio.timeout(10):
            assert (await reader.readline()).split()[1] == status
            if status == b"101":
                await reader.readuntil(b"session.created")
        writer.close()
        await honest_talk(server.url)


async def drain(client: Transport) -> None:
    with suppress(Closed):
        while True:
            await client.recv()


async def test_one_that_asks_and_never_reads_is_let_go():
    """Its answers wait in the socket's buffers and in the outbox, which is bounded; nobody else waits."""
    engine = ScriptedEngine()
    async with serving(engine) as server:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port, limit=1024)
        writer.write(
            b"GET /v1/realtime HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
        )
        await reader.readuntil(b"\r\n\r\n")
        body = json.dumps({"type": "session.update", "session": {"instructions": "x" * 500}}).encode()
        frame = b"\x81\xfe" + len(body).to_bytes(2, "big") + bytes(4) + body
        for _ in range(200):
            writer.write(frame * 10)
            await asyncio.sleep(0)
        await honest_talk(server.url)
        writer.transport.abort()


async def test_sessions_end_when_their_time_is_over():
    async with serving(ScriptedEngine(), defaults=Defaults(session_limit_s=0.3)) as server:
        client = await websocket.connect(server.url)
        assert (await answer_to(client))["error"]["code"] == "session_expired"
        with pytest.raises(Closed) as closed:
            await client.recv()
        assert closed.value.code == 1001


async def test_connections_come_and_go_and_leave_neither_descriptors_nor_memory():
    async with serving(ScriptedEngine()) as server:
        await honest_talk(server.url)
        before, before_mib = descriptors(), resident_mib()
        for number in range(60):
            client = await websocket.connect(server.url)
            await client.close(1006 if number % 2 else 1000)
        await asyncio.sleep(0.2)
        assert descriptors() <= before + 2
        assert resident_mib() <= before_mib + 30


def descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))


def resident_mib() -> float:
    """Of this process now: its peak may be another test's."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 2**20
