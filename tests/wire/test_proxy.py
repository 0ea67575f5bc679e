"""The proxy on the way: found, checked, and named when it is what does not work."""

from __future__ import annotations

import asyncio
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from websockets.asyncio.server import ServerConnection, serve

from realtime_cli.errors import ConfigError
from realtime_cli.wire import websocket
from realtime_cli.wire.connect_errors import Refused
from realtime_cli.wire.proxy import proxy_for

URL = "ws://example.test/v1/realtime"


@pytest.fixture(autouse=True)
def _no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ws", "wss", "socks", "https", "http", "all", "no"):
        monkeypatch.delenv(f"{name}_proxy", raising=False)
        monkeypatch.delenv(f"{name}_PROXY".upper(), raising=False)


@asynccontextmanager
async def proxy_that_answers(answer: bytes) -> AsyncIterator[str]:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}"


@pytest.mark.parametrize(
    ("variable", "value", "url", "shown"),
    [
        ("HTTPS_PROXY", "http://bob:s3cret@proxy.test:3128", "wss://example.test", "http://proxy.test:3128"),
        ("https_proxy", "proxy.test:3128", URL, "http://proxy.test:3128"),
        ("ALL_PROXY", "http://proxy.test:1", "wss://example.test", "http://proxy.test:1"),
        ("all_proxy", "http://proxy.test:1", URL, "http://proxy.test:1"),
        ("HTTP_PROXY", "http://proxy.test:1", URL, "http://proxy.test:1"),
    ],
)
def test_the_environment_names_it(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str, url: str, shown: str
) -> None:
    monkeypatch.setenv(variable, value)

    found = proxy_for(url)

    assert found is not None
    assert (found.shown, found.source) == (shown, variable)
    assert "s3cret" not in repr(found)
    assert proxy_for(url, False) is None
    assert proxy_for("ws://127.0.0.1:8765/v1/realtime") is None
    monkeypatch.setenv("no_proxy", "example.test")
    assert proxy_for(url) is None


@pytest.mark.parametrize(
    "written", ["http://127.0.0.1:99999", "ftp://proxy.test:1", "http://", "http://proxy.test/path", "a b:x"]
)
def test_an_address_that_is_none_is_blamed_on_what_names_it(
    monkeypatch: pytest.MonkeyPatch, written: str
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", written)
    with pytest.raises(ConfigError, match="HTTPS_PROXY is not a valid proxy"):
        proxy_for(URL)
    with pytest.raises(ConfigError, match=r"connection\.proxy is not a valid proxy"):
        proxy_for(URL, written)


@asynccontextmanager
async def socks_proxy(target_port: int, asked: list[str]) -> AsyncIterator[str]:
    """Takes every client to one port of this machine, and notes what each asked for."""
    clients: list[asyncio.Task[None] | None] = []

    async def pipe(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        while data := await source.read(65536):
            sink.write(data)
        sink.close()
        await sink.wait_closed()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        clients.append(asyncio.current_task())
        _, methods = await reader.readexactly(2)
        await reader.readexactly(methods)
        writer.write(b"\5\0")
        try:
            *_, kind = await reader.readexactly(4)
        except asyncio.IncompleteReadError:  # the client could not resolve the name
            writer.close()
            return
        length = 4 if kind == 1 else (await reader.readexactly(1))[0]
        address = await reader.readexactly(length)
        asked.append(socket.inet_ntoa(address) if kind == 1 else address.decode())
        await reader.readexactly(2)
        writer.write(b"\5\0\0\1\0\0\0\0\0\0")
        away, back = await asyncio.open_connection("127.0.0.1", target_port)
        await asyncio.gather(pipe(reader, back), pipe(away, writer))

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
        await asyncio.gather(*filter(None, clients))


@pytest.mark.parametrize(
    ("scheme", "host"), [("socks5h", "example.test"), ("socks", "example.test"), ("socks5", "192.0.2.7")]
)
async def test_a_socks_proxy_is_gone_through(monkeypatch: pytest.MonkeyPatch, scheme: str, host: str) -> None:
    async def echo(peer: ServerConnection) -> None:
        await peer.send(await peer.recv())

    asked: list[str] = []
    async with serve(echo, "127.0.0.1", 0) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        async with socks_proxy(port, asked) as address:
            for configured in (f"{scheme}://{address}", None):
                monkeypatch.setenv("ALL_PROXY", f"{scheme}://{address}")
                transport = await websocket.connect(f"ws://{host}/v1/realtime", proxy=configured)
                await transport.send("hello")
                assert await transport.recv() == "hello"
                await transport.close()
    assert asked == [host, host]


@pytest.mark.parametrize("url", [URL, "wss://example.test/v1/realtime"])
async def test_a_socks_proxy_without_the_package_for_it(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setitem(sys.modules, "python_socks", None)
    with pytest.raises(ConfigError, match=r"connection\.proxy is a SOCKS proxy") as refused:
        await websocket.connect(url, proxy="socks5h://bob:s3cret@127.0.0.1:9")
    assert "'python-socks[asyncio]'" in refused.value.remedy
    assert "s3cret" not in f"{refused.value} {refused.value.remedy}"

    monkeypatch.setenv("ALL_PROXY", "socks5://127.0.0.1:9")
    assert proxy_for(url, False) is None


async def test_a_name_that_the_proxy_should_have_resolved() -> None:
    async with socks_proxy(9, []) as address:
        with pytest.raises(Refused, match=r"example\.test cannot be resolved here") as refused:
            await websocket.connect(URL, proxy=f"socks5://{address}")
    assert refused.value.remedy == "Write socks5h:// into connection.proxy to let the proxy resolve names."


@pytest.mark.parametrize(
    ("proxy", "reason"),
    [
        ("socks5://127.0.0.1:9", "nothing listens there"),
        ("socks5h://nobody.invalid:1080", "its name cannot be resolved"),
    ],
)
async def test_a_socks_proxy_that_is_away(proxy: str, reason: str) -> None:
    with pytest.raises(Refused) as refused:
        await websocket.connect(URL, proxy=proxy)
    assert refused.value.message == f"The proxy {proxy} does not respond ({reason})."


@pytest.mark.parametrize(
    ("status", "words", "temporary"),
    [
        (b"407 Proxy Authentication Required", "refused our user name and password", False),
        (b"502 Bad Gateway", "cannot reach ws://example.test/v1/realtime", True),
        (b"403 Forbidden", "refused to connect", False),
    ],
)
async def test_what_the_proxy_says_is_told_apart(status: bytes, words: str, temporary: bool) -> None:
    answer = b"HTTP/1.1 " + status + b"\r\nContent-Length: 0\r\n\r\n"
    async with proxy_that_answers(answer) as address:
        with pytest.raises(Refused) as refused:
            await websocket.connect(URL, proxy=f"http://bob:s3cret@{address}")

    assert f"The proxy http://{address} {words}" in refused.value.message
    assert refused.value.temporary is temporary
    assert "connection.proxy = false" in refused.value.remedy
    assert "s3cret" not in str(refused.value)


async def test_a_proxy_that_speaks_something_else(monkeypatch: pytest.MonkeyPatch) -> None:
    async with proxy_that_answers(b"SSH-2.0-OpenSSH_9\r\n") as address:
        monkeypatch.setenv("HTTPS_PROXY", address)
        with pytest.raises(Refused, match=f"The proxy http://{address} refused to connect"):
            await websocket.connect(URL)


async def test_a_proxy_that_is_away_is_not_mistaken_for_the_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://bob:s3cret@127.0.0.1:9")
    with pytest.raises(Refused) as refused:
        await websocket.connect(URL)

    assert refused.value.message == "The proxy http://127.0.0.1:9 does not respond (nothing listens there)."
    assert refused.value.remedy.startswith("Check HTTPS_PROXY")
