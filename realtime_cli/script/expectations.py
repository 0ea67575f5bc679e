"""What was expected of a turn against what was seen: verdicts. Pure; hooks and judges are asked elsewhere.

A missing measurement fails. A timing that fails although our own pacing was late is unreliable: it says
something about this machine, not about the agent.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any, Literal

from realtime_cli.pattern import LIMIT_S, PatternTooSlow, search
from realtime_cli.script.clips import SOUNDING_DBFS
from realtime_cli.script.format import Expect, ExpectedCall, ExpectedStep, Similar
from realtime_cli.script.json_reply import json_mistake
from realtime_cli.script.spoken_numbers import numbers_in
from realtime_cli.script.steps import in_any_order, in_this_order
from realtime_cli.script.turn_metrics import ToolCall, TurnMetrics, TurnStep, read_arguments

LATE_MS = 60.0  # three frames: a loop that gets enough CPU is never later than this

UNSPOKEN = "no measurement: the script runs in text"
AS_WRITTEN = {"excludes": "not"}  # "not" is no name in Python
_VOICED = ("user.speech", "user.transcribed", "interrupted", "input_audio_buffer.", "response.output_audio")

Status = Literal["passed", "failed", "unreliable", "skipped"]


@dataclass(frozen=True, slots=True)
class CheckResult:
    """One expectation of one turn (0: of the conversation) and how it came out."""

    turn: int
    name: str
    status: Status
    expected: str = ""
    found: str = ""
    place: str = ""
    """The file and line of the expectation, where it failed."""

    @property
    def bad(self) -> bool:
        return self.status in ("failed", "unreliable")

    def __str__(self) -> str:
        where = f"turn {self.turn}" if self.turn else "conversation"
        return f"{where}: {self.name}: expected {self.expected}; found {self.found}"


def verdicts(expect: Expect, metrics: TurnMetrics) -> list[CheckResult]:
    """One for every expectation that is set, in the order of the manual."""
    asked = expect.asks
    if expect.since is not None:
        left = metrics.since(expect.since)
        if left is None:
            return [CheckResult(metrics.turn, "since", "failed", f"the event {expect.since}", "not seen")]
        metrics = left
    return [
        CheckResult(metrics.turn, AS_WRITTEN.get(name, name), *outcome)
        for name, check in _CHECKS.items()
        if name in asked
        for outcome in _outcomes(check, expect, metrics)
    ]


CheckOutcome = tuple[Status, str, str]
Check = Callable[[Expect, TurnMetrics], Iterator[CheckOutcome]]


def _outcomes(check: Check, expect: Expect, metrics: TurnMetrics) -> Iterator[CheckOutcome]:
    """What the check finds; a pattern that takes too long has failed."""
    try:
        yield from check(expect, metrics)
    except PatternTooSlow as error:
        yield "failed", f"a search that ends within {LIMIT_S:g} s", str(error)


def _said(right: bool, expected: str, found: str) -> CheckOutcome:
    return ("passed" if right else "failed"), expected, found


def _texts(value: str | list[str] | None) -> list[str]:
    return [value] if isinstance(value, str) else list(value or ())


def _quoted(text: str) -> str:
    return f'"{text if len(text) <= 160 else text[:157] + "..."}"'


def plain(text: str) -> str:
    """Case, punctuation and spaces as they do not matter."""
    return " ".join(re.sub(r"[^\w\s]", " ", text.casefold().replace("’", "'").replace("'", "")).split())


def _has(text: str, part: str) -> bool:
    return part.casefold() in text.casefold() or (bool(plain(part)) and plain(part) in plain(text))


def _contains(expect: Expect, metrics: TurnMetrics) -> Iterator[CheckOutcome]:
    for part in _texts(expect.contains):
        yield _said(_has(metrics.reply, part), f"a reply with {_quoted(part)}", _reply(metrics))


def _reply(metrics: TurnMetrics) -> str:
    return _quoted(metrics.reply) if metrics.reply else "no reply"


def _regex(expect: Expect, metrics: TurnMetrics) -> Iterator[CheckOutcome]:
    pattern = expect.regex or ""
    found = search(pattern, metrics.reply, ignore_case=True)
    yield _said(found is not None, f"a reply that matches {pattern}", _reply(metrics))


def _equals(expect: Expect, metrics: TurnMetrics) -> Iterator[CheckOutcome]:
    requested = expect.equals or ""
    yield _said(plain(requested) == plain(metrics.reply), f"the reply {_quoted(requested)}", _reply(metrics))


def _any_of(expect: Expect, metrics: TurnMetrics) -> Iterator[CheckOutcome]:
    parts = expect.any_of or []
    requested = " or ".join(map(_quoted, parts))
    yield _said(
        any(_has(metrics.reply, part) for part in parts), f"a reply with {requested}", _reply(metrics)
    )


def _excludes(expect: Expect, metrics: TurnMetrics) -> Iterator[CheckOutcome]:
    for part in _texts(expect.excludes):
        right = bool(metrics.reply) and not _has(metrics.reply, part)
        yield _said(right, f"a reply without {_quoted(part)}", _reply(metrics))


def _max_words(expect: Expect, metrics: TurnMetrics) -> Iterator[CheckOutcome]:
    count = len(metrics.reply.split())
    right = 0 < count <= (expect.max_words or 0)
    yield _said(right, f"a reply of at most {expect.max_words} words", f"{count} words")


def _no_reply(expect: Expect, metrics: TurnMetrics) -> Iterator[CheckOutcome]:
    if expect.no_reply:
        yield _said(not metrics.reply, "no reply", _reply(metrics))


def _heard(expect: Expect, metrics: TurnMetrics) -> Iterator[CheckOutcome]:
    if metrics.text_mode:
        yield "failed", "a transcript", UNSPOKEN
        return
    for part in _texts(expect.heard):
        found = _quoted(metrics.heard) if metrics.heard else "no transcript"
        yield _said(_has(metrics.heard, part), f"a transcript with {_quoted(part)}", found)


def _calls(expect: Expect, metrics: TurnMetrics) -> Iterator[CheckOutcome]:
    made = ", ".join(map(str, metrics.calls)) or "no call"
    if not expect.calls:
        yield _said(not metrics.calls, "no tool call", made)
        return
    for requested in expect.calls:
        matching = [call for call in metrics.calls if matches(requested, call)]
        right = bool(matching) if requested.count is None else len(matching) == requested.count
        times = f" {requested.count} times" if requested.count else ""
        outcome = f", {requested.status}" if requested.status else ""
        if requested.output is not None:
            outcome += f", with {requested.output!r} in its result"
            made = ", ".join(f"{call} -> {call.output}" for call in metrics.calls) or "no call"
        elif requested.status:
            made = ", ".join(f"{call} {call.status or 'running'}" for call in metrics.calls) or "no call"
        yield _said(right, f"{ToolCall(requested.name, requested.args)} called{times}{outcome}", made)


def _calls_in_order(expect: Expect, metrics: TurnMetrics) -> Iterator[CheckOutcome]:
    if expect.calls_in_order:
        left = iter(metrics.calls)
        right = all(any(matches(requested, call) for call in left) for requested in expect.calls or ())
        expected_names = ", ".join(call.name for call in expect.calls or ())
        yield _said(
            right, f"calls in the order {expected_names}", ", ".join(call.name for call in metrics.calls)
        )


def matches(requested: ExpectedCall, call: ToolCall) -> bool:
    """Whether a call is one that is expected: its name, arguments, outcome and result."""
    right = call.name == requested.name and is_within(requested.args, call.arguments)
    if requested.status is not None:
        right = right and call.status == requested.status
    if isinstance(requested.output, dict):
        return right and is_within(requested.output, read_arguments(call.output or ""))
    return right and all(_has(call.output or "", part) for part in _texts(requested.output))


def _fits(requested: ExpectedStep, step: TurnStep) -> bool:
    if step.kind != requested.kind:
        return False
    if requested.says is not None:
        return _has(step.text, requested.says)
    if step.call is not None:
        return step.text == requested.call and is_within(requested.args, step.call.arguments)
    return step.text in (requested.event, requested.error)


def _placed(expect: Expect, metrics: TurnMetrics) -> dict[int, int]:
    order = in_this_order if expect.steps_in_order else in_any_order
    return order(expect.steps or [], metrics.steps, _fits)


def _steps(expect: Expect, metrics: TurnMetrics) -> Iterator[CheckOutcome]:
    placed = _placed(expect, metrics)
    happened = ", ".join(_step_text(step) for step in metrics.steps if step.kind != "event") or "nothing"
    where = " in this place" if expect.steps_in_order else ""
    for place, step in enumerate(expect.steps or ()):
        said = f"says {_quoted(step.says)}" if step.says is not None else ""
        called = f"calls {ToolCall(step.call, step.args)}" if step.call is not None else ""
        requested = said or called or f"{step.kind} {step.event or step.error}"
        yield _said(place in placed, f"{requested}{where}", "it" if place in placed else happened)


def _step_text(step: TurnStep) -> str:
    return {"says": f"says {_quoted(step.text)}", "call": f"calls {step.call}"}.get(
        step.kind, f"{step.kind} {step.text}"
    )


def _no_more(expect: Expect, metrics: TurnMetrics) -> Iterator[CheckOutcome]:
    if not expect.no_more:
        return
    used = set(_placed(expect, metrics).values())
    kinds = ("says", "call", "error") if expect.steps is not None else ("call",)
    more = [
        step
        for place, step in enumerate(metrics.steps)
        if step.kind in kinds
        and place not in used
        and not (step.call and any(matches(requested, step.call) for requested in expect.calls or ()))
    ]
    yield _said(not more, "nothing more", ", ".join(map(_step_text, more)) or "nothing more")


def _claims(expect: Expect, metrics: TurnMetrics) -> Iterator[CheckOutcome]:
    for claim in expect.claims or ():
        said = search(claim.says, metrics.reply, ignore_case=True)
        requested = ToolCall(claim.call, claim.args)
        expected = f"{requested} done where the agent says {claim.says}"
        made = [*metrics.earlier_calls, *metrics.calls]
        done = [
            call
            for call in made
            if call.name == claim.call and call.status == "done" and is_within(claim.args, call.arguments)
        ]
        if said is None or done:
            yield "passed", expected, str(done[0]) if said else "not said"
            continue
        calls = ", ".join(f"{call} {call.status or 'running'}" for call in made) or "no call"
        yield "failed", expected, f"said {_quoted(said[0])}, and {calls}"


def _reads_back(expect: Expect, metrics: TurnMetrics) -> Iterator[CheckOutcome]:
    found = numbers_in(metrics.reply)
    for number in _texts(expect.reads_back):
        digits = re.sub(r"\D", "", number)
        yield _said(
            digits in found, f"the number {number}", ", ".join(found) or f"no number in {_reply(metrics)}"
        )


def _is_json(expect: Expect, metrics: TurnMetrics) -> Iterator[CheckOutcome]:
    schema = expect.is_json if isinstance(expect.is_json, dict) else {}
    wrong = json_mistake(metrics.reply, schema)
    if expect.is_json is False:
        yield _said(bool(wrong), "a reply that is not JSON", _reply(metrics))
    else:
        yield _said(not wrong, "JSON that fits" if schema else "JSON", wrong or _reply(metrics))


def _similar(expect: Expect, metrics: TurnMetrics) -> Iterator[CheckOutcome]:
    asked = Similar(to=expect.similar) if isinstance(expect.similar, str) else expect.similar
    if asked:
        share = similarity(asked.to, metrics.reply)
        expected = f"{asked.least:.0%} of the words of {_quoted(asked.to)}"
        yield _said(share >= asked.least, expected, f"{share:.0%}: {_reply(metrics)}")


def similarity(expected: str, found: str) -> float:
    """The share of words in common, in order: 2 x common / words of both (difflib's ratio); 0 to 1."""
    return SequenceMatcher(None, plain(expected).split(), plain(found).split(), autojunk=False).ratio()


def _backchannel(expect: Expect, metrics: TurnMetrics) -> Iterator[CheckOutcome]:
    if not expect.backchannel or metrics.turn == 0:  # of a whole call: its backchannels ask for themselves
        return
    expected = "the agent to speak on, without an answer"
    if metrics.text_mode:
        yield "failed", expected, UNSPOKEN
    elif metrics.interrupted or metrics.reply:
        cut = "it was cut off" if metrics.interrupted else ""
        answered = f"it answered {_quoted(metrics.reply)}" if metrics.reply else ""
        yield "failed", expected, ", and ".join(filter(None, (cut, answered)))
    else:
        found = (
            f"it spoke on for {metrics.went_on_ms:.0f} ms" if metrics.went_on_ms else "it was not speaking"
        )
        yield _said(metrics.went_on_ms > 0, expected, found)


def is_within(requested: Any, found: Any) -> bool:
    """Whether every wanted key is found with its value; ``{regex = "..."}`` matches text and numbers."""
    if isinstance(requested, dict) and set(requested) == {"regex"} and not isinstance(found, dict):
        return isinstance(found, str | int | float) and bool(
            search(requested["regex"], str(found), ignore_case=True)
        )
    if isinstance(requested, dict):
        return isinstance(found, dict) and all(
            name in found and is_within(value, found[name]) for name, value in requested.items()
        )
    if isinstance(requested, str) and isinstance(found, str):
        return plain(requested) == plain(found)
    return bool(requested == found)


def _audible(expect: Expect, metrics: TurnMetrics) -> Iterator[CheckOutcome]:
    requested = "sound that can be heard" if expect.audible else "silence"
    if metrics.text_mode:
        yield "failed", requested, UNSPOKEN
    elif metrics.audible_ms is None:
        yield "failed", requested, "no measurement: the agent answers in text"
    else:
        found = f"{metrics.audible_ms:.0f} ms of sound above {SOUNDING_DBFS:g} dBFS"
        yield _said((metrics.audible_ms > 0) == expect.audible, requested, found)


def _interrupted(expect: Expect, metrics: TurnMetrics) -> Iterator[CheckOutcome]:
    if metrics.text_mode:
        yield "failed", "an interruption, or none", UNSPOKEN
        return
    requested = "an interruption" if expect.interrupted else "no interruption"
    found = "the agent was cut off" if metrics.interrupted else "the agent was not cut off"
    yield _said(metrics.interrupted == expect.interrupted, requested, found)


def _timing(
    name: str, what: str, measure: Callable[[TurnMetrics], float | None], *, voice_only: bool = False
) -> Check:
    def check(expect: Expect, metrics: TurnMetrics) -> Iterator[CheckOutcome]:
        limit, found = getattr(expect, name), measure(metrics)
        expected = f"{what} within {limit:g} ms"
        if voice_only and metrics.text_mode:
            yield "failed", expected, UNSPOKEN
        elif found is None:
            unheard = name == "within_ms" and metrics.audible_ms == 0 and metrics.reply
            yield "failed", expected, "never heard" if unheard else "no measurement"
        elif found > limit and metrics.late_ms > LATE_MS:
            late = f"but the client's own pacing was {metrics.late_ms:.0f} ms late"
            yield "unreliable", expected, f"{found:.0f} ms, {late}"
        else:
            yield _said(found <= limit, expected, f"{found:.0f} ms")

    return check


def awaited_events(names: list[str] | None, *, text_mode: bool) -> list[str]:
    """The events that can come: in text nobody speaks."""
    return [name for name in names or () if not text_mode or not name.startswith(_VOICED)]


def _events(expect: Expect, metrics: TurnMetrics) -> Iterator[CheckOutcome]:
    for name in expect.events or ():
        if not awaited_events([name], text_mode=metrics.text_mode):
            yield "failed", f"the event {name}", UNSPOKEN
        else:
            seen = name in metrics.events
            yield _said(seen, f"the event {name}", "seen" if seen else "not seen")


def _in_order(expect: Expect, metrics: TurnMetrics) -> Iterator[CheckOutcome]:
    names = expect.in_order or []
    if names != awaited_events(names, text_mode=metrics.text_mode):
        yield "failed", f"in this order {', '.join(names)}", UNSPOKEN
        return
    left = iter(metrics.events)
    missing = next((name for name in names if name not in left), None)
    found = "so" if missing is None else f"{missing} did not come"
    yield _said(missing is None, f"in this order {', '.join(names)}", found)


def _absent(expect: Expect, metrics: TurnMetrics) -> Iterator[CheckOutcome]:
    for name in expect.absent or ():
        if not awaited_events([name], text_mode=metrics.text_mode):
            yield "failed", f"no event {name}", UNSPOKEN
            continue
        there = name in metrics.events
        yield _said(not there, f"no event {name}", "seen" if there else "not seen")


def _errors(expect: Expect, metrics: TurnMetrics) -> Iterator[CheckOutcome]:
    codes = [code for code, _ in metrics.errors]
    found = "; ".join(f"{code} ({message})" for code, message in metrics.errors) or "none"
    requested = sorted(expect.errors or [])
    yield _said(sorted(codes) == requested, f"errors: {', '.join(requested) or 'none'}", found)


def _max_tokens(expect: Expect, metrics: TurnMetrics) -> Iterator[CheckOutcome]:
    count = metrics.tokens.input + metrics.tokens.output
    if not count:
        yield "failed", f"at most {expect.max_tokens} tokens", "no measurement"
    else:
        yield _said(count <= (expect.max_tokens or 0), f"at most {expect.max_tokens} tokens", str(count))


def _max_cost(expect: Expect, metrics: TurnMetrics) -> Iterator[CheckOutcome]:
    limit = f"at most ${expect.max_cost:g}"
    if metrics.usd is None:
        yield "failed", limit, "the price of this model is not known"
    else:
        yield _said(metrics.usd <= (expect.max_cost or 0.0), limit, f"${metrics.usd:.4f}")


_CHECKS: dict[str, Check] = {
    "contains": _contains,
    "regex": _regex,
    "equals": _equals,
    "any_of": _any_of,
    "excludes": _excludes,
    "max_words": _max_words,
    "no_reply": _no_reply,
    "heard": _heard,
    "calls": _calls,
    "calls_in_order": _calls_in_order,
    "steps": _steps,
    "no_more": _no_more,
    "claims": _claims,
    "reads_back": _reads_back,
    "is_json": _is_json,
    "similar": _similar,
    "audible": _audible,
    "interrupted": _interrupted,
    "backchannel": _backchannel,
    "interrupted_within_ms": _timing(
        "interrupted_within_ms", "cut off", lambda metrics: metrics.interrupted_ms, voice_only=True
    ),
    "within_ms": _timing("within_ms", "a reply", lambda metrics: metrics.within_ms),
    "done_within_ms": _timing("done_within_ms", "the end of the response", lambda metrics: metrics.done_ms),
    "dead_air_ms": _timing(
        "dead_air_ms", "the agent again", lambda metrics: metrics.dead_air_ms, voice_only=True
    ),
    "talk_over_ms": _timing(
        "talk_over_ms", "one of both silent", lambda metrics: metrics.talk_over_ms, voice_only=True
    ),
    "events": _events,
    "in_order": _in_order,
    "absent": _absent,
    "errors": _errors,
    "max_tokens": _max_tokens,
    "max_cost": _max_cost,
}
