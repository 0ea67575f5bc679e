"""Every key of an agent with the value that is in force."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from realtime_cli.config.agent import AgentConfig
from realtime_cli.config.load import LoadedAgent
from realtime_cli.config.toml_file import KeyPath


def effective(agent: LoadedAgent) -> Iterator[tuple[KeyPath, Any]]:
    """Every key with its value, in the order of the schema; the session has only what was set."""
    everything = agent.shown()
    for section in AgentConfig.model_fields:
        yield from _leaves(everything[section], (section,))


def _leaves(value: Any, path: KeyPath) -> Iterator[tuple[KeyPath, Any]]:
    if isinstance(value, dict) and value:
        for key, inner in value.items():
            yield from _leaves(inner, (*path, key))
    elif isinstance(value, list) and any(isinstance(inner, dict) for inner in value):
        for index, inner in enumerate(value):
            yield from _leaves(inner, (*path, index))
    else:
        yield path, value
