"""Why a script failed, in lines: the conversation around the place, the expectations there, how to replay it.

The same lines stand in the terminal, in JUnit, in Markdown and in pytest.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence

from realtime_cli.script.expectations import CheckResult
from realtime_cli.script.moments import Moment, MomentKind
from realtime_cli.script.result import CaseResult

TURNS_BEFORE = 2  # shown ahead of the first turn that failed
HERE = ">>>"

_SHOWN_AT: dict[str, MomentKind] = {
    "calls": "tool",
    "calls_in_order": "tool",
    "heard": "user",
    "interrupted": "interruption",
    "interrupted_within_ms": "interruption",
    "errors": "error",
    "within_ms": "latency",
}


def explain(result: CaseResult, recording: str | None = None) -> list[str]:
    """The lines below the script's name. ``recording``: what to call it, if not by its path."""
    lines = [f"  {result.error}"] if result.error else []
    lines += _conversation(result)
    lines += [f"  {warning}" for warning in result.warnings]
    if command := replay_command(result, recording):
        lines.append(f"  look at it: {command}")
    return lines


def replay_command(result: CaseResult, recording: str | None = None) -> str:
    """The command that shows the recording from the failed turn on; nothing where none was kept."""
    if not result.recording:
        return ""
    first = _first_bad_turn(result)
    place = f" --from turn:{first}" if first else ""
    return f"realtime-cli replay {recording or shlex.quote(result.recording)}{place}"


def _first_bad_turn(result: CaseResult) -> int:
    return min((verdict.turn for verdict in result.bad if verdict.turn), default=0)


def _conversation(result: CaseResult) -> Iterator[str]:
    """Moments of the turns that failed and of those around them, the verdicts below their moment."""
    bad_turns = {verdict.turn for verdict in result.bad} - {0}
    first, last = min(bad_turns, default=1), max(bad_turns, default=len(result.turns))
    shown = [moment for moment in result.moments if first - TURNS_BEFORE <= moment.turn <= last + 1]
    below = _by_moment(result, shown)
    turn = -1
    for moment in shown:
        here = HERE if moment in below else "   "
        head = f"turn {moment.turn}" if moment.turn and moment.turn != turn else ""
        turn = moment.turn
        yield f"{here} {moment.at_s:7.2f} s  {head:<8}{moment.kind:<12}  {moment.text}"
        yield from below.pop(moment, ())
    for verdicts in below.values():  # verdicts of turns that show nothing, and of the whole conversation
        yield from verdicts


def _by_moment(result: CaseResult, shown: Sequence[Moment]) -> dict[Moment | None, list[str]]:
    """The lines of each turn's expectations, under the moment where the first failure shows."""
    below: dict[Moment | None, list[str]] = {}
    for turn in result.turns:
        bad = [verdict for verdict in turn.verdicts if verdict.bad]
        if bad:
            kept = [verdict for verdict in turn.verdicts if verdict.status == "passed"]
            place = _place(bad[0], [moment for moment in shown if moment.turn == turn.number])
            below.setdefault(place, []).extend(map(_line, [*bad, *kept]))
    whole = [verdict for verdict in result.verdicts if verdict.bad]
    if whole:
        below.setdefault(None, []).extend(map(_line, whole))
    return below


def _place(verdict: CheckResult, moments: Sequence[Moment]) -> Moment | None:
    """Where in its turn a verdict shows: at the call, the latency, what the agent said, or the turn's end."""
    for kind in (_SHOWN_AT.get(verdict.name, "agent"), "agent"):
        for moment in moments:
            if moment.kind == kind:
                return moment
    return moments[-1] if moments else None


def _line(verdict: CheckResult) -> str:
    why = {"passed": " (passed)", "unreliable": " (unreliable)"}.get(verdict.status, "")
    place = f"  [{verdict.place}]" if verdict.place else ""
    return f"      {verdict}{why}{place}"
