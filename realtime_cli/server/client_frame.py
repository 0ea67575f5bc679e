"""The checks that every client frame must pass, the same for both protocols."""

from __future__ import annotations

import binascii
import copy
from typing import Any, TypeVar

from realtime_cli.protocol import strict
from realtime_cli.protocol.client_events import APPEND_BYTES
from realtime_cli.protocol.rules import Path, Problem, Wire
from realtime_cli.server import api_error
from realtime_cli.server.api_error import ApiError

Json = dict[str, Any]
Event = TypeVar("Event", bound=Wire)
MAX_NUMBER = 1e18
BOOLEANS_OF_TURN_DETECTION = frozenset({"create_response", "interrupt_response"})  # never null


def checked(kind: type[Event], fields: Json) -> Event:
    """The event of a frame. Raises :class:`ApiError` for the first thing that is wrong with it."""
    _refuse_odd_numbers(fields, ())
    while found := strict.problems(kind, fields):
        nulls = [problem.path for problem in found if _may_be_left_out(fields, problem)]
        if not nulls:
            raise api_error.of_problem(found[0])
        fields = _without(fields, nulls)
    return kind.model_validate(fields)


def size_of(encoded: str) -> int:
    """The bytes that a base64 ``audio`` has at least, undecoded. Raises :class:`ApiError` for too many."""
    if len(encoded) > APPEND_BYTES // 3 * 4 + 4:
        raise ApiError("invalid_value", "Invalid 'audio': one append holds at most 15 MiB.", "audio")
    return max(0, len(encoded) // 4 * 3 - 2)


def sound_of(encoded: str) -> bytes:
    """The bytes of a base64 ``audio``. Raises :class:`ApiError`."""
    size_of(encoded)
    try:
        return binascii.a2b_base64(encoded, strict_mode=True)
    except (binascii.Error, ValueError):
        text = "Invalid 'audio'. Expected base64-encoded audio bytes."
        raise ApiError("invalid_value", text, "audio") from None


def _refuse_odd_numbers(value: Any, path: Path) -> None:
    """Raise ApiError for NaN, infinities and numbers that no field holds: Python's JSON reader takes them."""
    if isinstance(value, dict | list):
        for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
            _refuse_odd_numbers(inner, (*path, key))
    elif isinstance(value, int | float) and not -MAX_NUMBER <= value <= MAX_NUMBER:
        raise api_error.of_problem(Problem(path, "invalid_value", "the number is out of range"))


def _may_be_left_out(fields: Json, problem: Problem) -> bool:
    """Whether a null stands for a field that was left out: client libraries send it so.

    In a content part that is also so for the fields of other kinds of part.
    """
    *parents, key = problem.path
    wrong_here = problem.code == "invalid_type" or "content" in parents
    if not wrong_here or not isinstance(key, str) or key in BOOLEANS_OF_TURN_DETECTION:
        return False
    node: Any = fields
    for step in parents:
        node = node[step]
    return node.get(key, ...) is None


def _without(fields: Json, paths: list[Path]) -> Json:
    """A copy less the keys at the ends of ``paths``."""
    copied = copy.deepcopy(fields)
    for *parents, key in paths:
        node: Any = copied
        for step in parents:
            node = node[step]
        del node[key]
    return copied
