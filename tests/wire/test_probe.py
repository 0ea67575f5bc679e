"""The steps on the way to a server, on real sockets; TLS with a certificate that only we trust."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from realtime_cli.errors import ConnectionFailed
from realtime_cli.wire import probe, websocket
from realtime_cli.wire.probe import Way

TLS = Path(__file__).parents[1] / "data" / "tls"
CERTIFICATE = str(TLS / "certificate.pem")


async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.close()


@asynccontextmanager
async def tls_server() -> AsyncIterator[int]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(TLS / "certificate.pem", TLS / "key.pem")
    async with await asyncio.start_server(hang_up, "127.0.0.1", 0, ssl=context) as server:
        yield server.sockets[0].getsockname()[1]


def test_the_way_is_read_from_the_address() -> None:
    assert Way.to("wss://example.org/v1") == Way("example.org", 443, True)
    assert Way.to("ws://[::1]:8765/v1") == Way("::1", 8765, False)


def test_a_proxy_is_on_the_way_but_not_to_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("https_proxy", "http://me:pass@proxy.example:3128")
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    assert Way.to("wss://example.org/v1").proxy == "http://proxy.example:3128"
    assert Way.to("wss://127.0.0.1/v1").proxy == ""
    monkeypatch.setenv("no_proxy", "example.org")
    assert Way.to("wss://example.org/v1").proxy == ""
    assert Way.to("wss://example.org/v1", "http://me:pass@other:1080").proxy == "http://other:1080"


async def test_a_name_is_resolved() -> None:
    assert "127.0.0.1" in await probe.resolve(Way("127.0.0.1", 80, False))
    with pytest.raises(ConnectionFailed, match="cannot be resolved"):
        await probe.resolve(Way("no-such-host.invalid", 443, True))


async def test_tls_is_agreed_on_with_a_certificate_that_is_trusted() -> None:
    async with tls_server() as port:
        assert (await probe.shake_hands(Way("localhost", port, True), ca_file=CERTIFICATE)).startswith("TLS")
        with pytest.raises(ConnectionFailed, match=r"certificate of wss://localhost:\d+ is not trusted"):
            await probe.shake_hands(Way("localhost", port, True))


async def test_the_connection_itself_trusts_it_too() -> None:
    async with tls_server() as port:
        url = f"wss://localhost:{port}/v1/realtime"
        with pytest.raises(ConnectionFailed, match="is not trusted"):
            await websocket.connect(url)
        with pytest.raises(ConnectionFailed, match=r"not a WebSocket server|TLS handshake"):
            await websocket.connect(url, ca_file=CERTIFICATE)
