"""Session settings at run time: what to send, what came back, what was refused."""

from __future__ import annotations

import copy
from typing import Any

_ABSENT = object()


def merged(base: dict[str, Any], patch: dict[str, Any]) -> dict[str, Any]:
    """``base`` changed by ``patch`` as the API merges: objects deep, everything else whole.

    A change of ``type`` inside an object (another turn detection, another format) replaces it.
    """
    result = copy.deepcopy(base)
    for key, value in patch.items():
        old = result.get(key)
        both = isinstance(old, dict) and isinstance(value, dict)
        if both and old.get("type") == value.get("type", old.get("type")):  # type: ignore[union-attr]
            result[key] = merged(old, value)  # type: ignore[arg-type]
        else:
            result[key] = copy.deepcopy(value)
    return result


def changes(old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    """The smallest patch that turns ``old`` into ``new`` as far as a patch can (it cannot unset)."""
    patch: dict[str, Any] = {}
    for key, value in new.items():
        before = old.get(key, _ABSENT)
        if before == value:
            continue
        if isinstance(before, dict) and isinstance(value, dict) and before.get("type") == value.get("type"):
            inner = changes(before, value)
            if inner:
                patch[key] = {"type": value["type"], **inner} if "type" in value else inner
        else:
            patch[key] = value
    return patch


def differences(asked: dict[str, Any], effective: dict[str, Any], path: str = "session") -> list[str]:
    """Sentences for every asked value that the server did not take as it was."""
    found = []
    for key, value in asked.items():
        here = f"{path}.{key}"
        got = effective.get(key, _ABSENT)
        if isinstance(value, dict) and isinstance(got, dict):
            found += differences(value, got, here)
        elif got is not _ABSENT and not _same(value, got):
            found.append(f"{here}: asked for {_short(value)}, the server has {_short(got)}")
    return found


def without(patch: dict[str, Any], param: str) -> dict[str, Any] | None:
    """``patch`` less the key that ``param`` (``session.a.b``) names; None if it is not in there."""
    names = param.removeprefix("session.").split(".")
    rest = copy.deepcopy(patch)
    where = rest
    for name in names[:-1]:
        where = where.get(name) if isinstance(where, dict) else None  # type: ignore[assignment]
        if not isinstance(where, dict):
            return None
    if names[-1] not in where or names == ["type"]:
        return None
    del where[names[-1]]
    return rest


def _same(asked: Any, got: Any) -> bool:
    if isinstance(asked, list) and isinstance(got, list):
        return len(asked) == len(got) and all(map(_same, asked, got))
    if isinstance(asked, dict) and isinstance(got, dict):
        return not differences(asked, got)
    return bool(asked == got)


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."
