"""Values for the ``{{NAME}}`` of a script: of its own, or of the rows of a file, CSV or JSON lines."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from realtime_cli.config import toml_file
from realtime_cli.errors import ConfigError
from realtime_cli.untrusted_json import parse_json

PREFIX = "parameters."  # of an axis of the matrix that is a parameter, not a key of the agent
ROW = "row"  # the axis of the rows
_PLACE = re.compile(r"\{\{\s*(\w+)\s*\}\}")
_NUMBER = re.compile(r"-?(0|[1-9]\d*)(\.\d+)?")
# Where a value that stands alone keeps its type; elsewhere it is put into text.
_TYPED = {"args", "when", "result", "set", "agent", "event", "settings", "count", "score", "no_reply"}

Row = dict[str, Any]


def rows_of(written: Any, folder: Path) -> list[Row]:
    """The rows that ``rows`` names or lists. Raises ConfigError, with the line of what is none."""
    if not isinstance(written, str):
        return [dict(row) for row in written or ()]
    path = folder / written
    text = toml_file.read_text(path)
    rows = list(csv.DictReader(io.StringIO(text))) if path.suffix == ".csv" else _json_lines(path, text)
    if not rows:
        raise ConfigError(f"{path} has no rows.")
    if any(None in row or None in row.values() for row in rows) and path.suffix == ".csv":
        raise ConfigError(f"{path}: a row has more or fewer fields than the first line has names.")
    return [dict(row) for row in rows]


def _json_lines(path: Path, text: str) -> list[Row]:
    rows: list[Row] = []
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        try:
            row = parse_json(line)
        except ValueError as error:
            raise ConfigError(f"{path}:{number}: not JSON: {error}") from None
        if not isinstance(row, dict):
            raise ConfigError(f"{path}:{number}: a row is an object, with a name for each value.")
        rows.append(row)
    return rows


def labels_of(rows: Sequence[Row]) -> list[Any]:
    """What each row is called: its ``name`` or ``id``; its number from 1 where they are not unlike."""
    for key in ("name", "id"):
        labels = [str(row.get(key, "")) for row in rows]
        if all(labels) and len(set(labels)) == len(labels):
            return [row[key] for row in rows]
    return list(range(1, len(rows) + 1))


def filled(node: Any, values: Mapping[str, Any], *, typed: bool = False) -> Any:
    """A tree with every ``{{NAME}}`` replaced. Raises ConfigError for a name without a value."""
    if isinstance(node, dict):
        return {key: filled(value, values, typed=typed or _keeps_type(key)) for key, value in node.items()}
    if isinstance(node, list):
        return [filled(value, values, typed=typed) for value in node]
    if not isinstance(node, str):
        return node
    alone = _PLACE.fullmatch(node.strip()) if typed else None
    if alone:
        return _as_written(_value(alone[1], values))
    return _PLACE.sub(lambda found: _in_text(_value(found[1], values)), node)


def _keeps_type(key: str) -> bool:
    return key in _TYPED or key.endswith("_ms") or key.startswith("max_")


def _value(name: str, values: Mapping[str, Any]) -> Any:
    if name not in values:
        raise ConfigError(f"There is no parameter {name!r}.", f"There are: {', '.join(values)}.")
    return values[name]


def _as_written(value: Any) -> Any:
    """A number or true and false, where a file of text has one."""
    if isinstance(value, str) and (_NUMBER.fullmatch(value) or value in ("true", "false")):
        return parse_json(value)
    return value


def _in_text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
