"""How much an object holds: what must not grow in a long session."""

from __future__ import annotations

from collections import deque
from typing import Any


def sizes(root: Any) -> dict[str, int]:
    """How many things are in each collection within an object, by its path."""
    found, seen, waiting = dict[str, int](), set[int](), [("", root)]
    while waiting:
        name, one = waiting.pop()
        if isinstance(one, dict | list | set | deque):
            found[name] = len(one)
        names = [*getattr(one, "__dict__", ()), *getattr(type(one), "__slots__", ())]
        for each in names if type(one).__module__.startswith("realtime_cli") else ():
            value = getattr(one, each, None)
            if id(value) not in seen:
                seen.add(id(value))
                waiting.append((f"{name}.{each}", value))
    return found
