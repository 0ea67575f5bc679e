"""A reply that has to be JSON."""

from __future__ import annotations

import re
from typing import Any

from realtime_cli.untrusted_json import parse_json
from realtime_cli.untrusted_schema import first_mistake

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
    from referencing.exceptions import Unresolvable

    try:
        mistake = first_mistake(value, schema)
    except (Unresolvable, ValueError, RecursionError) as error:
        return f"the schema cannot be used: {error}"
    return "" if mistake is None else f"{mistake.json_path}: {mistake.message}"
