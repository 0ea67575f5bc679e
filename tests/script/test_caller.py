"""A caller with a goal, held to the end: by rules and by a model, reached and not reached."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from realtime_cli.app.local_servers import LocalServers
from realtime_cli.app.targets import Target
from realtime_cli.audio.pcm import FRAME_SAMPLES, Samples
from realtime_cli.script.format import Caller, Expect, Script
from realtime_cli.script.load import LoadedScript
from realtime_cli.script.mocks import MockedTools
from realtime_cli.script.opening import CaseOpener
from realtime_cli.script.result import Case, CaseResult
from realtime_cli.script.runner import RunContext, run_case
from realtime_cli.server.engine.dialogue import Dialogue
from realtime_cli.server.engine.ports import EngineCall, EngineText
from tests.kit.chat_server import Answer, ChatServer, failure
from tests.kit.scripted_engine import Piece, ScriptedEngine
from tests.kit.timed_server import TimedAnswer, timed
from tests.script.stage import connecting, opens

BOOKING = {
    "goal": "I'd like to book a table for {people} people on {day}.",
    "knows": {"people": 4, "day": "Friday", "name": "Ada"},
    "success": {"calls": [{"name": "book_table", "args": {"people": 4, "day": {"regex": "friday"}}}]},
}
TOOL = {
    "tool": "book_table",
    "description": "Book a table in the restaurant",
    "parameters": {
        "type": "object",
        "properties": {"people": {"type": "integer"}, "day": {"type": "string"}},
        "required": ["people"],
    },
    "result": {"booked": True},
}


class Local(ScriptedEngine):
    """An engine that answers by the local server's own rules."""

    @property
    def reply(self) -> Any:
        return Dialogue()


async def word(text: str) -> Samples:
    return np.full(6 * FRAME_SAMPLES, 8000, np.int16)


def call(name: str = "book_table", **arguments: Any) -> list[Piece]:
    return [EngineCall(name, json.dumps(arguments))]


def says(text: str) -> list[Piece]:
    return [EngineText(text)]


async def held(
    caller: dict[str, Any], *answers: Sequence[Piece], engine: ScriptedEngine | None = None, **world: Any
) -> CaseResult:
    script = Script.model_validate({"caller": caller, "mocks": [TOOL], "quiet_ms": 20, "timeout_ms": 10_000})
    case = Case(LoadedScript(script, Path("a.toml")), text=True)
    tools = MockedTools(script.mocks)
    async with connecting(engine or ScriptedEngine((), answers)) as connect:
        return await run_case(
            case, RunContext(opens(connect, tools, schemas=tools.schemas([])), word, **world)
        )


def said(result: CaseResult) -> list[str]:
    return [turn.title.removeprefix("say: ") for turn in result.turns]


def verdicts(result: CaseResult) -> list[tuple[str, str, str]]:
    return [(verdict.name, verdict.status, verdict.found) for verdict in result.verdicts]


async def test_the_call_ends_as_soon_as_the_goal_is_reached() -> None:
    result = await held(
        BOOKING,
        says("What name shall I put it under?"),
        call(people=4, day="Friday"),
        says("It is booked."),
    )
    assert said(result) == ["I'd like to book a table for 4 people on Friday.", "The name is Ada."]
    assert (result.status, verdicts(result)) == ("passed", [("caller", "passed", "reached in turn 2")])


async def test_an_agent_that_swaps_a_slot_is_found_out() -> None:
    result = await held(
        {**BOOKING, "max_turns": 2},
        call(people=5, day="Friday"),
        says("A table for 5 people."),
        says("As you like."),
    )
    assert said(result)[1] == "No, that is wrong. The people is 4."
    assert result.status == "failed"
    assert verdicts(result) == [
        ("caller", "failed", "not after 2 turns"),
        ("calls", "failed", "book_table(people=5, day='Friday')"),
    ]


async def test_who_has_waited_long_enough_hangs_up() -> None:
    result = await held({**BOOKING, "patience_ms": 0.001}, says("One moment."))
    assert [(one.name, one.status) for one in result.turns[0].verdicts] == [("timeout", "failed")]
    assert verdicts(result)[0] == ("caller", "failed", "the caller lost patience in turn 1")


async def test_two_calls_with_one_seed_are_alike() -> None:
    caller = {**BOOKING, "seed": 3, "habits": {"corrects_itself": 0.5, "hesitates": 0.5}}
    one, again = [await held(caller, engine=Local()) for _ in range(2)]
    assert (said(one), verdicts(one)) == (said(again), verdicts(again))
    assert [turn.reply for turn in one.turns] == [turn.reply for turn in again.turns]
    right = await held(BOOKING, engine=Local())
    assert verdicts(right) == [("caller", "passed", "reached in turn 1")]


async def test_a_judge_is_asked_when_all_the_rest_is_right() -> None:
    asked: list[str] = []

    async def judge(case: Case, rubric: str, conversation: str) -> tuple[float, str]:
        asked.append(conversation)
        return (0.9, "it is") if "goodbye" in conversation else (0.1, "it is not")

    success = {**BOOKING["success"], "judge": "The agent said goodbye."}  # type: ignore[dict-item]
    script = {**BOOKING, "success": success}
    with pytest.raises(ValueError, match="something to judge"):
        await held(script)
    endpoint = {"url": "http://127.0.0.1:1/v1", "model": "m"}
    whole = Script.model_validate({"caller": script, "mocks": [TOOL], "judge": endpoint, "quiet_ms": 20})
    tools = MockedTools(whole.mocks)
    answers = [says("Yes?"), call(people=4, day="Friday"), says("Done."), says("Well, goodbye.")]
    async with connecting(ScriptedEngine((), answers)) as connect:
        opened = opens(connect, tools, schemas=tools.schemas([]))
        case = Case(LoadedScript(whole, Path("a.toml")), text=True)
        result = await run_case(case, RunContext(opened, word, judge))
    assert len(asked) == 2
    assert "User: I'd like to book a table" in asked[0]
    assert verdicts(result) == [("caller", "passed", "reached in turn 3")]


def chat(*texts: str) -> ChatServer:
    """A chat endpoint that says these."""
    bodies = [json.dumps({"choices": [{"message": {"content": text}}]}) for text in texts]
    return ChatServer([Answer([body], content_type="application/json") for body in bodies])


async def test_a_model_may_be_the_caller() -> None:
    async with chat("Hello, a table for four on Friday, please.", "My name is Ada.", "HANG UP") as server:
        model = {"url": server.url, "model": "small"}
        result = await held(
            {**BOOKING, "persona": "In a hurry.", "model": model},
            says("What is your name?"),
            says("That is all I can do."),
        )
    assert said(result) == ["Hello, a table for four on Friday, please.", "My name is Ada."]
    assert verdicts(result)[0] == ("caller", "failed", "the caller hung up after 2 turns")
    system, *talk = server.asked[-1].body["messages"]
    for told in ("In a hurry.", "book a table for 4 people on Friday", "- name: Ada"):
        assert told in system["content"]
    assert [(one["role"], one["content"]) for one in talk[2:]] == [
        ("user", "What is your name?"),
        ("assistant", "My name is Ada."),
        ("user", "That is all I can do."),
    ]


async def test_a_model_that_cannot_be_asked_is_told() -> None:
    async with ChatServer([failure(500, "no")]) as server:
        result = await held({**BOOKING, "model": {"url": server.url, "model": "small"}})
    assert "The caller's model at" in result.error
    assert "500" in result.error


async def test_a_call_may_have_no_test_at_all() -> None:
    result = await held({"goal": "Hello?", "max_turns": 2}, says("Hi."), says("Hi again."))
    assert (result.status, len(result.turns)) == ("passed", 2)


async def test_a_success_in_words_is_for_the_judge() -> None:
    caller = Caller.model_validate({"goal": "Hello?", "success": "The agent greets."})
    assert caller.wanted == Expect(judge="The agent greets.")


def test_a_persona_needs_a_model_to_do_without_a_goal() -> None:
    model = {"url": "http://127.0.0.1:1/v1", "model": "m"}
    assert Caller.model_validate({"persona": "In a hurry.", "model": model}).goal == ""
    with pytest.raises(ValueError, match="has no goal"):
        Caller.model_validate({"persona": "In a hurry."})


@pytest.mark.parametrize("turns", [{}, {"caller": {"goal": "x"}, "turns": [{"user": "y"}]}])
def test_a_script_has_turns_or_a_caller(turns: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="caller"):
        Script.model_validate(turns)


# -- backchannels aloud ---------------------------------------------------------------------------


@pytest.mark.heavy
@pytest.mark.parametrize(
    ("answers", "wrong"),
    [
        ([TimedAnswer([("tone", 3500)]), None], ""),
        ([TimedAnswer([("tone", 3500)], cut_after_ms=100), None], "it was cut off"),
        (
            [TimedAnswer([("tone", 3500)]), TimedAnswer([("tone", 200)], words="Yes?")],
            'it was cut off, and it answered "Yes?"',
        ),
    ],
)
async def test_an_agent_that_takes_the_callers_backchannel_for_a_turn_is_found_out(
    answers: list[TimedAnswer | None], wrong: str, tmp_path: Path
) -> None:
    caller: dict[str, Any] = {
        "goal": "Talk to me.",
        "habits": {"backchannels": 1.0},
        "max_turns": 2,
        "patience_ms": 15_000,
    }
    caller["success"] = {"backchannel": True, "contains": "Tone"}
    script = Script.model_validate({"caller": caller, "quiet_ms": 300})
    with timed(answers) as server:
        opener = CaseOpener(Target(against=server.url), LocalServers(1), "none")
        result = await run_case(
            Case(LoadedScript(script, tmp_path / "a.toml")), RunContext(opener.open, word)
        )
        await opener.close()
    assert said(result) == ["Talk to me.", "Mm-hmm."]
    assert len(server.exchanges) == 2, "both were heard"
    assert [each.found for each in result.bad if each.name == "backchannel"] == ([wrong] if wrong else [])
    assert result.status == ("failed" if wrong else "passed"), result.bad
