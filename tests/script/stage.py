"""A server in this process for conversations by script: an engine that answers by script, too."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from realtime_cli.app.session_factory import OpenSession
from realtime_cli.client.session import ClientSession, SessionOptions
from realtime_cli.ports import Connect, ToolsPort
from realtime_cli.script.result import Case
from realtime_cli.script.runner import Open
from realtime_cli.wire import websocket
from realtime_cli.wire.transport import Transport
from tests.kit.fault_injection import Quirks
from tests.kit.live_session import serving
from tests.kit.scripted_engine import ScriptedEngine

TEXT = {"type": "realtime", "output_modalities": ["text"]}


@asynccontextmanager
async def connecting(
    engine: ScriptedEngine | None = None, quirks: Quirks | None = None
) -> AsyncIterator[Connect]:
    """A way to a server with this engine."""
    async with serving(engine or ScriptedEngine(), quirks) as listener:

        async def connect() -> Transport:
            return await websocket.connect(listener.url)

        yield connect


def opens(
    connect: Connect,
    tools: ToolsPort | None = None,
    *,
    aloud: bool = False,
    audio: Any = None,
    schemas: Sequence[dict[str, Any]] = (),
    **options: Any,
) -> Open:
    """Opens every case there, with an agent of these options (by itself it says nothing).

    ``aloud``: it answers by voice. ``audio``: the session's settings of that name. ``schemas``: of its tools.
    """

    @asynccontextmanager
    async def open(case: Case) -> AsyncIterator[OpenSession]:
        patch: dict[str, Any] = {"type": "realtime"} if aloud else TEXT
        if audio:
            patch = {**patch, "audio": audio}
        if schemas:
            patch = {**patch, "tools": list(schemas)}
        session = ClientSession(SessionOptions(patch=patch, reconnect_tries=0, **options))
        yield OpenSession(session, connect, tools)

    return open
