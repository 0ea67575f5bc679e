"""Pipecat's evals as scripts of ours."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from realtime_cli.errors import ConfigError
from realtime_cli.script.format import Script
from realtime_cli.script.pipecat import scripts_of

TEXT = """
name: weather
judge: {eval: {service: ollama, model: "gemma2:9b"}}
turns:
  - expect:
      - {event: response, eval: greets the user}
  - user: What is the weather in Oslo?
    expect:
      - event: function_call
        calls: [{name: weather, args: {city: Oslo}}]
      - {event: response, text_contains: Oslo, text_excludes: sorry, within_ms: 3000}
  - dtmf: "12#"
    send_after: {event: bot_started_speaking, delay_ms: 400}
    expect:
      - {event: response, absent: true, within_ms: 500}
  - user: hm
    expect:
      - {event: llm_marker, marker: short}
"""

SPOKEN = """
scenarios:
  - name: spoken
    user: {modality: audio}
    turns:
      - user: Hello
      - user: What he says
        audio: clip.wav
        expect: [{event: user_transcription, text_contains: says}]
"""


def test_turns_and_expectations_are_taken_over() -> None:
    ((tree, left),) = scripts_of(yaml.safe_load(TEXT))
    script = Script.model_validate(tree)
    assert script.mode == "text"
    assert script.judge is not None
    opening, question, keys, _ = script.turns
    assert (opening.kind, opening.expect.judge) == ("nothing", "greets the user")
    assert question.expect.calls is not None
    assert question.expect.calls[0].args == {"city": "Oslo"}
    assert (question.expect.contains, question.expect.excludes) == (["Oslo"], ["sorry"])
    assert question.expect.in_order == ["tool.called", "agent.replied"]
    assert question.expect.within_ms == 3000
    assert keys.at is not None
    assert (keys.dtmf, keys.at.after, keys.at.ms) == ("12#", "agent.speech_started", 400)
    assert keys.expect.no_reply
    assert left == ["turn 4: the event llm_marker"]


def test_spoken_turns_are_said_or_played() -> None:
    ((tree, _),) = scripts_of(yaml.safe_load(SPOKEN))
    script = Script.model_validate(tree)
    assert script.mode == "agent"
    assert [turn.kind for turn in script.turns] == ["say", "wav"]
    assert script.turns[1].text == "What he says"
    assert script.turns[1].expect.heard == ["says"]


CALLER = """
name: pizza
persona: |
  Sam, in a hurry.
  Wants one thing.
goal: Order a pizza.
success: an order was taken
metrics:
  - {name: polite, criterion: it is courteous, min_score: 1}
  - {name: recorded, measure: function_calls, calls: [order, {name: confirm, args: {count: 1}}]}
  - {measure: latency, max_value: 2.5}
  - {measure: words, max_value: 40}
max_turns: 6
max_silence_s: 10
max_duration_s: 120
simulator: {service: ollama}
"""


def test_a_persona_becomes_a_caller() -> None:
    ((tree, left),) = scripts_of(yaml.safe_load(CALLER))
    assert tree["caller"] == {
        "persona": "Sam, in a hurry. Wants one thing.",
        "goal": "Order a pizza.",
        "success": "an order was taken",
        "max_turns": 6,
        "patience_ms": 10_000,
        "model": {"url": "http://127.0.0.1:11434/v1", "model": "gemma4:12b"},
    }
    assert tree["expect"]["calls"] == [{"name": "order"}, {"name": "confirm", "args": {"count": 1}}]
    assert tree["expect"]["within_ms"] == 2500
    assert tree["expect"]["judge"] == "in every reply: it is courteous"
    assert tree["judge"] == {"url": "http://127.0.0.1:11434/v1", "model": "gemma4:12b"}
    assert left == [
        "metrics: recorded: that nothing else is called",
        "metrics: words",
        "max_duration_s",
    ]


def turns_of(text: str, *, spoken: bool = False) -> tuple[list[Any], list[str]]:
    user = {"user": {"modality": "audio"}, "judge": {"modality": "audio"}} if spoken else {}
    ((tree, left),) = scripts_of({"name": "x", **user, "turns": yaml.safe_load(text)})
    Script.model_validate(tree)
    return tree["turns"], left


def test_no_second_reply_is_silence_behind_the_reply() -> None:
    turns, left = turns_of(
        "[{user: hi, expect: [{event: response, text_contains: hi}, "
        "{event: response, absent: true, within_ms: 9000}]}]"
    )
    reply, quiet = turns
    assert reply["expect"] == {"in_order": ["agent.replied"], "contains": ["hi"]}
    assert quiet == {
        "note": "nothing more is said",
        "silence_ms": 9000,
        "expect": {"no_reply": True},
    }
    assert left == []


def test_a_pause_in_a_sentence_is_spoken_and_in_text_it_is_named() -> None:
    text = "[{user: [I went to, {pause_ms: 2000}, Spain.]}]"
    assert turns_of(text, spoken=True) == ([{"say": ["I went to", 2000, "Spain."]}], [])
    assert turns_of(text) == ([{"user": "I went to Spain."}], ["turn 1: pause_ms: in text nobody pauses"])


def test_the_judge_is_asked_about_calls_and_replies_together() -> None:
    turns, _ = turns_of(
        "[{user: hi, expect: [{event: function_call, name: send, eval: for Jo}, "
        "{event: response, eval: greets}]}]"
    )
    assert turns[0]["expect"]["judge"] == "All of this is true: (1) the call of send: for Jo; (2) greets"
    assert turns[0]["expect"]["calls"] == [{"name": "send"}]


def test_calls_that_are_expected_one_after_the_other_are_in_order() -> None:
    turns, _ = turns_of(
        "[{user: hi, expect: [{event: function_call, calls: [{name: a}]}, "
        "{event: function_call, calls: [{name: b}]}]}]"
    )
    assert turns[0]["expect"] == {
        "in_order": ["tool.called", "tool.called"],
        "calls": [{"name": "a"}, {"name": "b"}],
        "calls_in_order": True,
    }


def test_what_comes_at_any_time_of_the_turn_is_in_no_order() -> None:
    turns, _ = turns_of(
        "[{user: hi, expect: [{event: response}, {event: function_call, name: a, check_from: turn_start}]}]"
    )
    assert turns[0]["expect"]["in_order"] == ["agent.replied"]
    assert turns[0]["expect"]["events"] == ["tool.called"]


def test_events_of_the_voice_are_named_where_nobody_speaks() -> None:
    text = (
        "[{user: stop, send_after: {delay_ms: 500}, expect: [{event: bot_interrupted}, "
        "{event: user_transcription, absent: true}]}]"
    )
    turns, left = turns_of(text)
    assert turns == [{"user": "stop", "at": {"after": "turn", "ms": 500}}]
    assert left == [
        "turn 1: the event bot_interrupted: in text nobody speaks",
        "turn 1: no user_transcription: in text nobody speaks",
    ]
    assert turns_of(text, spoken=True)[0][0]["expect"] == {
        "in_order": ["interrupted"],
        "absent": ["user.transcribed"],
    }


def test_a_context_is_the_history_and_a_picture_goes_ahead_of_what_is_said() -> None:
    context = [{"role": "developer", "content": "Be brief, ${HOME}."}, {"role": "tool", "content": "x"}]
    user = {"modality": "audio"}
    turn = {"user": "What is it?", "image": "cat.jpg"}
    ((tree, left),) = scripts_of(
        {"context": context, "user": user, "turns": [turn]}, lambda name: f"up/{name}"
    )
    assert tree["set"] == {"conversation.items": [{"role": "system", "text": "Be brief, $${HOME}."}]}
    assert tree["turns"] == [{"image": "up/cat.jpg", "respond": False}, {"say": "What is it?"}]
    assert left == [
        "context: a message of tool",
        "turn 1: image: up/cat.jpg is sent at once, not when the agent asks for it",
    ]


def test_the_file_names_what_its_scenarios_share() -> None:
    tree = {
        "name": "menu",
        "persona": "Ada",
        "max_turns": 3,
        "scenarios": [{"name": "text"}, {"name": "menu"}],
    }
    text, menu = (script for script, _ in scripts_of(tree))
    assert (text["name"], menu["name"]) == ("menu-text", "menu")
    assert text["caller"]["max_turns"] == menu["caller"]["max_turns"] == 3


@pytest.mark.parametrize(
    "tree",
    [
        {"turns": 5},
        {"turns": ["hello"]},
        {"user": "me", "turns": [{"user": "hi"}]},
        {"turns": [{"user": "hi", "expect": ["response"]}]},
        {"turns": [{"user": "hi", "expect": [{"event": "function_call", "calls": [{"args": 1}]}]}]},
        {"scenarios": [3]},
        {"name": "x", "turns": []},
        [1, 2],
    ],
)
def test_what_is_no_scenario_is_refused_in_a_sentence(tree: dict) -> None:
    with pytest.raises(ConfigError, match=r"not a scenario|no scripted turns"):
        scripts_of(tree)
