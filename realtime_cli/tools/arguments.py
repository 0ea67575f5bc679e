"""Arguments of a call: JSON text that must be an object and fit the tool's schema."""

from __future__ import annotations

from typing import Any

from realtime_cli.pattern import PatternTooSlow
from realtime_cli.tools.tool import ToolFailed
from realtime_cli.untrusted_json import parse_json
from realtime_cli.untrusted_schema import first_mistake, plainly_fits, schema_problem

_BROKEN = (ValueError, TypeError, AttributeError, RecursionError)  # what a schema that is none raises


def parsed(arguments: str) -> dict[str, Any]:
    """The object that the text is; empty text is an empty object (API reference, functions)."""
    try:
        given = parse_json(arguments or "{}")
    except ValueError as error:
        raise ToolFailed(
            f"The arguments are not JSON: {error}. Call it again with one JSON object."
        ) from error
    if not isinstance(given, dict):
        raise ToolFailed(f"The arguments must be one JSON object, not {type(given).__name__}.")
    return given


def without_nulls(given: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    """The arguments less those that are null but may be left out: models write null for "not given"."""
    properties = schema.get("properties")
    required = schema.get("required")
    if not isinstance(properties, dict):
        return given
    needed = required if isinstance(required, list) else []
    return {
        name: value
        for name, value in given.items()
        if value is not None or name in needed or _takes_null(properties.get(name, {}))
    }


def _takes_null(schema: Any) -> bool:
    if not isinstance(schema, dict) or not schema:
        return True
    kinds = schema.get("type")
    if kinds is None:
        choices = [*schema.get("anyOf", ()), *schema.get("oneOf", ())]
        return not choices or any(_takes_null(choice) for choice in choices)
    return kinds == "null" or (isinstance(kinds, list) and "null" in kinds)


def check(given: dict[str, Any], schema: dict[str, Any]) -> None:
    """Raise ToolFailed with what does not fit, and where. An invalid schema checks nothing."""
    if plainly_fits(given, schema):
        return
    from jsonschema import SchemaError
    from referencing.exceptions import Unresolvable

    try:
        mistake = first_mistake(given, schema)
    except (SchemaError, Unresolvable, PatternTooSlow, *_BROKEN):
        return  # a foreign server's own business: it checks the arguments itself
    if mistake is not None:
        where = mistake.json_path.removeprefix("$").removeprefix(".")
        place = f" at {where}" if where else ""
        raise ToolFailed(f"The arguments do not fit{place}: {_words(mistake)}.")


def _words(mistake: Any) -> str:
    """Rewrite the checker's message, which shows JSON values as Python."""
    message = str(mistake.message)
    return f"null{message[4:]}" if mistake.instance is None and message.startswith("None") else message


def schema_mistake(schema: dict[str, Any]) -> str:
    """Why this is no JSON Schema of an object; empty if it is one."""
    if problem := schema_problem(schema):
        return problem
    kind = schema.get("type", "object")
    return "" if kind == "object" else f'its type must be "object", not {kind!r}'
