"""What of an agent is secret: what must not be shown, and what a recorder must keep out."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from pydantic import SecretStr

from realtime_cli.config.address import MASK, masked
from realtime_cli.config.interpolation import referred, refers
from realtime_cli.config.toml_file import SECRET_NAME

_SECRET_VARIABLE = re.compile(r"KEY|TOKEN|SECRET|PASS|SIGNATURE|CREDENTIAL", re.IGNORECASE)
_remembered: set[str] = set()


def is_secret_name(name: str) -> bool:
    """Whether a variable of this name holds a secret."""
    return _SECRET_VARIABLE.search(name) is not None


def safe(value: Any, raw: Any, within: str = "") -> Any:
    """A value fit to be seen: secrets masked, and what takes ``${NAME}`` as it is written in ``raw``.

    ``within`` is the key that the value stands under.
    """
    if refers(raw):
        return raw
    if isinstance(value, dict):
        below = raw if isinstance(raw, dict) else {}
        return {key: _entry(key, inner, below.get(key), within) for key, inner in value.items()}
    if isinstance(value, list):
        rows = raw if isinstance(raw, list) else []
        return [safe(inner, rows[i] if i < len(rows) else None) for i, inner in enumerate(value)]
    if isinstance(value, str) and "://" in value and ("?" in value or "@" in value) and " " not in value:
        return masked(value)
    return value


def secrets(value: Any, raw: Any, environ: Mapping[str, str]) -> Iterator[str]:
    """Every secret text of an agent: masked values, and variables with a secret's name.

    ``value`` is a dump of the model with its ``SecretStr`` in place, ``raw`` the tree as it is written.
    """
    yield from _masked_values(value, "")
    for name in (*referred(raw), *_let_through(value)):
        if _SECRET_VARIABLE.search(name) and name in environ:
            yield environ[name]


def of_environment(environ: Mapping[str, str]) -> Iterator[str]:
    """Values of all variables with a secret's name, each also word by word: it may hold two keys."""
    for name, value in environ.items():
        if _SECRET_VARIABLE.search(name):
            yield from (value, *value.split())


def remember(found: Iterable[str]) -> None:
    """Remember the secrets of an agent, for reports that are written where no agent is at hand."""
    _remembered.update(found)


def known(environ: Mapping[str, str]) -> set[str]:
    """All secrets that this process can know of: the environment's, and those of every agent it read."""
    return {*_remembered, *of_environment(environ)}


def revealed(value: Any) -> Any:
    """A dump of a model with its secrets as plain text."""
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    if isinstance(value, dict):
        return {key: revealed(inner) for key, inner in value.items()}
    return [revealed(inner) for inner in value] if isinstance(value, list) else value


def _let_through(value: Any) -> Iterator[str]:
    """Names of variables that a tool's command may see, and so may print."""
    if isinstance(value, dict):
        env = value.get("env")
        yield from env if isinstance(env, list) else ()
        for inner in value.values():
            yield from _let_through(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _let_through(inner)


def _entry(key: str, value: Any, raw: Any, within: str) -> Any:
    if refers(raw):
        return raw
    return MASK if _hidden(key, value, within) else safe(value, raw, key)


def _hidden(key: str, value: Any, within: str) -> bool:
    return isinstance(value, str) and (within == "headers" or bool(SECRET_NAME.search(key)))


def _masked_values(value: Any, within: str) -> Iterator[str]:
    if isinstance(value, SecretStr):
        yield value.get_secret_value()
    elif isinstance(value, dict):
        for key, inner in value.items():
            if _hidden(key, inner, within):
                yield inner
            else:
                yield from _masked_values(inner, key)
    elif isinstance(value, list):
        for inner in value:
            yield from _masked_values(inner, "")
