"""The lists of keys on the pages *agent-file* and *scripts*, made of the JSON Schemas."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from realtime_cli.config.schema import JsonSchema, describe

UNITS = {"_ms": "milliseconds", "_s": "seconds", "_minutes": "minutes", "_bytes": "bytes", "_words": "words"}


def keys_of(root: JsonSchema, *path: str, left_out: frozenset[str] = frozenset()) -> str:
    """One line for each key of the table at a path of property names, tables inside it behind it."""
    return "\n".join(_lines(root, _table(root, path), "", left_out))


def definition(root: JsonSchema, name: str, left_out: frozenset[str] = frozenset()) -> str:
    """The same for a table that the schema defines by name."""
    return "\n".join(_lines(root, root["$defs"][name], "", left_out))


def tables_in(root: JsonSchema, section: str) -> list[JsonSchema]:
    """Every kind of table that a section may be."""
    return list(_tables(root, root["properties"][section]))


def _table(root: JsonSchema, path: tuple[str, ...]) -> JsonSchema:
    here = root
    for name in path:
        here = next(_tables(root, here["properties"][name]))
    return here


def _tables(root: JsonSchema, schema: JsonSchema) -> Iterator[JsonSchema]:
    """Every table that may stand there."""
    for one in _alternatives(root, schema):
        if "properties" in one:
            yield one
        elif isinstance(one.get("items"), dict):
            yield from _tables(root, one["items"])
        elif isinstance(one.get("additionalProperties"), dict):
            yield from _tables(root, one["additionalProperties"])


def _alternatives(root: JsonSchema, schema: JsonSchema) -> Iterator[JsonSchema]:
    if "$ref" in schema:
        yield from _alternatives(root, root["$defs"][schema["$ref"].rsplit("/", 1)[-1]])
        return
    nested = schema.get("anyOf") or schema.get("oneOf") or schema.get("allOf")
    if not nested:
        yield schema
    for one in nested or ():
        yield from _alternatives(root, one)


def _lines(root: JsonSchema, table: JsonSchema, prefix: str, left_out: frozenset[str]) -> Iterator[str]:
    for name, schema in table["properties"].items():
        if name in left_out or prefix + name in left_out or "const" in schema:
            continue
        yield f"- `{prefix}{name}`: {_kind(root, schema, name)}{_default(schema)}.{_sentence(schema)}"
        if prefix.count(".") < 3:
            for inner in _tables(root, schema):
                yield from _lines(root, inner, f"{prefix}{name}.", left_out)


def _kind(root: JsonSchema, schema: JsonSchema, name: str) -> str:
    plain = [one for one in _alternatives(root, schema) if one.get("type") != "null"]
    tables = [one for one in plain if "properties" in one]
    others = [{**one, "examples": []} for one in plain if "properties" not in one]
    words = [describe(others)] if others else []
    words += ["a table"] if tables and "a table" not in " ".join(words) else []
    unit = next((unit for end, unit in UNITS.items() if name.endswith(end)), None)
    return ", or ".join(word for word in words if word) + (f", in {unit}" if unit else "")


def _default(schema: JsonSchema) -> str:
    value: Any = schema.get("default")
    if value is None or value in ([], {}) or isinstance(value, dict):
        return ""
    return f" (default `{json.dumps(value)}`)"


def _sentence(schema: JsonSchema) -> str:
    text = " ".join(str(schema.get("description", "")).split())
    return f" {text}" if text else ""
