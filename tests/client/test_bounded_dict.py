"""A dict that forgets: the oldest first, and how many."""

from __future__ import annotations

from realtime_cli.client.bounded_dict import BoundedDict


def test_one_more_drops_the_one_that_was_set_the_longest_ago() -> None:
    known: BoundedDict[str, int] = BoundedDict(3)
    for number, name in enumerate("abc"):
        known[name] = number
    known["a"] = 9
    known["d"] = 3
    assert known == {"c": 2, "a": 9, "d": 3}
    assert known.forgotten == 1


def test_a_default_counts_as_set() -> None:
    known: BoundedDict[str, list[int]] = BoundedDict(2)
    for name in "abc":
        known.setdefault(name, []).append(1)
    known.setdefault("c", []).append(2)
    assert known == {"b": [1], "c": [1, 2]}
