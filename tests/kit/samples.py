"""Samples of pydantic models: JSON objects in which every field and every alternative occurs."""

from __future__ import annotations

import types
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from realtime_cli.protocol.rules import NO_RULE, Rule

# Values that a bound or a form of the API asks for.
BY_NAME: Mapping[str, Any] = {
    "idle_timeout_ms": 6000,
    "rate": 24000,
    "max_output_tokens": 100,
    "audio_end_ms": 100,
}
PLAIN: Mapping[Any, Any] = {str: "text", int: 1, float: 0.5, bool: True, object: {"any": 1}, Any: {"any": 1}}


def of_model(model: type[BaseModel], depth: int = 8) -> list[dict[str, Any]]:
    """One sample with the first alternative of every field, one more for every other alternative."""
    fields = {name: _of_field(name, field, depth) for name, field in model.model_fields.items()}
    first = {name: values[0] for name, values in fields.items() if values}
    return [first, *({**first, name: value} for name, values in fields.items() for value in values[1:])]


def _of_field(name: str, field: FieldInfo, depth: int) -> list[Any]:
    rule = next((mark for mark in field.metadata if isinstance(mark, Rule)), NO_RULE)
    if rule.server_only:
        return []
    if name in ("type", "role") and isinstance(field.default, str):
        return [field.default]
    values = [
        BY_NAME.get(name, value) if value in (1, 0.5) else value
        for value in _of_type(field.annotation, depth)
    ]
    return [allowed for value in values for allowed in _by_rule(rule, value)]


def _by_rule(rule: Rule, value: Any) -> list[Any]:
    """A sample string stands for every word that a rule of ours names."""
    if value == "text" and rule.choices:
        return list(rule.choices)
    if value == ["text"] and rule.choices:
        return [[choice] for choice in rule.choices]
    return [value]


def _of_type(annotation: Any, depth: int) -> list[Any]:
    """Values of every alternative of an annotation; none at the end of a recursion."""
    return list(_values(annotation, depth - 1)) if depth else []


def _values(annotation: Any, depth: int) -> Iterator[Any]:
    for kind in _alternatives(annotation):
        origin, arguments = get_origin(kind), get_args(kind)
        if origin is Literal:
            yield from arguments
        elif origin in (list, tuple):
            yield from ([value] for value in _of_type(arguments[0], depth))
        elif origin in (dict, Mapping):
            yield from ({"key": value} for value in _of_type(arguments[1], depth))
        elif isinstance(kind, type) and issubclass(kind, BaseModel):
            yield from () if kind.__name__.startswith("Unknown") else of_model(kind, depth)
        elif kind in PLAIN:
            yield PLAIN[kind]
        elif kind is not type(None):
            raise TypeError(f"no sample for {kind!r}")


def _alternatives(annotation: Any) -> Iterator[Any]:
    """The members of a union, without their annotations."""
    if get_origin(annotation) is Annotated:
        yield from _alternatives(get_args(annotation)[0])
    elif get_origin(annotation) in (Union, types.UnionType):
        for member in get_args(annotation):
            yield from _alternatives(member)
    else:
        yield annotation


def strangers(model: Any, path: str = "") -> list[str]:
    """Fields anywhere in a model that its classes do not declare."""
    if isinstance(model, list):
        return [name for index, entry in enumerate(model) for name in strangers(entry, f"{path}[{index}]")]
    if not isinstance(model, BaseModel):
        return []
    found = [f"{path}.{name}" for name in model.model_extra or {}]
    for name in type(model).model_fields:
        found += strangers(getattr(model, name), f"{path}.{name}")
    return found
