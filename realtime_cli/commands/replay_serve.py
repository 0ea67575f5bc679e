"""``replay --serve``: the recording as a server of its protocol, for any client and for CI."""

from __future__ import annotations

import asyncio

from realtime_cli.app import interrupts
from realtime_cli.app.console import echo
from realtime_cli.app.replay_service import ReplayService
from realtime_cli.commands.replay_options import ReplayOptions
from realtime_cli.errors import ExitCode
from realtime_cli.protocol.routes import LIVE_PATH, REALTIME_PATH
from realtime_cli.recording.reader import Recording
from realtime_cli.wire import websocket


def serve(recording: Recording, options: ReplayOptions) -> ExitCode:
    """Serve until interrupted (or for one connection with ``once``); 1 when a client did not match."""
    return interrupts.run(_serve(recording, options))


async def _serve(recording: Recording, options: ReplayOptions) -> ExitCode:
    pace = None if options.max else options.speed
    service = ReplayService(recording, strict=not options.lenient, pace=pace)
    listener = await websocket.serve(service.handle, options.host, options.port)
    live = recording.header.options().protocol == "live"
    url = listener.url.replace(REALTIME_PATH, LIVE_PATH) if live else listener.url
    echo(f"realtime-cli: {recording.path.name} is served at {url}")
    stop = service.one_over if options.once else asyncio.Event()
    interrupts.on_signals(stop.set)
    try:
        await stop.wait()
    finally:
        await listener.close()
    return ExitCode.EXPECTATION_FAILED if service.failures else ExitCode.OK
