"""``replay --serve``: the recording as a Realtime server, for any client and for somebody's CI."""

from __future__ import annotations

import asyncio
import signal
import time

from realtime_cli.app.console import echo
from realtime_cli.app.replay_options import ReplayOptions
from realtime_cli.errors import ExitCode
from realtime_cli.recording.reader import Recording
from realtime_cli.recording.replay_server import ReplayServer, replay_server
from realtime_cli.wire import websocket
from realtime_cli.wire.auth import Opening
from realtime_cli.wire.transport import Closed, Transport

MISMATCH_CLOSE = 4000
TICK_S = 0.02  # how soon sound that has come lets an answer go


class Service:
    """Serves each connection from the beginning of the recording; remembers how they went."""

    def __init__(self, recording: Recording, *, strict: bool, pace: float | None) -> None:
        self._recording = recording
        self._strict = strict
        self._pace = pace
        self.served = 0
        self.failures: list[str] = []
        self.one_over = asyncio.Event()

    async def handle(self, transport: Transport, opening: Opening) -> None:
        """One client from session.created to its goodbye."""
        walk = await asyncio.to_thread(replay_server, self._recording, strict=self._strict, pace=self._pace)
        reading = asyncio.create_task(self._read(transport, walk), name="read")
        try:
            await self._write(transport, walk, reading)
        except Closed:
            pass
        finally:
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)
            self._judge(walk)

    async def _read(self, transport: Transport, walk: ReplayServer) -> None:
        while True:
            error = walk.received(await transport.recv(), time.monotonic())
            if error:
                echo(f"realtime-cli: mismatch: {walk.mismatches[-1]}")
                await transport.send(error)
                await transport.close(MISMATCH_CLOSE, "invalid_request_error.recording_mismatch")
                return

    async def _write(self, transport: Transport, walk: ReplayServer, reading: asyncio.Task[None]) -> None:
        """Send what is due until the client has gone."""
        while not reading.done():
            for text in walk.due(time.monotonic()):
                await transport.send(text)
            await asyncio.wait([reading], timeout=TICK_S)

    def _judge(self, walk: ReplayServer) -> None:
        self.served += 1
        failed = walk.mismatches[:1]
        if not failed and self._strict and walk.unmet:
            failed = [f"the client left before it sent {walk.unmet[0]}"]
        self.failures += failed
        echo(f"realtime-cli: connection {self.served}: {failed[0] if failed else 'as recorded'}.")
        self.one_over.set()


def serve(recording: Recording, options: ReplayOptions) -> ExitCode:
    """Serve until interrupted (or for one connection with ``once``); 1 when a client did not match."""
    return asyncio.run(_serve(recording, options))


async def _serve(recording: Recording, options: ReplayOptions) -> ExitCode:
    pace = None if options.max else options.speed
    service = Service(recording, strict=not options.lenient, pace=pace)
    listener = await websocket.serve(service.handle, options.host, options.port)
    echo(f"realtime-cli: {recording.path.name} is served at {listener.url}")
    stop = service.one_over if options.once else asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    try:
        await stop.wait()
    finally:
        await listener.close()
    return ExitCode.EXPECTATION_FAILED if service.failures else ExitCode.OK
