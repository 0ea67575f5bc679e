"""JSON Schema that others wrote (scripts, tools): one check, which fetches nothing and ends.

jsonschema's own keywords use ``re``, which has no limit; those with patterns are replaced. What can be seen
without it is: loading it takes longer than a tool does.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from realtime_cli import pattern as patterns

_TYPES: Mapping[Any, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "boolean": (bool,),
    "integer": (int,),
    "number": (int, float),
    "null": (type(None),),
}
_CHECKED = {"type", "properties", "required", "additionalProperties", "enum"}
_SAYS_NOTHING = {"title", "description", "default", "examples"}


def schema_problem(schema: Mapping[str, Any]) -> str:
    """Why this is no JSON Schema; empty if it is one."""
    from jsonschema import Draft202012Validator, SchemaError

    try:
        Draft202012Validator.check_schema(schema)
    except SchemaError as error:
        return f"{error.message} at {error.json_path}"
    return ""


def plainly_fits(value: Any, schema: Any) -> bool:
    """Whether a value is sure to fit a schema of a few plain keywords; if not, it may still fit."""
    if not isinstance(schema, dict) or schema.keys() - _CHECKED - _SAYS_NOTHING:
        return False
    kind = schema.get("type")
    if not isinstance(kind, str) or type(value) not in _TYPES.get(kind, ()):
        return False
    if "enum" in schema:
        return isinstance(value, str) and isinstance(schema["enum"], list) and value in schema["enum"]
    if not isinstance(value, dict):
        return True
    properties, required = schema.get("properties", {}), schema.get("required", [])
    if not isinstance(properties, dict) or not isinstance(required, list):
        return False
    if not all(isinstance(name, str) and name in value for name in required):
        return False
    if schema.get("additionalProperties", True) is not True and value.keys() - properties.keys():
        return False
    return all(plainly_fits(value[name], below) for name, below in properties.items() if name in value)


def first_mistake(value: Any, schema: Mapping[str, Any]) -> Any:
    """The ``ValidationError`` that tells most of why a value does not fit; None if it does.

    Raises PatternTooSlow, and whatever a schema that is none makes jsonschema raise: ValueError, TypeError,
    AttributeError, RecursionError, referencing's Unresolvable.
    """
    from jsonschema.exceptions import best_match
    from referencing import Registry

    validator = _validator()(schema, registry=Registry())  # its own registry fetches nothing
    return best_match(validator.iter_errors(value))


@cache
def _validator() -> Any:
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import ValidationError
    from jsonschema.validators import extend

    written = Draft202012Validator.VALIDATORS

    def pattern(validator: Any, wanted: str, value: Any, schema: Any) -> Iterator[Any]:
        if isinstance(value, str) and not patterns.search(wanted, value):
            yield ValidationError(f"{value!r} does not match {wanted!r}")

    def pattern_properties(validator: Any, wanted: Any, value: Any, schema: Any) -> Iterator[Any]:
        if isinstance(value, dict):
            for expression, below in wanted.items():
                for name, each in value.items():
                    if patterns.search(expression, name):
                        yield from validator.descend(each, below, path=name, schema_path=expression)

    def additional(validator: Any, wanted: Any, value: Any, schema: Any) -> Iterator[Any]:
        rest = {key: below for key, below in schema.items() if key != "patternProperties"}
        named = schema.get("patternProperties", {})
        if isinstance(value, dict) and named:
            value = {
                name: each
                for name, each in value.items()
                if not any(patterns.search(expression, name) for expression in named)
            }
        yield from written["additionalProperties"](validator, wanted, value, rest)

    def unevaluated(validator: Any, wanted: Any, value: Any, schema: Any) -> Iterator[Any]:
        if '"patternProperties"' in json.dumps(schema, default=str):  # read with ``re``, and not replaceable
            raise ValueError("unevaluatedProperties beside patternProperties is not checked")
        yield from written["unevaluatedProperties"](validator, wanted, value, schema)

    return extend(  # type: ignore[no-untyped-call]
        Draft202012Validator,
        {
            "pattern": pattern,
            "patternProperties": pattern_properties,
            "additionalProperties": additional,
            "unevaluatedProperties": unevaluated,
        },
    )
