"""``${NAME}`` in a value takes an environment variable; ``$${`` is a plain ``${``."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from realtime_cli.config.toml_file import KeyPath

_REFERENCE = re.compile(r"\$\$\{|\$\{([^}]*)\}")

Missing = Callable[[KeyPath, str], None]


def substituted(value: Any, environ: Mapping[str, str], missing: Missing, path: KeyPath = ()) -> Any:
    """The tree with every reference replaced; ``missing(path, name)`` is told of each unset variable."""
    if isinstance(value, dict):
        return {k: substituted(v, environ, missing, (*path, k)) for k, v in value.items()}
    if isinstance(value, list):
        return [substituted(v, environ, missing, (*path, i)) for i, v in enumerate(value)]
    if not isinstance(value, str) or "${" not in value:
        return value

    def fill(found: re.Match[str]) -> str:
        name = found[1]
        if name is None:
            return "${"
        if name not in environ:
            missing(path, name)
        return environ.get(name, "")

    return _REFERENCE.sub(fill, value)


def literal(value: Any) -> Any:
    """The tree in which what looks like a reference stands for itself: others name no variables of ours."""
    if isinstance(value, dict):
        return {key: literal(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [literal(inner) for inner in value]
    return value.replace("${", "$${") if isinstance(value, str) else value


def refers(value: Any) -> bool:
    """Whether a raw text takes something from the environment, so that it may be a secret."""
    return isinstance(value, str) and next(referred(value), None) is not None


def referred(value: Any) -> Iterator[str]:
    """The names of all variables that a raw tree refers to."""
    if isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from referred(inner)
    elif isinstance(value, str):
        yield from (found[1] for found in _REFERENCE.finditer(value) if found[1] is not None)
