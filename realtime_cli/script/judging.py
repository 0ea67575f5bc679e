"""Judges a conversation: every expectation of its script against what was collected.

The same for a conversation that was just held (``runner``) and for a recorded one (``rejudge``).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from realtime_cli.errors import ConfigError
from realtime_cli.loop import Outcome
from realtime_cli.pattern import PatternTooSlow
from realtime_cli.script.audible_words import AudibleWords, asks_to_listen, unheard
from realtime_cli.script.expectations import LATE_MS, UNSPOKEN, CheckResult, Status, matches, verdicts
from realtime_cli.script.format import Expect, Judged, Saying, ScriptTurn
from realtime_cli.script.moments import moments
from realtime_cli.script.result import Case, CaseResult, TurnResult, details, figures
from realtime_cli.script.turn_collector import TurnCollector, TurnRecord
from realtime_cli.script.turn_metrics import TurnMetrics, conversation_metrics, turn_lines, turn_metrics

LATE_SHARE = 0.05
"""Of a turn's time limit: a program that was late by more may have missed it itself."""

Judge = Callable[[Case, str, str], Awaitable[tuple[float, str]]]
"""(case, rubric, conversation) -> score from 0 to 1, and why. Raises ConfigError when it cannot be asked."""
Check = Callable[[str, Path, Path, int], Awaitable[str]]
"""("file.py:function", folder, recording, turn) -> what is wrong, or nothing."""


@dataclass
class Judging:
    """The verdicts of one conversation. ``recording``: for checks; None where there is none."""

    case: Case
    collected: TurnCollector
    judge: Judge | None = None
    check: Check | None = None
    recording: Path | None = None
    audible: AudibleWords | None = None
    """Listens to what was played; None if nothing listens."""
    extra: dict[int, list[CheckResult]] = field(default_factory=dict)
    """Verdicts that were found while it was held, and those of judge and checks, by turn."""

    @property
    def records(self) -> dict[int, TurnRecord]:
        """What was seen of each turn that began."""
        return {turn.number: turn for turn in self.collected.turns if turn.number}

    def verdicts(self, number: int, turn: ScriptTurn) -> list[CheckResult]:
        """Those of one turn, so far."""
        extra = self.extra.get(number, [])
        seen = self.records.get(number)
        if seen is None:
            return extra or [
                CheckResult(number, "turn", "skipped", "to be held", "the conversation had ended")
            ]
        found = list(extra)
        if seen.timed_out:
            found.append(self._timeout(number, turn, seen))
        if turn.kind == "settings" and turn.expect.errors is None:
            requested = "the settings in force"
            found += [CheckResult(number, "settings", "failed", requested, text) for text in seen.refused]
        return [*found, *verdicts(turn.expect, turn_metrics(seen, self.collected))]

    def _timeout(self, number: int, turn: ScriptTurn, seen: TurnRecord) -> CheckResult:
        """Unreliable where this program was late by a good part of the limit itself."""
        limit_ms = turn.timeout_ms or self.case.script.script.timeout_ms
        expected = f"{seen.timed_out} within {limit_ms / 1000:g} s"
        told = seen.trouble or "nothing more"
        if seen.trouble or seen.late_ms <= max(LATE_MS, limit_ms * LATE_SHARE):
            return CheckResult(number, "timeout", "failed", expected, told)
        late = f"but the client's own pacing was {seen.late_ms:.0f} ms late"
        return CheckResult(number, "timeout", "unreliable", expected, f"{told}, {late}")

    async def ask(self) -> None:
        """Run the user's checks and ask the judge."""
        turns = self.case.script.script.turns
        for number, expect in [
            *((n, turn.expect) for n, turn in enumerate(turns, 1)),
            (0, self.case.script.script.expect),
        ]:
            if number == 0 or number in self.records:
                found = [*await self._checked(number, expect), *await self._listened(number, expect)]
                if self.judge is not None:
                    try:
                        for name, judged, about in self._questions(number, expect):
                            found.append(await self._judged(number, name, judged, about))
                    except PatternTooSlow:
                        pass  # the verdict on the calls tells it
                self.extra.setdefault(number, []).extend(found)

    def result(self, error: str, outcome: Outcome, seconds: float) -> CaseResult:
        """Everything, with the conversation in lines where something is bad."""
        whole = conversation_metrics(self.collected)
        script = self.case.script.script
        result = CaseResult(
            self.case,
            turns=tuple(self._turn_result(number, turn) for number, turn in enumerate(script.turns, 1)),
            verdicts=(*self.extra.get(0, ()), *verdicts(script.expect, whole)),
            error=error,
            seconds=seconds,
            tokens=whole.tokens.input + whole.tokens.output,
            usd=whole.usd,
            late_ms=whole.late_ms,
            recording=str(self.recording) if self.recording else "",
            exit_code=int(outcome.exit_code),
            warnings=tuple(self.collected.warnings),
        )
        if result.status == "passed":
            return result
        return replace(result, moments=moments(self.collected, self._words())).placed()

    def _turn_result(self, number: int, turn: ScriptTurn) -> TurnResult:
        seen = self.records.get(number)
        metrics = turn_metrics(seen, self.collected) if seen else TurnMetrics(number)
        found = tuple(self.verdicts(number, turn))
        return TurnResult(number, title_of(turn), metrics.reply, figures(metrics), found, details(metrics))

    def _words(self) -> dict[int, str]:
        return {number: turn.words or "" for number, turn in enumerate(self.case.script.script.turns, 1)}

    # -- checks and judges --------------------------------------------------------------------

    async def _checked(self, number: int, expect: Expect) -> list[CheckResult]:
        if expect.check is None:
            return []
        if self.check is None or self.recording is None:
            return [CheckResult(number, "check", "failed", expect.check, "there is no recording to check")]
        wrong = await self.check(expect.check, self.case.script.folder, self.recording, number)
        status: Status = "failed" if wrong else "passed"
        return [CheckResult(number, "check", status, expect.check, wrong or "nothing wrong")]

    async def _listened(self, number: int, expect: Expect) -> list[CheckResult]:
        if not asks_to_listen(expect):
            return []
        if self.collected.text_mode or self.audible is None:
            nobody = UNSPOKEN if self.collected.text_mode else "no measurement: what was played was not kept"
            return unheard(number, expect, nobody)
        turns = [self.records[number]] if number else self.collected.turns
        return await self.audible.verdicts(number, expect, turns, spoken=self.collected.with_voice)

    def _questions(self, number: int, expect: Expect) -> Iterator[tuple[str, Judged | str, str]]:
        """For the judge: the expectation's name, the rubric, and the text that it is about."""
        if expect.judge is not None:
            yield "judge", expect.judge, self._conversation(number)
        if expect.trajectory is not None:
            yield "trajectory", expect.trajectory, self._trajectory(number)
        for requested in expect.calls or ():
            if requested.judge is not None:
                made = self._metrics(number).calls
                told = [f"Tool call: {call}" for call in made if matches(requested, call)]
                yield "calls", requested.judge, "\n".join(told) or f"(no call of {requested.name})"

    async def _judged(self, number: int, name: str, judged: Judged | str, about: str) -> CheckResult:
        assert self.judge is not None
        asked = judged if isinstance(judged, Judged) else Judged(rubric=judged)
        expected = f'a score of {asked.score:g} for "{asked.rubric}"'
        try:
            score, why = await self.judge(self.case, asked.rubric, about)
        except ConfigError as error:
            return CheckResult(number, name, "failed", expected, str(error))
        status: Status = "passed" if score >= asked.score else "failed"
        return CheckResult(number, name, status, expected, f"{score:g}: {why}")

    def _metrics(self, number: int) -> TurnMetrics:
        if number == 0:
            return conversation_metrics(self.collected)
        return turn_metrics(self.records[number], self.collected)

    def _conversation(self, until: int) -> str:
        """The words so far."""
        lines: list[str] = []
        for number, seen in self.records.items():
            if until and number > until:
                break
            said = self.case.script.script.turns[number - 1].words
            lines += turn_lines(turn_metrics(seen, self.collected), said)
        return "\n".join(lines)

    def _trajectory(self, until: int) -> str:
        """Everything that was said, called, cut and reported so far, in order, calls with their results."""
        told = [
            moment
            for moment in moments(self.collected, self._words())
            if moment.kind != "latency" and (not until or moment.turn <= until)
        ]
        return "\n".join(f"{moment.kind}: {moment.text}" for moment in told)


def _names(wav: Saying | None) -> str:
    return wav if isinstance(wav, str) else " ".join(part for part in wav or () if isinstance(part, str))


def title_of(turn: ScriptTurn) -> str:
    """A turn in a few words."""
    if turn.note:
        return turn.note
    kind = turn.kind
    if kind == "nothing":
        return "the agent opens"
    value = turn.user or turn.dtmf or turn.press or (turn.words if turn.say else _names(turn.wav))
    if value:
        return f"{kind}: {value if len(value) <= 60 else value[:57] + '...'}"
    if kind == "event":
        return f"event: {(turn.event or {}).get('type', '?')}"
    return f"silence: {turn.silence_ms:g} ms" if turn.silence_ms else kind
