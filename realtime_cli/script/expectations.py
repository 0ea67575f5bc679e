"""What was expected of a turn against what was seen: verdicts. Pure; hooks and judges are asked elsewhere.

A missing measurement fails. A timing that fails although our own pacing was late is unreliable: it says
something about this machine, not about the agent.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

from realtime_cli.script.facts import Facts
from realtime_cli.script.format import Expect, ExpectedCall
from realtime_cli.script.observed import CallSeen

LATE_MS = 60.0  # three frames: more than a loop that has its share of the processor is ever late

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

    @property
    def bad(self) -> bool:
        return self.status in ("failed", "unreliable")

    def __str__(self) -> str:
        where = f"turn {self.turn}" if self.turn else "conversation"
        return f"{where}: {self.name}: expected {self.expected}; found {self.found}"


def verdicts(expect: Expect, facts: Facts) -> list[CheckResult]:
    """One for every expectation that is set, in the order of the manual."""
    asked = expect.asks
    return [
        CheckResult(facts.turn, name, *outcome)
        for name, check in _CHECKS.items()
        if name in asked
        for outcome in check(expect, facts)
    ]


CheckOutcome = tuple[Status, str, str]


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


def _contains(expect: Expect, facts: Facts) -> Iterator[CheckOutcome]:
    for part in _texts(expect.contains):
        yield _said(_has(facts.reply, part), f"a reply with {_quoted(part)}", _reply(facts))


def _reply(facts: Facts) -> str:
    return _quoted(facts.reply) if facts.reply else "no reply"


def _regex(expect: Expect, facts: Facts) -> Iterator[CheckOutcome]:
    pattern = expect.regex or ""
    found = re.search(pattern, facts.reply, re.IGNORECASE)
    yield _said(found is not None, f"a reply that matches {pattern}", _reply(facts))


def _equals(expect: Expect, facts: Facts) -> Iterator[CheckOutcome]:
    wanted = expect.equals or ""
    yield _said(plain(wanted) == plain(facts.reply), f"the reply {_quoted(wanted)}", _reply(facts))


def _any_of(expect: Expect, facts: Facts) -> Iterator[CheckOutcome]:
    parts = expect.any_of or []
    wanted = " or ".join(map(_quoted, parts))
    yield _said(any(_has(facts.reply, part) for part in parts), f"a reply with {wanted}", _reply(facts))


def _excludes(expect: Expect, facts: Facts) -> Iterator[CheckOutcome]:
    for part in _texts(expect.excludes):
        right = bool(facts.reply) and not _has(facts.reply, part)
        yield _said(right, f"a reply without {_quoted(part)}", _reply(facts))


def _max_words(expect: Expect, facts: Facts) -> Iterator[CheckOutcome]:
    count = len(facts.reply.split())
    right = 0 < count <= (expect.max_words or 0)
    yield _said(right, f"a reply of at most {expect.max_words} words", f"{count} words")


def _no_reply(expect: Expect, facts: Facts) -> Iterator[CheckOutcome]:
    if expect.no_reply:
        yield _said(not facts.reply, "no reply", _reply(facts))


def _heard(expect: Expect, facts: Facts) -> Iterator[CheckOutcome]:
    if not facts.aloud:
        yield "skipped", "a transcript", "text mode"
        return
    for part in _texts(expect.heard):
        found = _quoted(facts.heard) if facts.heard else "no transcript"
        yield _said(_has(facts.heard, part), f"a transcript with {_quoted(part)}", found)


def _calls(expect: Expect, facts: Facts) -> Iterator[CheckOutcome]:
    made = ", ".join(f"{call.name}({_arguments(call.arguments)})" for call in facts.calls) or "no call"
    if not expect.calls:
        yield _said(not facts.calls, "no tool call", made)
        return
    for wanted in expect.calls:
        matching = [call for call in facts.calls if _matches(wanted, call)]
        right = bool(matching) if wanted.count is None else len(matching) == wanted.count
        times = f" {wanted.count} times" if wanted.count else ""
        yield _said(right, f"{wanted.name}({_arguments(wanted.args)}) called{times}", made)


def _calls_in_order(expect: Expect, facts: Facts) -> Iterator[CheckOutcome]:
    if expect.calls_in_order:
        left = iter(facts.calls)
        right = all(any(_matches(wanted, call) for call in left) for wanted in expect.calls or ())
        wanted_names = ", ".join(call.name for call in expect.calls or ())
        yield _said(right, f"calls in the order {wanted_names}", ", ".join(call.name for call in facts.calls))


def _arguments(arguments: dict[str, Any]) -> str:
    return ", ".join(f"{name}={value!r}" for name, value in arguments.items())


def _matches(wanted: ExpectedCall, call: CallSeen) -> bool:
    return call.name == wanted.name and is_within(wanted.args, call.arguments)


def is_within(wanted: Any, found: Any) -> bool:
    """Whether every wanted key is found with its value; ``{regex = "..."}`` matches text and numbers."""
    if isinstance(wanted, dict) and set(wanted) == {"regex"}:
        return isinstance(found, str | int | float) and bool(re.search(wanted["regex"], str(found), re.I))
    if isinstance(wanted, dict):
        return isinstance(found, dict) and all(
            name in found and is_within(value, found[name]) for name, value in wanted.items()
        )
    if isinstance(wanted, str) and isinstance(found, str):
        return plain(wanted) == plain(found)
    return bool(wanted == found)


def _interrupted(expect: Expect, facts: Facts) -> Iterator[CheckOutcome]:
    if not facts.aloud:
        yield "skipped", "an interruption, or none", "text mode"
        return
    wanted = "an interruption" if expect.interrupted else "no interruption"
    found = "the agent was cut off" if facts.interrupted else "the agent was not cut off"
    yield _said(facts.interrupted == expect.interrupted, wanted, found)


Check = Callable[[Expect, Facts], Iterator[CheckOutcome]]


def _timing(
    name: str, what: str, measure: Callable[[Facts], float | None], *, voice_only: bool = False
) -> Check:
    def check(expect: Expect, facts: Facts) -> Iterator[CheckOutcome]:
        limit, found = getattr(expect, name), measure(facts)
        expected = f"{what} within {limit:g} ms"
        if voice_only and not facts.aloud:
            yield "skipped", expected, "text mode"
        elif found is None:
            yield "failed", expected, "no measurement"
        elif found > limit and facts.late_ms > LATE_MS:
            late = f"but our own pacing was {facts.late_ms:.0f} ms late"
            yield "unreliable", expected, f"{found:.0f} ms, {late}"
        else:
            yield _said(found <= limit, expected, f"{found:.0f} ms")

    return check


def awaited_events(names: list[str] | None, *, aloud: bool) -> list[str]:
    """The events that can come: in text nobody speaks."""
    return [name for name in names or () if aloud or not name.startswith(_VOICED)]


def _events(expect: Expect, facts: Facts) -> Iterator[CheckOutcome]:
    for name in expect.events or ():
        if not awaited_events([name], aloud=facts.aloud):
            yield "skipped", f"the event {name}", "text mode"
        else:
            seen = name in facts.events
            yield _said(seen, f"the event {name}", "seen" if seen else "not seen")


def _in_order(expect: Expect, facts: Facts) -> Iterator[CheckOutcome]:
    names = awaited_events(expect.in_order, aloud=facts.aloud)
    left = iter(facts.events)
    missing = next((name for name in names if name not in left), None)
    found = "so" if missing is None else f"{missing} not there"
    yield _said(missing is None, f"in this order {', '.join(names)}", found)


def _absent(expect: Expect, facts: Facts) -> Iterator[CheckOutcome]:
    for name in expect.absent or ():
        there = name in facts.events
        yield _said(not there, f"no event {name}", "seen" if there else "not seen")


def _errors(expect: Expect, facts: Facts) -> Iterator[CheckOutcome]:
    codes = [code for code, _ in facts.errors]
    found = "; ".join(f"{code} ({message})" for code, message in facts.errors) or "none"
    wanted = sorted(expect.errors or [])
    yield _said(sorted(codes) == wanted, f"errors: {', '.join(wanted) or 'none'}", found)


def _max_tokens(expect: Expect, facts: Facts) -> Iterator[CheckOutcome]:
    count = facts.tokens.input + facts.tokens.output
    if not count:
        yield "failed", f"at most {expect.max_tokens} tokens", "no measurement"
    else:
        yield _said(count <= (expect.max_tokens or 0), f"at most {expect.max_tokens} tokens", str(count))


def _max_cost(expect: Expect, facts: Facts) -> Iterator[CheckOutcome]:
    limit = f"at most ${expect.max_cost:g}"
    if facts.usd is None:
        yield "failed", limit, "the price of this model is not known"
    else:
        yield _said(facts.usd <= (expect.max_cost or 0.0), limit, f"${facts.usd:.4f}")


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
    "interrupted": _interrupted,
    "interrupted_within_ms": _timing(
        "interrupted_within_ms", "cut off", lambda facts: facts.interrupted_ms, voice_only=True
    ),
    "within_ms": _timing("within_ms", "a reply", lambda facts: facts.within_ms),
    "done_within_ms": _timing("done_within_ms", "the end of the response", lambda facts: facts.done_ms),
    "dead_air_ms": _timing(
        "dead_air_ms", "the agent again", lambda facts: facts.dead_air_ms, voice_only=True
    ),
    "events": _events,
    "in_order": _in_order,
    "absent": _absent,
    "errors": _errors,
    "max_tokens": _max_tokens,
    "max_cost": _max_cost,
}
