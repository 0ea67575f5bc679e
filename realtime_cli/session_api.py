"""Conversations from Python: ``from realtime_cli import Session``.

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
import base64
import json
import mimetypes
import warnings
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from os import PathLike
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from realtime_cli.app.local_servers import LocalServers
from realtime_cli.app.session_factory import OpenSession, SessionFactory
from realtime_cli.app.targets import Target
from realtime_cli.client.entry import Entry
from realtime_cli.client.inputs import Key, Received
from realtime_cli.errors import ConfigError, SessionFailed
from realtime_cli.protocol.codec import encode
from realtime_cli.recording import file
from realtime_cli.script import clips
from realtime_cli.script.clips import LocalSpeechSource
from realtime_cli.script.live import Live
from realtime_cli.script.mocks import MockedTools, mocks_of
from realtime_cli.script.turn_collector import TurnRecord
from realtime_cli.script.turn_metrics import ToolCall as ToolCall
from realtime_cli.script.turn_metrics import turn_metrics
from realtime_cli.tools.approval import AllowlistApprover, Approver
from realtime_cli.tools.trust import Trust

TIMEOUT_S = 30.0


@dataclass(frozen=True, slots=True)
class Reply:
    """What the agent did in one turn. Times in ms from the end of the user's turn; None: not measured."""

    text: str
    """All that it said or wrote."""
    heard: str
    """The transcript of what the user said; empty for typed turns."""
    tool_calls: tuple[ToolCall, ...]
    first_sound_ms: float | None
    """To the first sample that was played (in text: the first word that came)."""
    done_ms: float | None
    """To the end of the response, tool calls included."""
    interrupted: bool
    """It was cut off by the user's next turn, a key or a voice. The text may go further than the sound."""
    interrupts: bool
    """The user's turn cut off what the agent was saying before."""
    errors: tuple[tuple[str, str], ...]
    """Code and message of the server's errors."""
    tokens: int
    late_ms: float
    """How late our own pacing was at worst; above 60 the timings say little."""


class Session:
    """One conversation. Every method that takes a turn returns the agent's :class:`Reply` to it.

    ``agent`` is an agent file or the same as a dict; ``settings`` are dotted keys over it. ``tools`` maps
    names to what they give back instead of being called, or to functions, sync or async, that are called
    instead; a list has entries as ``[[mocks]]`` in a script: ``{"tool": "book", "when": {...}, ...}``.
    ``approve`` names the real tools that may run, or is ``["all"]``; those that are left out are warned of.
    ``trust`` has hashes (see ``realtime-cli config trust``) or paths of agent files that may load their tools
    and send your variables; an agent that is a dict is yours, and so is what it may do.
    With ``text`` everything is text, and no sound flows. ``url`` and ``headers`` lead to another server.
    Entering raises what connecting raises: ConfigError, ConnectionFailed, AuthenticationFailed,
    SessionFailed.
    """

    def __init__(
        self,
        agent: str | PathLike[str] | Mapping[str, Any] | None = None,
        *,
        settings: Mapping[str, Any] | None = None,
        tools: Mapping[str, Any] | Sequence[Mapping[str, Any]] = (),
        approve: Collection[str] | Approver = (),
        trust: str | PathLike[str] | Collection[str] | Trust = (),
        text: bool = False,
        url: str | None = None,
        headers: Mapping[str, str] | None = None,
        record: str | PathLike[str] | None = None,
        timeout_s: float = TIMEOUT_S,
    ) -> None:
        given = agent if agent is not None else {"connection": {"provider": "local"}}
        self._agent = given if isinstance(given, Mapping) else Path(given)
        self._over = {**(settings or {}), **({"session.output_modalities": ["text"]} if text else {})}
        self._target = Target(against=url, headers=dict(headers or {}))
        self._text = text
        self._mocks = MockedTools(mocks_of(tools))
        self._approver = (
            AllowlistApprover(approve, 'approve=["NAME"]') if isinstance(approve, Collection) else approve
        )
        self._record = None if record is None else Path(record)
        self._factory = SessionFactory(
            LocalServers(connections=1, warm=not text), self._target.replayed, _trust(trust, given)
        )
        self._timeout_s = timeout_s
        self._voice = LocalSpeechSource()
        self._stack = AsyncExitStack()
        self._open: Live | None = None
        self._number = 0
        self._answers = _Answers()

    async def __aenter__(self) -> Self:
        """Connect."""
        try:
            opened = await self._stack.enter_async_context(self._opened())
            live = Live(opened, text_mode=self._text, observers=[self._answers])
            self._open = await self._stack.enter_async_context(live)
            for text in live.turns.warnings:
                warnings.warn(text, stacklevel=2)
        except BaseException:
            await self._stack.aclose()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open = None
        await self._stack.__aexit__(kind, error, trace)

    @asynccontextmanager
    async def _opened(self) -> AsyncIterator[OpenSession]:
        agent = self._target.load(self._agent, self._over)
        path = self._record and file.new_path("session", self._record)
        async with (
            self._factory,
            self._factory.open(
                agent, approver=self._approver, mocks=self._mocks, record_to=path, command="run"
            ) as opened,
        ):
            yield opened

    # -- turns --------------------------------------------------------------------------------

    async def say(self, text: str, *, images: Sequence[str | PathLike[str]] = ()) -> Reply:
        """Type a message, with image files or data URIs, and wait for the reply."""
        turn = self._begin()
        self._live.typed(text, [_image(image) for image in images])
        return await self._reply(turn)

    async def speak(self, text: str) -> Reply:
        """Say words with the local voice and wait for the reply."""
        return await self.send_audio(await self._voice(text))

    async def send_audio(self, sound: clips.Sound, *, wait: bool = True) -> Reply:
        """Say a WAV file, or mono 24 kHz samples, at their own pace, and wait for the reply.

        Samples: an array of int16, or of float from -1 to 1; bytes of PCM16LE; or any iterable of these.
        Raises ConfigError for other sound.
        Without ``wait`` it returns when the sound was said, with what was seen until then.
        """
        clip = clips.clip_from(sound)
        turn = self._begin()
        live = self._live
        await live.say(clip)
        if live.over:
            raise SessionFailed(f"The session ended while the sound was being sent. {live.why_over}".rstrip())
        live.annotate("delivered", turn=turn.number)
        return await self._reply(turn) if wait else self._made(turn)

    async def wait_for_reply(self) -> Reply:
        """Wait for what the agent says by itself, such as a greeting, or for the turn that goes on."""
        live = self._live
        turn = live.turns.now if self._number else self._begin(including_the_past=True)
        return await self._reply(turn)

    async def update(self, settings: Mapping[str, Any]) -> None:
        """Change the session, in the shape of the API's session object, and wait until that is in force.

        Raises SessionFailed when the server refuses it, or a part of it, takes another value, or does not
        answer.
        """
        live = self._live
        refused = live.turns.now.refused
        before = len(refused)
        live.patch(dict(settings))
        if not await live.until(lambda: live.session.settled, self._timeout_s):
            raise SessionFailed(f"The server did not answer the change of settings. {live.why_over}".rstrip())
        if refused[before:]:
            raise SessionFailed("\n".join(refused[before:]))

    async def send(self, event: Mapping[str, Any]) -> None:
        """Send a client event as it is in the protocol."""
        self._live.ask(dict(event))
        await asyncio.sleep(0)

    async def request(
        self,
        event: Mapping[str, Any],
        answer: str,
        where: Callable[[Mapping[str, Any]], bool] = lambda answer: True,
        timeout_s: float | None = None,
    ) -> dict[str, Any]:
        """Send a client event and return the server's answer: the first event of that type, as on the wire.

        ``where`` chooses among several, such as the ``response.done`` with your metadata.
        Raises SessionFailed when the server refuses the event, does not answer in time, or ends the session.
        """
        live = self._live
        named = {"event_id": self._answers.next_id(), **event}
        waiting = self._answers.expect(str(named["event_id"]), answer, where)
        live.ask(named)
        limit_s = timeout_s or self._timeout_s
        if await live.until(waiting.done, limit_s):
            return waiting.result()
        waiting.cancel()
        if live.over:
            raise SessionFailed(f"The session ended before there was a {answer}. {live.why_over}".rstrip())
        raise SessionFailed(f"There was no {answer} within {limit_s:g} s.")

    def press(self, key: Key) -> None:
        """Press a key: interrupt, mute, talk, release."""
        self._live.press(key)

    async def until(self, event: str, timeout_s: float | None = None) -> None:
        """Wait for an event of this turn: ``agent.speech_started`` and the like, or one of the protocol.

        Raises SessionFailed when it does not come in time.
        """
        live, limit_s = self._live, timeout_s or self._timeout_s
        if not await live.until(lambda: _seen(live, event), limit_s):
            raise SessionFailed(f"There was no {event} within {limit_s:g} s.")

    # -- inside -------------------------------------------------------------------------------

    @property
    def _live(self) -> Live:
        if self._open is None:
            raise ConfigError("The session is not open.", "Use it with: async with Session(...) as session")
        return self._open

    def _begin(self, *, including_the_past: bool = False) -> TurnRecord:
        self._number += 1
        if not including_the_past:
            self._live.begin_turn(self._number)
        return self._live.turns.now

    async def _reply(self, turn: TurnRecord) -> Reply:
        live = self._live
        if await live.until(lambda: self._is_over(turn), self._timeout_s):
            return self._made(turn)
        if live.over:
            raise SessionFailed(f"The session ended before there was a reply. {live.why_over}".rstrip())
        raise SessionFailed(f"There was no reply within {self._timeout_s:g} s.")

    def _is_over(self, turn: TurnRecord) -> bool:
        """Answered in full; or cut off, or overtaken by the user's next turn before there was an answer."""
        if self._is_overtaken(turn) and turn.cut_off:
            return None not in turn.statuses.values()
        return self._live.session.idle and (turn.answered or turn.cut_off or self._is_overtaken(turn))

    def _is_overtaken(self, turn: TurnRecord) -> bool:
        return turn is not self._live.turns.now

    def _made(self, turn: TurnRecord) -> Reply:
        metrics = turn_metrics(turn, self._live.turns)
        return Reply(
            text=metrics.reply,
            heard=metrics.heard,
            tool_calls=tuple(metrics.calls),
            first_sound_ms=metrics.within_ms,
            done_ms=metrics.done_ms,
            interrupted=turn.cut_off or (self._is_overtaken(turn) and not turn.answered),
            interrupts=metrics.interrupted,
            errors=tuple(metrics.errors),
            tokens=metrics.tokens.input + metrics.tokens.output,
            late_ms=metrics.late_ms,
        )


@dataclass(frozen=True)
class _Waiting:
    event_id: str
    answer: str
    where: Callable[[Mapping[str, Any]], bool]
    future: asyncio.Future[dict[str, Any]]


class _Answers:
    """An observer: gives the server's events to those who wait for them."""

    def __init__(self) -> None:
        self.waiting: list[_Waiting] = []
        self._count = 0

    def next_id(self) -> str:
        self._count += 1
        return f"request_{self._count}"

    def expect(
        self, event_id: str, answer: str, where: Callable[[Mapping[str, Any]], bool]
    ) -> asyncio.Future[dict[str, Any]]:
        future: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self.waiting.append(_Waiting(event_id, answer, where, future))
        return future

    def observe(self, entry: Entry) -> None:
        self.waiting = [one for one in self.waiting if not one.future.done()]
        if self.waiting and isinstance(entry.value, Received):
            event = json.loads(encode(entry.value.event))
            for one in self.waiting:
                self._give(one, event)

    def _give(self, one: _Waiting, event: dict[str, Any]) -> None:
        error = event.get("error") or {}
        if event["type"] == "error" and error.get("event_id") == one.event_id:
            one.future.set_exception(SessionFailed(f"{error.get('message')} ({error.get('code')})"))
        elif event["type"] == one.answer and one.where(event):
            one.future.set_result(event)


def _trust(
    given: str | PathLike[str] | Collection[str] | Trust, agent: str | PathLike[str] | Mapping[str, Any]
) -> Trust:
    if isinstance(given, Trust):
        return replace(given, of_caller=isinstance(agent, Mapping))
    each = (str(given),) if isinstance(given, str | PathLike) else tuple(map(str, given))
    return Trust(each, 'trust="HASH"', of_caller=isinstance(agent, Mapping))


def _image(image: str | PathLike[str]) -> str:
    if str(image).startswith(("data:", "http://", "https://")):
        return str(image)
    path = Path(image)
    kind = mimetypes.guess_type(path.name)[0] or "image/png"
    try:
        return f"data:{kind};base64,{base64.b64encode(path.read_bytes()).decode('ascii')}"
    except OSError as error:
        raise ConfigError(f"The image {path} cannot be read: {error.strerror}.") from None


def _seen(live: Live, name: str) -> bool:
    return any(event == name for _, event in live.turns.now.events)
