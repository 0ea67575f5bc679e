"""Small things that are made once and never changed: inputs, effects, events."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass, field, fields
from functools import cache
from operator import attrgetter
from typing import Any, TypeVar, cast, dataclass_transform

T = TypeVar("T")


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def value(cls: type[T]) -> type[T]:
    """A dataclass with slots that is equal by its fields; that nobody assigns to them is for mypy to see.

    ``dataclass(frozen=True, slots=True)`` compiles six methods for each class, half a millisecond each time
    the program starts, and its instances take three times as long to make. Over a hundred classes are loaded
    in every run, and some are made for every frame of sound.
    """
    for name, method in (("__eq__", _equal), ("__hash__", _hash), ("__repr__", _shown)):
        if name not in cls.__dict__:
            setattr(cls, name, method)
    return dataclass(slots=True, eq=False, repr=False)(cls)


@cache
def _content(kind: Hashable) -> Callable[[Any], Any]:
    names = [each.name for each in fields(cast(Any, kind)) if each.compare]
    return attrgetter(*names) if names else lambda one: ()


def _equal(self: Any, other: Any) -> bool:
    if type(other) is not type(self):
        return NotImplemented  # type: ignore[no-any-return]
    content = _content(cast(Hashable, type(self)))
    return bool(content(self) == content(other))


def _hash(self: Any) -> int:
    return hash((type(self), _content(cast(Hashable, type(self)))(self)))


def _shown(self: Any) -> str:
    shown = ", ".join(f"{each.name}={getattr(self, each.name)!r}" for each in fields(self) if each.repr)
    return f"{type(self).__qualname__}({shown})"
