"""What was expected of a turn against what was seen: verdicts. Pure; hooks and judges are asked elsewhere.

A missing measurement fails. A timing that fails although our own pacing was late is unreliable: it says
something about this machine, not about the agent.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

from realtime_cli.script.clips import SOUNDING_DBFS
from realtime_cli.script.format import Expect, ExpectedCall
from realtime_cli.script.turn_metrics import ToolCall, TurnMetrics

LATE_MS = 60.0  # three frames: more than a loop that has its share of the processor is ever late

UNSPOKEN = "no measurement: the script runs in text"
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
    return [
        CheckResult(metrics.turn, name, *outcome)
        for name, check in _CHECKS.items()
        if name in asked
        for outcome in check(expect, metrics)
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


def _contains(expect: Expect, metrics: TurnMetrics) -> Iterator[CheckOutcome]:
    for part in _texts(expect.contains):
        yield _said(_has(metrics.reply, part), f"a reply with {_quoted(part)}", _reply(metrics))


def _reply(metrics: TurnMetrics) -> str:
    return _quoted(metrics.reply) if metrics.reply else "no reply"


def _regex(expect: Expect, metrics: TurnMetrics) -> Iterator[CheckOutcome]:
    pattern = expect.regex or ""
    found = re.search(pattern, metrics.reply, re.IGNORECASE)
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
        matching = [call for call in metrics.calls if _matches(requested, call)]
        right = bool(matching) if requested.count is None else len(matching) == requested.count
        times = f" {requested.count} times" if requested.count else ""
        yield _said(right, f"{ToolCall(requested.name, requested.args)} called{times}", made)


def _calls_in_order(expect: Expect, metrics: TurnMetrics) -> Iterator[CheckOutcome]:
    if expect.calls_in_order:
        left = iter(metrics.calls)
        right = all(any(_matches(requested, call) for call in left) for requested in expect.calls or ())
        expected_names = ", ".join(call.name for call in expect.calls or ())
        yield _said(
            right, f"calls in the order {expected_names}", ", ".join(call.name for call in metrics.calls)
        )


def _matches(requested: ExpectedCall, call: ToolCall) -> bool:
    return call.name == requested.name and is_within(requested.args, call.arguments)


def is_within(requested: Any, found: Any) -> bool:
    """Whether every wanted key is found with its value; ``{regex = "..."}`` matches text and numbers."""
    if isinstance(requested, dict) and set(requested) == {"regex"}:
        return isinstance(found, str | int | float) and bool(re.search(requested["regex"], str(found), re.I))
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


Check = Callable[[Expect, TurnMetrics], Iterator[CheckOutcome]]


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
    "audible": _audible,
    "interrupted": _interrupted,
    "interrupted_within_ms": _timing(
        "interrupted_within_ms", "cut off", lambda metrics: metrics.interrupted_ms, voice_only=True
    ),
    "within_ms": _timing("within_ms", "a reply", lambda metrics: metrics.within_ms),
    "done_within_ms": _timing("done_within_ms", "the end of the response", lambda metrics: metrics.done_ms),
    "dead_air_ms": _timing(
        "dead_air_ms", "the agent again", lambda metrics: metrics.dead_air_ms, voice_only=True
    ),
    "events": _events,
    "in_order": _in_order,
    "absent": _absent,
    "errors": _errors,
    "max_tokens": _max_tokens,
    "max_cost": _max_cost,
}
