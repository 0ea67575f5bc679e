"""``talk`` with neither an agent file nor a key: offer the local agent; Enter starts it."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from importlib.util import find_spec
from typing import TypeVar

from realtime_cli.app.console import echo
from realtime_cli.app.installed import EXTRAS
from realtime_cli.app.local_models import LocalModels, find_local_models
from realtime_cli.app.session_factory import AgentOptions, names_a_provider
from realtime_cli.config.providers import likely_provider
from realtime_cli.install_hint import install_extra

Options = TypeVar("Options", bound=AgentOptions)
LOCAL = {"connection.provider": "local", "conversation.greet": "true"}


def offer_local(options: Options) -> Options:
    """The same options, with the local agent added if the user accepted it."""
    if names_a_provider(options) or likely_provider(os.environ) != "local" or not _person_is_there():
        return options
    if missing := [module for module in EXTRAS["local"] if find_spec(module) is None]:
        gap = ", ".join(missing)
        echo(f"The local agent needs no key, but lacks {gap}. Install it: {install_extra('local')}")
        return options
    found = find_local_models()
    echo(_offer(found))
    answer = sys.stdin.readline()
    if not answer.strip() and answer:
        return replace(options, sets=(*_sets(LOCAL), *options.sets))
    if found and answer.strip().lower() == "m":
        return replace(options, sets=(*_sets(LOCAL | found[0].settings()), *options.sets))
    return options


def _person_is_there() -> bool:
    return all(stream is not None and stream.isatty() for stream in (sys.stdin, sys.stderr))


def _offer(found: list[LocalModels]) -> str:
    lines = [
        "No API key is set (OPENAI_API_KEY or that of another provider). The local agent needs none: it",
        "understands and speaks English on this machine, and answers simple questions.",
        *(f"A language model is running here, too: {each.shown}" for each in found[:1]),
        "Press Enter to talk to it"
        + (f", m and Enter to let {found[0].models[0]} answer" if found else "")
        + ", Ctrl+C to end.",
    ]
    return "\n".join(lines)


def _sets(settings: dict[str, str]) -> tuple[str, ...]:
    return tuple(f"{key}={value}" for key, value in settings.items())
