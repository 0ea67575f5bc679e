"""The local server beside a test: there until it is closed, for those who know its key."""

from __future__ import annotations

import threading
from typing import NoReturn

import pytest

from realtime_cli.app import background_server
from realtime_cli.app.background_server import BackgroundServer
from realtime_cli.errors import AuthenticationFailed, ConfigError, ConnectionFailed
from realtime_cli.wire import websocket


async def test_it_lets_in_whoever_has_its_headers_until_it_is_closed() -> None:
    server = BackgroundServer(warm=False)
    try:
        transport = await websocket.connect(server.url, server.headers)
        assert "session.created" in await transport.recv()
        await transport.close()
        with pytest.raises(AuthenticationFailed):
            await websocket.connect(server.url)
    finally:
        server.close()
    with pytest.raises(ConnectionFailed):
        await websocket.connect(server.url, server.headers)
    assert "local server" not in {thread.name for thread in threading.enumerate()}


def test_two_of_them_are_strangers_to_each_other() -> None:
    one, other = BackgroundServer(warm=False), BackgroundServer(warm=False)
    try:
        assert one.url != other.url
        assert one.headers != other.headers
    finally:
        one.close()
        other.close()


def test_what_cannot_begin_leaves_no_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    async def incomplete(*_: object, **__: object) -> NoReturn:
        raise ConfigError("A part of the engine is missing.")

    monkeypatch.setattr(background_server, "listen", incomplete)
    with pytest.raises(ConfigError, match="is missing"):
        BackgroundServer()
    assert "local server" not in {thread.name for thread in threading.enumerate()}
