"""The reference part of the page *events*, made of the dataclasses in ``conversation/events.py``.

python -m tests.docs.events_page        writes it into realtime_cli/docs/events.md
"""

from __future__ import annotations

import inspect
import json
import re
import types
from collections.abc import Iterator
from dataclasses import MISSING, Field, fields, is_dataclass
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import realtime_cli
from realtime_cli.conversation import events
from realtime_cli.conversation.events import EVENT_NAMES
from realtime_cli.tui.json_lines import LEFT_OUT

PAGE = Path(realtime_cli.__file__).parent / "docs" / "events.md"
BEGIN, END = "<!-- reference: begin -->", "<!-- reference: end -->"
NAMES = {float: "number", int: "integer", str: "string", bool: "true or false", dict: "object"}


def with_reference(page: str) -> str:
    """The page with its reference part as the code has it now."""
    before, rest = page.split(BEGIN)
    return f"{before}{BEGIN}\n\n{reference()}\n{END}{rest.split(END)[1]}"


def reference() -> str:
    source = inspect.getsource(events)
    heads = [(found.start(), found[1]) for found in re.finditer(r"(?m)^# -- (.+?) -+$", source)]
    lines: list[str] = []
    told = ""
    for kind, name in EVENT_NAMES.items():
        head = [title for at, title in heads if at < source.index(f"\nclass {kind.__name__}:")][-1]
        if head != told:
            told = head
            lines += [f"## {head[0].upper()}{head[1:]}", ""]
        lines += [f"### {name}", "", text_of(kind), ""]
        if kind in LEFT_OUT:
            lines += ["*Not in `--json`.*", ""]
        lines += [*fields_of(kind), ""]
    for inner in sorted(parts(), key=lambda one: one.__name__):
        lines += [f"### {inner.__name__} (an object inside events)", "", text_of(inner), ""]
        lines += [*fields_of(inner), ""]
    return "\n".join(lines)


def text_of(kind: type) -> str:
    return re.sub(r"``", "`", inspect.cleandoc(kind.__doc__ or ""))


def fields_of(kind: type) -> Iterator[str]:
    hints = get_type_hints(kind)
    for one in fields(kind):
        if one.name != "at":
            yield f"- `{one.name}`: {type_of(hints[one.name])}{default_of(one)}"


def type_of(hint: Any) -> str:
    origin, inner = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        return " or ".join(dict.fromkeys("null" if one is type(None) else type_of(one) for one in inner))
    if origin is Literal:
        return ", ".join(json.dumps(word) for word in inner)
    if origin is tuple:
        return f"list of {type_of(inner[0])}"
    if is_dataclass(hint) and isinstance(hint, type):
        return hint.__name__
    return NAMES[origin or hint]


def default_of(one: Field[Any]) -> str:
    if one.default is MISSING:
        return ""
    plain = list(one.default) if isinstance(one.default, tuple) else one.default
    return f" (default {json.dumps(plain)})"


def parts() -> set[type]:
    """Dataclasses that stand inside events."""
    found: set[type] = set()
    for kind in EVENT_NAMES:
        for hint in get_type_hints(kind).values():
            for one in (hint, *get_args(hint)):
                if is_dataclass(one) and isinstance(one, type):
                    found.add(one)
    return found


if __name__ == "__main__":
    PAGE.write_text(with_reference(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
