"""Chance in a promoted script: expectations that the script's own run does not meet again."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from realtime_cli.script.expectations import CheckResult
from realtime_cli.script.result import CaseResult

Tree = dict[str, Any]
IN_LISTS = ("contains", "calls", "heard")
SINGLE = ("interrupted", "no_reply", "errors")


@dataclass
class Sifted:
    """``turns``: without what was chance; ``chance``, in sentences; ``broken``: what cannot be left out.

    ``unanswered``: numbers of turns that were answered once and now are not; nothing is left out of them.
    """

    turns: list[Tree]
    chance: list[str] = field(default_factory=list)
    unanswered: list[int] = field(default_factory=list)
    broken: list[CheckResult] = field(default_factory=list)


def without_chance(turns: Sequence[Tree], result: CaseResult) -> Sifted:
    """The turns of a script after a run of it. Pure: ``turns`` stay as they are."""
    sifted = Sifted(copy.deepcopy(list(turns)))
    for turn, came in zip(sifted.turns, result.turns, strict=False):
        if any(verdict.bad and verdict.name == "timeout" for verdict in came.verdicts):
            sifted.unanswered.append(came.number)
            continue
        expect: Tree = turn.get("expect", {})
        for name in IN_LISTS:
            verdicts = [each for each in came.verdicts if each.name == name]
            if not any(each.bad for each in verdicts):
                continue
            given = expect[name] if isinstance(expect[name], list) else [expect[name]]
            kept = [one for one, verdict in zip(given, verdicts, strict=False) if not verdict.bad]
            expect.pop(name)
            expect |= {name: kept} if kept else {}
        for verdict in (each for each in came.verdicts if each.bad):
            if verdict.name in SINGLE:
                expect.pop(verdict.name, None)
            if verdict.name in (*IN_LISTS, *SINGLE):
                sifted.chance.append(str(verdict))
            else:
                sifted.broken.append(verdict)
        if not expect:
            turn.pop("expect", None)
    return sifted
