"""Pipecat's evals as scripts of ours."""

from __future__ import annotations

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


def test_a_simulation_cannot_be_converted() -> None:
    with pytest.raises(ConfigError, match="no scripted turns"):
        scripts_of({"name": "x", "persona": "angry"})


@pytest.mark.parametrize(
    "tree",
    [
        {"turns": 5},
        {"turns": ["hello"]},
        {"user": "me", "turns": [{"user": "hi"}]},
        {"turns": [{"user": "hi", "expect": ["response"]}]},
        {"turns": [{"user": "hi", "expect": [{"event": "function_call", "calls": [{"args": 1}]}]}]},
        {"scenarios": [3]},
    ],
)
def test_what_is_no_scenario_is_refused_in_a_sentence(tree: dict) -> None:
    with pytest.raises(ConfigError, match=r"not a scenario|no scripted turns"):
        scripts_of(tree)
