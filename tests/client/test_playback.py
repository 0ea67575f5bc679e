"""What an interruption means on the wire."""

from __future__ import annotations

from realtime_cli.client.inputs import HeardItem
from realtime_cli.client.playback import Playback, truncations
from realtime_cli.protocol.client_events import ConversationItemDelete, ConversationItemTruncate


def told(*items: HeardItem, received: dict | None = None, active: set | None = None) -> list[str]:
    lines = []
    for event in truncations(items, received or {}, active or set()):
        match event:
            case ConversationItemTruncate():
                lines.append(f"truncate {event.item_id} {event.audio_end_ms}")
            case ConversationItemDelete():
                lines.append(f"delete {event.item_id}")
    return lines


def test_the_heard_item_is_cut_and_the_later_ones_go():
    heard = [HeardItem("A", 0, 1000, True), HeardItem("B", 0, 250.9, False), HeardItem("C", 0, 0, False)]
    assert told(*heard, received={("B", 0): 900.0, ("C", 0): 500.0}) == ["truncate B 250", "delete C"]


def test_an_item_that_is_still_written_is_not_deleted():
    heard = [HeardItem("B", 0, 10, False), HeardItem("C", 0, 0, False)]
    assert told(*heard, received={("B", 0): 90.0}, active={"B", "C"}) == ["truncate B 10", "truncate C 0"]


def test_never_more_than_was_received():
    assert told(HeardItem("A", 0, 700, False), received={("A", 0): 500.0}) == ["truncate A 500"]


def test_playback_is_unheard_until_the_device_has_played_it():
    playback = Playback()
    playback.queued("A", 0, "R")
    assert playback.unheard
    assert playback.response_ids == {"R"}
    playback.finished("A", 0)
    assert not playback.unheard
