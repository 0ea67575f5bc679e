"""``config check``, ``show``, ``trust`` and ``schema``: the agent file without a connection."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from realtime_cli.app.console import echo, echo_error, out
from realtime_cli.config import AgentConfig, LoadedAgent, load_agent, toml_file
from realtime_cli.config.effective import effective
from realtime_cli.config.load import config_error
from realtime_cli.config.providers import PROVIDERS
from realtime_cli.config.schema import editor_schema
from realtime_cli.config.toml_file import KeyPath
from realtime_cli.config.validation_errors import dotted
from realtime_cli.errors import ConfigError, ExitCode
from realtime_cli.tools import preflight
from realtime_cli.tools.permissions import Permissions, permissions_of

UNSET = "(not set)"


def check(paths: Sequence[Path], sets: Sequence[str] = ()) -> int:
    """Check agent files; every mistake of every file goes to stderr, a line for each good one to stdout."""
    code = ExitCode.OK
    for path in paths:
        try:
            agent = load_agent(path, sets)
            if mistakes := list(preflight.problems(agent.config, agent.folder, os.environ)):
                raise config_error(mistakes, agent.origins)
        except ConfigError as error:
            echo_error(error)
            code = ExitCode.USAGE
            continue
        for warning in agent.warnings:
            echo(f"{path}: warning: {warning}")
        out(f"{path}: ok, {summary(agent.config)}")
        for line in permissions_of(agent).lines():
            out(f"  {line}")
    return code


def show(path: Path | None, sets: Sequence[str] = (), *, origin: bool = False, as_json: bool = False) -> int:
    """Print every effective value, secrets masked; with ``origin`` also the layer that set it."""
    agent = load_agent(path, sets)
    for warning in agent.warnings:
        echo(f"warning: {warning}")
    rows = list(effective(agent))
    if as_json:
        out(json.dumps([_row(agent, *row, origin=origin) for row in rows], indent=2, ensure_ascii=False))
        return ExitCode.OK
    texts = [f"{dotted(key)} = {_written(value)}" for key, value in rows]
    width = min(56, max(map(len, texts)))
    for text, (key, _) in zip(texts, rows, strict=True):
        out(f"{text:<{width}}  # {agent.origins.of_value(key)}" if origin else text)
    return ExitCode.OK


def trust(path: Path, sets: Sequence[str] = ()) -> int:
    """Print what ``--trust`` takes for a file as it is now; what it is for goes to stderr."""
    requested = _requested(path, sets)
    if not requested.demands:
        echo(f"{path} needs no trust.")
        return ExitCode.OK
    echo(f"{path} does more than {'talk' if requested.subject == 'agent' else 'hold a conversation'}:")
    for demand in requested.demands:
        echo(f"  it {demand.text}")
    out(requested.hash)
    return ExitCode.OK


def _requested(path: Path, sets: Sequence[str]) -> Permissions:
    """The request for trust of an agent file or of a script (a YAML file, or one with turns)."""
    is_toml = path.suffix not in (".yaml", ".yml")
    if is_toml and "turns" not in toml_file.parse(toml_file.read_text(path), str(path)):
        return permissions_of(load_agent(path, sets))
    from realtime_cli.script.load import load_script
    from realtime_cli.script.permissions import permissions_of_script

    return permissions_of_script(load_script(path))


def schema(*, of_scripts: bool = False) -> int:
    """Print the JSON Schema of the agent file or of scripts, for editors."""
    if of_scripts:
        from realtime_cli.script.load import script_schema
    out(json.dumps(script_schema() if of_scripts else editor_schema(), indent=2, ensure_ascii=False))
    return ExitCode.OK


def summary(config: AgentConfig) -> str:
    """Provider, model and place in a few words."""
    connection = config.connection
    provider = connection.effective_provider
    model = connection.model or PROVIDERS[provider].model or "no model"
    return "the server inside this program" if connection.embedded else f"{provider}, {model}"


def _written(value: Any) -> str:
    return UNSET if value is None else json.dumps(value, ensure_ascii=False)


def _row(agent: LoadedAgent, key: KeyPath, value: Any, *, origin: bool) -> dict[str, Any]:
    row: dict[str, Any] = {"key": dotted(key), "value": value}
    if origin:
        found = agent.origins.of_value(key)
        row |= {"layer": found.layer, "origin": str(found)}
    return row
