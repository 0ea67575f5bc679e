"""Four pumps and one step: the only place where the client's edges meet.

``hear`` (microphone), ``listen`` (wire) and ``read`` (keys) call one synchronous ``step``; ``speak``
drains the outbox to the wire. A monitor beside them reports what is heard and how loud. All effects of one
input are performed before the next input is looked at, and performing never awaits. Whatever crosses the
step is an entry: observers (the recorder) see that one stream as it is, readers (the screen, hooks) what
the narrator makes of it.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypedDict

from realtime_cli.audio.sample_format import Samples
from realtime_cli.client import effects, inputs
from realtime_cli.client.any_session import AnyClientSession
from realtime_cli.client.entry import Entry
from realtime_cli.client.waits import CLOSE_TIMEOUT_S, LAST_EVENTS_S, MAX_UNANSWERED_S
from realtime_cli.conversation.events import ConversationEvent
from realtime_cli.conversation.narrated import ConversationReader, Narrator, narrator_of
from realtime_cli.errors import ExitCode, RealtimeCliError
from realtime_cli.monitor import LoopMonitor
from realtime_cli.notices import ToolNotice
from realtime_cli.outbox import Outbox
from realtime_cli.ports import (
    Connect,
    EchoControl,
    InterruptionJudge,
    MicrophonePort,
    Observer,
    SpeakerPort,
    ToolsPort,
    UserVoice,
    VideoSource,
)
from realtime_cli.protocol import codec
from realtime_cli.protocol.client_events import SoundAppend
from realtime_cli.protocol.session import BYTES_PER_MS
from realtime_cli.tools.result import ToolResult
from realtime_cli.value import value
from realtime_cli.video.frame import NO_FRAME, VideoFrame
from realtime_cli.wire.transport import Closed, Transport

if TYPE_CHECKING:
    from realtime_cli.audio.wire_sound import WireSound
    from realtime_cli.live_voices import LiveVoices

TURN_S = 0.005  # how long received frames may keep everything else waiting
FAREWELL_S = 2.0  # for session.closed, where somebody ended the session from outside
MAX_AHEAD_MS = 1000.0  # how far a file that is sent fast may be ahead of the wire
CROWDED_MS = 1500.0  # with this much sound waiting the line is behind, and a frame would make it worse
CROWDED_CHARS = 100_000  # the same for what waits beside the sound: a frame or two


@value
class Outcome:
    """How the session ended."""

    exit_code: ExitCode
    reason: str = ""
    remedy: str = ""


class LoopEdges(TypedDict, total=False):
    """What a command may connect the loop to: see ``ConversationLoop``."""

    microphone: MicrophonePort | None
    speaker: SpeakerPort | None
    guard: EchoControl | None
    user_voice: UserVoice | None
    interruptions: InterruptionJudge | None
    wait_for_floor: bool
    patient: bool
    started_at: float | None


class ConversationLoop:
    """One session on its edges. ``run`` returns when it is over; ``finish`` ends it from outside."""

    def __init__(
        self,
        session: AnyClientSession,
        connect: Connect,
        *,
        observers: Sequence[Observer] = (),
        readers: Sequence[ConversationReader] = (),
        microphone: MicrophonePort | None = None,
        speaker: SpeakerPort | None = None,
        tools: ToolsPort | None = None,
        eyes: VideoSource | None = None,
        guard: EchoControl | None = None,
        user_voice: UserVoice | None = None,
        interruptions: InterruptionJudge | None = None,
        wait_for_floor: bool = False,
        on_played: Callable[[float, Samples], None] | None = None,
        patient: bool = True,
        started_at: float | None = None,
    ) -> None:
        """``readers`` are told what an entry means when all ``observers`` have seen it.

        ``user_voice`` ends the user's turns where the server does not. ``interruptions`` says whether the
        user means to interrupt, where that is not left to the server.

        ``patient``: a server that is busy or away at the very first is tried again, as it is later on.

        ``on_played`` is told of every block that the speaker plays, and at which session second it is heard;
        from the audio thread, where there is one.
        """
        self.session = session
        self._patient = patient
        self._connect = connect
        self._observers = list(observers)
        self._readers = list(readers)
        self._narrator: Narrator = narrator_of(session.options, session.cost.prices)
        self._microphone = microphone
        self._speaker = speaker
        self._tools = tools
        self._eyes = eyes
        self._user_voice = user_voice
        self._interruptions = interruptions
        self._on_played = on_played
        self._wait_for_floor = wait_for_floor
        self._started_at = time.monotonic() if started_at is None else started_at
        self._transport: Transport | None = None
        self._voices = _voices_of(session)
        self._decoder = session.decoder()
        self._outbox = Outbox()
        self._frames_left_out = 0
        self.was_connected = False
        """Whether there has been any connection."""
        self._first_failure: RealtimeCliError | None = None  # why there has been no connection at all
        self._ended: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        self._wakes: dict[str, asyncio.TimerHandle] = {}
        self._calls: dict[str, asyncio.Task[None]] = {}
        self._reconnect_at: float | None = None
        self._stepping = False
        self._pending: deque[inputs.Input] = deque()
        self._sound = _wire_sound_of(session) if microphone or speaker or session.streams else None
        self._monitor = LoopMonitor(self, speaker, guard, with_levels=bool(microphone or speaker))
        self._microphone_started = False
        self._eyes_started = False
        if tools:
            tools.subscribe(self._on_tool_notice)

    @property
    def has_room(self) -> bool:
        """Whether the wire keeps up with what it is given; none does while it is down."""
        return self.session.ready and self._outbox.sound_ms < MAX_AHEAD_MS

    @property
    def lag_s(self) -> float:
        """How late the event loop was at worst."""
        return self._monitor.lag_s

    # -- the step -----------------------------------------------------------------------------

    def now(self) -> float:
        """Seconds since the session started."""
        return time.monotonic() - self._started_at

    def step(self, happened: inputs.Input) -> None:
        """Fold one input: note it, ask the session, perform every effect. Never awaits."""
        self._pending.append(happened)
        if self._stepping:
            return
        self._stepping = True
        try:
            while self._pending:
                self._step_once(self._pending.popleft())
        finally:
            self._stepping = False

    def _step_once(self, happened: inputs.Input) -> None:
        kind = "received" if isinstance(happened, inputs.Received) else "local"
        self._observe(Entry(happened.at, kind, happened))  # type: ignore[arg-type]
        for effect in self.session.handle(happened):
            self._perform(effect, happened.at)
        if self.session.ready and not self._microphone_started:
            self._start_microphone()
        if self.session.ready and self._eyes and not self._eyes_started:
            self._eyes_started = True
            self._eyes.start(self._see)

    def note(self, level: Any, topic: str, text: str, data: dict[str, Any] | None = None) -> None:
        """Put a mark into the stream: devices, echo, recorder and others report through it."""
        self.mark(inputs.Noted(self.now(), level, topic, text, data or {}))

    def mark(self, value: inputs.Mark) -> None:
        """Put a mark that only observers see into the stream."""
        self._observe(Entry(value.at, "local", value))

    def _on_tool_notice(self, value: ToolNotice) -> None:
        """A tool reports: an answer is an input, all else is a mark."""
        value = replace(value, at=self.now())
        if isinstance(value, inputs.ApprovalAnswered):
            if not self._ended.done():
                self.step(value)
        else:
            self.mark(value)

    def _observe(self, entry: Entry) -> None:
        self._notify(self._observers, entry)
        for event in self._events(entry) if self._readers else ():
            self._notify(self._readers, event)

    def _notify(self, listeners: list[Any], value: Entry | ConversationEvent) -> None:
        for listener in list(listeners):
            try:
                listener.observe(value)
            except Exception as error:  # a failing output must not stop the rest
                listeners.remove(listener)
                self._switched_off(type(listener).__name__, error)

    def _events(self, entry: Entry) -> Sequence[ConversationEvent]:
        try:
            return self._narrator.narrate(entry)
        except Exception as error:
            self._readers.clear()
            self._switched_off(type(self._narrator).__name__, error)
            return ()

    def _switched_off(self, name: str, error: Exception) -> None:
        self.note("error", "observer", f"{name} failed and is switched off: {error!r}")

    def _perform(self, effect: effects.Effect, at: float) -> None:
        match effect:
            case effects.Send():
                self._observe(Entry(at, "sent", effect))
                self._post(effect)
                return
            case effects.Play():
                self._play(effect)
            case effects.PlayEnd():
                self._play_end(effect)
            case effects.StopPlayback():
                self._stop(effect)
            case effects.CallTool():
                self._call(effect)
            case effects.CancelTool():
                if task := self._calls.pop(effect.call_id, None):
                    task.cancel()
            case effects.RequestApproval():
                self._ask(effect)
            case effects.CaptureFrame():
                sight = self._eyes.latest() if self._eyes else None
                self._pending.appendleft(self._seen(sight or NO_FRAME))
            case effects.SetCapture() if self._eyes:
                self._eyes.watch(effect.on)
            case effects.SetTimer():
                self._wake(effect)
            case effects.Duck() if self._speaker:
                self._speaker.playout.duck(effect.on, hold=effect.hold)
            case effects.Reconnect():
                self._reconnect_at = effect.at
                if self._transport:
                    self._drop(self._transport)
            case effects.Close():
                self.finish(Outcome(effect.exit_code, effect.reason, effect.remedy))
            case effects.Note():
                self.note(effect.level, effect.topic, effect.text)
                return
        self._observe(Entry(at, "local", effect))

    def finish(self, outcome: Outcome) -> None:
        """End the session; the first outcome counts."""
        if not self._ended.done():
            self._ended.set_result(outcome)

    # -- performing ---------------------------------------------------------------------------

    def _post(self, effect: effects.Send) -> None:
        event, sound_ms = effect.event, 0.0
        if isinstance(event, SoundAppend) and not effect.keep:
            sound_ms = len(event.audio) * 3 / 4 / BYTES_PER_MS[self.session.mic_gate.format]  # base64
        if self._voices and isinstance(event, SoundAppend):
            self._pending.extend(self._voices.sent(self.now(), event.audio))
        text = codec.encode(event)
        if not self._outbox and self._transport and self._transport.send_now(text):
            return
        before_ms = self._outbox.dropped_ms
        if self._outbox.put(text, sound_ms=sound_ms):
            self._report_dropped(before_ms, self._outbox.dropped_ms)

    def _report_dropped(self, before_ms: float, dropped_ms: float) -> None:
        """The first loss, half a second, then every five seconds."""
        half = before_ms < 500 <= dropped_ms
        if not before_ms or half or dropped_ms // 5000 > before_ms // 5000:
            text = f"The connection stalls: {dropped_ms / 1000:.2f} s of microphone sound dropped so far."
            self.note("warning", "wire", text, {"dropped_ms": round(dropped_ms)})

    def _play(self, effect: effects.Play) -> None:
        if self._sound is None:
            return
        samples = self._sound.decode(effect.audio, effect.format)
        if self._voices:
            self._pending.extend(self._voices.came(self.now(), samples))
        if self._speaker is None:
            return
        self._monitor.queued(effect.item_id, effect.content_index)
        self._speaker.playout.push(effect.item_id, effect.content_index, samples)

    def _play_end(self, effect: effects.PlayEnd) -> None:
        if self._speaker is None:  # it will not be heard, so nobody may wait for that
            over = inputs.Played(self.now(), effect.item_id, effect.content_index, 0.0, finished=True)
            self._pending.append(over)
            return
        playout = self._speaker.playout
        if self._sound and len(rest := self._sound.end_of_output()):
            playout.push(effect.item_id, effect.content_index, rest)
        playout.end(effect.item_id, effect.content_index)

    def _stop(self, effect: effects.StopPlayback) -> None:
        heard = self._speaker.stop_now() if self._speaker else ()
        if self._sound:
            self._sound.end_of_output()  # belongs to what was cut
        self._pending.append(self._monitor.playback_stopped(effect.cause, heard))

    def _call(self, effect: effects.CallTool) -> None:
        task = asyncio.get_running_loop().create_task(self._run_tool(effect), name=f"tool {effect.name}")
        self._calls[effect.call_id] = task

    async def _run_tool(self, effect: effects.CallTool) -> None:
        began = time.monotonic()
        if self._tools is None:
            result = ToolResult(f"There is no tool named {effect.name!r}.", failed=True)
        else:
            result = await self._tools.call(effect.call_id, effect.name, effect.arguments)
        self._calls.pop(effect.call_id, None)
        seconds = time.monotonic() - began if result.seconds is None else result.seconds
        self.step(
            inputs.ToolFinished(
                self.now(),
                effect.call_id,
                result.output,
                result.failed,
                round(seconds, 3),
                result.respond,
                result.hang_up,
            )
        )

    def _ask(self, effect: effects.RequestApproval) -> None:
        if self._tools is None:
            text = "There is no user to ask."
            self._pending.append(inputs.ApprovalAnswered(self.now(), effect.call_id, "no", text))
            return
        asking = self._tools.approve(effect.call_id, effect.name, effect.arguments)
        task = asyncio.get_running_loop().create_task(asking, name=f"ask {effect.name}")
        self._calls[effect.call_id] = task
        task.add_done_callback(lambda _: self._calls.pop(effect.call_id, None))

    def _drop(self, transport: Transport) -> None:
        """Close the old socket; ``listen`` sees its end and opens the new one."""
        closing = asyncio.get_running_loop().create_task(transport.close(1000, ""), name="drop")
        self._calls["drop"] = closing
        closing.add_done_callback(lambda _: self._calls.pop("drop", None))

    def _wake(self, effect: effects.SetTimer) -> None:
        if old := self._wakes.pop(effect.name, None):
            old.cancel()
        if effect.at is not None:
            loop = asyncio.get_running_loop()
            delay = max(0.0, effect.at - self.now())
            self._wakes[effect.name] = loop.call_later(delay, self._woke, effect.name)

    def _woke(self, name: str) -> None:
        self._wakes.pop(name, None)
        self.step(inputs.TimerFired(self.now(), name))

    # -- the pumps ----------------------------------------------------------------------------

    async def run(self) -> Outcome:
        """Converse until something ends the session; every edge is closed when it returns.

        Raises what the first connection attempt raised (:class:`ConnectionFailed` and the like) when that
        cannot be helped, or when no other try did better.
        """
        pumps = {"listen": self._listen, "speak": self._speak, "monitor": self._monitor.run}
        if self._speaker:
            if self._voices:
                self._speaker.playout.follow_sender()
            self._speaker.start(self._played if self._on_played else None)
        tasks = [asyncio.create_task(pump(), name=name) for name, pump in pumps.items()]
        try:
            waiting: list[asyncio.Future[Any]] = [*tasks, self._ended]
            await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            for task in tasks:
                if task.done() and not self._ended.done():
                    task.result()
            outcome = await self._ended
            if self._first_failure and outcome.exit_code == ExitCode.CONNECTION:
                raise self._first_failure  # no attempt succeeded: report the first one's reason
            return outcome
        finally:
            await self._shut(tasks)

    def _played(self, samples: Samples) -> None:
        """Speaker → recorder."""
        if self._on_played and self._speaker:
            self._on_played(self.now() + self._speaker.latency_s, samples)

    def fail(self, error: BaseException) -> None:
        """End the session with an error that came out of a callback or a lost task."""
        if not self._ended.done():
            self._ended.set_exception(error)

    async def _shut(self, tasks: list[asyncio.Task[None]]) -> None:
        for handle in self._wakes.values():
            handle.cancel()
        await self._say_farewell()
        await self._flush()
        for task in [*tasks, *self._calls.values()]:
            task.cancel()
        await asyncio.gather(*tasks, *self._calls.values(), return_exceptions=True)
        ending_tools = asyncio.create_task(self._tools.close()) if self._tools else None
        closing = [edge.close() for edge in (self._microphone, self._speaker, self._eyes) if edge]
        if self._transport:
            closing.append(self._transport.close(1000, ""))
        with suppress(TimeoutError):
            async with asyncio.timeout(CLOSE_TIMEOUT_S):
                await asyncio.gather(*closing, return_exceptions=True)
        if ending_tools:  # has a time limit of its own; cut short, it would leave processes behind
            await asyncio.gather(ending_tools, return_exceptions=True)

    async def _say_farewell(self) -> None:
        """The session was ended from outside: tell Live so, and wait a moment for its last event."""
        if (farewell := self.session.farewell()) is None:
            return
        self._outbox.put(codec.encode(farewell), sound_ms=0.0)
        deadline = time.monotonic() + FAREWELL_S
        while self.session.ready and time.monotonic() < deadline:
            await asyncio.sleep(0.02)

    async def _flush(self) -> None:
        """Give the last events a moment to leave."""
        deadline = time.monotonic() + LAST_EVENTS_S
        while self._outbox and self._transport and time.monotonic() < deadline:
            await asyncio.sleep(0.01)

    async def _listen(self) -> None:
        """Wire → step, over as many sockets as the session asks for."""
        attempt, began_at = 0, self.now()
        while True:
            try:
                self._transport = await self._connect()
            except RealtimeCliError as error:
                first = not self.was_connected
                if first and not self._patient:
                    raise
                if not _worth_another_try(error, self.was_connected, self.now() - began_at):
                    raise
                if first:
                    self._first_failure = self._first_failure or error
                wait_s = getattr(error, "retry_after_s", None)
                self.step(inputs.Disconnected(self.now(), 1006, error.message, wait_s))
            else:
                self.was_connected, self._first_failure = True, None
                self.step(inputs.Connected(self.now(), "", attempt, time.time()))
                self._outbox.notify()
                self._decoder = self.session.decoder()
                if self._voices:
                    self._voices.connected()
                await self._receive(self._transport)
            if self._reconnect_at is None:
                await asyncio.sleep(3600)  # the session has ended itself; run() stops this task
            await asyncio.sleep(max(0.0, (self._reconnect_at or 0.0) - self.now()))
            self._reconnect_at = None
            attempt += self.was_connected

    async def _receive(self, transport: Transport) -> None:
        """Take received frames; those already there need no wait, so pause now and then to let others run."""
        turn_ends = 0.0
        try:
            while True:
                self._take(await transport.recv())
                if time.monotonic() >= turn_ends:
                    await asyncio.sleep(0)
                    turn_ends = time.monotonic() + TURN_S
        except Closed as closed:
            self._transport = None
            self._outbox.clear()
            self.step(inputs.Disconnected(self.now(), closed.code, closed.reason))

    def _take(self, raw: str) -> None:
        at = self.now()
        try:
            event = self._decoder.decode(raw)
        except codec.UndecodableEvent as error:
            self.step(inputs.UndecodableFrame(at, error.reason, error.excerpt))
            return
        if event is not None:
            self.step(inputs.Received(at, event, raw))

    async def _speak(self) -> None:
        """Outbox → wire."""
        while True:
            await self._outbox.filled()
            while self._outbox and self._transport:
                try:
                    await self._transport.send(self._outbox.take())
                except Closed:
                    break  # listen sees it too, and tells the session

    def _start_microphone(self) -> None:
        if self._microphone is None:
            self._microphone_started = True
        elif not (self._wait_for_floor and self._owes_a_greeting()):
            self._microphone_started = True
            self._microphone.start(self._hear)

    def _owes_a_greeting(self) -> bool:
        """Whether a file has to wait until the greeting has ended, as a person would."""
        return not self.session.greeted or not self.session.idle

    def _hear(self, samples: Samples | None) -> None:
        """Microphone → step. Called on the loop's thread, once per frame."""
        if self._ended.done() or self._sound is None:
            return
        if samples is None:
            if rest := self._sound.end_of_input():
                self.step(inputs.MicrophoneFrame(self.now(), rest))
            self.step(inputs.MicrophoneEnded(self.now()))
            return
        self._monitor.heard(samples)
        audio = self._sound.encode(samples, self.session.input_format)
        self.step(inputs.MicrophoneFrame(self.now(), audio))
        for judged in self._interruptions.heard(samples) if self._interruptions else ():
            self.step(inputs.SoundJudged(self.now(), judged.verdict, judged.after_ms))
        for change in self._user_voice.heard(samples) if self._user_voice else ():
            self.step(
                inputs.VoiceDetected(
                    self.now(), "user", change.speaking, change.position_ms, round(change.ago_ms)
                )
            )

    def _see(self, sight: VideoFrame) -> None:
        """Eyes → step. Called on the loop's thread, once per frame to be shown.

        On a line that is behind, sound goes first: the frame is left out, and the next one is shown.
        """
        if self._ended.done():
            return
        if self._outbox.sound_ms <= CROWDED_MS and self._outbox.other_chars <= CROWDED_CHARS:
            self.step(self._seen(sight))
            return
        if self._eyes and not self.session.image_context.paused:
            self._eyes.watch(True)  # a picture that has not changed is sent later
        self._frames_left_out += 1
        if self._frames_left_out in (1, 50) or self._frames_left_out % 500 == 0:
            text = (
                f"The connection is too slow for the video; frames skipped so far: {self._frames_left_out}."
            )
            self.note("warning", "video", text, {"left_out": self._frames_left_out})

    def _seen(self, sight: VideoFrame) -> inputs.VideoFrameCaptured:
        return inputs.VideoFrameCaptured(
            self.now(), sight.image, sight.width, sight.height, sight.thumbnail, sight.source
        )


def _wire_sound_of(session: AnyClientSession) -> WireSound:
    from realtime_cli.audio.wire_sound import WireSound  # with numpy, which a session in text does without

    return WireSound(session.input_format, session.output_format)


def _voices_of(session: AnyClientSession) -> LiveVoices | None:
    """What measures who speaks, where no event says so."""
    if not session.streams:
        return None
    from realtime_cli.live_voices import LiveVoices

    return LiveVoices(session.input_format)


def _worth_another_try(error: RealtimeCliError, connected_before: bool, tried_s: float) -> bool:
    """Whether to try again.

    A refused key or a wrong address stays wrong; a server that is down may come back. Where nothing has ever
    answered, a server may just be starting, but not for long.
    """
    answered = getattr(error, "status", None) is not None
    if not connected_before and not answered and tried_s >= MAX_UNANSWERED_S:
        return False
    stammers = getattr(error, "status", 0) is None  # it answered, but not with HTTP
    return (stammers and connected_before) or bool(getattr(error, "temporary", connected_before))
