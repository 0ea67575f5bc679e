"""A talk of hours: neither the client nor the local server holds more of it than of one of minutes."""

from __future__ import annotations

import pytest

from realtime_cli.client import conversation as history
from realtime_cli.server import conversation as kept
from tests.joined.pair import Pair
from tests.kit.sizes import sizes

ITEMS = 40


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
