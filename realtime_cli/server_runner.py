"""The server's pump: one session on one connection, with the engine's work in threads.

What drives it: frames from the wire, results from threads, timers. Each calls one synchronous
``step``; all effects of one input are performed before the next is looked at, and performing never
awaits. Models run in the threads of an ``EngineWorkers`` that all sessions of the process share, so that
ten clients wait for a free thread instead of fighting for two cores.

Buffers: frames for a slow client at most ``OUTBOX_BYTES``, then the session is closed. A client that sends
sound faster than the detector or the recogniser takes it is read no further until they have caught up
(``MAX_DETECTOR_BYTES``, ``MAX_TRANSCRIPTIONS``), so that a file of hours needs no more memory than one of
minutes.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import aclosing
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, Protocol, TypeVar, cast

from realtime_cli.audio.sample_format import Samples
from realtime_cli.errors import RealtimeCliError
from realtime_cli.protocol import codec
from realtime_cli.server import effects, inputs
from realtime_cli.server.engine.ports import (
    EngineCall,
    EnginePort,
    EngineText,
    ReplyRequest,
)
from realtime_cli.server.fair_pool import FairPool
from realtime_cli.server.session import ServerSession
from realtime_cli.wire.auth import Opening
from realtime_cli.wire.transport import ABNORMAL, Closed, Transport

if TYPE_CHECKING:
    from realtime_cli.server_sound import DeltaCutter, SpeechDetector

OUTBOX_BYTES = 64 * 1024 * 1024
MAX_TURN_S = 0.005  # work for one session, before the other sessions get twice as much
MAX_PAUSE_S = 0.25
IDLE_TURN_S = 0.0002  # a turn of the loop that is shorter had no work for anybody
MOST_TURNS = 8  # of the loop, for what a frame has set off: a client in this process reads the answer
MAX_DETECTOR_BYTES = 480_000  # of sound that waits for the voice detector: 10 s of PCM
MAX_TRANSCRIPTIONS = 8  # of one session at once
BUSY_POLL_S = 0.01
FLUSH_S = 2.0  # how long a client may take for the last events before the socket closes
TOO_SLOW = (1008, "the client reads too slowly")
BUG = (1011, "internal error")
NO_ANSWER = "The answer could not be made: an internal error of the server."

T = TypeVar("T")


class EngineWorkers:
    """An engine and the threads that it works in. ``report`` hears of bugs, which end one session each."""

    def __init__(
        self, engine: EnginePort, report: Callable[[BaseException], None] = lambda error: None
    ) -> None:
        self.engine = engine
        self.report = report
        # A pool for each kind of work, so that a long answer does not keep speech from being noticed.
        self.vad_pool = FairPool(1, "vad")
        self.stt_pool = FairPool(2, "stt")
        self.tts_pool = FairPool(2, "tts")

    @cached_property
    def sound(self) -> Any:
        """``server_sound``, loaded with the first sound: sessions in text do without numpy."""
        from realtime_cli import server_sound

        return server_sound

    def close(self) -> None:
        for pool in (self.vad_pool, self.stt_pool, self.tts_pool):
            pool.close()


class ServedSession(Protocol):
    """The server's side of one protocol."""

    def handle(self, happened: inputs.Input) -> list[effects.Effect]:
        """Take one input and return its effects, in the order in which to perform them."""


class SessionRunner:
    """One session. ``run`` returns when it is over; the transport is closed then."""

    def __init__(
        self,
        transport: Transport,
        workers: EngineWorkers,
        session: ServedSession | None = None,
    ) -> None:
        self._transport = transport
        self.workers = workers
        self._session: ServedSession = session or ServerSession()
        self._started_at = time.monotonic()
        self._loop = asyncio.get_running_loop()
        self._outbox: deque[str] = deque()
        self._outbox_bytes = 0
        self._outbox_filled = asyncio.Event()
        self._closing: tuple[int, str] | None = None
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._transcriptions: dict[int, asyncio.Task[None]] = {}
        self._responses: dict[str, ResponseWorker] = {}
        self._vad = VadStream(self)
        self._pending: deque[inputs.Input] = deque()
        self._stepping = False
        self._tasks: set[asyncio.Task[None]] = set()

    # -- the step -------------------------------------------------------------------------------

    def now(self) -> float:
        """Seconds since the session was opened."""
        return time.monotonic() - self._started_at

    def step(self, happened: inputs.Input) -> None:
        """Handle one input and perform its effects. On the loop's thread only; never awaits."""
        self._pending.append(happened)
        if self._stepping or self._closing:
            return
        self._stepping = True
        try:
            while self._pending and not self._closing:
                for effect in self._session.handle(self._pending.popleft()):
                    self._perform(effect)
        except Exception as error:  # a bug ends this session, and no other
            self.workers.report(error)
            self._end(*BUG)
        finally:
            self._stepping = False

    def _perform(self, effect: effects.Effect) -> None:
        match effect:
            case effects.Emit():
                self._emit(effect)
            case effects.DetectVoice():
                self._vad.feed(effect)
            case effects.Transcribe():
                self._transcriptions[effect.ticket] = self.start(self._transcribe(effect), "transcribe")
            case effects.CancelTranscription():
                if task := self._transcriptions.pop(effect.ticket, None):
                    task.cancel()
            case effects.Generate():
                self._worker(effect.response_id).generate(effect)
            case effects.Synthesize():
                self._worker(effect.response_id).synthesize(effect)
            case effects.CancelResponse():
                if cancelled := self._responses.pop(effect.response_id, None):
                    cancelled.cancel()
            case effects.SetDeadline():
                self._set_deadline(effect)
            case effects.CloseSocket():
                self._end(effect.code, effect.reason)

    def _worker(self, response_id: str) -> ResponseWorker:
        return self._responses.setdefault(response_id, ResponseWorker(self, response_id))

    def _emit(self, effect: effects.Emit) -> None:
        text = codec.encode(effect.event)
        self._outbox.append(text)
        self._outbox_bytes += len(text)
        self._outbox_filled.set()
        if effect.event.type == "response.done":
            self._responses.pop(effect.event.response.id or "", None)  # type: ignore[union-attr]
        if self._outbox_bytes > OUTBOX_BYTES:
            self._outbox.clear()
            self._end(*TOO_SLOW)

    def _set_deadline(self, effect: effects.SetDeadline) -> None:
        if old := self._timers.pop(effect.name, None):
            old.cancel()
        if effect.at is not None:
            delay_s = max(0.0, effect.at - self.now())
            self._timers[effect.name] = self._loop.call_later(delay_s, self._deadline_reached, effect.name)

    def _deadline_reached(self, name: str) -> None:
        self._timers.pop(name, None)
        self.step(inputs.DeadlineReached(self.now(), name))

    def _end(self, code: int, reason: str) -> None:
        """Close the socket as soon as what was said before is out."""
        self._closing = self._closing or (code, reason)
        self._outbox_filled.set()

    def start(self, work: Any, name: str) -> asyncio.Task[None]:
        """Run something beside the pumps; a bug in it ends the session."""
        task: asyncio.Task[None] = self._loop.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._finished)
        return task

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()):
            self.workers.report(error)
            self._end(*BUG)

    # -- the pumps ------------------------------------------------------------------------------

    async def run(self, opening: Opening | None = None) -> None:
        """Serve until the client leaves or the session ends itself."""
        opening = opening or Opening()
        model = opening.model
        unix_s = int(time.time())
        self.step(
            inputs.ClientConnected(
                self.now(), unix_s, model, opening.transcribes, opening.beta_header, opening.session
            )
        )
        reading = self.start(self._read(), "read")
        try:
            await self._write()
        finally:
            reading.cancel()
            await self._shut_down()

    async def _read(self) -> None:
        """Wire → step. A flood of frames, or one of large frames, leaves two thirds of the loop to others.

        Where they have nothing to do, it does not wait for them.
        """
        worked_s, idle_from = 0.0, time.monotonic()
        try:
            while not self._closing:
                text = await self._transport.recv()
                began = time.monotonic()
                worked_s = max(0.0, worked_s - (began - idle_from))  # while it waited, others had their turns
                self.step(inputs.Frame(self.now(), text))
                idle_from = time.monotonic()
                worked_s += idle_from - began
                if worked_s > MAX_TURN_S:
                    if await _others_rest():
                        worked_s = 0.0
                    else:
                        await asyncio.sleep(min(2 * worked_s, MAX_PAUSE_S))
                while self._is_behind and not self._closing:
                    await asyncio.sleep(BUSY_POLL_S)
        except Closed:
            self._end(ABNORMAL, "")

    @property
    def _is_behind(self) -> bool:
        """Whether the models have more to do than is good."""
        return self._vad.waiting_bytes > MAX_DETECTOR_BYTES or len(self._transcriptions) > MAX_TRANSCRIPTIONS

    async def _write(self) -> None:
        """Outbox → wire, until somebody wants to end it."""
        while not self._closing:
            await self._outbox_filled.wait()
            self._outbox_filled.clear()
            await self._drain()

    async def _drain(self) -> None:
        while self._outbox:
            text = self._outbox.popleft()
            self._outbox_bytes -= len(text)
            try:
                if self._closing:
                    async with asyncio.timeout(FLUSH_S):
                        await self._transport.send(text)
                else:
                    await self._transport.send(text)
            except (Closed, TimeoutError):
                self._outbox.clear()
                self._end(ABNORMAL, "")

    async def _shut_down(self) -> None:
        for handle in self._timers.values():
            handle.cancel()
        for response in self._responses.values():
            response.cancel()
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._transport.close(*(self._closing or (1001, "server going away")))

    # -- the engine -----------------------------------------------------------------------------

    async def in_thread(self, pool: FairPool, work: Callable[[], T]) -> T:
        return await asyncio.wrap_future(pool.submit(self, work), loop=self._loop)

    async def _transcribe(self, request: effects.Transcribe) -> None:
        try:
            text = await self.in_thread(
                self.workers.stt_pool, lambda: self.workers.sound.transcript_of(self.workers.engine, request)
            )
        except Exception as error:  # a model's failure is an event of the protocol, not the session's end
            self.workers.report(error)
            self.step(inputs.TranscriptionFailed(self.now(), request.ticket, str(error)))
        else:
            self.step(inputs.Transcribed(self.now(), request.ticket, text))
        finally:
            self._transcriptions.pop(request.ticket, None)


async def _others_rest() -> bool:
    """Whether nobody else has work, once what is ready on the loop has had a few turns."""
    for _ in range(MOST_TURNS):
        began = time.monotonic()
        await asyncio.sleep(0)
        if time.monotonic() - began < IDLE_TURN_S:
            return True
    return False


class VadStream:
    """Brings sound to the voice detector, in order, one thread at a time."""

    def __init__(self, runner: SessionRunner) -> None:
        self._runner = runner
        self._waiting: deque[effects.DetectVoice] = deque()
        self.waiting_bytes = 0
        self._busy = False
        self._stream: int | None = None
        self._detector: SpeechDetector | None = None

    def feed(self, request: effects.DetectVoice) -> None:
        self._waiting.append(request)
        self.waiting_bytes += len(request.audio)
        if not self._busy:
            self._busy = True
            self._runner.start(self._work(), "vad")

    async def _work(self) -> None:
        try:
            while self._waiting:
                batch = self._next_batch()
                found = await self._runner.in_thread(
                    self._runner.workers.vad_pool, partial(self._feed, batch)
                )
                if found:
                    stream = batch[0].stream
                    self._runner.step(inputs.VadResult(self._runner.now(), stream, tuple(found)))
        finally:
            self._busy = False

    def _next_batch(self) -> list[effects.DetectVoice]:
        """All that waits of one stream."""
        batch = [self._waiting.popleft()]
        while self._waiting and self._waiting[0].stream == batch[0].stream:
            batch.append(self._waiting.popleft())
        self.waiting_bytes -= sum(len(request.audio) for request in batch)
        return batch

    def _feed(self, batch: list[effects.DetectVoice]) -> list[float]:
        """In a thread."""
        first = batch[0]
        if self._detector is None or first.stream != self._stream:
            workers = self._runner.workers
            self._detector = workers.sound.SpeechDetector(workers.engine.voice_activity(), first.format)
            self._stream = first.stream
        return self._detector.feed(b"".join(request.audio for request in batch))


class ResponseWorker:
    """Generation and synthesis of one response."""

    def __init__(self, runner: SessionRunner, response_id: str) -> None:
        self._runner = runner
        self._response_id = response_id
        self._cancelled = False
        self._generating: asyncio.Task[None] | None = None
        self._cutter: DeltaCutter | None = None

    def generate(self, effect: effects.Generate) -> None:
        self._generating = self._runner.start(self._generate(effect.request), "generate")

    def cancel(self) -> None:
        self._cancelled = True
        if self._generating:
            self._generating.cancel()

    async def _generate(self, request: ReplyRequest) -> None:
        runner, response_id = self._runner, self._response_id
        try:
            pieces = runner.workers.engine.reply.reply(request)
            async with aclosing(cast(Any, pieces)):
                async for piece in pieces:
                    runner.step(self._input_of(piece))
            runner.step(inputs.GenerationDone(runner.now(), response_id))
        except RealtimeCliError as error:
            runner.step(inputs.GenerationFailed(runner.now(), response_id, str(error)))
        except Exception as error:
            runner.workers.report(error)
            runner.step(inputs.GenerationFailed(runner.now(), response_id, NO_ANSWER))

    def _input_of(self, piece: EngineText | EngineCall) -> inputs.TextGenerated | inputs.ToolCallGenerated:
        now, response_id = self._runner.now(), self._response_id
        if isinstance(piece, EngineText):
            return inputs.TextGenerated(now, response_id, piece.text)
        return inputs.ToolCallGenerated(now, response_id, piece.name, piece.arguments)

    def synthesize(self, request: effects.Synthesize) -> None:
        self._runner.start(self._synthesize(request), "synthesize")

    async def _synthesize(self, request: effects.Synthesize) -> None:
        """One piece of work in the pool for each chunk of sound, so that other sessions have their turn."""
        runner, response_id = self._runner, request.response_id
        try:
            sound = runner.workers.engine.synthesiser.speak(request.text, request.speed)
            work = partial(self._next_deltas, sound, request.format)
            while (deltas := await runner.in_thread(runner.workers.tts_pool, work)) is not None:
                for audio in deltas:
                    runner.step(inputs.AudioGenerated(runner.now(), response_id, audio))
                if self._cancelled:
                    return
            runner.step(inputs.AudioDone(runner.now(), response_id))
        except Exception as error:
            runner.workers.report(error)
            runner.step(inputs.GenerationFailed(runner.now(), response_id, NO_ANSWER))

    def _next_deltas(self, sound: Iterator[Samples], format: str) -> list[bytes] | None:
        """In a thread: the next chunk of sound, encoded, in the pieces that go out; None behind the last."""
        samples = None if self._cancelled else next(sound, None)
        if samples is None:
            return None
        if self._cutter is None:
            self._cutter = self._runner.workers.sound.DeltaCutter()
        return self._cutter.deltas(samples, format)
