"""Where everything leaves the session."""

from __future__ import annotations

import re

from realtime_cli.server.event_queue import random_ids
from tests.server.dialogue import Talk


def test_every_event_has_an_id_of_its_own():
    talk = Talk()
    talk.spoken_turn()
    talk.says()
    ids = [event["event_id"] for event in talk.events]
    assert len(set(ids)) == len(ids)


def test_ids_look_like_the_apis():
    new_id = random_ids()
    ids = {new_id("item") for _ in range(500)}
    assert len(ids) == 500
    assert all(re.fullmatch(r"item_[A-Za-z0-9]{21}", name) for name in ids)
