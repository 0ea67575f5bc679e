"""Layers of settings: option over environment over file over default, and who set what."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field
from typing import Any, Literal
from urllib.parse import urlsplit

from realtime_cli.config import schema
from realtime_cli.config.toml_file import SECRET_NAME, KeyPath
from realtime_cli.errors import ConfigError
from realtime_cli.value import value

ENVIRONMENT_PREFIX = "REALTIME_CLI__"
OPTIONS = {
    "connection.base_url": "--base-url",
    "audio.input": "--input",
    "audio.output": "--output",
    "audio.fast": "--fast",
}  # keys that have an option of their own


@value
class Origin:
    """Who set a value: ``place`` is a file, an option or a variable; ``line`` counts from 1 in a file.

    ``on_command_line``: whether an option is one that the user wrote there, not a script or the program.
    """

    layer: Literal["option", "environment", "file", "default"]
    place: str = ""
    line: int | None = None
    on_command_line: bool = field(default=False, compare=False)

    def __str__(self) -> str:
        if self.layer == "default":
            return "default"
        return self.place if self.line is None else f"{self.place}:{self.line}"


@value
class Override:
    """One key from an option or a variable."""

    path: KeyPath
    value: Any
    origin: Origin


def from_options(options: Mapping[str, Any]) -> Iterator[Override]:
    """Dotted keys with values from the command line's own options; None means not given."""
    for dotted, given in options.items():
        if given is not None:
            place = OPTIONS.get(dotted, f"option for {dotted}")
            written = dotted in OPTIONS
            origin = Origin("option", place, on_command_line=written)
            yield Override(tuple(dotted.split(".")), given, origin)


def from_script(keys: Mapping[str, Any], place: str) -> Iterator[Override]:
    """Dotted keys with values that a script sets, or a caller from Python; ``place`` is blamed for them."""
    for dotted, given in keys.items():
        yield Override(tuple(dotted.split(".")), given, Origin("option", place))


def from_sets(sets: Sequence[str]) -> Iterator[Override]:
    """``--set key.path=value``; raises ConfigError when there is no ``=``."""
    for text in sets:
        key, equals, value = text.partition("=")
        if not equals or not key.strip():
            remedy = "Write for example --set session.audio.output.voice=cedar"
            raise ConfigError(f"--set {text!r} is not KEY=VALUE.", remedy)
        path = split_key(key.strip(), f"--set {text!r}")
        yield Override(
            path, typed(value.strip(), path), Origin("option", f"--set {key.strip()}", on_command_line=True)
        )


def from_environment(environ: Mapping[str, str]) -> Iterator[Override]:
    """``REALTIME_CLI__SECTION__KEY=value``: any key, levels joined by two underscores."""
    for name in sorted(environ):
        if name.startswith(ENVIRONMENT_PREFIX) and len(name) > len(ENVIRONMENT_PREFIX):
            parts = name.removeprefix(ENVIRONMENT_PREFIX).lower().split("__")
            path = tuple(int(part) if part.isdecimal() else part for part in parts)
            yield Override(path, typed(environ[name], path), Origin("environment", f"${name}"))


def split_key(dotted: str, shown: str) -> KeyPath:
    """``a."b.c".0`` as a path, by TOML's own rules for dotted keys; all-digit parts index lists."""
    try:
        node: Any = tomllib.loads(f"{dotted} = 0")
    except (tomllib.TOMLDecodeError, RecursionError):
        node = {}
    if len(node) != 1:  # None also if all of it is a comment
        raise ConfigError(f"{shown}: {dotted!r} is not a key.", "Join the parts with dots.")
    path: KeyPath = ()
    while isinstance(node, dict):
        name, node = next(iter(node.items()))
        path = (*path, int(name) if name.isdecimal() else name)
    return path


def typed(text: str, path: KeyPath) -> Any:
    """A TOML value if it reads as one, ``null`` as None, else the text itself.

    Where the setting takes text but not what it reads as (a model named ``2``), it stays text.
    """
    if text == "null":
        return None
    try:
        lines = tomllib.loads(f"v = {text}")
    except (tomllib.TOMLDecodeError, RecursionError):
        return text
    if len(lines) != 1:  # further lines that happen to be TOML belong to the text
        return text
    value = lines["v"]
    takes = schema.types_at(path)
    if "string" in takes and schema.json_type(value) not in takes:
        return text
    return value


def keep_keys_home(tree: dict[str, Any], home: str, overrides: Sequence[Override]) -> str:
    """Take the file's own key out of ``[connection]`` where another layer names another host.

    ``home``: the host that the file's key is for. A key or provider that such a layer names goes along.
    Returns a warning when there was a key.
    """
    connection = tree.get("connection")
    named = {
        override.path
        for override in overrides
        if (override.path, override.value) != (("connection", "provider"), "local")  # it has no key
    }
    meant = {("connection", key) for key in ("api_key", "api_key_env", "provider", "auth")}
    if not isinstance(connection, dict) or ("connection", "base_url") not in named or named & meant:
        return ""
    there = urlsplit(str(connection["base_url"])).hostname or ""
    if not home or home == there:
        return ""
    headers = connection.get("headers")
    headers = headers if isinstance(headers, dict) else {}
    if ("connection", "headers") in named:  # these belong to the new host
        headers = {}
    secret = [name for name in headers if SECRET_NAME.search(name)]
    keys = [
        key
        for key in ("api_key", "api_key_env", "provider")
        if connection.get(key) not in (None, "local", "custom")
    ]
    if not keys and not secret:
        return ""
    connection.update(auth="none", api_key=None, api_key_env=None)
    for name in secret:
        del headers[name]
    return (
        f"No key is sent to {there}: the agent's is for {home}. Name one: --set connection.api_key_env=NAME."
    )


def put(tree: dict[str, Any], override: Override) -> None:
    """Set one key in the tree, making the tables on the way.

    Raises ConfigError if one of them is not a table.
    """
    node: Any = tree
    *above, last = override.path
    part: Any
    try:
        for part in above:
            node = node[part] if isinstance(node, list) else node.setdefault(str(part), {})
        node[last if isinstance(node, list) else str(last)] = override.value
    except IndexError:
        raise ConfigError(f"{override.origin}: the list has {len(node)} entries; the first is 0.") from None
    except (TypeError, AttributeError, KeyError):
        dotted = ".".join(map(str, override.path))
        raise ConfigError(
            f"{override.origin}: {dotted} is inside a value that is not a table or list."
        ) from None
