"""Options over the environment over the file over defaults."""

from __future__ import annotations

from typing import Any

import pytest

from realtime_cli.config.layers import (
    Origin,
    Override,
    from_environment,
    from_options,
    from_sets,
    put,
    split_key,
    typed,
)
from realtime_cli.errors import ConfigError
from tests.config.agents import Load


def test_option_beats_environment_beats_file_beats_default(load: Load) -> None:
    text = '[audio]\necho = "off"\npre_roll_ms = 100\nlatency_ms = 30\n'
    environ = {"REALTIME_CLI__AUDIO__PRE_ROLL_MS": "200", "REALTIME_CLI__AUDIO__LATENCY_MS": "50"}
    agent = load(
        text, "audio.latency_ms=70", environ=environ, options={"audio.input": "a.wav", "audio.output": None}
    )
    audio = agent.config.audio
    assert (audio.echo, audio.pre_roll_ms, audio.latency_ms) == ("off", 200, 70)
    assert (audio.input, audio.output, audio.block_ms) == ("a.wav", "default", 10)
    layers = {key: agent.origins.of_value(("audio", key)).layer for key in type(audio).model_fields}
    assert layers["echo"] == "file"
    assert layers["pre_roll_ms"] == "environment"
    assert layers["latency_ms"] == layers["input"] == "option"
    assert layers["output"] == layers["block_ms"] == "default"


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("session.audio.output.voice=cedar", {"audio": {"output": {"voice": "cedar"}}}),
        ("session.audio.output.voice=7", {"audio": {"output": {"voice": "7"}}}),
        ("session.max_output_tokens=2048", {"max_output_tokens": 2048}),
        ("session.max_output_tokens=inf", {"max_output_tokens": "inf"}),
        ("session.instructions=Now speak in Spanish.", {"instructions": "Now speak in Spanish."}),
        ("session.instructions=a = b", {"instructions": "a = b"}),
        ("session.audio.input.turn_detection=null", {"audio": {"input": {"turn_detection": None}}}),
        ("session.audio.input.turn_detection=false", {"audio": {"input": {"turn_detection": None}}}),
        ('session.output_modalities=["text"]', {"output_modalities": ["text"]}),
        ('session.tracing={group_id="g"}', {"tracing": {"group_id": "g"}}),
    ],
)
def test_set_overrides_any_key(load: Load, written: str, value: dict[str, object]) -> None:
    assert load("", written).config.session_patch() == {"type": "realtime", **value}


def test_set_reaches_into_lists(load: Load) -> None:
    agent = load('[[tools]]\nbuiltin = "clock"\n', "tools.0.timeout_s=5")
    assert agent.config.tools[0].timeout_s == 5


@pytest.mark.parametrize("written", ["novalue", "=x", "a..b=1", "audio.echo.deeper=1", "tools.3.name=x"])
def test_a_set_that_is_none_is_refused(load: Load, written: str) -> None:
    with pytest.raises(ConfigError) as refused:
        load('tools = []\n[audio]\necho = "off"\n', written)
    assert written.partition("=")[0] in str(refused.value)


def test_an_origin_says_where_to_look() -> None:
    assert str(Origin("default")) == "default"
    assert str(Origin("file", "agent.toml", 3)) == "agent.toml:3"
    assert str(Origin("environment", "$REALTIME_CLI__AUDIO__ECHO")) == "$REALTIME_CLI__AUDIO__ECHO"


def test_options_that_were_not_given_set_nothing() -> None:
    given = {"audio.input": "a.wav", "audio.output": None, "video.detail": False}
    assert [(each.path, each.value) for each in from_options(given)] == [
        (("audio", "input"), "a.wav"),
        (("video", "detail"), False),
    ]


def test_variables_of_ours_are_keys_whatever_their_case() -> None:
    environ = {
        "REALTIME_CLI__SESSION__AUDIO__OUTPUT__SPEED": "1.2",
        "REALTIME_CLI__": "nothing",
        "REALTIME_CLI_CONFIG": "another thing",
        "HOME": "/root",
    }
    [only] = from_environment(environ)
    assert (only.path, only.value) == (("session", "audio", "output", "speed"), 1.2)
    assert str(only.origin) == "$REALTIME_CLI__SESSION__AUDIO__OUTPUT__SPEED"


def test_blanks_around_key_and_value_do_not_count() -> None:
    [one] = from_sets(["  audio.echo =  off "])
    assert (one.path, one.value) == (("audio", "echo"), "off")


@pytest.mark.parametrize(
    ("dotted", "path"),
    [
        ("a.b", ("a", "b")),
        ("tools.0.name", ("tools", 0, "name")),
        ('prices."gpt-5.1".text', ("prices", "gpt-5.1", "text")),
        ('prices."²"', ("prices", "²")),  # a digit, and no number
    ],
)
def test_keys_are_those_of_toml(dotted: str, path: tuple[str | int, ...]) -> None:
    assert split_key(dotted, "--set") == path


@pytest.mark.parametrize("dotted", ["", "a..b", "a b", "# comment", "a = 1\nb", "[table]", "[" * 5000])
def test_what_is_no_key_is_refused(dotted: str) -> None:
    with pytest.raises(ConfigError, match="is not a key"):
        split_key(dotted, "--set")


INSTRUCTIONS, ECHO, LIMIT = ("session", "instructions"), ("audio", "echo"), ("session", "max_output_tokens")


@pytest.mark.parametrize(
    ("text", "path", "value"),
    [
        ("null", ECHO, None),
        ("2048", LIMIT, 2048),
        ("2048", INSTRUCTIONS, "2048"),  # a text is wanted
        ('"2048"', INSTRUCTIONS, "2048"),
        ("{ file = 'who.md' }", INSTRUCTIONS, {"file": "who.md"}),
        ("Speak [softly", INSTRUCTIONS, "Speak [softly"),
        ("", INSTRUCTIONS, ""),
        ('"Hello"\nname = "Ada"', INSTRUCTIONS, '"Hello"\nname = "Ada"'),  # two lines that happen to be TOML
        ("[" * 5000, INSTRUCTIONS, "[" * 5000),
    ],
)
def test_a_value_is_toml_where_it_reads_as_that(text: str, path: tuple[str, ...], value: Any) -> None:
    assert typed(text, path) == value


def setting(*path: str | int, value: Any = 1) -> Override:
    return Override(path, value, Origin("option", "--set x"))


def test_tables_on_the_way_are_made_and_lists_keep_their_length() -> None:
    tree: dict[str, Any] = {"tools": [{"name": "a"}]}
    put(tree, setting("audio", "echo", value="off"))
    put(tree, setting("tools", 0, "timeout_s", value=5))
    put(tree, setting("prices", 7, value="a number is a key in a table"))
    assert tree == {
        "audio": {"echo": "off"},
        "tools": [{"name": "a", "timeout_s": 5}],
        "prices": {"7": "a number is a key in a table"},
    }


@pytest.mark.parametrize(
    ("path", "words"),
    [
        (("tools", 1), "the list has 1 entries; the first is 0"),
        (("tools", 1, "name"), "the list has 1 entries; the first is 0"),
        (("tools", "first"), "is inside a value that is not a table or list"),
        (("echo", "deeper"), "is inside a value that is not a table or list"),
        (("tools", 0, "name", "x"), "is inside a value that is not a table or list"),
    ],
)
def test_where_the_way_is_barred_it_is_said(path: tuple[str | int, ...], words: str) -> None:
    tree: dict[str, Any] = {"tools": [{"name": "a"}], "echo": "off"}
    with pytest.raises(ConfigError, match=rf"--set x: .*{words}"):
        put(tree, setting(*path))
