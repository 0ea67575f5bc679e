"""promptfoo's configs of Realtime models as scripts of ours (its forms of 0.123.1)."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from realtime_cli.errors import ConfigError
from realtime_cli.script import promptfoo
from realtime_cli.script.format import Expect, Script
from realtime_cli.script.promptfoo_csv import assertion_in

CONFIG = """
description: weather
prompts: ["{{question}}"]
providers:
  - openai:gpt-5
  - id: openai:realtime:gpt-realtime
    config:
      modalities: [text, audio]
      voice: cedar
      instructions: Be brief.
      temperature: 0.7
      apiKey: sk-in-the-file
      turn_detection: null
      max_response_output_tokens: 300
      websocketTimeout: 60000
      tools:
        - {type: function, name: weather, description: The weather, parameters: {type: object}}
        - {type: function, function: {name: nested}}
      tool_choice: auto
defaultTest:
  assert: [{type: latency, threshold: 4000}]
tests:
  - description: asks
    vars: {question: "What is the weather in Oslo?"}
    metadata: {conversationId: a}
    assert: [{type: icontains, value: Oslo}]
  - vars: {question: "And tomorrow?"}
    metadata: {conversationId: a}
  - vars: {question: [one, two]}
    threshold: 0.5
"""


def converted(config: str, files: dict[str, Any] | None = None) -> list[tuple[dict[str, Any], list[str]]]:
    return promptfoo.scripts_of(yaml.safe_load(config), lambda name: f"up/{name}", (files or {}).__getitem__)


def scenarios(tree: dict[str, Any]) -> list[Script]:
    """The scenarios as scripts, judged by what a script may have."""
    shared = {key: value for key, value in tree.items() if key != "scenarios"}
    return [Script.model_validate({**shared, **scenario}) for scenario in tree["scenarios"]]


def test_a_provider_is_the_agent_and_its_tools_are_mocks() -> None:
    ((tree, left),) = converted(CONFIG)
    assert tree["agent"] == {
        "connection": {"model": "gpt-realtime", "provider": "openai"},
        "session": {
            "instructions": "Be brief.",
            "tool_choice": "auto",
            "max_output_tokens": 300,
            "audio": {"input": {"turn_detection": False}, "output": {"voice": "cedar"}},
        },
    }
    assert tree["timeout_ms"] == 60_000
    assert tree["mocks"] == [
        {"tool": "weather", "description": "The weather", "parameters": {"type": "object"}},
        {"tool": "nested"},
    ]
    assert list(dict.fromkeys(left)) == [
        "the provider openai:gpt-5",
        "test 3: threshold",
        "provider.config.temperature",
        "provider.config.apiKey",
        "what weather gives back: write result = ... beside tool = 'weather'",
        "what nested gives back: write result = ... beside tool = 'nested'",
    ]


def test_variables_of_the_environment_are_written_as_in_an_agent_file() -> None:
    config = """
prompts: [hi]
providers:
  - id: openai:realtime:x
    config: {apiBaseUrl: "{{ env.URL }}/v1", instructions: "It costs ${5}."}
"""
    ((tree, _),) = converted(config)
    assert tree["agent"]["connection"]["base_url"] == "${URL}/v1/realtime"
    assert tree["agent"]["session"]["instructions"] == "It costs $${5}."


def test_tests_of_one_conversation_are_turns_of_one_scenario() -> None:
    ((tree, _),) = converted(CONFIG)
    single, other, conversation = scenarios(tree)
    assert [turn.user for turn in conversation.turns] == ["What is the weather in Oslo?", "And tomorrow?"]
    assert conversation.turns[0].expect == Expect(contains=["Oslo"], done_within_ms=4000)
    assert conversation.turns[1].expect == Expect(done_within_ms=4000)
    assert [script.turns[0].user for script in (single, other)] == ["one", "two"]
    assert [script.name for script in (single, other, conversation)] == ["test 3", "test 3 (2)", "a"]
    assert not conversation.stop_on_failure


ASSERTIONS = [
    ("{type: contains, value: 5}", {"contains": ["5"]}),
    ("{type: icontains-all, value: [a, b]}", {"contains": ["a", "b"]}),
    ("{type: contains-any, value: [a, b]}", {"any_of": ["a", "b"]}),
    ("{type: not-icontains, value: '{{word}}!'}", {"not": ["Oslo!"]}),
    ("{type: equals, value: yes sir}", {"equals": "yes sir"}),
    ("{type: equals, value: {a: 1}}", {"is_json": {"const": {"a": 1}}}),
    (r"{type: regex, value: '^\d+'}", {"regex": r"(?-i:^\d+)"}),
    (r"{type: not-regex, value: 'a+'}", {"regex": r"\A(?![\s\S]*?(?-i:a+))"}),
    ("{type: starts-with, value: No.}", {"regex": r"\A(?-i:No\.)"}),
    ("{type: is-json}", {"is_json": True}),
    ("{type: not-is-json}", {"is_json": False}),
    ("{type: is-json, value: file://s.json}", {"is_json": {"type": "object"}}),
    ("{type: word-count, value: {max: 9}}", {"max_words": 9}),
    ("{type: latency, threshold: 900}", {"done_within_ms": 900}),
    ("{type: cost, threshold: 0.01}", {"max_cost": 0.01}),
    ("{type: llm-rubric, value: 'greets {{word}}'}", {"judge": "greets Oslo"}),
    ("{type: llm-rubric, value: greets, threshold: 1}", {"judge": {"rubric": "greets", "score": 1.0}}),
    ("{type: not-llm-rubric, value: is rude}", {"judge": "This is not true: is rude"}),
    ("{type: tool-call-f1, value: 'a, b'}", {"calls": [{"name": "a"}, {"name": "b"}], "no_more": True}),
    (
        "{type: 'trajectory:tool-used', value: {pattern: a, min: 2, max: 2}}",
        {"calls": [{"name": "a", "count": 2}]},
    ),
    (
        "{type: 'trajectory:tool-args-match', value: {name: a, args: {x: '{{word}}'}}}",
        {"calls": [{"name": "a", "args": {"x": "Oslo"}}]},
    ),
    (
        "{type: 'trajectory:tool-sequence', value: {steps: [a, b]}}",
        {"steps": [{"call": "a"}, {"call": "b"}], "steps_in_order": True},
    ),
    ("{type: assert-set, assert: [{type: icontains, value: a}]}", {"contains": ["a"]}),
]


def asserted(assertions: str) -> tuple[dict[str, Any], list[str]]:
    config = (
        "{prompts: [hi], providers: ['openai:realtime:x'], "
        f"tests: [{{vars: {{word: Oslo}}, assert: [{assertions}]}}]}}"
    )
    ((tree, left),) = converted(config, {"s.json": {"type": "object"}})
    scenarios(tree)
    return tree["scenarios"][0]["turns"][0].get("expect", {}), left


@pytest.mark.parametrize(("written", "ours"), ASSERTIONS)
def test_an_assertion_is_an_expectation(written: str, ours: dict[str, Any]) -> None:
    assert asserted(written)[0] == ours


@pytest.mark.parametrize(
    "written",
    [
        "{type: javascript, value: output.length > 3}",
        "{type: python, value: file://check.py}",
        "{type: similar, value: hi, threshold: 0.8}",
        "{type: contains-json}",
        "{type: not-latency, threshold: 3}",
        "{type: regex, value: '(?<year>x)'}",
        r"{type: regex, value: '(a)\1'}",
        "{type: word-count, value: 5}",
        "{type: equals, value: {a: null}}",
        "{type: cost, weight: 0}",
        "{type: tool-call-f1, value: a, threshold: 0.5}",
        "{type: 'trajectory:tool-used', value: {pattern: 'a*', min: 1}}",
        "{type: assert-set, threshold: 0.5, assert: [{type: icontains, value: a}]}",
        "{type: icontains, value: '{{ word | upper }}'}",
        "{type: no-such-thing}",
    ],
)
def test_an_assertion_without_a_counterpart_is_named(written: str) -> None:
    expect, left = asserted(written)
    assert expect == {}
    kind = yaml.safe_load(written)["type"]
    assert any(each.startswith(f"test 1: {kind}") for each in left), left


def test_what_differs_is_named() -> None:
    assert any("case" in each for each in asserted("{type: contains, value: a}")[1])
    assert "test 1: icontains: transform" in asserted("{type: icontains, value: a, transform: x}")[1]
    assert (
        "test 1: icontains: weight: each expectation counts"
        in (asserted("{type: icontains, value: a, weight: 2}")[1])
    )


@pytest.mark.parametrize(
    ("patterns", "right", "wrong"),
    [
        (["^no", "[0-9]+$"], "no 5", "no 5!"),
        (["b", "a"], "a\nb", "a"),
    ],
)
def test_several_patterns_must_all_be_found(patterns: list[str], right: str, wrong: str) -> None:
    from realtime_cli.pattern import search

    written = ", ".join(f"{{type: regex, value: '{pattern}'}}" for pattern in patterns)
    pattern = asserted(f"{written}, {{type: not-starts-with, value: x}}")[0]["regex"]
    assert search(pattern, right, ignore_case=True)
    assert not search(pattern, wrong, ignore_case=True)
    assert not search(pattern, f"x{right}", ignore_case=True)
    assert not search(pattern, right.upper(), ignore_case=True)


def test_messages_are_what_the_last_one_of_the_user_says() -> None:
    prompt = """
    [{"role": "system", "content": "Be brief."},
     {% for each in _conversation %}{"role": "user", "content": "{{ each.input }}"},{% endfor %}
     {"role": "user", "content": [{"type": "input_text", "text": "{{word}}?"},
                                  {"type": "input_image", "image_url": "file://cat.png"}]}]
    """
    tree = {"prompts": [prompt], "providers": ["openai:realtime:x"], "tests": [{"vars": {"word": 'a "b"'}}]}
    ((script, left),) = promptfoo.scripts_of(tree, lambda name: f"up/{name}", dict[str, Any]().__getitem__)
    assert script["scenarios"][0]["turns"] == [{"user": 'a "b"?', "image": ["up/cat.png"]}]
    assert [each for each in left if "messages" in each]


def test_a_sound_file_is_played() -> None:
    block = {"type": "input_audio", "audio": "{{clip}}"}
    prompt = [{"role": "user", "content": [block]}]
    tree = {
        "prompts": ["file://p.json"],
        "providers": ["openai:realtime:x"],
        "tests": [{"vars": {"clip": "file://hello.wav"}}, {"vars": {"clip": "file://hello.mp3"}}],
    }
    ((script, left),) = promptfoo.scripts_of(tree, lambda name: f"up/{name}", {"p.json": prompt}.__getitem__)
    assert [one["turns"] for one in script["scenarios"]] == [[{"wav": "up/hello.wav"}]]
    assert left == ["test 2: input_audio that is not a WAV file (file://NAME.wav)"]


def test_a_simulated_user_is_a_caller() -> None:
    ((tree, left),) = converted("""
prompts: ["{{instructions}}"]
providers: ["openai:realtime:x"]
defaultTest:
  provider:
    id: promptfoo:tau-voice
    config:
      maxTurns: 6
      initialMessages: [{role: assistant, content: Hello.}]
      userProvider: {id: "openai:chat:gpt-4.1-mini", config: {temperature: 0}}
      ttsProvider: {id: "openai:speech:x"}
  options: {provider: "ollama:chat:llama3"}
tests:
  - vars: {instructions: You want a flight.}
    assert: [{type: 'trajectory:tool-used', value: [find, book]}, {type: llm-rubric, value: it was booked}]
""")
    (script,) = scenarios(tree)
    assert script.caller is not None
    assert script.caller.model is not None
    assert (script.caller.persona, script.caller.max_turns) == ("You want a flight.", 6)
    assert script.caller.model.model == "gpt-4.1-mini"
    assert [seed.item()["content"][0]["text"] for seed in script.history] == ["Hello."]
    assert script.expect.calls is not None
    assert ([call.name for call in script.expect.calls], script.expect.trajectory) == (
        ["find", "book"],
        "it was booked",
    )
    assert script.judge is not None
    assert (script.judge.url, script.judge.model) == ("http://127.0.0.1:11434/v1", "llama3")
    assert left == ["promptfoo:tau-voice: ttsProvider", "the simulated user: config.temperature"]


def test_each_provider_and_prompt_is_a_script() -> None:
    made = converted("""
prompts: [a, {raw: "b {{x}}", label: second}, "{{ x | upper }}", file://code.js]
providers:
  - "openai:realtime:one": {config: {modalities: [text]}}
  - {id: "openai:realtime:two", config: {apiBaseUrl: "https://x.example/v1/", apiKeyEnvar: MY_KEY}}
scenarios:
  - {config: [{vars: {x: 1}}, {vars: {x: 2}}], tests: [{assert: [{type: icontains, value: "{{x}}"}]}]}
""")
    assert [tree["name"] for tree, _ in made] == [f"promptfoo-{number}" for number in range(1, 5)]
    assert [tree["agent"]["connection"]["model"] for tree, _ in made] == ["one", "one", "two", "two"]
    assert [tree.get("mode") for tree, _ in made] == ["text", "text", None, None]
    assert made[2][0]["agent"]["connection"] == {
        "model": "two",
        "base_url": "wss://x.example/v1/realtime",
        "api_key_env": "MY_KEY",
    }
    turns = [scenario["turns"][0] for scenario in made[1][0]["scenarios"]]
    assert turns == [
        {"user": "b 1", "expect": {"contains": ["1"]}},
        {"user": "b 2", "expect": {"contains": ["2"]}},
    ]
    assert any(each.startswith("prompt 4: file://code.js") for each in made[0][1])


@pytest.mark.parametrize(
    ("config", "why"),
    [
        ("{providers: 5}", "not a config"),
        ("{prompts: [a]}", "no provider of a Realtime model"),
        ("{providers: ['openai:gpt-5'], prompts: [a]}", "no provider of a Realtime model"),
        ("{providers: ['openai:realtime:x'], prompts: [file://p.js]}", "file://p.js"),
        ("{providers: ['openai:realtime:x'], prompts: [a], tests: file://t.js}", "file://t.js"),
        ("{providers: ['openai:realtime:x'], prompts: [a], tests: t.xlsx}", "file://t.xlsx"),
        ("{providers: ['openai:realtime:x'], prompts: [a], tests: [5]}", "not a config"),
        (
            "{providers: ['openai:realtime:x'], prompts: [a], tests: [{assert: [a]}]}",
            "an assertion is",
        ),
        (
            "{providers: ['openai:realtime:x'], prompts: [a], tests: [{vars: "
            "{x: &a [1,2,3,4,5,6,7,8,9,10], y: *a, z: *a, w: *a}}]}",
            "more than 1000 tests",
        ),
    ],
)
def test_what_cannot_be_taken_over_is_refused_in_a_sentence(config: str, why: str) -> None:
    with pytest.raises(ConfigError) as refused:
        converted(config)
    assert why in str(refused.value)


CSV = '''question,__expected,__expected2,__description,__metadata:conversationId,__threshold
"What, then?",contains: noon,"icontains-any: a, ""b, c""",first,talk,0.5
And now?,latency(500),Good morning.,,talk,
'''


def test_rows_of_a_csv_file_are_tests() -> None:
    config = "{providers: ['openai:realtime:x'], prompts: ['{{question}}'], tests: t.csv}"
    ((tree, left),) = converted(config, {"t.csv": CSV})
    (scenario,) = scenarios(tree)
    first, second = scenario.turns
    assert (first.user, first.note) == ("What, then?", "first")
    assert first.expect == Expect(contains=["noon"], any_of=["a", "b, c"])
    assert second.expect == Expect(done_within_ms=500, equals="Good morning.")
    assert "the column __threshold" in left


@pytest.mark.parametrize(
    ("text", "made"),
    [
        ("contains:noon", {"type": "contains", "value": "noon"}),
        ("llm-rubric(0.8): is: kind", {"type": "llm-rubric", "threshold": 0.8, "value": "is: kind"}),
        ("grade: is kind", {"type": "llm-rubric", "value": "is kind"}),
        ("not-contains: no", {"type": "not-contains", "value": "no"}),
        ("is-json", {"type": "is-json"}),
        ("cost", {"type": "equals", "value": "cost"}),
        ("note: this", {"type": "equals", "value": "note: this"}),
        ("It is 5 (five).", {"type": "equals", "value": "It is 5 (five)."}),
    ],
)
def test_an_assertion_in_one_line(text: str, made: dict[str, Any]) -> None:
    assert assertion_in(text) == made
