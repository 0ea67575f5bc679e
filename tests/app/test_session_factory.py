"""A connection that begins before the session does."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import pytest

from realtime_cli.app.session_factory import AgentOptions, Granted, SessionFactory, load
from realtime_cli.errors import ConnectionFailed
from realtime_cli.wire import websocket
from realtime_cli.wire.auth import Opening
from realtime_cli.wire.transport import Closed, Transport


class Server:
    """Notes who came, and how they left."""

    def __init__(self) -> None:
        self.came = asyncio.Event()
        self.left: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    async def enter(self, transport: Transport, opening: Opening) -> None:
        self.came.set()
        try:
            await transport.recv()
        except Closed as closed:
            if not self.left.done():
                self.left.set_result(closed.code)


def agent_at(url: str) -> Granted:
    return Granted(load(AgentOptions(base_url=url, no_record=True)))


async def test_it_begins_at_once_and_is_handed_over() -> None:
    server = Server()
    listener = await websocket.serve(server.enter)
    async with SessionFactory() as factory, factory.connecting(agent_at(listener.url)) as connect:
        await asyncio.wait_for(server.came.wait(), 10)
        assert connect
        first = await connect()
        second = await connect()
        assert first is not second
        await second.close()
    await first.close()
    await listener.close()


async def test_one_that_nobody_took_is_closed() -> None:
    server = Server()
    listener = await websocket.serve(server.enter)
    with suppress(OSError):  # as where a device cannot be opened
        async with SessionFactory() as factory, factory.connecting(agent_at(listener.url)):
            await asyncio.wait_for(server.came.wait(), 10)
            raise OSError
    assert await asyncio.wait_for(server.left, 10) in (1000, 1006)
    await listener.close()


async def test_why_it_failed_is_said_to_who_takes_it() -> None:
    listener = await websocket.serve(Server().enter)
    await listener.close()
    async with SessionFactory() as factory, factory.connecting(agent_at(listener.url)) as connect:
        await asyncio.sleep(0.05)
        assert connect
        with pytest.raises(ConnectionFailed):
            await connect()


async def test_a_server_of_our_own_is_not_connected_to_before_it_runs() -> None:
    granted = Granted(load(AgentOptions(sets=("connection.provider=local",), no_record=True)))
    async with SessionFactory() as factory, factory.connecting(granted) as connect:
        assert connect is None
