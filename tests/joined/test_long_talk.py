"""A talk of hours: neither the client nor the local server holds more of it than of one of minutes."""

from __future__ import annotations

from collections import deque
from typing import Any

import pytest

from realtime_cli.client import conversation as history
from realtime_cli.server import conversation as kept
from tests.joined.pair import Pair

ITEMS = 40


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


def talk(pair: Pair, turns: int) -> None:
    """Spoken turns; every third answer is interrupted by the next one."""
    for number in range(turns):
        pair.say(400)
        pair.wait(1000 if number % 3 else 200)


def test_it_holds_no_more_after_twice_as_many_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history, "MAX_ITEMS", ITEMS)
    monkeypatch.setattr(kept, "MAX_ITEMS", ITEMS)
    pair = Pair()
    pair.wait(100)
    talk(pair, 80)
    before = sizes(pair.client) | {f"server{name}": size for name, size in sizes(pair.server).items()}
    talk(pair, 80)
    after = sizes(pair.client) | {f"server{name}": size for name, size in sizes(pair.server).items()}
    assert pair.client.responses_done > 100
    assert {name: size for name, size in after.items() if size > before[name] + 2} == {}
