"""A reply that has to be JSON."""

from __future__ import annotations

import re
from typing import Any

from realtime_cli.untrusted_json import parse_json

_FENCE = re.compile(r"\s*```\w*\n(.*?)\n?```\s*", re.DOTALL)


def json_mistake(reply: str, schema: dict[str, Any]) -> str:
    """Why a reply is not JSON, or where it does not fit the schema; empty if it does."""
    fenced = _FENCE.fullmatch(reply)
    try:
        value = parse_json(fenced[1] if fenced else reply)
    except ValueError as error:
        return f"not JSON: {error}"
    if not schema:
        return ""
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import best_match
    from referencing import Registry

    mistake = best_match(Draft202012Validator(schema, registry=Registry()).iter_errors(value))
    return "" if mistake is None else f"{mistake.json_path}: {mistake.message}"
