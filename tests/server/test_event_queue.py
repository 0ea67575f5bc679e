"""Where everything leaves the session."""

from __future__ import annotations

from tests.server.dialogue import Talk


def test_every_event_has_an_id_of_its_own():
    talk = Talk()
    talk.spoken_turn()
    talk.says()
    ids = [event["event_id"] for event in talk.events]
    assert len(set(ids)) == len(ids)
