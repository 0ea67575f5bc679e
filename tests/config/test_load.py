"""Layers, origins, references to the environment, files beside the file."""

from __future__ import annotations

from pathlib import Path

import pytest

from realtime_cli.config import load_agent
from realtime_cli.errors import ConfigError, ExitCode
from tests.config.agents import Load


def test_no_file_is_an_agent_of_defaults() -> None:
    agent = load_agent(None, (), {})
    assert agent.config.session_patch() == {"type": "realtime"}
    assert agent.config.connection.effective_provider == "openai"
    assert str(agent.origins.of_value(("audio", "echo"))) == "default"


def test_an_empty_session_sends_nothing_but_its_type(load: Load) -> None:
    assert load("[session]").config.session_patch() == {"type": "realtime"}


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
    assert agent.config.tools[0].timeout_s == 5  # type: ignore[union-attr]


@pytest.mark.parametrize("written", ["novalue", "=x", "a..b=1", "audio.echo.deeper=1", "tools.3.name=x"])
def test_a_set_that_is_none_is_refused(load: Load, written: str) -> None:
    with pytest.raises(ConfigError) as refused:
        load('tools = []\n[audio]\necho = "off"\n', written)
    assert written.partition("=")[0] in str(refused.value)


def test_a_reference_takes_an_environment_variable(load: Load) -> None:
    agent = load('[session]\ninstructions = "I am ${NAME}, not $${NAME}."\n', environ={"NAME": "Ada"})
    assert agent.config.session.instructions == "I am Ada, not ${NAME}."


def test_a_missing_variable_is_named_with_its_place(load: Load) -> None:
    with pytest.raises(ConfigError, match=r"agent\.toml:2: session\.instructions: .*\bNOBODY\b is not set"):
        load('[session]\ninstructions = "${NOBODY}"\n')


def test_instructions_come_from_a_file_beside_the_agent(load: Load, tmp_path: Path) -> None:
    (tmp_path / "who.md").write_text("You are Ada.\n", encoding="utf-8")
    agent = load('[session]\ninstructions = { file = "who.md" }\n')
    assert agent.config.session_patch()["instructions"] == "You are Ada.\n"
    assert agent.files == (tmp_path / "agent.toml", tmp_path / "who.md")


@pytest.mark.parametrize("written", ['{ file = "gone.md" }', '{ path = "who.md" }', "{ file = 3 }"])
def test_instructions_that_cannot_be_read_are_a_mistake(load: Load, written: str) -> None:
    with pytest.raises(ConfigError, match=r"agent\.toml:2: session\.instructions"):
        load(f"[session]\ninstructions = {written}\n")


def test_secrets_are_in_the_config_and_in_nothing_that_is_shown(load: Load) -> None:
    agent = load(
        """
        [connection]
        base_url = "wss://user:pass-secret@example.org/v1/realtime?token=url-secret&a=b"
        api_key = "inline-secret"
        headers = { X-Team = "header-secret" }
        query = { sig = "${SIGNATURE}" }
        [[tools]]
        type = "mcp"
        server_label = "x"
        authorization = "oauth-secret"
        headers = { X = "tool-secret" }
        [mcp.files]
        command = ["x", "${SIGNATURE}"]
        env = { TOKEN = "env-secret" }
        """,
        environ={"SIGNATURE": "environment-secret"},
    )
    connection = agent.config.connection
    assert connection.api_key is not None
    assert connection.api_key.get_secret_value() == "inline-secret"
    assert connection.query == {"sig": "environment-secret"}
    for shown in (str(agent.shown()), repr(agent.config.connection.api_key), " ".join(agent.warnings)):
        assert "secret" not in shown.replace("SecretStr", "")
    assert agent.shown()["connection"]["query"] == {"sig": "${SIGNATURE}"}
    assert any("api_key" in warning for warning in agent.warnings)
    assert {*agent.secrets({"SIGNATURE": "environment-secret"})} == {
        "inline-secret",
        "header-secret",
        "oauth-secret",
        "tool-secret",
        "env-secret",
        "environment-secret",
    }


@pytest.mark.parametrize(
    ("name", "content", "wanted"),
    [
        ("gone.toml", None, "There is no file"),
        ("latin.toml", b"a = '\xe9'", "is not UTF-8"),
        ("big.toml", b"#" * 4_000_001, "larger than 4 MB"),
        ("deep.toml", b"a = " + b"[" * 100_000, "nested too deeply"),
        ("nul\0.toml", None, "cannot be read"),
    ],
)
def test_a_file_that_cannot_be_read_says_why(
    tmp_path: Path, name: str, content: bytes | None, wanted: str
) -> None:
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ConfigError, match=wanted) as refused:
        load_agent(path, (), {})
    assert refused.value.exit_code == ExitCode.USAGE


def test_a_folder_is_no_agent_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="is a folder"):
        load_agent(tmp_path, (), {})
