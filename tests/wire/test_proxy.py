"""The proxy on the way: found, checked, and named when it is what does not work."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

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
    with pytest.raises(ConfigError, match="HTTPS_PROXY names no proxy"):
        proxy_for(URL)
    with pytest.raises(ConfigError, match=r"connection\.proxy names no proxy"):
        proxy_for(URL, written)


@pytest.mark.parametrize("written", ["socks5://127.0.0.1:1080", "socks5h://127.0.0.1:1080", "socks://h:1"])
def test_a_socks_proxy_without_its_package_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, written: str
) -> None:
    monkeypatch.setitem(sys.modules, "python_socks", None)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    monkeypatch.setenv("ALL_PROXY", written)
    with pytest.raises(ConfigError, match="SOCKS proxy of ALL_PROXY needs the package python-socks"):
        proxy_for(URL)


@pytest.mark.parametrize(
    ("status", "words", "temporary"),
    [
        (b"407 Proxy Authentication Required", "does not take our user and password", False),
        (b"502 Bad Gateway", "cannot reach ws://example.test/v1/realtime", True),
        (b"403 Forbidden", "does not let us through", False),
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
        with pytest.raises(Refused, match=f"The proxy http://{address} does not let us through"):
            await websocket.connect(URL)


async def test_a_proxy_that_is_away_is_not_mistaken_for_the_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://bob:s3cret@127.0.0.1:9")
    with pytest.raises(Refused) as refused:
        await websocket.connect(URL)

    assert refused.value.message == "The proxy http://127.0.0.1:9 does not answer (nothing listens there)."
    assert refused.value.remedy.startswith("Check HTTPS_PROXY")
