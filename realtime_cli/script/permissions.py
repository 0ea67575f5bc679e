"""What a script may do beside its agent: whom it tells what is said, which code it runs, what it reads."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pydantic import BaseModel

from realtime_cli.script.load import LoadedScript
from realtime_cli.tools.permissions import Demand, Permissions, digest, files_of, host_of, in_one_line
from realtime_cli.wire.auth import is_loopback


def permissions_of_script(loaded: LoadedScript) -> Permissions:
    """The same as of an agent. Its agent is a question of its own."""
    made, folder = Permissions(loaded.path.resolve(), "script"), loaded.folder.resolve()
    demands: dict[str, None] = {}
    for section in _sections(loaded.script):
        demands |= dict.fromkeys(_of_endpoint(section, made))
        demands |= dict.fromkeys(_of_check(section, folder, made))
        demands |= dict.fromkeys(_of_files(section, folder))
    made.demands += [Demand(in_one_line(text)) for text in demands]
    return made


def _sections(node: Any) -> Iterator[BaseModel]:
    """The script and all tables in it: who adds one that names a host need not think of trust."""
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


def _of_check(section: BaseModel, folder: Path, made: Permissions) -> Iterator[str]:
    check = getattr(section, "check", None)
    if not isinstance(check, str):
        return
    source, _, function = check.rpartition(":")
    made.functions.append(check)
    digest(made, folder, *files_of(source, folder))
    yield f"runs the Python function {function} of {source}, which sees all of your environment"


def _of_files(section: BaseModel, folder: Path) -> Iterator[str]:
    named = getattr(section, "image", None) or ()
    names = [named] if isinstance(named, str) else list(named)
    if isinstance(wav := getattr(section, "wav", None), str):
        names.append(wav)
    for name in names:
        if name.startswith(("data:", "https://", "http://")):
            continue
        if not (place := (folder / name).resolve()).is_relative_to(folder):
            yield f"shows {place} to the server"
