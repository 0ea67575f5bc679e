"""A client and a server in this process, joined by a real socket; what was said is kept."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from realtime_cli.client import inputs
from realtime_cli.client.effects import Send
from realtime_cli.client.entry import Entry
from realtime_cli.client.session import ClientSession, SessionOptions
from realtime_cli.errors import ExitCode
from realtime_cli.loop import ConversationLoop, Outcome
from realtime_cli.recording.file import Recorder
from realtime_cli.recording.format import Header
from realtime_cli.server.settings import Defaults
from realtime_cli.server_runner import EngineWorkers, SessionRunner
from realtime_cli.wire import websocket
from realtime_cli.wire.auth import Opening
from realtime_cli.wire.transport import Transport
from tests.kit.fault_injection import Quirks, QuirkySession


@asynccontextmanager
async def serving(
    engine: Any, quirks: Quirks | None = None, defaults: Defaults | None = None, **options: Any
) -> AsyncIterator[websocket.Listener]:
    """The package's server with this engine; bugs in it fail the test."""
    bugs: list[BaseException] = []
    workers = EngineWorkers(engine, bugs.append)

    async def converse(transport: Transport, opening: Opening) -> None:
        session = QuirkySession(quirks, defaults=defaults)
        await SessionRunner(transport, workers, session).run(opening)

    listener = await websocket.serve(converse, **options)
    try:
        yield listener
    finally:
        await listener.close()
        workers.close()
    assert not bugs


class Live:
    """A running client session: what it saw, and ways to wait for more."""

    def __init__(self, keep: int | None = None) -> None:
        self.duplex: ConversationLoop
        self.task: asyncio.Task[Outcome]
        self.entries: deque[Entry] = deque(maxlen=keep)

    @property
    def session(self) -> ClientSession:
        assert isinstance(self.duplex.session, ClientSession)
        return self.duplex.session

    def observe(self, entry: Entry) -> None:
        self.entries.append(entry)

    def values(self, kind: type) -> list[Any]:
        return [entry.value for entry in self.entries if isinstance(entry.value, kind)]

    def notes(self, topic: str) -> list[str]:
        return [note.text for note in self.values(inputs.Noted) if note.topic == topic]

    def sent(self, type: str) -> list[Any]:
        return [value.event for value in self.values(Send) if value.event.type == type]

    def received(self, type: str) -> list[Any]:
        return [value.event for value in self.values(inputs.Received) if value.event.type == type]

    async def until(self, true: Callable[[], Any], timeout_s: float = 10.0) -> None:
        async with asyncio.timeout(timeout_s):
            while not true():
                if self.task.done():
                    raise AssertionError(f"ended early: {self.task.result()}")
                await asyncio.sleep(0.005)

    async def ready(self) -> None:
        await self.until(lambda: self.session.ready)

    async def idle(self) -> None:
        await self.until(lambda: self.session.idle)

    async def say(self, text: str) -> None:
        """Type a line and wait for the answer to be over."""
        done = self.session.responses_done
        self.duplex.step(inputs.Typed(self.duplex.now(), text))
        await self.until(lambda: self.session.responses_done > done and self.session.idle)

    async def outcome(self, timeout_s: float = 10.0) -> Outcome:
        async with asyncio.timeout(timeout_s):
            return await asyncio.shield(self.task)


QUICK = {"reconnect_first_s": 0.02, "reconnect_longest_s": 0.1}
TEXT = {"patch": {"type": "realtime", "output_modalities": ["text"]}}


@asynccontextmanager
async def live(
    url: str,
    *,
    record: Path | None = None,
    socket: dict[str, Any] | None = None,
    edges: dict[str, Any] | None = None,
    keep: int | None = None,
    **options: Any,
) -> AsyncIterator[Live]:
    """A session against ``url``, in text and with quick reconnects unless ``options`` say otherwise.

    ``keep``: remember only so many entries.
    """

    async def connect() -> Transport:
        return await websocket.connect(url, **(socket or {}))

    session = ClientSession(SessionOptions(**{**QUICK, **TEXT, **options}))
    watcher = Live(keep)
    recorder = recorder_of(record, session) if record else None
    observers = [observer for observer in (recorder, watcher) if observer]
    duplex = ConversationLoop(session, connect, observers=observers, **(edges or {}))
    watcher.duplex, watcher.task = duplex, asyncio.create_task(duplex.run())
    try:
        yield watcher
    finally:
        duplex.finish(Outcome(ExitCode.OK))
        async with asyncio.timeout(15):
            await asyncio.gather(watcher.task, return_exceptions=True)
        if recorder:
            recorder.close()


def recorder_of(path: Path, session: ClientSession) -> Recorder:
    header = Header(
        tool="test",
        started="2026-01-01T00:00:00+00:00",
        command="test",
        config={},
        session=asdict(session.options),
    )
    return Recorder(path, header, input_format=session.input_format, output_format=session.output_format)
