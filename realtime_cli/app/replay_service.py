"""A recording as a Realtime server: every client gets it from the beginning."""

from __future__ import annotations

import asyncio
import time

from realtime_cli.app.console import echo
from realtime_cli.recording.reader import Recording
from realtime_cli.recording.replay_server import ReplayServer, replay_server
from realtime_cli.wire.auth import Opening
from realtime_cli.wire.transport import Closed, Transport

MISMATCH_CLOSE = 4000
TICK_S = 0.02  # how soon sound that has come lets an answer go


class ReplayService:
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
