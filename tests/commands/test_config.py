"""config check, show and schema: the agent file without a connection."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import jsonschema
import pytest

from realtime_cli.commands import config
from realtime_cli.errors import ConfigError, ExitCode
from tests.kit.cli import run_cli

CONFIGS = sorted((Path(__file__).parents[2] / "configs").glob("*.toml"))


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.name)
def test_every_agent_that_comes_with_the_project_is_good(
    path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert config.check([path]) == ExitCode.OK
    told = capsys.readouterr()
    assert told.out.startswith(f"{path}: ok, ")
    assert told.err == ""


def test_a_bad_file_does_not_hide_the_next(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bad, good = tmp_path / "bad.toml", tmp_path / "good.toml"
    bad.write_text("[sesion]\n")
    good.write_text("")
    assert config.check([bad, good]) == ExitCode.USAGE
    told = capsys.readouterr()
    assert told.out.splitlines() == [
        f"{good}: ok, openai, gpt-realtime-2.1",
        "  hosts: api.openai.com",
        "  variables: OPENAI_API_KEY",
        "  commands: none",
        "  functions: none",
        "  files and devices: none",
        "  needs trust: no",
    ]
    assert f"{bad}:1: sesion: unknown key; did you mean session?" in told.err


def test_a_warning_is_talk_and_no_failure(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "a.toml"
    path.write_text('[connection]\napi_key = "planted-secret"\n')
    assert config.check([path]) == ExitCode.OK
    told = capsys.readouterr()
    assert "warning: connection.api_key holds the key itself" in told.err
    assert "planted-secret" not in told.out + told.err


def test_show_names_the_layer_of_every_value(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.toml"
    path.write_text('[connection]\napi_key = "planted-secret"\n\n[audio]\necho = "off"\n')
    monkeypatch.setenv("REALTIME_CLI__AUDIO__BLOCK_MS", "10")
    assert config.show(path, ["session.audio.output.voice=cedar"], origin=True) == ExitCode.OK
    told = capsys.readouterr()
    rows = dict(line.split("  # ") for line in told.out.splitlines())
    rows = {key.strip(): origin for key, origin in rows.items()}
    assert rows['audio.echo = "off"'] == f"{path}:5"
    assert rows["audio.block_ms = 10"] == "$REALTIME_CLI__AUDIO__BLOCK_MS"
    assert rows['session.audio.output.voice = "cedar"'] == "--set session.audio.output.voice"
    assert rows["limits.tool_rounds = 8"] == "default"
    assert rows['connection.api_key = "***"'] == f"{path}:2"
    assert "planted-secret" not in told.out + told.err


def test_show_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    config.show(None, ["audio.echo=aec"], origin=True, as_json=True)
    rows = {row["key"]: row for row in json.loads(capsys.readouterr().out)}
    assert rows["audio.echo"] == {
        "key": "audio.echo",
        "value": "aec",
        "layer": "option",
        "origin": "--set audio.echo",
    }


def test_show_refuses_a_bad_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="There is no file"):
        config.show(tmp_path / "gone.toml")


def test_the_schema_describes_every_key(capsys: pytest.CaptureFixture[str]) -> None:
    assert config.schema() == ExitCode.OK
    schema = json.loads(capsys.readouterr().out)
    tables = [schema, *schema["$defs"].values()]
    keys = [
        (table.get("title"), key, inner)
        for table in tables
        for key, inner in table.get("properties", {}).items()
    ]
    assert len(keys) > 150
    assert not [(title, key) for title, key, inner in keys if not inner.get("description")]


def test_the_command_line_ends_with_the_exit_codes(tmp_path: Path) -> None:
    bad = tmp_path / "bad.toml"
    bad.write_text("a = \n")
    ended = run_cli("config", "check", bad)
    assert (ended.returncode, ended.stdout) == (ExitCode.USAGE, "")
    assert f"{bad}:1: not TOML: Invalid value\n  a = \n      ^" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_broken_tools_are_mistakes_of_their_lines(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "a.toml"
    path.write_text('[mcp.x]\ncommand = ["nosuchserver"]\n[[tools]]\npython = "gone.py:f"\n')
    assert config.check([path]) == ExitCode.USAGE
    assert capsys.readouterr().err.splitlines() == [
        "realtime-cli: 2 mistakes:",
        f"  {path}:2: mcp.x.command: there is no program nosuchserver",
        f"  {path}:4: tools[0].python: there is no file {tmp_path / 'gone.py'}",
    ]


def test_the_schema_of_scripts_takes_every_script_that_is_shipped(capsys: pytest.CaptureFixture[str]) -> None:
    assert config.schema(of_scripts=True) == ExitCode.OK
    schema = json.loads(capsys.readouterr().out)
    scripts = sorted((Path(__file__).parents[2] / "configs" / "scripts").glob("*.toml"))
    assert scripts
    for script in scripts:
        jsonschema.validate(tomllib.loads(script.read_text(encoding="utf-8")), schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"turns": [{"users": "Hello"}]}, schema)
