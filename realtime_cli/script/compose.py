"""The scripts in one file: what it extends, the turns it includes, its scenarios. Trees in, trees out.

Every key keeps the place where it was written, so that mistakes and failures name it.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from realtime_cli.config.toml_file import KeyPath
from realtime_cli.errors import ConfigError

MAX_DEPTH = 10  # of files that extend and include one another

Tree = dict[str, Any]
Places = dict[KeyPath, tuple[Path, int]]
"""Where each key stands: file and line."""
Read = Callable[[Path], "WrittenScript"]


@dataclass(frozen=True)
class WrittenScript:
    """Keys as they were written, their relative paths from ``folder`` on."""

    tree: Tree
    folder: Path
    places: Places = field(default_factory=dict)


def is_composed(tree: Tree) -> bool:
    """Whether there is anything to compose."""
    turns = tree.get("turns")
    includes = isinstance(turns, list) and any(isinstance(turn, dict) and "include" in turn for turn in turns)
    return includes or bool(tree.keys() & {"extends", "scenarios", "blocks"})


def composed(written: WrittenScript, read: Read, depth: int = MAX_DEPTH) -> list[WrittenScript]:
    """One for each scenario; the file itself where it has none. Raises ConfigError."""
    whole = _extended(written, read, depth)
    scenarios = whole.tree.pop("scenarios", None)
    if scenarios is None:
        return [_with_blocks(whole, read, depth)]
    if not isinstance(scenarios, list) or not all(isinstance(one, dict) for one in scenarios):
        raise ConfigError("scenarios: write each as [[scenarios]], with turns of its own.")
    if not scenarios:
        raise ConfigError("scenarios is empty.")
    found = []
    for number, scenario in enumerate(scenarios):
        own = WrittenScript(dict(scenario), written.folder, _below(whole.places, ("scenarios", number)))
        found.append(_with_blocks(_over(whole, own), read, depth))
    return found


def _extended(written: WrittenScript, read: Read, depth: int) -> WrittenScript:
    """The file over the one that it extends."""
    tree = dict(written.tree)
    name = tree.pop("extends", None)
    if name is None:
        return WrittenScript(tree, written.folder, written.places)
    if not isinstance(name, str):
        raise ConfigError("extends: write the file as text in quotes.")
    base = _extended(_from_there(read, written.folder, name, depth), read, depth - 1)
    base.tree.pop("scenarios", None)
    return _over(_moved(base, written.folder), WrittenScript(tree, written.folder, written.places))


def _from_there(read: Read, folder: Path, name: str, depth: int) -> WrittenScript:
    if depth <= 0:
        raise ConfigError(f"{folder / name}: more than {MAX_DEPTH} files extend or include one another.")
    return read(folder / name)


def _over(base: WrittenScript, over: WrittenScript) -> WrittenScript:
    """Tables are merged key by key; anything else replaces what was there."""
    places = dict(base.places)

    def merged(below: Tree, above: Tree, path: KeyPath) -> Tree:
        made = dict(below)
        for key, value in above.items():
            if isinstance(value, dict) and isinstance(below.get(key), dict):
                made[key] = merged(below[key], value, (*path, key))
                continue
            made[key] = value
            for gone in [at for at in places if at[: len(path) + 1] == (*path, key)]:
                del places[gone]
        return made

    tree = merged(base.tree, over.tree, ())
    return WrittenScript(tree, base.folder, {**places, **over.places})


def _with_blocks(script: WrittenScript, read: Read, depth: int) -> WrittenScript:
    """The included turns in the place of those that include them."""
    tree, turns = dict(script.tree), script.tree.get("turns")
    blocks = tree.pop("blocks", {})
    if not isinstance(turns, list) or not isinstance(blocks, dict):
        return WrittenScript(tree, script.folder, script.places)
    held = list(_turns(script, ("turns",), blocks, read, depth))
    places = {at: place for at, place in script.places.items() if at[:1] not in (("turns",), ("blocks",))}
    for number, (_, own) in enumerate(held):
        places |= {("turns", number, *at): place for at, place in own.items()}
    return WrittenScript({**tree, "turns": [turn for turn, _ in held]}, script.folder, places)


def _turns(
    script: WrittenScript, path: KeyPath, blocks: Tree, read: Read, depth: int
) -> Iterator[tuple[Any, Places]]:
    """Every turn of the list at ``path``, with the places below it."""
    turns: Any = script.tree
    for key in path:
        turns = turns[key]
    for number, turn in enumerate(turns):
        if not isinstance(turn, dict) or "include" not in turn:
            yield turn, _below(script.places, (*path, number))
            continue
        name = turn["include"]
        if len(turn) > 1 or not isinstance(name, str):
            raise ConfigError(f"turns[{number}]: include = NAME stands alone in its turn.")
        if depth <= 0:
            raise ConfigError(f"{name}: more than {MAX_DEPTH} blocks include one another.")
        if isinstance(blocks.get(name), list):
            yield from _turns(script, ("blocks", name), blocks, read, depth - 1)
        elif name.endswith((".toml", ".yaml", ".yml")):
            others = composed(_from_there(read, script.folder, name, depth), read, depth - 1)
            if len(others) > 1 or "turns" not in others[0].tree:
                raise ConfigError(f"turns[{number}]: {name} is not one script with turns.")
            yield from _turns(_moved(others[0], script.folder), ("turns",), {}, read, depth - 1)
        else:
            known = f"There are: {', '.join(blocks)}." if blocks else "Write it as [[blocks.NAME]]."
            raise ConfigError(f"turns[{number}]: there is no block {name!r}.", known)


def _below(places: Places, path: KeyPath) -> Places:
    return {at[len(path) :]: place for at, place in places.items() if at[: len(path)] == path}


def _moved(script: WrittenScript, folder: Path) -> WrittenScript:
    """The same with the relative paths that lead there from another folder."""
    if script.folder.resolve() == folder.resolve():
        return script
    way = os.path.relpath(script.folder, folder)
    return WrittenScript(_rebased(script.tree, way), folder, script.places)


def _rebased(node: Any, way: str, key: str = "") -> Any:
    if isinstance(node, dict):
        free = {"args", "when", "result", "event", "settings", "parameters"}
        return {name: value if name in free else _rebased(value, way, name) for name, value in node.items()}
    if isinstance(node, list):
        return [_rebased(value, way, key) for value in node]
    is_file = key in ("wav", "rows", "include", "extends", "agent", "image") or (
        {"check": ".py:", "noise": ".wav"}.get(key, "\n") in str(node)
    )
    remote = not isinstance(node, str) or node.startswith(("data:", "http://", "https://", "/"))
    if not is_file or remote or (key == "include" and "." not in node):
        return node
    return os.path.join(way, node)
