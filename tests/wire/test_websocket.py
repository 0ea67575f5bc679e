"""Two real ends over loopback, and ends that are not what they should be."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

import pytest

from realtime_cli.errors import AuthenticationFailed, ConfigError, ConnectionFailed
from realtime_cli.wire import websocket
from realtime_cli.wire.auth import Opening
from realtime_cli.wire.transport import ABNORMAL, Closed, Transport


async def echo(transport: Transport, opening: Opening) -> None:
    try:
        await transport.send(f"model {opening.model}")
        while True:
            await transport.send(await transport.recv())
    except Closed:
        pass


@asynccontextmanager
async def served(handler: websocket.Handler = echo, **options: object) -> AsyncIterator[websocket.Listener]:
    listener = await websocket.serve(handler, **options)  # type: ignore[arg-type]
    try:
        yield listener
    finally:
        await listener.close()


Answer = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def raw(answer: bytes | None) -> AsyncIterator[str]:
    """A server that reads a request and answers with these bytes; None: not at all."""

    async def respond(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await reader.readuntil(b"\r\n\r\n")
            if answer is None:
                await reader.read()
            else:
                writer.write(answer)
                await writer.drain()
        finally:
            writer.close()

    server = await asyncio.start_server(respond, "127.0.0.1", 0)
    async with server:
        yield f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1/realtime"


def http(status: str, *headers: str, body: str = "") -> bytes:
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers, "", body]
    return "\r\n".join(lines).encode()


async def test_frames_go_both_ways_also_large_ones():
    async with served() as listener:
        client = await websocket.connect(f"{listener.url}?model=m")
        assert await client.recv() == "model m"
        large = "x" * 17_000_000
        await client.send(large)
        assert await client.recv() == large
        await client.close()
        with pytest.raises(Closed, match="1000"):
            await client.recv()
        with pytest.raises(Closed):
            await client.send("late")


async def test_what_is_sent_now_arrives_in_order_with_what_is_waited_for():
    async with served() as listener:
        transport = await websocket.connect(listener.url)
        assert transport.send_now("one")
        assert not transport.send_now("long" * websocket.SURE_ROOM_BYTES), "it might have to wait"
        await transport.send("two")
        assert transport.send_now("drei: ö")
        assert [await transport.recv() for _ in range(4)][1:] == ["one", "two", "drei: ö"]
        await transport.close()
        assert not transport.send_now("four")


async def test_a_line_that_takes_nothing_is_full_for_what_is_sent_now():
    silent = asyncio.Event()

    async def deaf(transport: Transport, opening: Opening) -> None:
        await silent.wait()

    async with served(deaf) as listener:
        transport = await websocket.connect(listener.url)
        sent = 0
        while transport.send_now("x" * 1000):
            sent += 1
            assert sent < 10_000, "nothing bounds what waits to be sent"
        silent.set()
        await transport.close(1006)


async def test_the_server_says_goodbye_when_it_stops():
    async with served() as listener:
        client = await websocket.connect(listener.url)
        await client.recv()
        await listener.close()
        with pytest.raises(Closed) as closed:
            await client.recv()
        assert closed.value.code == 1001


async def test_a_cut_line_is_1006():
    async def cut(transport: Transport, opening: Opening) -> None:
        await transport.send("bye")
        await transport.recv()
        await transport.close(1006)

    async with served(cut) as listener:
        client = await websocket.connect(listener.url)
        assert await client.recv() == "bye"
        await client.send("cut it")
        with pytest.raises(Closed) as closed:
            await client.recv()
        assert closed.value.code == 1006


async def test_a_transport_that_was_closed_with_bytes_to_send_can_be_aborted():
    read_on = asyncio.Event()

    async def handler(transport: Transport, opening: Opening) -> None:
        await read_on.wait()
        with suppress(Closed):
            while True:
                await transport.recv()

    async with served(handler) as listener:
        transport = await websocket.connect(listener.url)
        connection = transport._connection  # type: ignore[attr-defined]
        sending = asyncio.create_task(transport.send("x" * 20_000_000))
        while not connection.transport.get_write_buffer_size():
            await asyncio.sleep(0)
        connection.transport.close()
        read_on.set()
        await connection.wait_closed()
        await transport.close(ABNORMAL)
        await sending


async def test_a_key_is_asked_for_in_the_upgrade():
    async with served(key="sk-right") as listener:
        for headers in ({}, {"Authorization": "Bearer sk-wrong"}):
            with pytest.raises(AuthenticationFailed, match="401") as refused:
                await websocket.connect(listener.url, headers)
            assert "sk-" not in str(refused.value)
        client = await websocket.connect(listener.url, {"Authorization": "Bearer sk-right"})
        await client.close()


async def test_the_browsers_way_with_subprotocols():
    async with served(key="sk-right") as listener:
        client = await websocket.connect(
            listener.url, subprotocols=["realtime", "openai-insecure-api-key.sk-right"]
        )
        assert await client.recv() == "model "
        await client.close()


async def test_a_strangers_page_and_a_wrong_path_are_refused():
    async with served() as listener:
        with pytest.raises(AuthenticationFailed, match="403"):
            await websocket.connect(listener.url, {"Origin": "https://evil.example"})
        with pytest.raises(ConnectionFailed, match=r"no Realtime endpoint .*404"):
            await websocket.connect(listener.url.replace("realtime", "chat"))


async def test_no_more_sessions_than_there_is_room_for():
    async with served(max_connections=1) as listener:
        first = await websocket.connect(listener.url)
        await first.recv()
        with pytest.raises(ConnectionFailed, match="503") as refused:
            await websocket.connect(listener.url)
        assert refused.value.retry_after_s == 5  # type: ignore[attr-defined]
        await first.close()
        with pytest.raises(Closed):
            await first.recv()
        again = await websocket.connect(listener.url)
        await again.close()


async def test_a_port_in_use():
    async with served() as listener:
        with pytest.raises(ConfigError, match=f"Port {listener.port} on 127.0.0.1 is in use") as told:
            await websocket.serve(echo, port=listener.port)
        assert "--port" in told.value.remedy


async def test_an_address_that_is_not_ours():
    with pytest.raises(ConfigError, match=r"Cannot listen on 203\.0\.113\.1"):
        await websocket.serve(echo, "203.0.113.1")


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (http("429 Too Many Requests", "Retry-After: 3"), "429"),
        (http("500 Oops"), "HTTP 500"),
        (
            http("302 Found", "Location: ws://127.0.0.1:1/elsewhere"),
            "redirects to ws://127.0.0.1:1/elsewhere",
        ),
        (http("200 OK", body="hello"), "not a WebSocket server"),
        (b"220 smtp.example ESMTP\r\n", "not a WebSocket server"),
        (b"", "not a WebSocket server"),
        (
            http(
                "101 Switching Protocols",
                "Upgrade: websocket",
                "Connection: Upgrade",
                "Sec-WebSocket-Accept: no",
            ),
            "WebSocket handshake",
        ),
    ],
)
async def test_what_answers_is_no_realtime_server(answer: bytes, words: str):
    async with raw(answer) as url:
        with pytest.raises(ConnectionFailed, match=words):
            await websocket.connect(url, {"Authorization": "Bearer sk-secret"})


async def test_nobody_answers():
    async with raw(None) as url:
        with pytest.raises(ConnectionFailed, match=r"did not respond within 0\.2 s"):
            await websocket.connect(url, connect_timeout_s=0.2)


async def test_a_server_of_another_protocol_that_speaks_first(monkeypatch: pytest.MonkeyPatch):
    opened = websocket._Connect.create_connection

    async def opened_slowly(self: websocket._Connect) -> object:
        connection = await opened(self)
        await asyncio.sleep(0.1)  # now and then the greeting is here before the request is sent
        return connection

    async def greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 smtp.example ESMTP\r\n")
        await reader.read()
        writer.close()

    monkeypatch.setattr(websocket._Connect, "create_connection", opened_slowly)
    async with await asyncio.start_server(greet, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(ConnectionFailed, match="not a WebSocket server"):
            await websocket.connect(f"ws://127.0.0.1:{port}/v1/realtime")
        await asyncio.sleep(0)


async def test_nothing_listens():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(ConnectionFailed, match="Nothing is listening"):
        await websocket.connect(f"ws://127.0.0.1:{port}/v1/realtime")


async def test_no_such_name():
    with pytest.raises(ConnectionFailed, match=r"'nowhere\.invalid' cannot be resolved"):
        await websocket.connect("ws://nowhere.invalid/v1/realtime", proxy=False)


async def test_plain_text_where_tls_is_wanted():
    async with served() as listener:
        with pytest.raises(ConnectionFailed, match="TLS"):
            await websocket.connect(listener.url.replace("ws://", "wss://"))


@pytest.mark.parametrize("url", ["http://x/y", "nonsense", "ws://"])
async def test_an_address_that_is_none(url: str):
    with pytest.raises(ConfigError, match="not a WebSocket address"):
        await websocket.connect(url)


async def test_this_machine_is_reached_past_the_proxy(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    async with served() as listener:
        client = await websocket.connect(listener.url)
        await client.close()


async def test_keys_are_not_logged(caplog: pytest.LogCaptureFixture):
    caplog.set_level(logging.DEBUG)
    async with served(key="sk-right") as listener:
        client = await websocket.connect(listener.url, {"Authorization": "Bearer sk-right"})
        await client.close()
    assert "sk-right" not in caplog.text
