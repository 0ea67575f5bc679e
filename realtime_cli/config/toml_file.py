"""Reading TOML: the values, where each key stands, and a caret under a syntax error.

``tomllib`` gives values without places, so the places come from tree-sitter's TOML grammar, and only
when somebody asks for them: for a mistake, or for ``config show --origin``.
"""

from __future__ import annotations

import ast
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
_YAML_LINE = re.compile(r"\s*[\w.-]+:(\s|$)")
_MAX_BYTES = 4_000_000

# Keys whose values are never shown, wherever they stand.
SECRET_NAME = re.compile(r"(^|[_-])key$|token$|authorization|password|secret", re.IGNORECASE)
# The first letter of a value that must not be seen: behind such a key, or what looks like a token.
_SECRET_VALUE = re.compile(
    r"(?:[\w-]*(?:authorization|password|secret)[\w-]*|(?:[\w-]*[_-])?key|[\w-]*token)[\"']?\s*[=:]\s*\S",
    re.IGNORECASE,
)
_SECRET_TOKEN = re.compile(r"(?:Bearer |\b(?:sk-|ek_|xai-|gsk_|ghp_|hf_))\S", re.IGNORECASE)


def read_text(path: Path, remedy: str = "Check the path.") -> str:
    """The text of a small UTF-8 file; raises ConfigError with the reason in words."""
    try:
        if path.is_dir():
            raise ConfigError(f"{path} is a folder.", "Name the file in it.")
        if path.stat().st_size > _MAX_BYTES:
            raise ConfigError(f"{path} is larger than 4 MB.", "Is it the right file?")
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
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
        if other := _other_language(text):
            remedy = "Write TOML: [tables], and key = value; `realtime-cli init` writes a file to start from."
            raise ConfigError(f"{name}: this looks like {other}, not TOML.", remedy) from None
        raise ConfigError(_shown(str(error), text, name)) from None
    except RecursionError:
        raise ConfigError(f"{name} is nested too deeply.") from None


def _other_language(text: str) -> str:
    """JSON or YAML, by the first line that is no comment; nothing if it may be TOML."""
    lines = (line for line in text.splitlines() if line.strip() and not line.lstrip().startswith(("#", "//")))
    first = next(lines, "")
    if first.lstrip().startswith("{"):
        return "JSON"
    return "YAML" if first.rstrip() == "---" or _YAML_LINE.match(first) else ""


def _shown(reason: str, text: str, name: str) -> str:
    lines = text.splitlines() or [""]
    at = _AT.search(reason)
    line, column = (int(at[1]), int(at[2])) if at else (len(lines), len(lines[-1]) + 1)
    line = min(line, len(lines))
    what = _in_words(_AT.sub("", reason).removesuffix(" (at end of document)"))
    excerpt, column = _excerpt(lines, line, column)
    start = max(0, column - 60)
    return (
        f"{name}:{line}: not TOML: {what}\n  {excerpt[start : start + 100]}\n  {' ' * (column - 1 - start)}^"
    )


def _in_words(reason: str) -> str:
    if reason.startswith("Cannot declare ("):
        table = ".".join(map(str, ast.literal_eval(reason[len("Cannot declare ") :].removesuffix(" twice"))))
        return f"the table [{printable(table)}] is declared twice"
    words = {
        "Cannot overwrite a value": "this key is given twice",
        "Illegal character '\\n'": "the closing quote is missing",
    }
    return words.get(reason, reason)


def _excerpt(lines: list[str], line: int, column: int) -> tuple[str, int]:
    """The line without secrets and control characters, and the column in what is left of it."""
    shown = printable(lines[line - 1])
    key = next((above for above in reversed(lines[:line]) if "=" in above), "")
    secret = _SECRET_VALUE.search(shown) or _SECRET_TOKEN.search(shown)
    table = next((above for above in reversed(lines[:line]) if above.lstrip().startswith("[")), "")
    if secret is None and (
        ("=" not in shown and _SECRET_VALUE.search(key)) or re.match(r"\s*\[.*\.(headers|env)\s*\]", table)
    ):
        secret = re.search(r"(?<==)\s*\S" if "=" in shown else r"\S", shown)
    if secret is None:
        return shown, column
    return f"{shown[: secret.end() - 1]}***", min(column, secret.end())


def printable(text: str) -> str:
    """A line of text with a dot in place of characters that move the cursor, hide, or reverse the line."""
    return "".join(letter if letter.isprintable() else "·" for letter in text)


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
