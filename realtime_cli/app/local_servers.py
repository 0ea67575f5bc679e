"""The local servers that the sessions of one run share, each started when it is first needed."""

from __future__ import annotations

import asyncio
import os
import secrets
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from realtime_cli.app.local_server import LocalServer
    from realtime_cli.config.agent import LocalConfig
    from realtime_cli.wire.websocket import Listener

ROOM_FOR_MORE = 2  # spare connections, since an old one may still be closing


@dataclass
class LocalServers:
    """The local servers of some sessions: one for each ``[local]``.

    Each listens on a free loopback port and has a key that nobody else knows.

    ``connections``: how many sessions may run at once. ``warm``: all models are loaded before the first
    session, which sessions in text do not need.
    """

    connections: int = 16
    warm: bool = True
    _running: dict[str, LocalServer] = field(default_factory=dict)
    _replaying: dict[Path, Listener] = field(default_factory=dict)
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def server(self, config: LocalConfig) -> LocalServer:
        """The server for this configuration; started when it is first asked for.

        Raises ConfigError, and ConnectionFailed when its chat endpoint cannot be used.
        """
        from realtime_cli.app.local_server import chat_models, listen, serve_options

        key = config.model_dump_json()
        async with self._lock:
            if key not in self._running:
                options = replace(
                    serve_options(config, os.environ),
                    host="127.0.0.1",
                    port=0,
                    key=secrets.token_urlsafe(24),
                    max_connections=self.connections + ROOM_FOR_MORE,
                )
                if options.engine and options.engine.chat_url:
                    await chat_models(options.engine, "local")  # an error now instead of in each answer
                self._running[key] = await listen(options, warm=self.warm)
            return self._running[key]

    async def replaying(self, recording: Path) -> str:
        """The address at which a recording is served, to every session from its beginning."""
        from realtime_cli.app.replay_service import ReplayService
        from realtime_cli.recording.reader import read
        from realtime_cli.wire import websocket

        async with self._lock:
            if recording not in self._replaying:
                service = ReplayService(read(recording), strict=False, pace=1.0)
                self._replaying[recording] = await websocket.serve(service.handle, "127.0.0.1", 0)
            return self._replaying[recording].url

    async def close(self) -> None:
        """Stop whatever runs."""
        await asyncio.gather(
            *(server.close() for server in self._running.values()),
            *(listener.close() for listener in self._replaying.values()),
        )
