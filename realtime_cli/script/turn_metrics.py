"""What a turn, or a whole conversation, can be measured by; the voice is timed by its played samples."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from realtime_cli.client.cost import Tokens
from realtime_cli.conversation.turns import ToolUse
from realtime_cli.script.turn_collector import TurnCollector, TurnRecord
from realtime_cli.untrusted_json import parse_json


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A tool that the agent called, and what it got; ``output`` is None while it runs."""

    name: str
    arguments: dict[str, Any]
    output: str | None = None
    failed: bool = False


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
    tokens: Tokens = field(default_factory=Tokens)
    usd: float | None = 0.0
    late_ms: float = 0.0
    with_audio: bool = True


def turn_metrics(turn: TurnRecord, *, with_audio: bool) -> TurnMetrics:
    """The measurements of one turn."""
    timing = turn.timing
    begin = timing.began_at if turn.spoke_at is None else turn.spoke_at
    end = timing.began_at if timing.ended_at is None else timing.ended_at
    interrupted_at = turn.interrupted_at
    return TurnMetrics(
        turn=turn.number,
        reply=turn.reply,
        heard=turn.transcript,
        calls=tuple(map(tool_call, timing.tools)),
        events=[name for _, name in sorted(turn.events)],
        errors=turn.errors,
        interrupted=interrupted_at is not None,
        interrupted_ms=None if interrupted_at is None else (interrupted_at - begin) * 1000,
        within_ms=timing.latency_ms,
        done_ms=timing.done_ms,
        dead_air_ms=_dead_air_ms(end, turn.spans.values()) if with_audio else None,
        tokens=timing.tokens,
        usd=timing.usd,
        late_ms=turn.late_ms,
        with_audio=with_audio,
    )


def conversation_metrics(collected: TurnCollector) -> TurnMetrics:
    """Those of the conversation: everything together, and of the timings the worst."""
    turns = [turn_metrics(turn, with_audio=collected.with_audio) for turn in collected.turns]
    events = sorted(event for turn in collected.turns for event in turn.events)
    prices = [turn.usd for turn in turns]
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
        tokens=sum((turn.tokens for turn in turns), Tokens()),
        usd=None if None in prices else sum(usd for usd in prices if usd is not None),
        late_ms=max(turn.late_ms for turn in turns),
        with_audio=collected.with_audio,
    )


def tool_call(run: ToolUse) -> ToolCall:
    """A call with its arguments read; what is no JSON object counts as none."""
    return ToolCall(run.name, read_arguments(run.arguments), run.output if run.ended else None, run.failed)


def read_arguments(text: str) -> dict[str, Any]:
    """The arguments that a model wrote; empty where they are no JSON object."""
    try:
        arguments = parse_json(text or "{}")
    except ValueError:
        return {}
    return arguments if isinstance(arguments, dict) else {}


def _worst(measured: Iterable[float | None]) -> float | None:
    return max((ms for ms in measured if ms is not None), default=None)


def _dead_air_ms(since: float, spans: Iterable[tuple[float, float]]) -> float | None:
    """The longest silence up to the end of the agent's sound."""
    longest, silent_since = None, since
    for begin, end in sorted(spans):
        longest = max(longest or 0.0, (begin - silent_since) * 1000)
        silent_since = max(silent_since, end)
    return longest
