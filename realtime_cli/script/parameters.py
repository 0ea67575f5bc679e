"""Values for the ``{{NAME}}`` of a script: of its own, or of the rows of a file, CSV or JSON lines."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from realtime_cli.config import toml_file
from realtime_cli.config.toml_file import KeyPath
from realtime_cli.errors import ConfigError
from realtime_cli.tui.amounts import plural
from realtime_cli.untrusted_json import parse_json

PREFIX = "parameters."  # of an axis of the matrix that is a parameter, not a key of the agent
ROW = "row"  # the axis of the rows
_PLACE = re.compile(r"\{\{([^{}]*)\}\}")
_NUMBER = re.compile(r"-?(0|[1-9]\d*)(\.\d+)?")
# Where a value that stands alone keeps its type; elsewhere it is put into text.
_TYPED = {"args", "when", "result", "set", "agent", "event", "settings", "count", "score", "no_reply"}


@dataclass(frozen=True)
class DataRow:
    """The parameters of one run, and the file and line where they stand."""

    values: Mapping[str, Any]
    place: str = ""


class ParameterMissing(Exception):
    """A ``{{NAME}}`` without a value; ``at``: the key with it."""

    def __init__(self, name: str, known: Mapping[str, Any], at: KeyPath) -> None:
        there = f"there are: {', '.join(known)}" if known else "there is none"
        super().__init__(f"there is no parameter {name!r}; {there}")
        self.at = at


def rows_of(written: Any, folder: Path, place_of: Callable[[int], str]) -> list[DataRow]:
    """The rows that ``rows`` names or lists; ``place_of`` tells where one that is listed stands.

    Raises ConfigError, with file and line of what is no row.
    """
    if not isinstance(written, str):
        return [DataRow(dict(row), place_of(number)) for number, row in enumerate(written or ())]
    path = folder / written
    text = toml_file.read_text(path)
    rows = list(_csv_rows(path, text) if path.suffix.lower() == ".csv" else _json_lines(path, text))
    if not rows:
        raise ConfigError(f"{path} has no rows.")
    return rows


def _csv_rows(path: Path, text: str) -> Iterator[DataRow]:
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    names: list[str] | None = None
    while True:
        place = f"{path}:{reader.line_num + 1}"
        try:
            fields = next(reader, None)
        except csv.Error as error:
            raise ConfigError(f"{place}: not CSV: {error}.") from None
        if fields is None:
            return
        if not fields:
            continue
        if names is None:
            names = [name.strip() for name in fields]
            if twice := next((name for name in names if name and names.count(name) > 1), None):
                raise ConfigError(f"{place}: two columns are named {twice!r}.")
        elif len(fields) != len(names):
            what = f"{plural(len(fields), 'field')}, but the first line has {plural(len(names), 'name')}"
            raise ConfigError(f"{place}: this row has {what}.", "Text with a comma goes in double quotes.")
        else:
            yield DataRow(dict(zip(names, fields, strict=True)), place)


def _json_lines(path: Path, text: str) -> Iterator[DataRow]:
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            row = parse_json(line)
        except ValueError as error:
            raise ConfigError(f"{path}:{number}: not JSON: {error}") from None
        if not isinstance(row, dict):
            raise ConfigError(f"{path}:{number}: a row is an object, with a name for each value.")
        yield DataRow(row, f"{path}:{number}")


def labels_of(rows: Sequence[DataRow]) -> list[Any]:
    """What each row is called: its ``name`` or ``id``; its number from 1 where they are not unlike."""
    for key in ("name", "id"):
        labels = [str(row.values.get(key, "")) for row in rows]
        if all(labels) and len(set(labels)) == len(labels):
            return [row.values[key] for row in rows]
    return list(range(1, len(rows) + 1))


def filled(node: Any, values: Mapping[str, Any], at: KeyPath = (), *, typed: bool = False) -> Any:
    """A tree with every ``{{NAME}}`` replaced. Raises ParameterMissing for a name without a value.

    What stands in such braces and is no name (``{{#each}}``) is left as it is.
    """
    if isinstance(node, dict):
        return {
            key: filled(value, values, (*at, key), typed=typed or _keeps_type(key))
            for key, value in node.items()
        }
    if isinstance(node, list):
        return [filled(value, values, (*at, number), typed=typed) for number, value in enumerate(node)]
    if not isinstance(node, str):
        return node

    def value_of(found: re.Match[str]) -> Any:
        name = found[1].strip()
        if name in values:
            return values[name]
        if re.fullmatch(r"\w+", name):
            raise ParameterMissing(name, values, at)
        return found[0]

    alone = _PLACE.fullmatch(node.strip()) if typed else None
    if alone:
        return _as_written(value_of(alone))
    return _PLACE.sub(lambda found: _in_text(value_of(found)), node)


def _keeps_type(key: str) -> bool:
    return key in _TYPED or key.endswith("_ms") or key.startswith("max_")


def _as_written(value: Any) -> Any:
    """A number or true and false, where a file of text has one."""
    if isinstance(value, str) and (_NUMBER.fullmatch(value) or value in ("true", "false")):
        return parse_json(value)
    return value


def _in_text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
