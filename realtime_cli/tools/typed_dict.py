"""``typing.TypedDict`` in the hints of a function, as pydantic reads it.

Before Python 3.12 it takes only the one of ``typing_extensions`` (its error ``typed-dict-version``).
"""

from __future__ import annotations

import sys
from types import UnionType
from typing import (
    Annotated,
    Any,
    Literal,
    NotRequired,
    Required,
    Union,
    get_args,
    get_origin,
    get_type_hints,
    is_typeddict,
)

import typing_extensions


def readable(hint: Any) -> Any:
    """The hint with each such dict in it replaced by its equal."""
    if sys.version_info >= (3, 12):
        return hint
    if is_typeddict(hint):
        fields = get_type_hints(hint, include_extras=True)
        made = {name: _field(field, name in hint.__required_keys__) for name, field in fields.items()}
        known = typing_extensions.TypedDict(hint.__name__, made)  # type: ignore[misc]
        known.__doc__ = hint.__doc__
        return known
    origin, inner = get_origin(hint), get_args(hint)
    if origin is None or origin is Literal:
        return hint
    if origin is Annotated:
        return Annotated[(readable(inner[0]), *hint.__metadata__)]
    read = tuple(map(readable, inner))
    if read == inner:
        return hint
    return (Union if origin is UnionType else origin)[read]


def _field(hint: Any, required: bool) -> Any:
    """``required``: what the dict itself says, which knows nothing of a hint that was written as text."""
    if get_origin(hint) in (Required, NotRequired):
        return get_origin(hint)[readable(get_args(hint)[0])]
    return (Required if required else NotRequired)[readable(hint)]
