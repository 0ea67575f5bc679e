"""An agent of Realtime's as one of Live's."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from realtime_cli.config import load_agent
from realtime_cli.config.to_live import to_live
from realtime_cli.errors import ConfigError
from tests.kit.cli import run_cli

CONFIGS = Path(__file__).parents[2] / "configs"


@pytest.mark.parametrize(
    "path", sorted(path for path in CONFIGS.glob("*.toml") if path.stem != "xai"), ids=lambda path: path.stem
)
def test_every_agent_that_comes_with_the_program_speaks_live_once_converted(path: Path, tmp_path: Path):
    made, _ = to_live(tomllib.loads(path.read_text("utf-8")))
    assert to_live(made) == (made, [])
    environ = {"OPENAI_API_KEY": "k", "AZURE_OPENAI_API_KEY": "k", "XAI_API_KEY": "k"}
    agent = load_agent(path, ["connection.protocol=live"], environ)
    assert agent.config.connection.effective_protocol == "live"
    assert agent.config.session_patch()["model"]


def test_tools_and_what_is_about_them_go_to_the_backend():
    realtime = {
        "session": {
            "instructions": "Be brief.",
            "tool_choice": "required",
            "max_output_tokens": "inf",
            "reasoning": {"effort": "low"},
            "truncation": "auto",
            "audio": {
                "output": {"voice": "cedar", "speed": 1.2},
                "input": {"format": {"type": "audio/pcmu"}},
            },
        },
        "tools": [{"builtin": "clock"}],
    }
    made, notes = to_live(realtime)
    backend = {"model": "gpt-5", "tool_choice": "required", "reasoning": {"effort": "low"}}
    assert made["session"] == {
        "instructions": "Be brief.",
        "audio": {"format": {"type": "audio/pcmu", "rate": 8000}, "output": {"voice": "cedar"}},
        "delegation": {"type": "responses", "responses": backend},
    }
    assert made["connection"] == {"protocol": "live", "model": "gpt-live-1"}
    assert {note.split(":")[0] for note in notes} == {
        "session.audio.output.speed",
        "session.truncation",
        "session.delegation.responses.model",
        "limits.idle_minutes",
    }


def test_the_command_writes_an_agent_file_that_is_in_order_and_keeps_comments(tmp_path: Path):
    output = tmp_path / "live.toml"
    ended = run_cli("config", "convert", str(CONFIGS / "local.toml"), "--to", "live", "--output", str(output))
    assert (ended.returncode, ended.stdout) == (0, "")
    assert "the model itself detects the end of a turn" in ended.stderr
    assert "# the agent opens the conversation" in output.read_text("utf-8")
    assert load_agent(output).config.session_patch()["delegation"]["type"] == "responses"


def test_mistakes_in_a_live_session_are_named_with_their_line(tmp_path: Path):
    file = tmp_path / "agent.toml"
    file.write_text(
        '[connection]\nmodel = "gpt-live-1"\n[session]\ntemperature = 1\n'
        '[session.audio.input]\nturn_detection = false\n[session.delegation]\ntype = "responses"\n'
        'responses = { instructions = "x" }\n'
    )
    with pytest.raises(ConfigError) as refused:
        load_agent(file)
    lines = refused.value.message.splitlines()
    assert "agent.toml:4: session.temperature: unknown key" in lines[1]
    assert "agent.toml:5: session.audio.input: unknown key; in Live there is one format" in lines[2]
    assert "agent.toml:9: session.delegation.responses.model: is missing" in lines[3]


def test_a_provider_without_live_models_is_named():
    with pytest.raises(ConfigError, match="xAI speaks Realtime only"):
        to_live(tomllib.loads((CONFIGS / "xai.toml").read_text("utf-8")))
    with pytest.raises(ConfigError, match="xAI speaks Realtime only"):
        load_agent(None, (), {}, {"connection.provider": "xai", "connection.protocol": "live"})


def test_push_to_talk_is_not_asked_for_where_it_is_on():
    _, notes = to_live(tomllib.loads((CONFIGS / "push-to-talk.toml").read_text("utf-8")))
    assert not any("push_to_talk" in note for note in notes)


@pytest.mark.parametrize(
    "odd",
    [
        "connection = 3",
        'session = "x"',
        "[session]\naudio = 1",
        "[session.audio]\ninput = 2\noutput = []",
        '[session.audio.input]\nformat = "pcm"',
        "[session]\ntools = 5\nmax_output_tokens = []",
        "tools = {}\nmcp = 1\nvideo = 2\naudio = 3\nlimits = 4",
    ],
)
def test_an_odd_agent_file_is_a_mistake_in_words(odd: str, tmp_path: Path):
    file = tmp_path / "odd.toml"
    file.write_text(odd)
    ended = run_cli("config", "convert", file, "--to", "live")
    assert (ended.returncode, ended.stdout) == (2, ""), ended.stdout
    assert "Traceback" not in ended.stderr
    assert str(file.name) in ended.stderr


def test_what_a_script_sets_for_realtime_is_converted_with_the_file():
    script = {
        "session.audio.input.turn_detection.silence_duration_ms": 700,
        "session.max_output_tokens": 100,
        "session.audio.output.voice": "cedar",
        "session.output_modalities": ["text"],
        "connection.protocol": "live",
    }
    agent = load_agent(CONFIGS / "local.toml", script=script, place="a.toml")
    session = agent.config.session_patch()
    assert session["audio"] == {"output": {"voice": "cedar"}}
    assert session["delegation"]["responses"]["max_output_tokens"] == 100


def test_on_the_command_line_it_is_a_mistake():
    sets = ["connection.protocol=live", "session.audio.input.turn_detection.silence_duration_ms=700"]
    with pytest.raises(ConfigError, match="no turn detection"):
        load_agent(CONFIGS / "local.toml", sets)
