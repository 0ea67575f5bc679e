"""Runs one script: gives each turn when it is due, waits for what the agent does, judges.

It prints nothing; ``notify`` hears of its progress. What it needs of the world comes ready made: an opened
session, a voice, a judge.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, replace
from pathlib import Path

from realtime_cli.app.session_factory import OpenSession
from realtime_cli.conversation.narrated import ConversationReader
from realtime_cli.errors import ExitCode, RealtimeCliError
from realtime_cli.loop import Outcome
from realtime_cli.script.audible_words import AudibleWords, PlayedSound, asks_to_listen
from realtime_cli.script.caller import Call, with_own_turns
from realtime_cli.script.clips import Clip, SpeechSource
from realtime_cli.script.expectations import CheckResult, awaited_events
from realtime_cli.script.format import SOUND_KINDS, ScriptTurn
from realtime_cli.script.images import image_uri
from realtime_cli.script.judging import Check, Judge, Judging, title_of
from realtime_cli.script.listening import Listener
from realtime_cli.script.live import Live
from realtime_cli.script.result import Case, CaseResult, Progress, TurnBegan, TurnOver, figures
from realtime_cli.script.turn_collector import TurnRecord
from realtime_cli.script.turn_metrics import turn_metrics
from realtime_cli.script.user_sound import UserSounds

AFTERWORDS_S = 2.0  # transcripts and bookkeeping may trail the answer


Open = Callable[[Case], AbstractAsyncContextManager[OpenSession]]


@dataclass(frozen=True)
class RunContext:
    """All that a script may need from outside."""

    open: Open
    voice: SpeechSource
    judge: Judge | None = None
    check: Check | None = None
    notify: Callable[[Progress], None] = lambda progress: None
    on_frame: Callable[[float], None] | None = None
    """Called with how late each frame of the microphone is, in ms."""
    readers: Sequence[ConversationReader] = ()
    """Given every conversation event."""
    listen: Listener | None = None
    """Writes down what was played, where a script asks for that."""
    patient: bool = True
    """A server that is busy or away at the very first is tried again; a load test measures it instead."""


async def run_case(case: Case, context: RunContext, sounds: dict[int, Clip] | None = None) -> CaseResult:
    """Hold the conversation and judge it. Errors of the session become the result's ``error``.

    ``sounds``: what ``prepare`` made of it before, where many sessions share it.
    """
    began = time.monotonic()
    try:
        case = with_own_turns(case)
        # a copy: a caller adds the sounds of its turns
        sounds = await prepare(case, context.voice) if sounds is None else dict(sounds)
        async with context.open(case) as opened:
            result = await ScriptRun(case, opened, context, sounds).run()
    except RealtimeCliError as error:
        return CaseResult(case, error=str(error), exit_code=error.exit_code, seconds=time.monotonic() - began)
    return result if _is_kept(result) else replace(result, recording="")


def _is_kept(result: CaseResult) -> bool:
    """Whether the recording is there; nothing is kept of a connection that failed."""
    return bool(result.recording) and Path(result.recording).exists()


async def prepare(case: Case, voice: SpeechSource) -> dict[int, Clip]:
    """Every sound by its turn's number, made before the clock runs; 0 is what is heard between them.

    Raises ConfigError.
    """
    if case.text:
        return {}
    sounds = UserSounds(case.script.script, case.script.folder, voice)
    made = {
        number: await sounds.clip(number, turn) for number, turn in enumerate(case.script.script.turns, 1)
    }
    made[0] = await sounds.between()
    return {number: clip for number, clip in made.items() if clip is not None}


class ScriptRun:
    """One run of one script."""

    def __init__(self, case: Case, opened: OpenSession, context: RunContext, sounds: dict[int, Clip]) -> None:
        self._case = case
        self._script = case.script.script
        self._opened = opened
        self._context = context
        self._sounds = sounds
        script = case.script.script
        asks = any(map(asks_to_listen, (script.expect, *(turn.expect for turn in script.turns))))
        played = PlayedSound(lambda: self._live.now()) if asks and context.listen else None
        self._live = Live(
            opened,
            text_mode=case.text,
            readers=context.readers,
            on_frame=context.on_frame,
            patient=context.patient,
            between=sounds.get(0),
            on_played=played.add if played else None,
        )
        self._seen: dict[int, TurnRecord] = {}
        self._told: set[int] = set()
        self._judging = Judging(
            case,
            self._live.turns,
            context.judge,
            context.check,
            opened.recorder.path if opened.recorder else None,
            AudibleWords(played, context.listen) if played and context.listen else None,
        )

    async def run(self) -> CaseResult:
        began, error = time.monotonic(), ""
        outcome = Outcome(ExitCode.BUG, "The conversation ended early.")
        opens = self._script.agent_opens
        try:
            if opens:
                self._begin(1)
            try:
                async with self._live:
                    await self._hold()
            finally:  # a session that is cut has its turns as well
                self._tell_turns()
            outcome = self._live.outcome or outcome
            if outcome.exit_code != ExitCode.OK:
                error = f"{outcome.reason} {outcome.remedy}".strip()
        except RealtimeCliError as failure:
            outcome = Outcome(failure.exit_code, failure.message, failure.remedy)
            error = str(failure)
        await self._judging.ask()
        return self._judging.result(error, outcome, time.monotonic() - began)

    async def _hold(self) -> None:
        turns = self._script.turns
        if not self._script.agent_opens:
            await self._floor_is_free()
        if self._script.caller:
            call = Call(self._case, self._script.caller, self._live, self._context.voice, self._context.judge)
            self._judging.extra[0] = await call.hold(self._turn, self._sounds)
            return
        for number, turn in enumerate(turns, 1):
            follower = turns[number] if number < len(turns) else None
            if not await self._turn(
                number, turn, interrupted=follower is not None and follower.at is not None
            ):
                break
        self._live.annotate_sounds()

    async def _floor_is_free(self) -> None:
        """An agent that greets is heard out before the first turn."""
        session = self._live.session
        await self._live.until(
            lambda: session.idle and (session.responses_done > 0 or not session.options.greet),
            self._script.timeout_ms / 1000,
        )

    # -- one turn -----------------------------------------------------------------------------

    async def _turn(self, number: int, turn: ScriptTurn, *, interrupted: bool) -> bool:
        """Give a turn and wait until it is over; False when the conversation is to stop."""
        if turn.at is not None and not await self._due(number, turn):
            return False
        if number not in self._seen:
            self._begin(number)
        await self._give(number, turn)
        self._live.annotate("delivered", turn=number)
        if interrupted:
            return not self._live.over
        waited_for = await self._wait(number, turn)
        if waited_for and self._live.over and not self._seen[number].trouble:
            self._seen[number].trouble = f"The session had ended. {self._live.why_over}".rstrip()
        self._live.annotate_sounds()
        self._live.annotate("over", turn=number, **({"waited_for": waited_for} if waited_for else {}))
        self._tell_turns()
        if self._live.over:
            return False
        return not (self._script.stop_on_failure and self._failed(number, turn))

    def _tell_turns(self) -> None:
        for number in self._seen.keys() - self._told:
            self._told.add(number)
            found = figures(turn_metrics(self._seen[number], self._live.turns))
            self._context.notify(TurnOver(self._case, number, found))

    def _begin(self, number: int) -> None:
        self._live.begin_turn(number)
        self._seen[number] = self._live.turns.now
        self._context.notify(TurnBegan(self._case, number, title_of(self._script.turns[number - 1])))

    async def _due(self, number: int, turn: ScriptTurn) -> bool:
        """Wait for the point of time at which a turn begins; noted is how late we are for it."""
        assert turn.at is not None
        limit_s = self._timeout_s(turn)
        late_ms = await self._live.due(turn.at, limit_s)
        if late_ms is None:
            requested = f"{turn.at.after} to begin this turn after"
            self._judging.extra[number] = [
                CheckResult(number, "at", "failed", requested, f"not within {limit_s:g} s")
            ]
            return False
        self._begin(number)
        if late_ms > 40:
            self._live.annotate("late", ms=round(late_ms, 1))
        return True

    async def _give(self, number: int, turn: ScriptTurn) -> None:
        live = self._live
        match turn.kind:
            case "user" | "image":
                images = [image_uri(image, self._case.script.folder) for image in _list(turn.image)]
                live.typed(turn.user or "", images, turn.detail, respond=turn.respond)
            case "silence_ms" if turn.silence_ms and number not in self._sounds:  # in text nothing flows
                await live.until(lambda: live.over, turn.silence_ms / 1000)
            case "silence_ms":
                await live.keep_silent(self._sounds[number])
            case kind if kind in SOUND_KINDS:
                await self._say(number, turn)
            case "event":
                live.ask(dict(turn.event or {}))
            case "settings":
                live.patch(dict(turn.settings or {}))
            case "press" if turn.press:
                live.press(turn.press)
            case "video" if turn.video:
                live.video(turn.video)

    async def _say(self, number: int, turn: ScriptTurn) -> None:
        if not self._case.text:
            await self._live.say(self._sounds[number])
        elif words := turn.words or f"DTMF: {turn.dtmf}":
            self._live.typed(words, respond=turn.respond and not turn.expect.no_reply)

    def _timeout_s(self, turn: ScriptTurn) -> float:
        return (turn.timeout_ms or self._script.timeout_ms) / 1000

    async def _wait(self, number: int, turn: ScriptTurn) -> str:
        """Until the turn is over; returns what was waited for in vain."""
        limit_s, seen = self._timeout_s(turn), self._seen[number]
        live = self._live
        if turn.kind == "settings" and not await live.until(lambda: live.session.settled, limit_s):
            return "an answer to the settings"
        if turn.expects_reply:
            over = await live.until(lambda: self._has_ended(turn, seen), limit_s)
            if not over and seen.answered:
                return "the end of the answer"
            if not over or not (seen.answered or turn.expect.errors):
                return "an answer"
        elif not await live.quiet(self._script.quiet_ms, limit_s):
            return "quiet"
        awaited = self._afterwords(turn, seen)
        await live.until(lambda: not awaited(), AFTERWORDS_S if turn.expects_reply else limit_s)
        return ""

    def _has_ended(self, turn: ScriptTurn, seen: TurnRecord) -> bool:
        """Nothing more will come of this turn.

        A spoken one whose answer is cut may still be answered: the server may only have taken a pause of the
        user for the end.
        """
        cut = seen.cut_off and turn.kind in ("user", "image")
        return self._live.session.idle and (seen.answered or seen.failed or cut or self._live.answer_lost)

    def _afterwords(self, turn: ScriptTurn, seen: TurnRecord) -> Callable[[], bool]:
        """What is expected and may come behind the answer: events, and the transcript of the user."""
        steps = [step.event for step in turn.expect.steps or () if step.event]
        since = [turn.expect.since] if turn.expect.since else []
        listed = [*(turn.expect.events or ()), *(turn.expect.in_order or ()), *steps, *since]
        names = set(awaited_events(listed, text_mode=self._case.text))
        heard = turn.expect.heard is not None and not self._case.text

        def missing() -> bool:
            return not names <= {name for _, name in seen.events} or (heard and not seen.heard)

        return missing

    def _failed(self, number: int, turn: ScriptTurn) -> bool:
        return any(verdict.bad for verdict in self._judging.verdicts(number, turn))


def _list(value: str | list[str] | None) -> list[str]:
    return [value] if isinstance(value, str) else list(value or ())
