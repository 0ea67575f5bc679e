"""The marks of a runner among all the entries of a recording."""

from __future__ import annotations

from realtime_cli.client import inputs
from realtime_cli.client.entry import Entry
from realtime_cli.script.annotations import TOPIC, read_mark


def test_only_a_mark_of_ours_is_one() -> None:
    def noted(topic: str, **data: object) -> Entry:
        return Entry(1.0, "local", inputs.Noted(1.0, "debug", topic, "turn 1", data))

    assert read_mark(noted(TOPIC, mark="turn", turn=1)) == {"mark": "turn", "turn": 1}
    assert read_mark(noted(TOPIC)) is None
    assert read_mark(noted("note", mark="turn")) is None
    assert read_mark(Entry(1.0, "local", inputs.Typed(1.0, "turn 1"))) is None
