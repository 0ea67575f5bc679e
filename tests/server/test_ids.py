"""Ids look like the API's and do not repeat."""

from __future__ import annotations

import re

from realtime_cli.server.ids import counted_ids, random_ids


def test_ids_look_like_the_apis():
    new_id = random_ids()
    ids = {new_id("item") for _ in range(500)}
    assert len(ids) == 500
    assert all(re.fullmatch(r"item_[A-Za-z0-9]{21}", name) for name in ids)


def test_counted_ids_for_tests():
    new_id = counted_ids()
    assert [new_id("a"), new_id("b"), new_id("a")] == ["a_1", "b_1", "a_2"]
