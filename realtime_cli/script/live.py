"""A conversation that a program holds: a loop with a scripted microphone, watched while it runs.

The runner of scripts, the Python interface and the engine behind a pipe all hold one of these. Nothing
is printed here.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import suppress
from types import TracebackType
from typing import Any, Self

from realtime_cli.app.audio_io import AudioIO
from realtime_cli.app.hold import conversation_loop, hold
from realtime_cli.app.session_factory import OpenSession
from realtime_cli.audio.pcm import RATE_HZ, Samples, dbfs
from realtime_cli.audio.wav import WavSpeaker
from realtime_cli.client import effects, inputs
from realtime_cli.client.entry import Entry
from realtime_cli.client.image_context import ImageContext
from realtime_cli.client.session import SessionOptions
from realtime_cli.config.session import over
from realtime_cli.conversation.narrated import ConversationReader
from realtime_cli.conversation.realtime import SCRIPT_TOPIC
from realtime_cli.errors import ConfigError, ExitCode, LimitReached, RealtimeCliError, SessionFailed
from realtime_cli.loop import Outcome
from realtime_cli.ports import Observer, SpeakerPort
from realtime_cli.protocol.codec import DELTAS
from realtime_cli.script.clips import SOUNDING_DBFS, Clip
from realtime_cli.script.format import At, VideoChange
from realtime_cli.script.microphone import ScriptMicrophone
from realtime_cli.script.turn_collector import TurnCollector

_SILENT = (
    inputs.MicrophoneFrame,
    inputs.VideoFrameCaptured,
    inputs.Levels,
    inputs.TimerFired,
    effects.Send,
    effects.SetTimer,
    inputs.Noted,
)


class Live:
    """``async with Live(opened) as live``: connected inside, closed behind, its recording complete.

    In ``text_mode`` everything is typed and no sound flows; else the user speaks, even to an agent that
    answers in text. ``readers`` are given every conversation event, ``observers`` every entry.
    ``on_frame`` is called with how late each frame of the microphone is, in ms. ``patient``: a server that is
    busy or away at the very first is tried again. ``on_played`` is given every block that is played (int16,
    24 kHz), silence too. ``sound``: devices, instead of a user's and a listener's place in the program.
    ``between``: what the user's microphone hears while nobody speaks, again and again; silence by itself.
    """

    def __init__(
        self,
        opened: OpenSession,
        *,
        text_mode: bool = False,
        readers: Sequence[ConversationReader] = (),
        observers: Sequence[Observer] = (),
        on_frame: Callable[[float], None] | None = None,
        patient: bool = True,
        on_played: Callable[[Samples], None] | None = None,
        sound: AudioIO | None = None,
        between: Clip | None = None,
    ) -> None:
        self.session = opened.session
        self._opened = opened
        options = opened.session.options
        self.turns = TurnCollector(
            text_mode=text_mode,
            with_voice=speaks(options),
            only_transcribes=options.patch.get("type") == "transcription",
        )
        self.last_activity = 0.0
        self.outcome: Outcome | None = None
        self._changed = asyncio.Event()  # ahead of the loop: its tools may report something at once
        self._on_played = on_played
        has_room = self._has_room
        scripted = sound is None and not text_mode
        self._microphone = ScriptMicrophone(self.annotate, on_frame, has_room, between) if scripted else None
        self.loop = conversation_loop(
            opened,
            readers=[self.turns, *readers],
            observers=[self, *observers],
            microphone=sound.microphone if sound else self._microphone,
            speaker=self._speaker(sound) if not text_mode else None,
            guard=sound.echo if sound else None,
            patient=patient,
        )
        if sound:
            sound.connect(self.loop)
        self._run: asyncio.Task[Outcome] | None = None
        self._lost_before = 0
        self._sounds_told = 0.0

    def _speaker(self, sound: AudioIO | None) -> SpeakerPort:
        if sound is None:
            return WavSpeaker(None, on_played=self._played)
        return HeardSpeaker(sound.speaker, self._played)

    def _has_room(self) -> bool:
        return self.loop.has_room

    # -- life ---------------------------------------------------------------------------------

    async def __aenter__(self) -> Self:
        """Connect; returns when the settings are in force. Raises what the connection raises."""
        self._run = asyncio.create_task(
            hold(self._opened, self.loop, owns_process=False, quiet=True), name="conversation"
        )
        self._run.add_done_callback(lambda _: self._changed.set())
        try:
            await self.until(lambda: self.session.ready)
        except BaseException as error:
            await self.__aexit__(type(error), error, None)
            raise
        if self._run.done() and not self.session.ready:
            outcome = self._run.result()
            raise SessionFailed(outcome.reason or "The server ended the session.", outcome.remedy)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.loop.finish(_outcome_of(error))
        if self._run:
            try:
                self.outcome = await self._run
            except RealtimeCliError as error:
                self.outcome = Outcome(error.exit_code, error.message, error.remedy)

    @property
    def over(self) -> bool:
        """Whether the session has ended, wanted or not."""
        return self._run is not None and self._run.done()

    @property
    def why_over(self) -> str:
        """Why the session has ended by itself; empty while it runs, or if unknown."""
        return self._how_over.reason

    def ended(self, what: str) -> SessionFailed:
        """The error for what cannot happen any more: ``what``, and why. LimitReached if a limit is why."""
        kind = LimitReached if self._how_over.exit_code == ExitCode.LIMIT else SessionFailed
        return kind(f"{what} {self.why_over}".rstrip())

    @property
    def _how_over(self) -> Outcome:
        run = self._run
        if run is None or not run.done() or run.cancelled() or run.exception():
            return Outcome(ExitCode.OK)
        return run.result()

    @property
    def answer_lost(self) -> bool:
        """An answer of this turn will never come: it was refused, given up, or lost with its connection."""
        return self.session.idle and self.session.answers_lost > self._lost_before

    # -- watching -----------------------------------------------------------------------------

    def observe(self, entry: Entry) -> None:
        """Wake whoever waits: any entry may be the awaited one."""
        value = entry.value
        if not (isinstance(value, _SILENT) or _is_of_a_frame(value) or self._is_flow(value)):
            self.last_activity = entry.at
        if not isinstance(value, inputs.MicrophoneFrame | effects.Send):
            self._changed.set()

    def _is_flow(self, value: object) -> bool:
        """Whether it is only the sound of a stream, which flows in silence too: who speaks is measured."""
        sound = isinstance(value, inputs.Received) and value.event.type in DELTAS
        return self.session.streams and (sound or isinstance(value, effects.Play | inputs.Played))

    def _played(self, block: Samples) -> None:
        """Every block that the speaker plays, silence between answers as well."""
        if block.any() and dbfs(block) > SOUNDING_DBFS:
            self.turns.sounded(self.now(), self.now() + len(block) / RATE_HZ)
        if self._on_played:
            self._on_played(block)

    async def until(self, condition: Callable[[], bool], timeout_s: float | None = None) -> bool:
        """Wait for a condition; False when the time is up or the session is over before."""
        deadline = None if timeout_s is None else time.monotonic() + timeout_s
        while not condition():
            if self.over:
                return False
            self._changed.clear()
            left = None if deadline is None else deadline - time.monotonic()
            if left is not None and left <= 0:
                return False
            try:
                async with asyncio.timeout(left):  # wait_for of Python 3.11 may lose that we are cancelled
                    await self._changed.wait()
            except TimeoutError:
                return condition()
        return True

    async def quiet(self, quiet_ms: float, timeout_s: float) -> bool:
        """Wait until nobody owes an answer and nothing has happened for this long."""
        since = self.now()
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline and not self.over:
            calm_s = self.now() - max(self.last_activity, since)
            if self.session.idle and calm_s >= quiet_ms / 1000:
                return True
            await asyncio.sleep(0.02)
        return False

    def now(self) -> float:
        """Session seconds."""
        return self.loop.now()

    # -- doing --------------------------------------------------------------------------------

    def annotate(self, kind: str, **data: Any) -> None:
        """Write into the recording where the script is.

        ``turn``: a turn begins. ``speaking``, ``said``: first and last sound of what the user says.
        ``delivered``: all that the user does was given. ``late``: our own pacing was, by ``ms``. ``over``:
        the turn is, with ``waited_for`` when that did not come in time.
        """
        words = " ".join(f"{key} {value}" for key, value in data.items())
        self.loop.note("debug", SCRIPT_TOPIC, f"{kind} {words}".rstrip(), {"mark": kind, **data})

    def annotate_sounds(self) -> None:
        """Write when the speaker was heard since the last time.

        The recorded track has no gaps, so its clock is another one as soon as this program is late.
        """
        if spans := self.turns.sounds_since(self._sounds_told):
            self._sounds_told = spans[-1][0]
            data = {"mark": "sounded", "spans": [[round(at, 4) for at in span] for span in spans]}
            self.loop.note("debug", SCRIPT_TOPIC, "sounded", data)

    def begin_turn(self, number: int) -> None:
        """What happens from now on belongs to this turn."""
        self._lost_before = self.session.answers_lost
        if self._microphone:
            self._microphone.forget_lateness()
        self.annotate("turn", turn=number)

    def typed(
        self, text: str, images: Sequence[str] = (), detail: str | None = None, *, respond: bool = True
    ) -> None:
        """Send a message: text, and images as data URIs."""
        self._steer(inputs.Typed(self.now(), text, tuple(images), detail, respond))

    async def due(self, at: At, timeout_s: float) -> float | None:
        """Wait until so long after an event of the turn that goes on; how late we are, in ms.

        None when the event did not come in time.
        """
        before = self.turns.now

        def came_at() -> float | None:
            return min((when for when, event in before.events if event == at.after), default=None)

        if not await self.until(lambda: came_at() is not None, timeout_s):
            return None
        due = (came_at() or 0.0) + at.ms / 1000
        await self.until(lambda: self.now() >= due, max(0.0, due - self.now()))
        return (self.now() - due) * 1000

    async def say(self, clip: Clip | AsyncIterator[Samples], *, fast: bool = False) -> None:
        """Say a clip, or frames as they come, as a turn of its own where turns are manual.

        At its own pace, or as ``fast`` as the wire takes it. Returns when all of it was said, or when the
        session is ``over``.
        """
        if self._microphone is None:
            raise SessionFailed("This conversation has no sound.", "Type instead.")
        if self.session.options.push_to_talk:
            self.press("talk")
        try:
            if isinstance(clip, Clip):
                all_said = await self._microphone.say(clip, fast=fast)
            else:
                all_said = await self._microphone.say_stream(clip, fast=fast)
        except BaseException:
            self._take_back()
            raise
        if not all_said:
            await self.until(lambda: self.over)  # its last moments
            return
        if self.session.options.push_to_talk:
            self.press("release")
        elif self._ends_turns:
            self.ask({"type": "input_audio_buffer.commit"})
            self.ask({"type": "response.create"})

    @property
    def _ends_turns(self) -> bool:
        return self.session.turn_detection is None and self.session.options.end_of_turn == "server"

    def _take_back(self) -> None:
        """What was not said to its end is no turn, where turns are manual."""
        if self.over:
            return
        if self._ends_turns:
            self.ask({"type": "input_audio_buffer.clear"})
        if self.session.options.push_to_talk:
            self.press("release")

    async def keep_silent(self, clip: Clip) -> None:
        """Give silence, which is never a turn."""
        if self._microphone:
            await self._microphone.say_nothing(clip)

    def ask(self, event: dict[str, Any]) -> None:
        """Send a client event."""
        self._steer(inputs.RawEvent(self.now(), event))

    def patch(self, settings: dict[str, Any]) -> None:
        """Change the session. ``extra``: settings that this program does not know, as in the agent file."""
        known = {key: value for key, value in settings.items() if key != "extra"}
        extra = settings.get("extra")
        self._steer(
            inputs.SettingsChanged(
                self.now(), over(known, extra) if isinstance(extra, dict) else dict(settings)
            )
        )

    def press(self, key: inputs.Key) -> None:
        """Press a key."""
        self._steer(inputs.Pressed(self.now(), key))

    def _steer(self, happened: inputs.Input) -> None:
        if self.session.options.attached == "look_on":
            raise ConfigError(
                "This session only looks on at the call.", "To steer the call, pass steer=True."
            )
        self.loop.step(happened)

    def pause_audio(self, paused: bool) -> None:
        """Mute or unmute the user's microphone."""
        if self.session.mic_gate.muted != paused:
            self.press("mute")

    def video(self, what: VideoChange) -> None:
        """Pause or resume the frames of ``video.source``, or say how closely they are looked at.

        Raises ConfigError where no frames flow by themselves.
        """
        context = self.session.image_context
        if what in ("low", "high", "auto"):
            self.loop.step(inputs.DetailChanged(self.now(), what))
            return
        if context.when not in ("interval", "on_change", "on_turn"):
            raise ConfigError("No video flows that could be paused.", "Set video.source and video.when.")
        if context.paused != (what == "pause"):
            self.press("video")


class HeardSpeaker:
    """A device's loudspeaker; what it plays is told on the event loop's thread."""

    def __init__(self, speaker: SpeakerPort, on_played: Callable[[Samples], None]) -> None:
        self._speaker, self._told = speaker, on_played
        self._loop = asyncio.get_running_loop()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._speaker, name)

    def start(self, tap: Callable[[Samples], None] | None = None) -> None:
        def played(block: Samples) -> None:
            if tap:
                tap(block)
            with suppress(RuntimeError):  # the loop has ended
                self._loop.call_soon_threadsafe(self._told, block.copy())

        self._speaker.start(played)


def _is_of_a_frame(value: object) -> bool:
    """Whether a server only tells of a frame of camera, screen or film: they come all the time."""
    return isinstance(value, inputs.Received) and ImageContext.concerns(value.event)


def speaks(options: SessionOptions) -> bool:
    """Whether the agent answers by voice."""
    return options.patch.get("output_modalities") != ["text"]


def _outcome_of(error: BaseException | None) -> Outcome:
    """The outcome of a conversation whose program has finished or failed."""
    if error is None:
        return Outcome(ExitCode.OK)
    if isinstance(error, RealtimeCliError):
        return Outcome(error.exit_code, error.message, error.remedy)
    return Outcome(ExitCode.INTERRUPTED, "The conversation ended early.")
