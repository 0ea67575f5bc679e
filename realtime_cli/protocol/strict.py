"""Everything that is wrong with an object to be sent, in the API's own error codes.

The local server refuses by it, and events built from user input are checked by it first.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pydantic import ValidationError
from pydantic_core import to_json

from realtime_cli.protocol.rules import UNKNOWN, Path, Problem, Rule, Wire, has

# Problems that their code explains; others have a message of their own.
REQUIRED = "it is required"
NOT_IN_API = "it is not in the API"
SERVER_SETS_IT = "only the server sets it"


def problems(kind: type[Wire], fields: dict[str, Any], path: Path = (), context: Any = None) -> list[Problem]:
    """Problems of ``fields`` as an object of ``kind``, those of JSON types first; empty when there are none.

    ``path`` is put before the path of each problem; ``context`` is ``rules.IN_FILE`` for a file.
    """
    try:
        model = kind.model_validate_json(to_json(fields), strict=True, context=context)
    except ValidationError as error:
        # A value that fits no member of a union is told once, not once per member.
        return list({problem.path: problem for problem in _of_types(error, fields, path)}.values())
    return list(_of_model(model, fields, path))


def _of_types(error: ValidationError, fields: dict[str, Any], path: Path) -> Iterator[Problem]:
    for found in error.errors(include_url=False, include_context=False):
        where = (*path, *_real_steps(found["loc"], fields, missing=found["type"] == "missing"))
        if found["type"] == "missing":
            yield Problem(where, "missing_required_parameter", REQUIRED)
        elif found["type"] == "literal_error":
            yield Problem(where, "invalid_value", found["msg"].removeprefix("Input should be "))
        else:
            got = _json_type(found.get("input"))
            yield Problem(
                where, "invalid_type", f"expected {_requested(found['type'])}, but got {got} instead"
            )


def _real_steps(location: tuple[int | str, ...], fields: Any, *, missing: bool) -> Iterator[int | str]:
    """The steps that are in the data; tags of unions are not."""
    node = fields
    for place, step in enumerate(location):
        if has(node, step):
            node = node[step]
        elif not (missing and place == len(location) - 1):
            continue
        yield step


_REQUESTED = {
    "string": "a string",
    "int": "an integer",
    "float": "a decimal",
    "bool": "a boolean",
    "list": "an array",
}
_JSON_TYPES = {
    type(None): "null",
    bool: "a boolean",
    int: "an integer",
    float: "a decimal",
    str: "a string",
    list: "an array",
    dict: "an object",
}


def _requested(error_type: str) -> str:
    return _REQUESTED.get(error_type.split("_")[0], "an object")


def _json_type(value: Any) -> str:
    return _JSON_TYPES.get(type(value), "something else")


def _of_model(model: Wire, fields: dict[str, Any], path: Path) -> Iterator[Problem]:
    known = type(model).model_fields
    if not type(model).__name__.startswith(UNKNOWN):
        for name in fields.keys() - known.keys():
            yield Problem((*path, name), "unknown_parameter", NOT_IN_API)
    for name in known:
        rule = type(model).rule_of(name)
        if name in fields:
            yield from _of_field(rule, getattr(model, name), fields[name], (*path, name))
        elif rule.required:
            yield Problem((*path, name), "missing_required_parameter", REQUIRED)
    for problem in model.own_problems():
        yield Problem((*path, *problem.path), problem.code, problem.message)


def _of_field(rule: Rule, value: Any, raw: Any, path: Path) -> Iterator[Problem]:
    if raw is None:
        if not rule.nullable:
            yield Problem(path, "invalid_type", "it may be left out, but not be null")
    elif rule.server_only:
        yield Problem(path, "unknown_parameter", SERVER_SETS_IT)
    else:
        yield from rule.problems(path, value)
        yield from _of_inner(value, raw, path)


def _of_inner(value: Any, raw: Any, path: Path) -> Iterator[Problem]:
    if isinstance(value, Wire) and isinstance(raw, dict):
        yield from _of_model(value, raw, path)
    elif isinstance(value, list) and isinstance(raw, list):
        for index, (entry, raw_entry) in enumerate(zip(value, raw, strict=True)):
            yield from _of_inner(entry, raw_entry, (*path, index))
    elif isinstance(value, dict) and isinstance(raw, dict):
        for name, entry in value.items():
            yield from _of_inner(entry, raw.get(name), (*path, name))
