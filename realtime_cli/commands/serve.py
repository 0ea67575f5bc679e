"""``serve``: the local server alone, for any Realtime or Live client."""

from __future__ import annotations

import asyncio
import os
from dataclasses import replace
from pathlib import Path

from realtime_cli.app import interrupts
from realtime_cli.app.console import echo
from realtime_cli.app.local_server import ServeOptions, listen, serve_options
from realtime_cli.config import load_agent
from realtime_cli.errors import ExitCode
from realtime_cli.protocol.routes import LIVE_PATH
from realtime_cli.server.live import session as live_session
from realtime_cli.tools.permissions import permissions_of
from realtime_cli.tools.trust import Trust, require_trust
from realtime_cli.wire.auth import is_loopback


def from_agent(
    path: Path | None,
    sets: tuple[str, ...],
    host: str | None,
    port: int | None,
    origins: tuple[str, ...],
    trust: tuple[str, ...] = (),
) -> ServeOptions:
    """The agent file's ``[local]`` with the command line over it. Raises ConfigError if it needs trust."""
    agent = load_agent(path, sets, os.environ, {"local.host": host, "local.port": port})
    require_trust(permissions_of(agent), Trust(trust))
    return replace(serve_options(agent.config.local, os.environ), allowed_origins=origins)


LOADED_AHEAD = (live_session,)  # elsewhere at the first client of Live: here that would stall the others


def serve(options: ServeOptions) -> ExitCode:
    """Run :func:`served` to its end."""
    return interrupts.run(served(options))


async def served(options: ServeOptions) -> ExitCode:
    """Serve until a signal ends it.

    Raises :class:`ConfigError` if it cannot listen, or a part of the engine is missing.
    """
    if options.key is None and not is_loopback(options.host):
        echo(f"realtime-cli: {options.host} can be reached from other machines without a key.")
    signalled = asyncio.Event()
    interrupts.on_signals(signalled.set)  # at once: whoever is told that it listens may end it
    server = await listen(options)
    key = "with key" if options.key else "no key"
    echo(f"Listening at {server.url} ({key}), for Live at {LIVE_PATH}. Ctrl+C ends it.")
    try:
        await signalled.wait()
    finally:
        await server.close()
    return ExitCode.OK
