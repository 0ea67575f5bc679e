"""Reading TOML: the values, where each key stands, and a caret under a syntax error.

``tomllib`` gives values without places, so the places come from tree-sitter's TOML grammar, and only
when somebody asks for them: for a mistake, or for ``config show --origin``.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from realtime_cli.errors import ConfigError

if TYPE_CHECKING:
    from tree_sitter import Node

KeyPath = tuple[str | int, ...]

_AT = re.compile(r" \(at line (\d+), column (\d+)\)$")
_MAX_BYTES = 4_000_000


def read_text(path: Path) -> str:
    """The text of a small UTF-8 file; raises ConfigError with the reason in words."""
    try:
        if path.is_dir():
            raise ConfigError(f"{path} is a folder.", "Name the agent file in it.")
        if path.stat().st_size > _MAX_BYTES:
            raise ConfigError(f"{path} is larger than 4 MB: that is no agent file.")
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        remedy = "Check the path, or write a first agent file: realtime-cli init"
        raise ConfigError(f"There is no file {path}.", remedy) from None
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path} is not UTF-8 text (byte {error.start}).", "Save it as UTF-8.") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ConfigError(f"{path} cannot be read: {reason}.") from None


def parse(text: str, name: str) -> dict[str, Any]:
    """The values of a TOML text; raises ConfigError that shows the line with a caret."""
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(_shown(str(error), text, name)) from None
    except RecursionError:
        raise ConfigError(f"{name} is nested too deeply.") from None


def _shown(reason: str, text: str, name: str) -> str:
    lines = text.splitlines() or [""]
    at = _AT.search(reason)
    line, column = (int(at[1]), int(at[2])) if at else (len(lines), len(lines[-1]) + 1)
    line = min(line, len(lines))
    what = _AT.sub("", reason).removesuffix(" (at end of document)")
    shown = lines[line - 1].replace("\t", " ")
    start = max(0, column - 60)
    excerpt = shown[start : start + 100]
    return f"{name}:{line}: not TOML: {what}\n  {excerpt}\n  {' ' * (column - 1 - start)}^"


def key_lines(text: str) -> dict[KeyPath, int]:
    """The line (from 1) of every key and table of a valid TOML text; list elements count from 0."""
    import tree_sitter
    import tree_sitter_toml

    language = tree_sitter.Language(tree_sitter_toml.language())
    root = tree_sitter.Parser(language).parse(text.encode()).root_node
    lines: dict[KeyPath, int] = {}
    counts: dict[KeyPath, int] = {}
    for node in root.named_children:
        if node.type == "pair":
            _note_pair(node, (), lines)
        elif node.type in ("table", "table_array_element"):
            _note_table(node, lines, counts)
    return lines


def _note_table(node: Node, lines: dict[KeyPath, int], counts: dict[KeyPath, int]) -> None:
    header, *rest = _without_comments(node)
    path: KeyPath = ()
    names = list(_names(header))
    for index, name in enumerate(names):
        path = (*path, name)
        is_new_element = node.type == "table_array_element" and index == len(names) - 1
        if is_new_element:
            counts[path] = counts.get(path, -1) + 1
        lines.setdefault(path, _line(header))
        if path in counts:
            path = (*path, counts[path])
            lines.setdefault(path, _line(header))
    for child in rest:
        if child.type == "pair":
            _note_pair(child, path, lines)


def _note_pair(node: Node, above: KeyPath, lines: dict[KeyPath, int]) -> None:
    key, *values = _without_comments(node)
    path = above
    for name in _names(key):
        path = (*path, name)
        lines.setdefault(path, _line(key))
    if values:
        _note_value(values[-1], path, lines)


def _note_value(node: Node, path: KeyPath, lines: dict[KeyPath, int]) -> None:
    children = _without_comments(node)
    if node.type == "inline_table":
        for child in children:
            if child.type == "pair":
                _note_pair(child, path, lines)
    elif node.type == "array":
        for index, child in enumerate(children):
            lines[(*path, index)] = _line(child)
            _note_value(child, (*path, index), lines)


def _without_comments(node: Node) -> list[Node]:
    return [child for child in node.named_children if child.type != "comment"]


def _names(key: Node) -> Iterator[str]:
    if key.type == "dotted_key":
        for part in key.named_children:
            yield from _names(part)
    else:
        text = (key.text or b"").decode()
        yield next(iter(tomllib.loads(f"{text} = 0"))) if key.type == "quoted_key" else text


def _line(node: Node) -> int:
    return int(node.start_point[0]) + 1
