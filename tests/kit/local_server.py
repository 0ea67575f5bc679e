"""``serve`` with the real engine, on an event loop in a thread of its own: for clients that block."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from realtime_cli.commands.serve import LocalServer, ServeOptions, listen


@contextmanager
def local_server(options: ServeOptions | None = None) -> Iterator[LocalServer]:
    """A server that listens on a free port as long as this is open."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="local server")
    thread.start()
    try:
        server = asyncio.run_coroutine_threadsafe(listen(options or ServeOptions(port=0)), loop).result(60)
        try:
            yield server
        finally:
            asyncio.run_coroutine_threadsafe(server.close(), loop).result(20)
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()
