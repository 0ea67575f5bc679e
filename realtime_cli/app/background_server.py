"""The local server in a thread of its own, for tests whose event loops come and go."""

from __future__ import annotations

import asyncio
import secrets
import threading
from collections.abc import Mapping

from realtime_cli.app.local_server import ServeOptions, listen


class BackgroundServer:
    """Listens from construction to ``close``. Raises ConfigError when a part of the engine is missing."""

    def __init__(self, *, warm: bool = True, max_connections: int = 64) -> None:
        key = secrets.token_urlsafe(24)
        options = ServeOptions(host="127.0.0.1", port=0, key=key, max_connections=max_connections)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="local server", daemon=True)
        self._thread.start()
        try:
            self._server = asyncio.run_coroutine_threadsafe(listen(options, warm=warm), self._loop).result()
        except BaseException:
            self._stop()
            raise

    @property
    def url(self) -> str:
        return self._server.url

    @property
    def headers(self) -> Mapping[str, str]:
        """What a client has to send to be let in."""
        return self._server.headers

    def close(self) -> None:
        """Stop the server and its thread."""
        asyncio.run_coroutine_threadsafe(self._server.close(), self._loop).result(timeout=10)
        self._stop()

    def _stop(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(timeout=10)
        self._loop.close()
