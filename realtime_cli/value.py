"""Small things that are made once and never changed: inputs, effects, events."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import MISSING, Field, dataclass, field, fields, make_dataclass
from functools import cache
from operator import attrgetter
from typing import Any, TypeVar, cast, dataclass_transform

T = TypeVar("T")
UNCOMPILED = 16  # of one class: to compile takes as long as to make fifty without


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def value(cls: type[T]) -> type[T]:
    """A dataclass with slots that is equal by its fields; that nobody assigns to them is for mypy to see.

    ``dataclass(frozen=True, slots=True)`` compiles six methods for each class, a millisecond each time the
    program starts, and its instances take three times as long to make. Over a hundred classes are loaded in
    every run; most are used a few times, and some for every frame of sound. So three methods are shared, and
    ``__init__`` is compiled when it is worth it.
    """
    for name, method in (("__eq__", _equal), ("__hash__", _hash), ("__repr__", _shown)):
        if name not in cls.__dict__:
            setattr(cls, name, method)
    cls.__doc__ = cls.__doc__ or cls.__name__  # else dataclass writes one, and that takes as long as all this
    made: Any = dataclass(slots=True, eq=False, repr=False, init=False)(cls)
    made.__init__ = _init_of(made)
    return cast(type[T], made)


def _init_of(kind: Any) -> Callable[..., None]:
    """An ``__init__`` that puts a compiled one into its own place after a while, or to say what is wrong."""
    held, left = fields(kind), UNCOMPILED

    def init(self: Any, *arguments: Any, **named: Any) -> None:
        nonlocal left
        left -= 1
        if left < 0 or not _filled(self, held, arguments, named):
            again = [(each.name, each.type, each) for each in held]
            same: Any = make_dataclass(kind.__name__, again, eq=False, repr=False, namespace={"__doc__": ""})
            kind.__init__ = same.__init__
            kind.__init__(self, *arguments, **named)

    return init


def _filled(
    one: Any, held: tuple[Field[Any], ...], arguments: tuple[Any, ...], named: dict[str, Any]
) -> bool:
    """Give each field what it is to hold; whether the arguments fit."""
    found = dict(zip([each.name for each in held], arguments, strict=False)) | named
    if len(found) != len(arguments) + len(named):
        return False
    for each in held:
        if each.name in found:
            content = found.pop(each.name)
        elif each.default is not MISSING:
            content = each.default
        elif each.default_factory is not MISSING:
            content = each.default_factory()
        else:
            return False
        setattr(one, each.name, content)
    return not found


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
