"""Why a script failed: the lines that stand in the terminal, in JUnit, in Markdown and in pytest."""

from __future__ import annotations

from pathlib import Path

import pytest

from realtime_cli.script.expectations import CheckResult
from realtime_cli.script.explanation import explain, replay_command
from realtime_cli.script.format import Script
from realtime_cli.script.load import LoadedScript
from realtime_cli.script.moments import Moment, moments
from realtime_cli.script.result import Case, CaseResult, TurnResult
from tests.script.scenes import Scene

CASE = Case(LoadedScript(Script.model_validate({"turns": [{"user": "hi"}]}), Path("talk.toml")))


def turn(number: int, *verdicts: CheckResult) -> TurnResult:
    return TurnResult(number, "", "", {}, verdicts)


def test_the_conversation_stands_around_the_place_with_every_expectation_of_that_turn() -> None:
    said = [Moment(n, n * 2.0, "user", f"question {n}") for n in range(1, 7)]
    said += [Moment(n, n * 2.0 + 0.5, "agent", f"answer {n}") for n in range(1, 7)]
    said += [Moment(4, 8.25, "tool", "book(people=4) -> full (12 ms)")]
    wrong = CheckResult(4, "calls", "failed", "book(people=5) called", "book(people=4)", "talk.toml:9")
    right = CheckResult(4, "contains", "passed", 'a reply with "4"', '"answer 4"')
    result = CaseResult(
        CASE,
        tuple(turn(n, *((wrong, right) if n == 4 else ())) for n in range(1, 7)),
        recording="rec/a b.jsonl",
        moments=tuple(sorted(said, key=lambda moment: moment.at_s)),
    )
    assert explain(result) == [
        "       4.00 s  turn 2  user          question 2",
        "       4.50 s          agent         answer 2",
        "       6.00 s  turn 3  user          question 3",
        "       6.50 s          agent         answer 3",
        "       8.00 s  turn 4  user          question 4",
        ">>>    8.25 s          tool          book(people=4) -> full (12 ms)",
        "      turn 4: calls: expected book(people=5) called; found book(people=4)  [talk.toml:9]",
        '      turn 4: contains: expected a reply with "4"; found "answer 4" (passed)',
        "       8.50 s          agent         answer 4",
        "      10.00 s  turn 5  user          question 5",
        "      10.50 s          agent         answer 5",
        "  look at it: realtime-cli replay 'rec/a b.jsonl' --from turn:4",
    ]
    assert replay_command(result, "LAST") == "realtime-cli replay LAST --from turn:4"


@pytest.mark.parametrize(
    ("name", "place"),
    [("contains", "agent"), ("heard", "user"), ("within_ms", "latency"), ("calls", "agent")],
)
def test_the_mark_stands_where_the_failure_shows(name: str, place: str) -> None:
    said = tuple(Moment(1, at, kind, kind) for at, kind in enumerate(("user", "latency", "agent")))  # type: ignore[arg-type]
    result = CaseResult(CASE, (turn(1, CheckResult(1, name, "failed")),), moments=said)
    [marked] = [line for line in explain(result) if line.startswith(">>>")]
    assert marked.endswith(place)


def test_what_was_wrong_with_the_whole_stands_behind_it_and_an_error_ahead() -> None:
    whole = (CheckResult(0, "max_cost", "failed", "at most $1", "$2"),)
    result = CaseResult(CASE, verdicts=whole, error="The server left.", moments=(Moment(1, 0, "user", "hi"),))
    assert explain(result) == [
        "  The server left.",
        "       0.00 s  turn 1  user          hi",
        "      conversation: max_cost: expected at most $1; found $2",
    ]


def test_moments_are_words_calls_cuts_and_the_parts_of_a_latency_in_order() -> None:
    scene = Scene()
    scene.turn(1, 0.0)
    scene.spoken(0.1, 1.0)
    scene.at = 1.2
    scene.server("input_audio_buffer.committed", item_id="u1")
    scene.server("conversation.item.input_audio_transcription.completed", item_id="u1", transcript="Book it.")
    scene.calls("book", '{"people": 4}', "full")
    scene.at = 1.5
    scene.answers("It is full.")
    scene.plays(1.6, 2.0)
    scene.turn(2, 2.0)
    scene.cut("i1", 300)

    lines = [(m.turn, m.at_s, m.kind, m.text) for m in moments(scene.collected, {1: "Look it up."})]

    assert lines == [
        (1, 0.1, "user", "Look it up. (understood: Book it.)"),
        (1, 1.2, "tool", "book(people=4) -> full (0 ms)"),
        (1, 1.6, "agent", "It is full."),
        (1, 1.6, "latency", "600 ms: end-pointing 200 · server 300 · tool 0 · you 0 · buffer 100"),
        (2, 2.0, "interruption", "the agent was cut off after 300 ms"),
    ]
