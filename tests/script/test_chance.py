"""After a run of a promoted script: what did not come again is chance, what cannot be held is broken."""

from __future__ import annotations

from pathlib import Path

from realtime_cli.script.chance import without_chance
from realtime_cli.script.expectations import CheckResult, Status
from realtime_cli.script.format import Script
from realtime_cli.script.load import LoadedScript
from realtime_cli.script.result import Case, CaseResult, TurnResult

TURNS = [
    {
        "user": "When?",
        "expect": {"contains": ["table", "18:30"], "calls": [{"name": "clock"}], "interrupted": True},
    },
    {"user": "Thanks.", "expect": {"no_reply": True}},
]


def came(*verdicts: tuple[int, str, Status]) -> CaseResult:
    script = Script.model_validate({"turns": TURNS})
    turns = (
        TurnResult(
            number,
            "",
            "",
            {},
            tuple(
                CheckResult(turn, name, status, "x", "y") for turn, name, status in verdicts if turn == number
            ),
        )
        for number in (1, 2)
    )
    return CaseResult(Case(LoadedScript(script, Path("s.toml"))), tuple(turns))


def test_what_came_again_stays() -> None:
    result = came((1, "contains", "passed"), (1, "contains", "passed"), (1, "calls", "passed"))
    sifted = without_chance(TURNS, result)
    assert (sifted.turns, sifted.chance, sifted.broken) == (TURNS, [], [])


def test_one_word_of_several_is_left_out_and_named() -> None:
    sifted = without_chance(TURNS, came((1, "contains", "passed"), (1, "contains", "failed")))
    assert sifted.turns[0]["expect"]["contains"] == ["table"]
    assert sifted.chance == ["turn 1: contains: expected x; found y"]
    assert TURNS[0]["expect"]["contains"] == ["table", "18:30"], "the script itself stays as it is"  # type: ignore[index]


def test_a_turn_of_which_nothing_is_left_expects_nothing() -> None:
    sifted = without_chance(TURNS, came((2, "no_reply", "failed"), (1, "interrupted", "failed")))
    assert sifted.turns[1] == {"user": "Thanks."}
    assert "interrupted" not in sifted.turns[0]["expect"]


def test_a_turn_that_is_not_answered_is_named_and_stays_as_it_is() -> None:
    sifted = without_chance(TURNS, came((1, "timeout", "failed"), (1, "contains", "failed")))
    assert (sifted.unanswered, sifted.chance) == ([1], [])
    assert sifted.turns == TURNS


def test_an_interruption_that_did_not_come_about_is_no_chance() -> None:
    sifted = without_chance(TURNS, came((2, "at", "failed")))
    assert [verdict.name for verdict in sifted.broken] == ["at"]
