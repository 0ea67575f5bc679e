"""`run --import`: others' evals, converted and run as a user does."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from tests.kit.cli import run_cli

PROMPTFOO = """
description: local
prompts: [file://prompt.json]
providers:
  - id: openai:realtime:gpt-realtime
    config:
      modalities: [text]
      tools: file://tools.yaml
tests:
  - description: arithmetic
    vars: {question: "What is seventeen times twenty three?"}
    metadata: {conversationId: a}
    assert:
      - {type: icontains, value: "391"}
      - {type: latency, threshold: 5000}
      - {type: javascript, value: output.length > 3}
  - description: again
    vars: {question: "What is two plus two?"}
    metadata: {conversationId: a}
    assert: [{type: starts-with, value: no}]
  - vars: {question: "What is the weather in Oslo?"}
    assert:
      - {type: 'trajectory:tool-args-match', value: {name: get_weather, args: {city: Oslo}}}
      - {type: tool-call-f1, value: get_weather}
"""
TOOLS = """
- type: function
  name: get_weather
  description: The weather
  parameters: {type: object, properties: {city: {type: string, default: null}}, required: [city]}
"""
PROMPT = '[{"role": "user", "content": [{"type": "input_text", "text": "{{question}}"}]}]'


@pytest.mark.heavy
def test_a_config_of_promptfoo_runs_and_its_wrong_expectation_fails(tmp_path: Path) -> None:
    for name, text in (("promptfooconfig.yaml", PROMPTFOO), ("tools.yaml", TOOLS), ("prompt.json", PROMPT)):
        (tmp_path / name).write_text(text, encoding="utf-8")
    done = run_cli("run", "--import", str(tmp_path / "promptfooconfig.yaml"))
    assert done.returncode == 0, done.stderr
    named = [line.partition("not taken over: ")[2] for line in done.stderr.splitlines()[1:]]
    assert named == [
        "mocks[0].parameters.properties.city.default = null (TOML has no null)",
        "what get_weather gives back: write result = ... beside tool = 'get_weather'",
        "test 1: javascript: output.length > 3",
    ]
    script = tmp_path / "local.toml"
    ran = run_cli("run", str(script), "--against", "local", "--no-record")
    assert ran.returncode == 1, ran.stdout + ran.stderr
    assert "1 passed, 1 failed of 2" in ran.stdout
    told = " ".join(ran.stdout.split())
    assert r"turn 2: regex: expected a reply that matches \A(?-i:no); found" in told


@pytest.mark.parametrize(
    ("name", "config"),
    [
        ("js.yaml", "{providers: ['openai:realtime:x'], prompts: [file://code.js]}"),
        ("none.yaml", "{providers: ['openai:gpt-5'], prompts: [a]}"),
        ("gone.yaml", "{providers: ['openai:realtime:x'], prompts: [a], tests: file://gone.json}"),
    ],
)
def test_a_config_of_which_nothing_can_be_taken_over_is_refused(
    tmp_path: Path, name: str, config: str
) -> None:
    (tmp_path / name).write_text(config, encoding="utf-8")
    done = run_cli("run", "--import", str(tmp_path / name))
    assert done.returncode == 2, done.stderr
    assert "bug" not in done.stderr
    assert not list(tmp_path.glob("*.toml"))


def test_yes_is_a_word_in_promptfoos_files(tmp_path: Path) -> None:
    config = (
        "{providers: ['openai:realtime:x'], prompts: [a], tests: [{assert: [{type: icontains, value: yes}]}]}"
    )
    (tmp_path / "yes.yaml").write_text(config, encoding="utf-8")
    done = run_cli("run", "--import", str(tmp_path / "yes.yaml"), "-o", "-")
    assert tomllib.loads(done.stdout)["scenarios"][0]["turns"][0]["expect"] == {"contains": ["yes"]}


def test_null_is_left_out_of_a_scenario_and_named(tmp_path: Path) -> None:
    call = "{event: function_call, name: book, args: {day: null, n: 2}}"
    (tmp_path / "s.yaml").write_text(f"turns: [{{user: hi, expect: [{call}]}}]\n", encoding="utf-8")
    done = run_cli("run", "--import", str(tmp_path / "s.yaml"), "-o", "-")
    assert done.returncode == 0, done.stderr
    assert tomllib.loads(done.stdout)["turns"][0]["expect"]["calls"] == [{"name": "book", "args": {"n": 2}}]
    assert "not taken over: turns[0].expect.calls[0].args.day = null (TOML has no null)" in done.stderr
