"""Verdicts of a conversation that no single expectation gives."""

from __future__ import annotations

from pathlib import Path

import pytest

from realtime_cli.script.format import Script
from realtime_cli.script.judging import Judging
from realtime_cli.script.load import LoadedScript
from realtime_cli.script.result import Case
from tests.script.scenes import Scene


@pytest.mark.parametrize(
    ("late_ms", "trouble", "status", "found"),
    [
        (0, "", "failed", "nothing more"),
        (900, "", "failed", "nothing more"),
        (1100, "", "unreliable", "nothing more, but the client's own pacing was 1100 ms late"),
        (1100, "It was refused.", "failed", "It was refused."),
    ],
)
def test_a_time_limit_missed_by_a_program_that_was_very_late_itself_is_unreliable(
    late_ms: int, trouble: str, status: str, found: str
) -> None:
    scene = Scene()
    scene.turn(1, 1.0)
    scene.typed("hi")
    if late_ms:
        scene.annotate("late", ms=late_ms)
    scene.annotate("over", turn=1, waited_for="an answer")
    script = Script.model_validate({"turns": [{"user": "hi"}], "timeout_ms": 20_000})
    judging = Judging(Case(LoadedScript(script, Path("a.toml"))), scene.collected)
    scene.collected.turns[1].trouble = trouble
    [verdict] = judging.verdicts(1, script.turns[0])
    assert (verdict.name, verdict.status, verdict.expected) == ("timeout", status, "an answer within 20 s")
    assert verdict.found == found
