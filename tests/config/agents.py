"""Agents for tests: from a text, with nothing of the real environment."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from textwrap import dedent
from typing import Any

from realtime_cli.config import LoadedAgent, load_agent

Load = Callable[..., LoadedAgent]


def loader(folder: Path) -> Load:
    """``load(text, *sets, environ=..., **options)`` writes ``agent.toml`` into the folder and reads it."""

    def load(
        text: str,
        *sets: str,
        environ: Mapping[str, str] | None = None,
        options: Mapping[str, Any] | None = None,
    ) -> LoadedAgent:
        path = folder / "agent.toml"
        path.write_text(dedent(text), encoding="utf-8")
        return load_agent(path, sets, environ or {}, options or {})

    return load
