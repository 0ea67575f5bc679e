"""A Live server that does what real ones were seen to do to their clients: for tests of the client's side.

    async with faulty_live_server(LiveFaults(no_session_closed=True), engine) as url: ...

The product's session knows nothing of it: frames are changed on their way in, effects on their way out.
"""

from __future__ import annotations

import asyncio
import base64
import json
import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from realtime_cli.protocol import routes
from realtime_cli.protocol.live import limits
from realtime_cli.protocol.live.codec import live_server_event
from realtime_cli.protocol.live.server_events import LiveOutputAudioDelta
from realtime_cli.server import effects, inputs
from realtime_cli.server.engine.ports import EnginePort
from realtime_cli.server.live.session import LiveSession
from realtime_cli.server.settings import Defaults
from realtime_cli.server_runner import EngineWorkers, SessionRunner
from realtime_cli.wire import websocket
from realtime_cli.wire.auth import Opening
from realtime_cli.wire.transport import Transport

Json = dict[str, Any]
NOBODY = "nobody_1"
OURS = "unspoken commentary"  # the id of a command that came without one
FULL = "The backend input buffer is full; send a shorter item."
DOWN = "The model is overloaded. Try again later."


@dataclass(frozen=True, slots=True)
class LiveFaults:
    """All off: the server behaves as it does for users."""

    silent_start: bool = False
    """``session.start`` is never answered."""
    start_delay_s: float = 0.0
    """``session.started`` comes so much later."""
    error_then_drop: str | None = None
    """``session.start`` is answered with this error code, and the line is dropped 2 s later."""
    no_audio_expiry_s: float = limits.NO_AUDIO_EXPIRY_S
    """Without sound for so long the session expires."""
    full_above_bytes: int | None = None
    """Outputs of functions that are longer are refused: the buffer is full, and the call stays open."""
    lose_first_output: bool = False
    """The first output of a function is lost: ``response.create`` says that it is missing."""
    unspoken_commentary: bool = False
    """Commentary is acknowledged as any other, and never spoken."""
    no_session_closed: bool = False
    """``session.close`` is not answered, and the line stays open."""
    unknown_ids: bool = False
    """Acknowledgements, errors, nested events and delegations of ids that nobody knows, and odd events."""
    drift_ppm: float = 0.0
    """The server's seconds have so many millionths more samples."""
    jitter_s: float = 0.0
    """Every frame to the client comes up to so much later, in order."""


class FaultyLiveSession:
    """Wraps a session; the runner does not see the difference."""

    def __init__(self, faults: LiveFaults, session: LiveSession | None = None) -> None:
        self._faults = faults
        self._session = session or LiveSession(no_audio_expiry_s=faults.no_audio_expiry_s)
        self._late: list[tuple[float, list[effects.Effect]]] = []
        self._lost = False
        self._surplus = 0.0  # samples that the drift owes
        self._unspoken: set[str] = set()
        self._deaf = False  # nothing more is answered

    def handle(self, happened: inputs.Input) -> list[effects.Effect]:
        if isinstance(happened, inputs.Frame):
            return self._frame(happened)
        if isinstance(happened, inputs.DeadlineReached) and happened.name == "late":
            return [effect for _, effects_ in self._late for effect in effects_]
        if self._deaf and not isinstance(happened, inputs.DeadlineReached):
            return []
        return self._changed(self._session.handle(happened))

    # -- frames on their way in -----------------------------------------------------------------

    def _frame(self, happened: inputs.Frame) -> list[effects.Effect]:
        try:
            event = json.loads(happened.text)
            kind = event["type"]
        except (ValueError, KeyError, TypeError):
            kind, event = "", {}
        if self._deaf:
            return []
        if kind == "session.start":
            return self._start(happened)
        if kind == "session.close" and self._faults.no_session_closed:
            self._deaf = True
            return [effects.SetDeadline(None, name) for name in ("tick", "silence", "usage", "limit")]
        if kind == "response.item.create" and event["item"].get("type") == "function_call_output":
            return self._output(happened, event)
        if kind == "session.commentary.append" and self._faults.unspoken_commentary:
            event |= {"type": "session.thinking.append", "event_id": event.get("event_id") or OURS}
            self._unspoken.add(event["event_id"])
            happened = replace(happened, text=json.dumps(event))
        return self._changed(self._session.handle(happened))

    def _start(self, happened: inputs.Frame) -> list[effects.Effect]:
        if self._faults.silent_start:
            return []
        if code := self._faults.error_then_drop:
            self._deaf = True
            error = {"type": "server_error", "code": code, "message": DOWN}
            return [_event("error", error=error), effects.SetDeadline(happened.at + 2.0, "drop")]
        answer = self._changed(self._session.handle(happened))
        if not self._faults.start_delay_s:
            return answer
        self._late.append((happened.at, answer))
        return [effects.SetDeadline(happened.at + self._faults.start_delay_s, "late")]

    def _output(self, happened: inputs.Frame, event: Json) -> list[effects.Effect]:
        limit = self._faults.full_above_bytes
        if limit is not None and len(happened.text.encode()) > limit:
            answered = {"client_event_id": event["event_id"]} if event.get("event_id") else {}
            error = {"type": "invalid_request_error", "code": limits.BUFFER_FULL, "message": FULL}
            return [_event("error", error={**error, "param": "item", **answered}, **answered)]
        if self._faults.lose_first_output and not self._lost:
            self._lost = True
            return []
        return self._changed(self._session.handle(happened))

    # -- effects on their way out ---------------------------------------------------------------

    def _changed(self, found: list[effects.Effect]) -> list[effects.Effect]:
        out: list[effects.Effect] = []
        for effect in found:
            if isinstance(effect, effects.Emit):
                out += self._emitted(effect)
            else:
                out.append(effect)
        return out

    def _emitted(self, effect: effects.Emit) -> list[effects.Effect]:
        event = effect.event
        if isinstance(event, LiveOutputAudioDelta) and self._faults.drift_ppm:
            return [effects.Emit(LiveOutputAudioDelta(delta=self._drifted(event.delta or "")))]
        if event.type == "session.thinking.appended" and (event.client_event_id or "") in self._unspoken:
            fields = event.model_dump(mode="json", exclude_unset=True)
            if event.client_event_id == OURS:
                del fields["client_event_id"]
            return [_event(**{**fields, "type": "session.commentary.appended"})]
        if self._faults.unknown_ids and not isinstance(event, LiveOutputAudioDelta):
            return [effect, *_strangers()]
        return [effect]

    def _drifted(self, delta: str) -> str:
        """PCM with a sample more, or less, now and then."""
        samples = np.frombuffer(base64.b64decode(delta), "<i2")
        self._surplus += len(samples) * self._faults.drift_ppm / 1e6
        whole = int(self._surplus + 1e-6)
        self._surplus -= whole
        kept = samples[:whole] if whole < 0 else samples
        kept = np.concatenate([kept, np.repeat(samples[-1:], max(0, whole))])
        return base64.b64encode(kept.astype("<i2").tobytes()).decode()


def _event(type: str, **fields: Any) -> effects.Emit:
    return effects.Emit(live_server_event({"type": type, "event_id": "event_faulty", **fields}))


def _strangers() -> list[effects.Effect]:
    """What a client has no use for, and must not stumble over."""
    nested = {"type": "response.in_progress", "sequence_number": 9, "response": {"id": NOBODY}}
    error = {"type": "invalid_request_error", "code": "curious", "message": "Not about you."}
    return [
        _event("session.thinking.appended", start_ms=0, end_ms=200, client_event_id=NOBODY),
        _event("response.event", delegation_id=NOBODY, event=nested),
        _event("response.event", event={"type": "response.curiosity", "item_id": NOBODY}),
        _event("error", error={**error, "client_event_id": NOBODY}, client_event_id=NOBODY),
        _event("session.curiosity", about={"anything": [1, None, True]}),
    ]


class JitteryTransport:
    """Frames to the client come up to ``jitter_s`` late, and never before one that was sent earlier."""

    def __init__(self, transport: Transport, jitter_s: float) -> None:
        self._transport = transport
        self._jitter_s = jitter_s
        self._random = random.Random(1)
        self._under_way: asyncio.Queue[tuple[float, str]] = asyncio.Queue()
        self._bringing = asyncio.create_task(self._bring())
        self.recv = transport.recv

    async def send(self, text: str) -> None:
        due_at = asyncio.get_running_loop().time() + self._random.uniform(0, self._jitter_s)
        self._under_way.put_nowait((due_at, text))

    def send_now(self, text: str) -> bool:
        return False

    async def _bring(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            due_at, text = await self._under_way.get()
            await asyncio.sleep(max(0.0, due_at - loop.time()))
            await self._transport.send(text)

    async def close(self, code: int = 1000, reason: str = "") -> None:
        self._bringing.cancel()
        await asyncio.gather(self._bringing, return_exceptions=True)
        await self._transport.close(code, reason)


@asynccontextmanager
async def faulty_live_server(
    faults: LiveFaults,
    engine: EnginePort,
    *,
    defaults: Defaults | None = None,
    report: Callable[[BaseException], None] = lambda error: None,
) -> AsyncIterator[str]:
    """Listens on a free port of this machine; yields the address of the Live endpoint."""
    workers = EngineWorkers(engine, report)

    async def converse(transport: Transport, opening: Opening) -> None:
        session = LiveSession(defaults=defaults, no_audio_expiry_s=faults.no_audio_expiry_s)
        line = JitteryTransport(transport, faults.jitter_s) if faults.jitter_s else transport
        await SessionRunner(line, workers, FaultyLiveSession(faults, session)).run(opening)

    listener = await websocket.serve(converse)
    try:
        yield listener.url.replace("/v1/realtime", routes.LIVE_PATH)
    finally:
        await listener.close()
        workers.close()
