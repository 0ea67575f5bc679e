"""What a turn, or a whole conversation, can be measured by; the voice is timed by its played samples."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from realtime_cli.client.cost import Tokens
from realtime_cli.script.observed import CallSeen, Observed, TurnSeen


@dataclass(frozen=True, slots=True)
class Facts:
    """What a turn, or a conversation, can be measured by. None: could not be measured."""

    turn: int = 0
    reply: str = ""
    heard: str = ""
    calls: Sequence[CallSeen] = ()
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
    aloud: bool = True


def facts_of(turn: TurnSeen, *, aloud: bool) -> Facts:
    """The measurements of one turn."""
    first = turn.first_played_at if aloud else turn.first_text_at
    begin = turn.spoke_at if turn.spoke_at is not None else turn.began_at
    end = turn.ended_at if turn.ended_at is not None else turn.began_at
    return Facts(
        turn=turn.number,
        reply=turn.reply,
        heard=" ".join(turn.heard),
        calls=turn.calls,
        events=[name for _, name in sorted(turn.events)],
        errors=turn.errors,
        interrupted=turn.interrupted_at is not None,
        interrupted_ms=_ms(begin, turn.interrupted_at),
        within_ms=_ms(end, first),
        done_ms=_ms(end, turn.done_at),
        dead_air_ms=_dead_air_ms(end, turn.spans.values()) if aloud else None,
        tokens=turn.tokens,
        usd=turn.usd,
        late_ms=turn.late_ms,
        aloud=aloud,
    )


def whole_facts(observed: Observed) -> Facts:
    """Those of the conversation: everything together, and of the timings the worst."""
    turns = [facts_of(turn, aloud=observed.aloud) for turn in observed.turns]
    events = sorted(event for turn in observed.turns for event in turn.events)
    prices = [turn.usd for turn in turns]
    return Facts(
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
        aloud=observed.aloud,
    )


def _ms(begin: float | None, end: float | None) -> float | None:
    return None if begin is None or end is None else (end - begin) * 1000


def _worst(measured: Iterable[float | None]) -> float | None:
    return max((ms for ms in measured if ms is not None), default=None)


def _dead_air_ms(since: float, spans: Iterable[tuple[float, float]]) -> float | None:
    """The longest silence up to the end of the agent's sound."""
    longest, silent_since = None, since
    for begin, end in sorted(spans):
        longest = max(longest or 0.0, (begin - silent_since) * 1000)
        silent_since = max(silent_since, end)
    return longest
