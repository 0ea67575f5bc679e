"""One conversation that a program holds.

::

    async with Session("agent.toml") as session:
        reply = await session.say("What time is it in Tokyo?")
        assert "Tokyo" in reply.text
        assert reply.tool_calls[0].name == "clock"

The session runs against the agent's own server (the local one needs no key), in real time, and nothing
is recorded unless ``record`` names a folder.
"""

from __future__ import annotations

import asyncio
import copy
import json
import warnings
from collections.abc import AsyncIterable, AsyncIterator, Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from os import PathLike
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self, get_args

from realtime_cli.app.attached_agent import attached_agent
from realtime_cli.app.audio_io import AudioIO, open_sound
from realtime_cli.app.device_reports import DeviceReports
from realtime_cli.app.local_servers import LocalServers
from realtime_cli.app.session_factory import Granted, OpenSession, SessionFactory
from realtime_cli.app.targets import Target
from realtime_cli.audio.pcm import Samples
from realtime_cli.config import LoadedAgent
from realtime_cli.config.agent import AgentConfig
from realtime_cli.config.redaction import revealed
from realtime_cli.config.validation_errors import checked_table
from realtime_cli.errors import ConfigError, SessionFailed
from realtime_cli.recording import file
from realtime_cli.script import clips
from realtime_cli.script.clips import LocalSpeechSource
from realtime_cli.script.format import JudgeEndpoint
from realtime_cli.script.images import image_uri
from realtime_cli.script.judge import ask_judge
from realtime_cli.script.live import Live
from realtime_cli.script.mocks import MockedTools, mocks_of
from realtime_cli.script.turn_collector import TurnRecord
from realtime_cli.script.turn_metrics import ToolCall, read_arguments, turn_lines, turn_metrics
from realtime_cli.session_api.agent_sound import AgentSound
from realtime_cli.session_api.answers import AwaitedAnswers, Where
from realtime_cli.session_api.approver import Approve, approver_of
from realtime_cli.session_api.arguments import When, check_arguments, check_event, moment, required
from realtime_cli.session_api.listeners import Handler, Listened, Listeners
from realtime_cli.session_api.reply import OutOfBandReply, Reply
from realtime_cli.tools.own_function import tool
from realtime_cli.tools.tool import Tool
from realtime_cli.tools.trust import Trust

TIMEOUT_S = 30.0
Image = str | PathLike[str] | bytes
Detail = Literal["low", "high", "auto"]
Key = Literal["mute", "talk", "release", "commit", "interrupt", "video"]
KEYS: tuple[Key, ...] = get_args(Key)


class Session:
    """One conversation. Every method that takes a turn returns the agent's :class:`Reply` to it.

    ``agent`` is an agent file, or the same as a dict or an :class:`realtime_cli.Agent`; ``settings`` are
    dotted keys over it. ``tools`` are
    functions that the agent may call, sync, async or generators, alone or as
    :func:`realtime_cli.tool` makes them; hints and docstring describe them. ``mocks`` stand in for
    tools: what each name gives back, or a function, or entries as ``[[mocks]]`` in a script. ``approve``:
    the real tools that may run, by name, ``"all"``, or a function that is given each :class:`ToolCall`.
    ``trust`` has hashes (see ``realtime-cli config trust``) or paths of agent files that may load their
    tools and send your variables; an agent that is a dict is yours, and so is what it may do.
    ``history``: what was said before, as ``{"role": ..., "text": ...}`` or as items of the API. ``video``:
    camera, screen or a file, as ``video.source``. ``devices``: the microphone and loudspeaker of
    ``[audio]`` instead of the program's own sound. With ``text`` everything is text, and no sound flows.
    ``url`` and ``headers`` lead to another server. ``call_id``: join this running call instead of beginning a
    session, and look on, all in text; with ``steer`` what is typed acts on the call.
    ``judge``: the chat endpoint for :meth:`Reply.judge`
    (``url``, ``model``, ``key_env``). ``record``: a folder for the recording. ``timeout_s``: for a reply.

    Entering raises what connecting raises: ConfigError, ConnectionFailed, AuthenticationFailed,
    SessionFailed.
    """

    def __init__(
        self,
        agent: str | PathLike[str] | Mapping[str, Any] | AgentConfig | None = None,
        *,
        settings: Mapping[str, Any] | None = None,
        tools: Sequence[Callable[..., Any] | Tool] = (),
        mocks: Mapping[str, Any] | Sequence[Mapping[str, Any]] = (),
        approve: Approve = (),
        trust: str | PathLike[str] | Collection[str] | Trust = (),
        history: Sequence[Mapping[str, Any]] = (),
        video: str | None = None,
        devices: bool = False,
        text: bool = False,
        url: str | None = None,
        headers: Mapping[str, str] | None = None,
        call_id: str | None = None,
        steer: bool = False,
        judge: Mapping[str, Any] | None = None,
        record: str | PathLike[str] | None = None,
        timeout_s: float = TIMEOUT_S,
    ) -> None:
        check_arguments(locals())
        given = _written(agent)
        self._agent = given if isinstance(given, Mapping) else Path(given)
        self._over = {
            **(settings or {}),
            **({"session.output_modalities": ["text"]} if text else {}),
            **({"conversation.items": [dict(item) for item in history]} if history else {}),
        }
        trusted = _trust(trust, given)
        shown = (f"video.source={json.dumps(video)}",) if video else ()  # asked for here, not by the file
        self._target = Target(sets=shown, against=url, headers=dict(headers or {}), trust=trusted)
        self._call_id, self._steers = call_id, steer
        self._text, self._devices = text or call_id is not None, devices
        self._tools = [_tool(each) for each in tools]
        self._mocks = MockedTools(mocks_of(mocks))
        self._approver = approver_of(approve)
        endpoint = '{"url": ..., "model": ...}'
        self._judge = None if judge is None else checked_table(JudgeEndpoint, judge, "judge", endpoint)
        self._record = None if record is None else Path(record)
        self._timeout_s = timeout_s
        self._voice = LocalSpeechSource()
        self._sound = AgentSound()
        self._listeners = Listeners()
        self._stack: AsyncExitStack | None = None
        self._begin_anew()

    def _begin_anew(self) -> None:
        """Nothing is left of a session before."""
        self._open: Live | None = None
        self._answers = AwaitedAnswers()
        self._replied: set[int] = set()  # the turns whose replies were given out
        self._words: dict[int, str] = {}  # what the user typed or said, by turn

    async def __aenter__(self) -> Self:
        """Connect. After it was closed, the same agent may be talked to again, in a new session.

        Raises ConfigError while the session is open.
        """
        if self._stack is not None:
            raise ConfigError("This session is open already.", "For two at once make two: Session(...).")
        self._stack = AsyncExitStack()
        self._begin_anew()
        try:
            live = await self._stack.enter_async_context(self._connected())
            self._open = live
            for text in live.turns.warnings:
                warnings.warn(text, stacklevel=2)
        except BaseException as error:
            await self.__aexit__(type(error), error, error.__traceback__)
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open = None
        if self._stack is None:
            return
        try:
            await self._stack.__aexit__(kind, error, trace)
        finally:
            self._stack = None

    @asynccontextmanager
    async def _connected(self) -> AsyncIterator[Live]:
        agent = self._target.load(self._agent, self._over)
        if self._call_id is not None:
            agent = attached_agent(agent, self._call_id)
        servers = LocalServers(connections=1, warm=not self._text)
        factory = SessionFactory(servers, self._target.replayed, self._target.trust)
        granted = await factory.granted(agent, self._approver, self._mocks)
        reports = DeviceReports()
        async with factory, self._opened(factory, granted) as opened:
            live = Live(
                opened,
                text_mode=self._text,
                readers=[self._listeners],
                observers=[self._answers, self._sound, self._listeners],
                on_played=self._sound.played,
                sound=self._devices_of(granted.agent, reports),
            )
            reports.connect(live.loop)
            self._sound.start()
            self._listeners.start()
            try:
                async with live:
                    yield live
            finally:
                self._sound.close()
                await self._listeners.close()

    @asynccontextmanager
    async def _opened(self, factory: SessionFactory, agent: Granted) -> AsyncIterator[OpenSession]:
        path = self._record and file.new_path("session", self._record)
        async with factory.open(
            agent,
            approver=self._approver,
            mocks=self._mocks,
            own_tools=self._tools,
            record_to=path,
            with_video=True,
            command="run",
            greet=self._call_id is None,
            attached=None if self._call_id is None else "steer" if self._steers else "look_on",
        ) as opened:
            yield opened

    def _devices_of(self, agent: LoadedAgent, reports: DeviceReports) -> AudioIO | None:
        return open_sound(agent.config.audio, (), None, reports.report) if self._devices else None

    # -- turns --------------------------------------------------------------------------------

    async def say(
        self,
        text: str,
        *,
        images: Sequence[Image] = (),
        detail: Detail | None = None,
        at: When | None = None,
        wait: bool = True,
    ) -> Reply:
        """Type a message, with images (files, bytes or data URIs), and wait for the reply.

        ``at``: begin this many ms after the agent began to speak, or as ``{"after": EVENT, "ms": ...}`` in a
        script. Without ``wait`` it returns at once, with what was seen until then.
        Raises SessionFailed when no reply comes in time, and when the session ends.
        """
        required("text", text, str, "what the user types")
        turn = await self._begin(at)
        self._words[turn.number] = text
        self._live.typed(text, [image_uri(image) for image in images], detail)
        return await self._reply(turn) if wait else self._made(turn)

    async def speak(self, text: str, *, at: When | None = None, wait: bool = True) -> Reply:
        """Say words with the local voice and wait for the reply; ``at`` and ``wait`` as in :meth:`say`."""
        required("text", text, str, "what the user says")
        return await self.send_audio(await self._voice(text), at=at, wait=wait)

    async def send_audio(
        self,
        sound: clips.Sound | clips.SoundStream,
        *,
        fast: bool = False,
        at: When | None = None,
        wait: bool = True,
    ) -> Reply:
        """Say a WAV file, or mono 24 kHz samples, and wait for the reply; ``at`` as in :meth:`say`.

        Samples: an array of int16, or of float from -1 to 1; bytes of PCM16LE; or any iterable of these, an
        async one too, whose pieces are said as they come. In real time, or as ``fast`` as the server takes
        it. Without ``wait`` it returns when the sound was said, with what was seen until then.
        Raises ConfigError for other sound, SessionFailed as :meth:`say` does.
        """
        spoken = clips.frames_of(sound) if isinstance(sound, AsyncIterable) else clips.clip_from(sound)
        turn = await self._begin(at)
        live = self._live
        await live.say(spoken, fast=fast)
        if live.over:
            raise live.ended("The session ended while the sound was being sent.")
        live.annotate("delivered", turn=turn.number)
        return await self._reply(turn) if wait else self._made(turn)

    async def send_image(self, image: Image, text: str = "", *, detail: Detail | None = None) -> Reply | None:
        """Show a picture (file, bytes or data URI). With words it is a turn, and the reply is returned."""
        if text:
            return await self.say(text, images=[image], detail=detail)
        self._live.typed("", [image_uri(image)], detail, respond=False)
        return None

    async def greeting(self) -> Reply:
        """What the agent said of itself before the user's first turn, all of it."""
        return await self._reply(self._live.turns.turns[0])

    async def wait_for_reply(self, timeout_s: float | None = None) -> Reply:
        """Wait for the reply to the turn that goes on; for the next one that nobody asked for, else.

        Such as the greeting, or the answer to what a person said to the microphone.
        """
        turn = self._live.turns.now
        if turn.number in self._replied:
            turn = await self._begin(None)
        return await self._reply(turn, timeout_s)

    async def interrupt(self, *, at: When | None = None) -> None:
        """Cut off what the agent is saying, now or ``at`` a point of time (see :meth:`say`)."""
        await self._due(at)
        self._live.press("interrupt")

    # -- the session --------------------------------------------------------------------------

    async def update(self, settings: Mapping[str, Any] | None = None, **more: Any) -> dict[str, Any]:
        """Change the session, in the shape of the API's session object; returns all that is in force then.

        Raises SessionFailed with the server's words when it refuses a part of it, takes another value, or
        does not answer.
        """
        live = self._live
        required("settings", settings or {}, Mapping, "keys of the session")
        refused = live.turns.now.refused
        before = len(refused)
        live.patch({**(settings or {}), **more})
        if not await live.until(lambda: live.session.settled, self._timeout_s):
            raise live.ended("The server did not answer the change of settings.")
        if refused[before:]:
            raise SessionFailed("\n".join(refused[before:]))
        return self.settings

    @property
    def settings(self) -> dict[str, Any]:
        """The session object that the server said is in force."""
        return copy.deepcopy(self._live.session.effective_session)

    @property
    def history(self) -> list[dict[str, Any]]:
        """The conversation so far as items of the API, with their ids and with text for sound.

        Of an answer that was cut it has what was heard. A transcription has its last 128 items, a translation
        none.
        """
        return copy.deepcopy(self._live.session.history())

    def pause_audio(self, paused: bool = True) -> None:
        """Send none of the user's sound (or go on)."""
        self._live.pause_audio(paused)

    def pause_video(self, paused: bool = True) -> None:
        """Show no frames of the video source (or go on). Raises ConfigError where none flow."""
        self._live.video("pause" if paused else "resume")

    def video_detail(self, detail: Detail) -> None:
        """How closely the model looks at frames from now on."""
        self._live.video(detail)

    def press(self, key: Key) -> None:
        """Press a key: interrupt, mute, talk, release, commit (end a manual turn), video."""
        if key not in KEYS:
            raise ConfigError(f"There is no key {key!r}.", f"There are: {', '.join(KEYS)}.")
        self._live.press(key)

    # -- the protocol -------------------------------------------------------------------------

    async def send(self, event: Mapping[str, Any]) -> None:
        """Send a client event as it is in the protocol. Raises ConfigError for what is none."""
        check_event(event, self._live.session.options.protocol)
        self._live.ask(dict(event))
        await asyncio.sleep(0)

    async def request(
        self,
        instructions: str | None = None,
        *,
        items: Sequence[str | Mapping[str, Any]] | None = None,
        tools: Sequence[Mapping[str, Any]] = (),
        timeout_s: float | None = None,
        **response: Any,
    ) -> OutOfBandReply:
        """Ask the model something beside the conversation, which does not change by it.

        It reads the conversation, or only ``items``: ids, or items of the API; none at all for ``[]``. More
        keys are those of ``response.create``. Calls of ``tools`` are returned, not run.
        Raises SessionFailed when the server refuses it or does not answer in time.
        """
        if self._live.loop.session.streams:
            raise SessionFailed("Live has no answers beside the conversation: all that is asked for is said.")
        mark = self._answers.next_id()
        given = {"instructions": instructions, "tools": list(tools) or None, **response}
        body = {
            "output_modalities": ["text"],
            **{key: value for key, value in given.items() if value is not None},
            "conversation": "none",
            "metadata": {**(response.get("metadata") or {}), "request": mark},
        }
        if items is not None:
            refer = {"type": "item_reference"}
            body["input"] = [{**refer, "id": one} if isinstance(one, str) else dict(one) for one in items]
        event = {"type": "response.create", "response": body}

        def is_ours(done: Mapping[str, Any]) -> bool:
            return (done["response"].get("metadata") or {}).get("request") == mark

        done = (await self.exchange(event, "response.done", is_ours, timeout_s))["response"]
        if done.get("status") == "failed":
            raise SessionFailed(f"The request failed: {done.get('status_details')}.")
        return _out_of_band(done)

    async def exchange(
        self,
        event: Mapping[str, Any],
        answer: str,
        where: Where = lambda answer: True,
        timeout_s: float | None = None,
    ) -> dict[str, Any]:
        """Send a client event and return the server's answer: the first event of that type, as on the wire.

        ``where`` chooses among several, such as the ``response.done`` with your metadata.
        Raises SessionFailed when the server refuses the event, does not answer in time, or ends the session.
        """
        live = self._live
        check_event(event, live.session.options.protocol)
        named = {"event_id": self._answers.next_id(), **event}
        waiting = self._answers.expect(str(named["event_id"]), answer, where)
        live.ask(named)
        limit_s = timeout_s or self._timeout_s
        if await live.until(waiting.done, limit_s):
            await self._listeners.called()
            return waiting.result()
        waiting.cancel()
        if live.over:
            raise live.ended(f"The session ended before there was a {answer}.")
        raise SessionFailed(f"There was no {answer} within {limit_s:g} s.")

    # -- watching -----------------------------------------------------------------------------

    async def events(self, *, raw: bool = False) -> AsyncIterator[Listened]:
        """What happens from now on, until the session ends: the events of the page *events*.

        With ``raw`` also those of the wire, both ways, as :class:`WireEvent`.
        """
        async for event in self._listeners.events(raw=raw):
            yield event

    def on(self, name: str, handler: Handler | None = None) -> Any:
        """Call a handler with each event of that name; as ``@session.on(name)`` too.

        Names as in ``--json`` (``item_created``) give the event; names of the protocol (``response.done``)
        give it as a dict. An async handler runs on the loop, any other one in a thread of its own; either
        is called for one event after the other, and holds up nothing. One that fails is warned of.
        Raises ConfigError for a name that is none.
        """
        if handler is None:
            return lambda later: self.on(name, later)
        self._listeners.on(name, handler)
        return handler

    async def audio(self, *, paced: bool = False) -> AsyncIterator[Samples]:
        """The agent's voice from now on, in int16, mono, 24 kHz, until the session ends.

        As it arrives, in pieces of any length; or ``paced`` as it is heard: 20 ms after the other, silence
        between answers, and nothing of what was cut.
        """
        async for frame in self._sound.stream(paced=paced):
            yield frame

    async def until(self, event: str, timeout_s: float | None = None) -> None:
        """Wait for an event of this turn: ``agent.speech_started`` and the like, or one of the protocol.

        Raises SessionFailed when it does not come in time.
        """
        live, limit_s = self._live, timeout_s or self._timeout_s
        if not await live.until(lambda: any(name == event for _, name in live.turns.now.events), limit_s):
            raise SessionFailed(f"There was no {event} within {limit_s:g} s.")

    # -- inside -------------------------------------------------------------------------------

    @property
    def _live(self) -> Live:
        if self._open is None:
            raise ConfigError("The session is not open.", "Use it with: async with Session(...) as session")
        return self._open

    async def _begin(self, at: When | None) -> TurnRecord:
        await self._due(at)
        self._live.begin_turn(self._live.turns.now.number + 1)
        return self._live.turns.now

    async def _due(self, at: When | None) -> None:
        if at is None:
            self._live  # noqa: B018 - raises if the session is not open
            return
        when = moment(at)
        if await self._live.due(when, self._timeout_s) is None:
            raise SessionFailed(f"There was no {when.after} within {self._timeout_s:g} s.")

    async def _reply(self, turn: TurnRecord, timeout_s: float | None = None) -> Reply:
        live, limit_s = self._live, timeout_s or self._timeout_s

        def lost() -> bool:
            return live.answer_lost and not self._is_overtaken(turn)

        if await live.until(lambda: self._is_over(turn) or lost(), limit_s):
            if not self._is_over(turn):
                raise SessionFailed(f"There was no reply. {turn.trouble}".rstrip())
            self._replied.add(turn.number)
            await self._listeners.called()
            return self._made(turn, is_over=True)
        if live.over:
            raise live.ended("The session ended before there was a reply.")
        raise SessionFailed(f"There was no reply within {limit_s:g} s.")

    def _is_over(self, turn: TurnRecord) -> bool:
        """Answered in full; or cut off, or overtaken by the user's next turn before there was an answer."""
        if self._is_overtaken(turn) and turn.cut_off:
            return None not in turn.statuses.values()
        done = turn.answered or turn.failed or turn.cut_off
        return self._live.session.idle and (done or self._is_overtaken(turn))

    def _is_overtaken(self, turn: TurnRecord) -> bool:
        return turn is not self._live.turns.now

    def _made(self, turn: TurnRecord, *, is_over: bool = False) -> Reply:
        turns = self._live.turns
        metrics = turn_metrics(turn, turns)
        conversation = "\n".join(self._lines(turn.number))

        async def judge(rubric: str) -> tuple[float, str]:
            if self._judge is None:
                raise ConfigError("There is no judge.", 'Pass Session(judge={"url": ..., "model": ...}).')
            return await ask_judge(self._judge, rubric, conversation)

        return Reply(
            text=metrics.reply,
            transcript=metrics.heard,
            tool_calls=tuple(metrics.calls),
            first_sound_ms=metrics.within_ms,
            done_ms=metrics.done_ms,
            latency=turn.timing.parts,
            interrupted=turn.cut_off or (self._is_overtaken(turn) and not turn.answered),
            interrupts=metrics.interrupted,
            interrupted_ms=metrics.interrupted_ms,
            audible_ms=metrics.audible_ms,
            errors=tuple(metrics.errors),
            events=tuple(metrics.events),
            tokens=metrics.tokens.input + metrics.tokens.output,
            cost=metrics.usd,
            late_ms=metrics.late_ms,
            audio=self._sound.take(turns.ids_of(turn) if is_over else ()),
            metrics=metrics,
            _judge=judge,
        )

    def _lines(self, until: int) -> Iterator[str]:
        """The words so far, for the judge."""
        for turn in self._live.turns.turns:
            if turn.number <= until:
                yield from turn_lines(turn_metrics(turn, self._live.turns), self._words.get(turn.number))


def _written(
    agent: str | PathLike[str] | Mapping[str, Any] | AgentConfig | None,
) -> str | PathLike[str] | Mapping[str, Any]:
    """The agent as a file or as keys."""
    if isinstance(agent, AgentConfig):
        keys: dict[str, Any] = revealed(agent.model_dump(exclude_unset=True))
        return keys
    return {"connection": {"provider": "local"}} if agent is None else agent


def _tool(given: Callable[..., Any] | Tool) -> Tool:
    if isinstance(given, Tool):
        return given
    if not callable(given):
        raise ConfigError(
            f"{given!r} is not a function, so it cannot be a tool.", "What stands in for tools is mocks=."
        )
    return tool(given)


def _out_of_band(response: dict[str, Any]) -> OutOfBandReply:
    output = response.get("output") or ()
    parts = [part for item in output for part in item.get("content") or ()]
    text = "".join(part.get("text") or part.get("transcript") or "" for part in parts)
    calls = [item for item in output if item.get("type") == "function_call"]
    made = tuple(ToolCall(call["name"], read_arguments(call.get("arguments") or "")) for call in calls)
    return OutOfBandReply(text, made, response)


def _trust(
    given: str | PathLike[str] | Collection[str] | Trust, agent: str | PathLike[str] | Mapping[str, Any]
) -> Trust:
    if isinstance(given, Trust):
        return replace(given, of_caller=isinstance(agent, Mapping))
    each = (str(given),) if isinstance(given, str | PathLike) else tuple(map(str, given))
    return Trust(each, 'trust="HASH"', of_caller=isinstance(agent, Mapping))
