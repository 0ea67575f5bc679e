"""The server's pump: one session on one connection, with the engine's work in threads.

What drives it: frames from the wire, results from threads, timers. Each calls one synchronous
``step``; all effects of one input are performed before the next is looked at, and performing never
awaits. Models run in the threads of an ``EngineWorkers`` that all sessions of the process share, so that
ten clients wait for a free thread instead of fighting for two cores.

Buffers: frames for a slow client at most ``OUTBOX_BYTES``, then the session is closed; sound that
waits for the voice detector is what the client sent and the detector has not reached (a thread takes
all of it at once).
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing, suppress
from dataclasses import replace
from functools import partial
from typing import Any, Protocol, cast

import numpy as np

from realtime_cli.audio.pcm import SAMPLES_PER_MS, Samples
from realtime_cli.audio.wire_format import AudioDecoder, AudioEncoder
from realtime_cli.errors import RealtimeCliError
from realtime_cli.protocol import codec
from realtime_cli.server import effects, inputs
from realtime_cli.server.engine.crop import crop, find_speech
from realtime_cli.server.engine.reply import EngineCall, EngineReply, EngineText, ReplyRequest
from realtime_cli.server.session import ServerSession
from realtime_cli.wire.auth import Opening
from realtime_cli.wire.transport import ABNORMAL, Closed, Transport

OUTBOX_BYTES = 64 * 1024 * 1024
FIRST_CHUNK_MS, CHUNK_MS = 100, 200  # of sound in one delta: the first is short, to be heard soon
FLUSH_S = 2.0  # how long a client may take for the last events before the socket closes
TOO_SLOW = (1008, "the client reads too slowly")
BUG = (1011, "internal error")
NO_ANSWER = "The answer could not be made: an internal error of the server."


class VoiceActivityPort(Protocol):
    """Finds speech in one stream of sound."""

    def feed(self, samples: Samples) -> list[float]: ...


class RecogniserPort(Protocol):
    """Writes down speech; called from threads."""

    def transcribe(self, samples: Samples) -> str: ...


class SynthesiserPort(Protocol):
    """Speaks text; called from threads."""

    def speak(self, text: str, speed: float = 1.0, stop: Callable[[], bool] = ...) -> Iterator[Samples]: ...


class EnginePort(Protocol):
    """What a host needs of an engine (``server.engine.engine.Engine`` is one)."""

    def voice_activity(self) -> VoiceActivityPort: ...

    @property
    def recogniser(self) -> RecogniserPort: ...

    @property
    def synthesiser(self) -> SynthesiserPort: ...

    @property
    def reply(self) -> EngineReply: ...


class EngineWorkers:
    """An engine and the threads that it works in. ``report`` hears of bugs, which end one session each."""

    def __init__(
        self, engine: EnginePort, report: Callable[[BaseException], None] = lambda error: None
    ) -> None:
        self.engine = engine
        self.report = report
        # Three kinds of work, so that a long answer does not make anybody deaf.
        self.ears = ThreadPoolExecutor(1, "ears")
        self.pens = ThreadPoolExecutor(2, "pens")
        self.voices = ThreadPoolExecutor(2, "voices")

    def close(self) -> None:
        for pool in (self.ears, self.pens, self.voices):
            pool.shutdown(wait=False, cancel_futures=True)


class SessionRunner:
    """One session. ``run`` returns when it is over; the transport is closed then."""

    def __init__(
        self,
        transport: Transport,
        room: EngineWorkers,
        session: ServerSession | None = None,
    ) -> None:
        self._transport = transport
        self._room = room
        self._session = session or ServerSession()
        self._started_at = time.monotonic()
        self._loop = asyncio.get_running_loop()
        self._outbox: deque[str] = deque()
        self._outbox_bytes = 0
        self._outbox_filled = asyncio.Event()
        self._shut: tuple[int, str] | None = None
        self._wakes: dict[str, asyncio.TimerHandle] = {}
        self._recognitions: dict[int, asyncio.Task[None]] = {}
        self._answers: dict[str, ResponseWorker] = {}
        self._ear = VadStream(self)
        self._pending: deque[inputs.Input] = deque()
        self._stepping = False
        self._tasks: set[asyncio.Task[None]] = set()

    # -- the step -------------------------------------------------------------------------------

    def now(self) -> float:
        """Seconds since the session was opened."""
        return time.monotonic() - self._started_at

    def step(self, happened: inputs.Input) -> None:
        """Fold one input and perform its effects. On the loop's thread only; never awaits."""
        self._pending.append(happened)
        if self._stepping or self._shut:
            return
        self._stepping = True
        try:
            while self._pending and not self._shut:
                for effect in self._session.handle(self._pending.popleft()):
                    self._perform(effect)
        except Exception as error:  # a bug ends this session, and no other
            self._room.report(error)
            self._end(*BUG)
        finally:
            self._stepping = False

    def _perform(self, effect: effects.Effect) -> None:
        match effect:
            case effects.Emit():
                self._post(effect)
            case effects.DetectVoice():
                self._ear.listen(effect)
            case effects.Transcribe():
                self._recognitions[effect.ticket] = self.start(self._recognise(effect), "recognise")
            case effects.CancelTranscription():
                if task := self._recognitions.pop(effect.ticket, None):
                    task.cancel()
            case effects.Generate():
                answer = self._answers[effect.response_id] = ResponseWorker(self, effect)
                answer.begin()
            case effects.Synthesize():
                self._answers[effect.response_id].speak(effect)
            case effects.CancelResponse():
                if answer_ := self._answers.pop(effect.response_id, None):
                    answer_.quit()
            case effects.SetDeadline():
                self._wake(effect)
            case effects.CloseSocket():
                self._end(effect.code, effect.reason)

    def _post(self, effect: effects.Emit) -> None:
        text = codec.encode(effect.event)
        self._outbox.append(text)
        self._outbox_bytes += len(text)
        self._outbox_filled.set()
        if effect.event.type == "response.done":
            self._answers.pop(effect.event.response.id or "", None)  # type: ignore[union-attr]
        if self._outbox_bytes > OUTBOX_BYTES:
            self._outbox.clear()
            self._end(*TOO_SLOW)

    def _wake(self, effect: effects.SetDeadline) -> None:
        if old := self._wakes.pop(effect.name, None):
            old.cancel()
        if effect.at is not None:
            delay_s = max(0.0, effect.at - self.now())
            self._wakes[effect.name] = self._loop.call_later(delay_s, self._woke, effect.name)

    def _woke(self, name: str) -> None:
        self._wakes.pop(name, None)
        self.step(inputs.DeadlineReached(self.now(), name))

    def _end(self, code: int, reason: str) -> None:
        """Close the socket as soon as what was said before is out."""
        self._shut = self._shut or (code, reason)
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
            self._room.report(error)
            self._end(*BUG)

    # -- the pumps ------------------------------------------------------------------------------

    async def run(self, opening: Opening | None = None) -> None:
        """Serve until the client leaves or the session ends itself."""
        opening = opening or Opening()
        model = opening.model
        unix_s = int(time.time())
        self.step(inputs.ClientConnected(self.now(), unix_s, model, opening.transcribes, opening.beta_header))
        listening = self.start(self._listen(), "listen")
        try:
            await self._speak()
        finally:
            listening.cancel()
            await self._leave()

    async def _listen(self) -> None:
        """Wire → step."""
        try:
            while not self._shut:
                self.step(inputs.Frame(self.now(), await self._transport.recv()))
        except Closed:
            self._end(ABNORMAL, "")

    async def _speak(self) -> None:
        """Outbox → wire, until somebody wants to end it."""
        while not self._shut:
            await self._outbox_filled.wait()
            self._outbox_filled.clear()
            await self._drain()

    async def _drain(self) -> None:
        while self._outbox:
            text = self._outbox.popleft()
            self._outbox_bytes -= len(text)
            try:
                if self._shut:
                    async with asyncio.timeout(FLUSH_S):
                        await self._transport.send(text)
                else:
                    await self._transport.send(text)
            except (Closed, TimeoutError):
                self._outbox.clear()
                self._end(ABNORMAL, "")

    async def _leave(self) -> None:
        for handle in self._wakes.values():
            handle.cancel()
        for answer in self._answers.values():
            answer.quit()
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._transport.close(*(self._shut or (1001, "server going away")))

    # -- the engine -----------------------------------------------------------------------------

    async def in_thread(self, pool: ThreadPoolExecutor, work: Callable[[], Any]) -> Any:
        return await self._loop.run_in_executor(pool, work)

    @property
    def room(self) -> EngineWorkers:
        return self._room

    async def _recognise(self, asked: effects.Transcribe) -> None:
        try:
            text = await self.in_thread(self._room.pens, lambda: _words(self._room.engine, asked))
        except Exception as error:  # a model's failure is an event of the protocol, not the session's end
            self._room.report(error)
            self.step(inputs.TranscriptionFailed(self.now(), asked.ticket, str(error)))
        else:
            self.step(inputs.Transcribed(self.now(), asked.ticket, text))
        finally:
            self._recognitions.pop(asked.ticket, None)

    def post(self, happened: inputs.AudioGenerated | inputs.AudioDone) -> None:
        """Hand an input over from another thread; it gets its time when the loop takes it."""
        with suppress(RuntimeError):  # the loop is closed: nobody listens any more
            self._loop.call_soon_threadsafe(self._take, happened)

    def _take(self, happened: inputs.AudioGenerated | inputs.AudioDone) -> None:
        self.step(replace(happened, at=self.now()))


def _words(engine: EnginePort, asked: effects.Transcribe) -> str:
    """In a thread: find the speech if nobody has, cut it out, write it down. Silence has no words."""
    samples = _decoded(asked.audio, asked.format)
    onset_ms, end_ms = asked.onset_ms, asked.end_ms
    if onset_ms is None or end_ms is None:
        tail = np.zeros(64 * SAMPLES_PER_MS, np.int16)
        speech = find_speech(engine.voice_activity().feed(np.concatenate([samples, tail])))
        if speech is None:
            return ""
        onset_ms, end_ms = speech.onset_ms, speech.end_ms
    return engine.recogniser.transcribe(crop(samples, onset_ms, end_ms))


def _decoded(audio: bytes, format: str) -> Samples:
    reader = AudioDecoder(cast(Any, format))
    samples = reader.decode(audio)
    return samples if format == "audio/pcm" else np.concatenate([samples, reader.flush()])


class VadStream:
    """Brings sound to the voice detector, in order, one thread at a time."""

    def __init__(self, host: SessionRunner) -> None:
        self._host = host
        self._waiting: deque[effects.DetectVoice] = deque()
        self._busy = False
        self._stream: int | None = None
        self._detector: VoiceActivityPort | None = None
        self._reader = AudioDecoder("audio/pcm")

    def listen(self, asked: effects.DetectVoice) -> None:
        self._waiting.append(asked)
        if not self._busy:
            self._busy = True
            self._host.start(self._work(), "ear")

    async def _work(self) -> None:
        try:
            while self._waiting:
                batch = self._next_batch()
                found = await self._host.in_thread(self._host.room.ears, partial(self._feed, batch))
                if found:
                    stream = batch[0].stream
                    self._host.step(inputs.VadResult(self._host.now(), stream, tuple(found)))
        finally:
            self._busy = False

    def _next_batch(self) -> list[effects.DetectVoice]:
        """All that waits of one stream."""
        batch = [self._waiting.popleft()]
        while self._waiting and self._waiting[0].stream == batch[0].stream:
            batch.append(self._waiting.popleft())
        return batch

    def _feed(self, batch: list[effects.DetectVoice]) -> list[float]:
        """In a thread."""
        first = batch[0]
        if self._detector is None or first.stream != self._stream:
            self._detector = self._host.room.engine.voice_activity()
            self._stream, self._reader = first.stream, AudioDecoder(cast(Any, first.format))
        return self._detector.feed(self._reader.decode(b"".join(asked.audio for asked in batch)))


class ResponseWorker:
    """The thinking and speaking of one response."""

    def __init__(self, host: SessionRunner, asked: effects.Generate) -> None:
        self._host = host
        self._asked = asked
        self._stopped = threading.Event()
        self._thinking: asyncio.Task[None] | None = None
        self._writer: AudioEncoder | None = None
        self._chunks = 0

    def begin(self) -> None:
        self._thinking = self._host.start(self._think(), "think")

    def quit(self) -> None:
        self._stopped.set()
        if self._thinking:
            self._thinking.cancel()

    async def _think(self) -> None:
        host, asked = self._host, self._asked
        request = ReplyRequest(
            items=asked.items, instructions=asked.instructions, tools=asked.tools,
            tool_choice=asked.tool_choice, modalities=asked.modalities, metadata=asked.metadata,
        )  # fmt: skip
        try:
            pieces = host.room.engine.reply.reply(request)
            async with aclosing(cast(Any, pieces)):
                async for piece in pieces:
                    host.step(self._input_of(piece))
            host.step(inputs.GenerationDone(host.now(), asked.response_id))
        except RealtimeCliError as error:
            host.step(inputs.GenerationFailed(host.now(), asked.response_id, str(error)))
        except Exception as error:
            host.room.report(error)
            host.step(inputs.GenerationFailed(host.now(), asked.response_id, NO_ANSWER))

    def _input_of(self, piece: EngineText | EngineCall) -> inputs.TextGenerated | inputs.ToolCallGenerated:
        now, response_id = self._host.now(), self._asked.response_id
        if isinstance(piece, EngineText):
            return inputs.TextGenerated(now, response_id, piece.text)
        return inputs.ToolCallGenerated(now, response_id, piece.name, piece.arguments)

    def speak(self, asked: effects.Synthesize) -> None:
        self._host.start(self._speak_in_thread(asked), "speak")

    async def _speak_in_thread(self, asked: effects.Synthesize) -> None:
        try:
            await self._host.in_thread(self._host.room.voices, lambda: self._utter(asked))
        except Exception as error:
            self._host.room.report(error)
            self._host.step(inputs.GenerationFailed(self._host.now(), asked.response_id, NO_ANSWER))

    def _utter(self, asked: effects.Synthesize) -> None:
        """In a thread: sound goes out chunk by chunk while the rest is being made."""
        if self._writer is None or self._writer.format != asked.format:
            self._writer = AudioEncoder(cast(Any, asked.format))
        for samples in self._host.room.engine.synthesiser.speak(
            asked.text, asked.speed, self._stopped.is_set
        ):
            for chunk in self._chunked(samples):
                if self._stopped.is_set():
                    return
                self._host.post(inputs.AudioGenerated(0.0, asked.response_id, self._writer.encode(chunk)))
        self._host.post(inputs.AudioDone(0.0, asked.response_id))

    def _chunked(self, samples: Samples) -> Iterator[Samples]:
        start = 0
        while start < len(samples):
            size = (CHUNK_MS if self._chunks else FIRST_CHUNK_MS) * SAMPLES_PER_MS
            yield samples[start : start + size]
            self._chunks += 1
            start += size
