"""What a turn, or a whole conversation, can be measured by; the voice is timed by what one can hear."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from realtime_cli.client.cost import Tokens
from realtime_cli.conversation.turns import LatencyParts, ToolUse
from realtime_cli.script.turn_collector import Span, TurnCollector, TurnRecord
from realtime_cli.untrusted_json import parse_json


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A tool that the agent called, and what it got; ``output`` is None while it runs."""

    name: str
    arguments: dict[str, Any]
    output: str | None = None
    failed: bool = False
    status: str = ""
    """``done``, ``failed`` or ``cancelled``; empty while it runs."""

    def __str__(self) -> str:
        return f"{self.name}({', '.join(f'{name}={value!r}' for name, value in self.arguments.items())})"


@dataclass(frozen=True, slots=True)
class TurnStep:
    """What happened at a second of the session; ``text``: the words, or the name of the event or error."""

    at: float
    kind: Literal["says", "call", "event", "error"]
    text: str = ""
    call: ToolCall | None = None


@dataclass(frozen=True, slots=True)
class TurnMetrics:
    """What a turn, or a conversation, can be measured by. None: could not be measured.

    ``within_ms``, ``done_ms`` and ``dead_air_ms`` count from the end of the user's turn, time that a tool
    waited for the user's permission left out; ``interrupted_ms`` from its beginning.
    """

    turn: int = 0
    reply: str = ""
    heard: str = ""
    calls: Sequence[ToolCall] = ()
    events: Sequence[str] = ()
    errors: Sequence[tuple[str, str]] = ()
    interrupted: bool = False
    interrupted_ms: float | None = None
    within_ms: float | None = None
    done_ms: float | None = None
    dead_air_ms: float | None = None
    audible_ms: float | None = None
    tokens: Tokens = field(default_factory=Tokens)
    usd: float | None = 0.0
    late_ms: float = 0.0
    text_mode: bool = False
    """Whether the session is text only."""
    steps: Sequence[TurnStep] = ()
    """Messages, calls, events and errors in order."""
    earlier_calls: Sequence[ToolCall] = ()
    """Those of the turns before."""
    went_on_ms: float = 0.0
    """For how long the agent still sounded with what it had begun before this turn."""
    talk_over_ms: float | None = None
    """For how long both sounded at once, the user from first to last sound; None before the last."""
    parts: LatencyParts | None = None
    """What the user waited for."""

    def since(self, event: str) -> TurnMetrics | None:
        """What is left from the first such event on; None where it did not come."""
        begin = next((step.at for step in self.steps if step.kind == "event" and step.text == event), None)
        if begin is None:
            return None
        left = [step for step in self.steps if step.at >= begin]
        return replace(
            self,
            steps=left,
            reply=" ".join(step.text for step in left if step.kind == "says"),
            calls=[step.call for step in left if step.call],
            events=[step.text for step in left if step.kind == "event"],
        )


def turn_metrics(turn: TurnRecord, collected: TurnCollector) -> TurnMetrics:
    """The measurements of one turn."""
    with_voice = collected.with_voice
    timing = turn.timing
    begin = timing.began_at if turn.spoke_at is None else turn.spoke_at
    end = timing.began_at if timing.ended_at is None else timing.ended_at
    interrupted_at = turn.interrupted_at
    audible = sorted(span for spans in turn.spans.values() for span in spans)
    return TurnMetrics(
        turn=turn.number,
        reply=turn.reply,
        heard=turn.transcript,
        calls=tuple(map(tool_call, timing.tools)),
        events=[name for _, name in sorted(turn.events)],
        errors=turn.errors,
        interrupted=interrupted_at is not None,
        interrupted_ms=None if interrupted_at is None else (interrupted_at - begin) * 1000,
        within_ms=timing.played_ms if with_voice and not timing.written else timing.latency_ms,
        done_ms=timing.done_ms,
        dead_air_ms=_dead_air_ms(end, audible, turn.played_until) if with_voice else None,
        audible_ms=sum(end - begin for begin, end in audible) * 1000 if with_voice else None,
        tokens=timing.tokens,
        usd=timing.usd,
        late_ms=turn.late_ms,
        text_mode=collected.text_mode,
        steps=_steps(turn),
        earlier_calls=[
            tool_call(use)
            for before in collected.turns[: turn.timing.number - 1]
            for use in before.timing.tools
        ],
        went_on_ms=_went_on_ms(begin, collected.turns[: turn.timing.number - 1]),
        talk_over_ms=_talk_over_ms(turn, collected) if with_voice else None,
        parts=timing.parts,
    )


def _steps(turn: TurnRecord) -> list[TurnStep]:
    begin = turn.timing.began_at
    errors_at = [at for at, name in turn.events if name == "error"] or [begin]
    found = [
        *(TurnStep(turn.text_at.get(part, begin), "says", text.strip()) for part, text in turn.texts.items()),
        *(TurnStep(use.called_at, "call", use.name, tool_call(use)) for use in turn.timing.tools),
        *(TurnStep(at, "event", name) for at, name in turn.events),
        *(
            TurnStep(errors_at[min(place, len(errors_at) - 1)], "error", code)
            for place, (code, _) in enumerate(turn.errors)
        ),
    ]
    return sorted((step for step in found if step.text), key=lambda step: (step.at, step.kind != "event"))


def _went_on_ms(since: float, before: Iterable[TurnRecord]) -> float:
    spans = (span for turn in before for audible in turn.spans.values() for span in audible)
    return sum(max(0.0, end - max(begin, since)) for begin, end in spans) * 1000


def _talk_over_ms(turn: TurnRecord, collected: TurnCollector) -> float | None:
    if turn.spoke_at is None or turn.timing.ended_at is None:
        return None
    begin, end = turn.spoke_at, turn.timing.ended_at
    spans = (span for one in collected.turns for audible in one.spans.values() for span in audible)
    return sum(max(0.0, min(until, end) - max(since, begin)) for since, until in spans) * 1000


def conversation_metrics(collected: TurnCollector) -> TurnMetrics:
    """Those of the conversation: everything together, and of the timings the worst."""
    turns = [turn_metrics(turn, collected) for turn in collected.turns]
    events = sorted(event for turn in collected.turns for event in turn.events)
    spending = collected.spending
    return TurnMetrics(
        reply=" ".join(turn.reply for turn in turns if turn.reply),
        heard=" ".join(turn.heard for turn in turns if turn.heard),
        calls=[call for turn in turns for call in turn.calls],
        events=[name for _, name in events],
        errors=[error for turn in turns for error in turn.errors],
        interrupted=any(turn.interrupted for turn in turns),
        interrupted_ms=_worst(turn.interrupted_ms for turn in turns),
        within_ms=_worst(turn.within_ms for turn in turns[1:]),
        done_ms=_worst(turn.done_ms for turn in turns[1:]),
        dead_air_ms=_worst(turn.dead_air_ms for turn in turns[1:]),
        talk_over_ms=_worst(turn.talk_over_ms for turn in turns[1:]),
        audible_ms=sum(turn.audible_ms or 0.0 for turn in turns) if collected.with_voice else None,
        tokens=sum((turn.tokens for turn in turns), Tokens()),
        usd=None if spending.unpriced else spending.known_usd,
        late_ms=max(turn.late_ms for turn in turns),
        text_mode=collected.text_mode,
        steps=sorted((step for turn in turns for step in turn.steps), key=lambda step: step.at),
    )


def turn_lines(metrics: TurnMetrics, said: str | None = None) -> list[str]:
    """The words of a turn, for a judge. ``said``: what the user said, where the program knows it."""
    spoken = said or metrics.heard
    lines = [f"User: {spoken}"] if spoken else []
    lines += [f"Agent calls {call.name}({call.arguments})" for call in metrics.calls]
    return [*lines, f"Agent: {metrics.reply or '(nothing)'}"]


def tool_call(run: ToolUse) -> ToolCall:
    """A call with its arguments read; what is no JSON object counts as none."""
    output = run.output if run.ended else None
    return ToolCall(run.name, read_arguments(run.arguments), output, run.failed, run.ended)


def read_arguments(text: str) -> dict[str, Any]:
    """The arguments that a model wrote; empty where they are no JSON object."""
    try:
        arguments = parse_json(text or "{}")
    except ValueError:
        return {}
    return arguments if isinstance(arguments, dict) else {}


def _worst(measured: Iterable[float | None]) -> float | None:
    return max((ms for ms in measured if ms is not None), default=None)


def _dead_air_ms(since: float, audible: Sequence[Span], until: float | None) -> float | None:
    """The longest silence up to the end of what was played; None where nothing was.

    Silence that was played while the user still spoke, and nothing else, is nothing, too.
    """
    if until is None or (until < since and not audible):
        return None
    longest, silent_since = 0.0, since
    for begin, end in (*audible, (until, until)):
        longest = max(longest, (begin - silent_since) * 1000)
        silent_since = max(silent_since, end)
    return longest
