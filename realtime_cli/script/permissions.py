"""What a script may do besides its agent: where it sends the conversation, and with which key.

Its checks, sound files and pictures need no trust: who runs a script means them, as with any test.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from pydantic import BaseModel

from realtime_cli.script.load import LoadedScript
from realtime_cli.tools.permissions import Demand, Permissions, host_of, in_one_line
from realtime_cli.wire.auth import is_loopback


def permissions_of_script(loaded: LoadedScript) -> Permissions:
    """The same as of an agent. Its agent is a question of its own."""
    made = Permissions(loaded.path.resolve(), "script")
    demands: dict[str, None] = {}
    for section in _sections(loaded.script):
        demands |= dict.fromkeys(_of_endpoint(section, made))
    made.demands += [Demand(in_one_line(text)) for text in demands]
    return made


def _sections(node: Any) -> Iterator[BaseModel]:
    """The script and all its tables, so that a new table that names a host is covered as well."""
    if isinstance(node, BaseModel):
        yield node
        for name in type(node).model_fields:
            yield from _sections(getattr(node, name))
    elif isinstance(node, list | tuple):
        for each in node:
            yield from _sections(each)


def _of_endpoint(section: BaseModel, made: Permissions) -> Iterator[str]:
    url, key = getattr(section, "url", None), getattr(section, "key_env", None)
    if not isinstance(url, str):
        return
    made.hosts[host_of(url)] = None
    if key:
        made.variables[key] = None
    if key or not is_loopback(urlsplit(url).hostname or ""):
        yield f"tells {url} what is said{(key and f', with {key}') or ''}"
