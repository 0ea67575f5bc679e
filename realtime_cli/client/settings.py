"""Session settings at run time: what to send, what came back, what was refused."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Mapping
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


def dropped(old: dict[str, Any], new: dict[str, Any], path: str = "session") -> list[str]:
    """Keys that ``new`` no longer has. A patch cannot remove them: the old values stay in force."""
    found = []
    for key, value in old.items():
        here = f"{path}.{key}"
        if key not in new:
            found.append(here)
        elif (
            isinstance(value, dict)
            and isinstance(new[key], dict)
            and value.get("type") == new[key].get("type")
        ):
            found += dropped(value, new[key], here)
    return found


def differences(asked: dict[str, Any], effective: dict[str, Any], path: str = "session") -> list[str]:
    """A sentence for every requested value that the server changed."""
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
    """``patch`` less the key that ``param`` (``session.a.b``) names; None if it is not in there.

    Where something is missing in a table, or a list is wrong, the whole of it goes.
    """
    names = [name for name in re.split(r"[.\[\]]+", param.removeprefix("session.")) if name]
    rest = copy.deepcopy(patch)
    where, last = rest, ""
    for name in names:
        inner = where.get(last) if last else where
        if not isinstance(inner, dict) or name not in inner:
            break
        where, last = inner, name
    if last in ("", "type") and where is rest:
        return None
    del where[last]
    return rest


def in_words(patch: dict[str, Any], effective: Mapping[str, Any], path: str = "session") -> str:
    """Dotted names of all that is set, with their values: those in force, where the server tells them.

    A ``type`` beside other keys goes without saying. Lists stand without their entries.
    """
    found: list[str] = []
    for key, value in patch.items():
        here, got = f"{path}.{key}", effective.get(key, value)
        if key == "type" and len(patch) > 1:
            continue
        if isinstance(value, dict) and value:
            found.append(in_words(value, got if isinstance(got, dict) else {}, here))
        else:
            found.append(here if isinstance(got, dict | list) else f"{here} = {_short(got)}")
    return ", ".join(found)


def says_something(patch: dict[str, Any]) -> bool:
    """Whether there is any setting in it: empty tables, and its own ``type``, are none."""
    return any(_has_leaves(value) for key, value in patch.items() if key != "type")


def _has_leaves(value: Any) -> bool:
    return any(map(_has_leaves, value.values())) if isinstance(value, dict) else True


def _same(asked: Any, got: Any) -> bool:
    if isinstance(asked, list) and isinstance(got, list):
        return len(asked) == len(got) and all(map(_same, asked, got))
    if isinstance(asked, dict) and isinstance(got, dict):
        return not differences(asked, got)
    return bool(asked == got)


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 60 else text[:57] + "..."
