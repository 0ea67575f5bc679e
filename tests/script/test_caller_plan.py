"""A caller without a model: the agent's words in, the next words out."""

from __future__ import annotations

from typing import Any

import pytest

from realtime_cli.script.caller_plan import BACKCHANNEL, DialoguePlan
from realtime_cli.script.format import Caller, ScriptTurn

TABLE = {
    "goal": "I'd like to book a table for {people} people on {day}.",
    "knows": {"people": 4, "day": "Friday", "name": "Ada", "phone": {"value": "0199", "asked": "reach you"}},
}


def plan(*, spoken: bool = True, **more: Any) -> DialoguePlan:
    return DialoguePlan(Caller.model_validate({**TABLE, **more}), spoken=spoken)


async def said(plan: DialoguePlan, reply: str | None) -> str:
    [turn] = await plan.next(reply)
    return str(turn.words)


async def test_the_goal_is_said_first_with_what_the_caller_knows() -> None:
    assert await said(plan(), None) == "I'd like to book a table for 4 people on Friday."


@pytest.mark.parametrize(
    ("reply", "answer"),
    [
        ("What name shall I put it under?", "The name is Ada."),
        ("How can we reach you?", "The phone is 0199."),
        ("Sure. What is your name, and for how many people?", "The people is 4. The name is Ada."),
        ("So that is five people on Friday.", "No, that is wrong. The people is 4."),
        ("A table for 4 people on Thursday, at noon.", "No, that is wrong. The day is Friday."),
        ("A table for four people on Friday. Is that right?", "Yes, please."),
        ("One moment.", "The name is Ada."),
    ],
)
async def test_an_answer_goes_by_rules(reply: str, answer: str) -> None:
    caller = plan()
    await caller.next(None)
    assert await said(caller, reply) == answer


async def test_who_has_told_everything_says_the_goal_again() -> None:
    caller = plan(knows={"people": 4, "day": "Friday"})
    await caller.next(None)
    again = await said(caller, "You said something.")
    assert again.endswith("I'd like to book a table for 4 people on Friday.")
    assert again != await said(caller, "You said something.")


async def test_a_fact_is_corrected_twice_at_most() -> None:
    caller = plan(knows={"people": 4, "day": "Friday"})
    await caller.next(None)
    answers = [await said(caller, "Five people.") for _ in range(3)]
    assert [answer.startswith("No, that is wrong.") for answer in answers] == [True, True, False]


async def test_own_words_for_a_fact() -> None:
    caller = plan(knows={"people": {"value": 4, "say": "There are four of us."}})
    await caller.next(None)
    assert await said(caller, "How many people?") == "There are four of us."


def shape(turns: list[ScriptTurn]) -> list[Any]:
    return [(turn.say, turn.at and (turn.at.after, turn.at.ms), turn.respond) for turn in turns]


async def test_habits_are_alike_for_one_seed_and_need_a_voice() -> None:
    habits = {"hesitates": 0.5, "corrects_itself": 0.5, "interrupts": 0.3, "backchannels": 0.3}

    async def call(seed: int, *, spoken: bool = True) -> list[Any]:
        caller = plan(habits=habits, seed=seed, spoken=spoken)
        return [shape(await caller.next(reply)) for reply in (None, *["Hm."] * 7)]

    assert await call(1) == await call(1)
    assert await call(1) != await call(2)
    typed = await call(1, spoken=False)
    assert all(len(turns) == 1 and isinstance(turns[0][0], str) for turns in typed)


async def test_a_hesitation_is_a_pause_in_the_sentence() -> None:
    [turn] = await plan(habits={"hesitates": 1.0}).next(None)
    assert isinstance(turn.say, list)
    before, pause_ms, after = turn.say
    assert str(before).endswith(", um,")
    assert 200 <= float(pause_ms) < 400
    assert (
        f"{str(before).removesuffix(', um,')} {after}" == "I'd like to book a table for 4 people on Friday."
    )


async def test_a_correction_names_the_right_value_last() -> None:
    text = await said(plan(knows={"people": 4}, habits={"corrects_itself": 1.0}), None)
    assert "5, no, sorry, 4 people" in text


async def test_an_interruption_and_a_backchannel_begin_while_the_agent_speaks() -> None:
    _, interruption = await plan(habits={"interrupts": 1.0}).next(None)
    assert interruption.at is not None
    assert interruption.at.after == "agent.speech_started"
    assert (interruption.say, interruption.expects_reply) == ("The name is Ada.", True)
    _, backchannel = await plan(habits={"backchannels": 1.0}).next(None)
    assert (backchannel.say, backchannel.expects_reply) == (BACKCHANNEL, False)
