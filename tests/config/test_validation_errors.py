"""Every mistake at once, each with file, line, key, what was found and what is allowed."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from realtime_cli.config.agent import AgentConfig
from realtime_cli.config.schema import agent_schema
from realtime_cli.config.validation_errors import problems_of
from realtime_cli.errors import ConfigError
from tests.config.agents import Load


def complaint(load: Load, text: str, *sets: str) -> str:
    with pytest.raises(ConfigError) as refused:
        load(text, *sets)
    return re.sub(r"\S*/agent\.toml", "agent.toml", str(refused.value))


def test_all_mistakes_come_in_one_run_in_the_order_of_the_file(load: Load) -> None:
    text = """\
        [session]
        max_output_tokens = 0
        tool_choice = "any"
        [session.audio.output]
        sped = 1.2
        speed = 9
        [session.audio.input.turn_detection]
        type = "server_vad"
        treshold = 0.5
        idle_timeout_ms = 10
        """
    assert complaint(load, text, "audio.echo=loud").splitlines() == [
        "7 mistakes:",
        '  agent.toml:2: session.max_output_tokens: found 0; allowed: a whole number of at least 1, or "inf"',
        '  agent.toml:3: session.tool_choice: found "any"; allowed: "auto", "none", "required", '
        "a table with type, name, or a table with type, server_label",
        "  agent.toml:5: session.audio.output.sped: unknown key; did you mean speed? known here: "
        "format, speed, voice",
        "  agent.toml:6: session.audio.output.speed: found 9; allowed: a number from 0.25 to 1.5",
        "  agent.toml:9: session.audio.input.turn_detection.treshold: unknown key; did you mean threshold? "
        "known here: create_response, idle_timeout_ms, interrupt_response, prefix_padding_ms, "
        "silence_duration_ms, threshold, type",
        "  agent.toml:10: session.audio.input.turn_detection.idle_timeout_ms: found 10; "
        "allowed: a whole number from 5000 to 30000, or false",
        '  --set audio.echo: found "loud"; allowed: "auto", "aec", "half_duplex", "off"',
    ]


@pytest.mark.parametrize(
    ("written", "wanted"),
    [
        (
            '[session]\nmodel = "x"',
            "session.model: unknown key; the model goes into the URL and cannot change",
        ),
        ("[session]\ntemperature = 1", "session.temperature: unknown key; the API no longer has it"),
        ('[session]\nvoice = "x"', "the API has it at session.audio.output.voice"),
        ("[audio]\nblock_ms = 15", "agent.toml:2: audio.block_ms: found 15; allowed: 10, 20"),
        ('voice = "x"', "did you mean local.voice or session.audio.output.voice?"),
        ("[sesion]", "did you mean session?"),
        ('[session]\noutput_modalities = ["text", "audio"]', 'allowed: a list of exactly 1: "text", "audio"'),
        ("[session]\noutput_modalities = []", 'allowed: a list of exactly 1: "text", "audio"'),
        ("[session]\ninstructions = 5", "found 5; allowed: text in quotes, or a table with file"),
        (
            '[connection]\nmodel = "gpt-live-1"\n[session]\ninstructions = false',
            "found false; allowed: text in quotes, or a table with file",
        ),
        ('[session.audio.input]\nformat = "pcm16"', 'found "pcm16"; allowed: a table with type'),
        ('[session.audio.input]\nformat = {type = "pcm16"}', 'unknown type "pcm16"; allowed: "audio/pcm"'),
        (
            '[session.audio.input]\nformat = {type = "audio/pcm", rate = 16000}',
            "API takes PCM at 24000 Hz only; xAI's also at 8000, 16000, 22050, 32000, 44100, 48000",
        ),
        (
            '[connection]\nprovider = "xai"\n[session.audio.output.format]\ntype = "audio/pcm"\nrate = 11025',
            "rate: found 11025; the API takes PCM at 24000 Hz only",
        ),
        (
            '[connection]\nprotocol = "live"\n[session.audio.format]\ntype = "audio/pcm"\nrate = 8000',
            "audio/pcm takes 16000 or 24000 Hz",
        ),
        ('[session.audio.input]\nformat = {type = "audio/pcm", rate = "x"}', "allowed: 24000"),
        ("[session.audio.input]\nturn_detection = true", "allowed: a table with type"),
        (
            "[session.audio.input]\nturn_detection = {}",
            'has no type; allowed: "server_vad", or "semantic_vad"',
        ),
        ('[session.audio.output]\nvoice = {name = "x"}', "voice.id: is missing; it takes text in quotes"),
        (
            '[session]\nmax_output_tokens = "lots"',
            'found "lots"; allowed: a whole number of at least 1, or "inf"',
        ),
        ("[session]\nparallel_tool_calls = 1", "found 1; allowed: true or false"),
        ("[audio]\npre_roll_ms = 1.5", "found 1.5; allowed: a whole number from 0 to 2000"),
        ("[limits]\ncost = 0", "found 0; allowed: a number above 0"),
        ("[[tools]]\nfoo = 1", "tools[0]: needs one of python, command, http, builtin"),
        ('[[tools]]\npython = "x:y"\ntimeout = 3', "tools[0].timeout: unknown key; did you mean timeout_s?"),
        ('[[tools]]\nbuiltin = "clok"', 'tools[0].builtin: found "clok"; allowed: "clock"'),
        ('[[tools]]\nbuiltin = "read_file"', 'read_file needs root = "folder"'),
        ("[mcp.files]", 'mcp.files: needs either command = [...] or url = "..."'),
        ("[mcp.files]\ncommand = []", "found []; allowed: a list of at least 1: text in quotes"),
        ('[local]\nchat_url = "http://x"', "local: chat_url needs chat_model as well"),
        (
            '[connection]\nbase_url = "127.0.0.1:8765/v1/realtime"',
            'found "127.0.0.1:8765/v1/realtime"; it must start with ws:// or wss://',
        ),
        ('[connection]\nbase_url = "ws://h:99999"', "a port is a number from 1 to 65535"),
        ('[connection]\nresource = "a b"', "allowed: letters, digits and hyphens"),
        ('[connection]\nmodel = ""', 'found ""; allowed: text in quotes, not empty'),
        ('[session.audio.output]\nvoice = ""', 'found ""; allowed: text in quotes, not empty'),
        ('[[tools]]\npython = "x"', 'allowed: "file.py:function" or "module:function"'),
        ('[[tools]]\npython = "x:y"\nname = "a b"', "allowed: 1 to 64 letters, digits, _ or -"),
        ('[local]\nchat_url = "host"', "allowed: an address that starts with http:// or https://"),
        ('[connection]\nmodel = ["\\u009b31m"]', 'found ["·31m"]'),
        ("[limits]\nminutes = 1979-05-27", 'found "1979-05-27"'),
    ],
)
def test_a_mistake_says_what_to_write_instead(load: Load, written: str, wanted: str) -> None:
    assert wanted in complaint(load, written)


def test_a_secret_value_is_not_repeated(load: Load) -> None:
    text = (
        '[connection]\napi_key = ["sk-planted"]\nheaders = { A = ["sk-planted"] }\nbase_url = "${PLANTED}"\n'
    )
    with pytest.raises(ConfigError) as refused:
        load(text, environ={"PLANTED": "sk-planted"})
    assert "sk-planted" not in str(refused.value)
    assert "${PLANTED}" in str(refused.value)


def test_a_mistake_of_the_environment_names_its_variable(load: Load) -> None:
    with pytest.raises(ConfigError, match=r"^\$REALTIME_CLI__AUDIO__ECHO: audio\.echo: found "):
        load("", environ={"REALTIME_CLI__AUDIO__ECHO": "loud"})


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
KEYS = sorted(
    {
        key
        for table in [agent_schema(), *agent_schema()["$defs"].values()]
        for key in table.get("properties", {})
    }
)
NEAR = st.recursive(
    JSON | st.sampled_from(["server_vad", "function", "mcp", "message", "audio/pcm"]),
    lambda inner: st.dictionaries(st.sampled_from(KEYS), inner, max_size=4) | st.lists(inner, max_size=2),
    max_leaves=12,
)


@given(tree=st.dictionaries(st.sampled_from(KEYS), NEAR, max_size=4))
def test_any_tree_is_an_agent_or_a_list_of_mistakes(tree: dict[str, object]) -> None:
    try:
        AgentConfig.model_validate(tree)
    except ValidationError as error:
        found = problems_of(error, tree, tree)
        assert found
        assert all(mistake.text for mistake in found)


@pytest.mark.parametrize(
    ("sets", "environ", "origin"),
    [
        (("foo.bar=1",), {}, "--set foo.bar: foo: unknown key"),
        (("session.foo=1",), {}, "--set session.foo: unknown key"),
        ((), {"REALTIME_CLI__FOO__BAR": "1"}, "$REALTIME_CLI__FOO__BAR: foo: unknown key"),
    ],
)
def test_an_unknown_key_is_blamed_on_whoever_set_it(
    load: Load, sets: tuple[str, ...], environ: dict[str, str], origin: str
) -> None:
    with pytest.raises(ConfigError, match=f"^{re.escape(origin)}"):
        load("[audio]\n", *sets, environ=environ)


def test_bytes_that_are_no_text_are_named_by_their_key(load: Load) -> None:
    """Python keeps them as half surrogate pairs."""
    with pytest.raises(ConfigError, match=r"session\.instructions: has bytes in it that are not UTF-8 text"):
        load('[session]\ninstructions = "${WORDS}"', environ={"WORDS": "caf\udce9"})


def test_an_option_is_named_by_its_own_name(load: Load) -> None:
    with pytest.raises(
        ConfigError, match=r'^--base-url: found "host:1"; it must start with ws:// or wss://$'
    ):
        load("", options={"connection.base_url": "host:1"})


def test_a_script_is_not_an_agent_file_and_says_how_to_run_it(load: Load) -> None:
    with pytest.raises(
        ConfigError, match=r"is a script, not an agent file\. Run it: realtime-cli run .*agent\.toml"
    ):
        load('agent = "x.toml"\n[[turns]]\nsay = "hello"\n')
