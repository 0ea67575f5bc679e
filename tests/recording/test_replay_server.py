"""A recording as a server: the dialogue that it holds with clients that do as recorded, and with others."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from realtime_cli.recording.reader import read
from realtime_cli.recording.replay_server import ReplayServer, replay_server
from tests.recording.sample import b64, frame, heard, received, record, sent

UPDATE: dict[str, Any] = {"type": "session.update", "session": {"type": "realtime", "instructions": "a"}}
CREATE: dict[str, Any] = {"type": "response.create", "event_id": "c2"}
SPOKEN = [
    received(0.1, "session.created", session={}),
    sent(0.2, **UPDATE, event_id="c1"),
    received(0.4, "session.updated", session={}),
    *[entry for n in range(10) for entry in heard(1.0 + n * 0.02, 1)],
    received(1.5, "input_audio_buffer.committed", item_id="u"),
    sent(1.6, **CREATE),
    received(1.7, "error", error={"message": "no", "event_id": "c2"}),
]


@pytest.fixture
def served(tmp_path: Path) -> Any:
    record(tmp_path / "s.jsonl", SPOKEN)
    return lambda **options: replay_server(read(tmp_path / "s.jsonl"), **options)


def types(texts: list[str]) -> list[str]:
    return [json.loads(text)["type"] for text in texts]


def say(walk: ReplayServer, event: dict[str, Any], now: float = 0.0) -> str | None:
    return walk.received(json.dumps(event), now)


def test_a_client_that_does_as_recorded_gets_what_was_recorded(served: Any) -> None:
    walk = served(pace=None)

    assert types(walk.due(0)) == ["session.created"]
    assert say(walk, {**UPDATE, "event_id": "mine"}) is None
    assert types(walk.due(0)) == ["session.updated"]
    for n in range(10):
        assert types(walk.due(0)) == ([] if n < 9 else ["input_audio_buffer.committed"])
        say(walk, {"type": "input_audio_buffer.append", "audio": b64(frame(5))})
    assert say(walk, {**CREATE, "event_id": "theirs"}) is None
    (error,) = walk.due(0)
    assert json.loads(error)["error"]["event_id"] == "theirs"
    assert walk.over
    assert walk.mismatches == []


def test_answers_come_at_the_recorded_pace_from_what_the_client_did_last(served: Any) -> None:
    walk = served(pace=2.0)

    assert types(walk.due(100.0)) == ["session.created"]
    say(walk, UPDATE, now=107.0)
    assert types(walk.due(107.05)) == []
    assert walk.next_at() == pytest.approx(107.1)
    assert types(walk.due(107.1)) == ["session.updated"]


@pytest.mark.parametrize(
    ("event", "reason"),
    [
        (
            {"type": "session.update", "session": {"type": "realtime", "instructions": "b"}},
            "session.update differs from the recorded one in session.instructions",
        ),
        (CREATE, "response.create differs from the recorded one, and before it session.update is expected"),
        ({"type": "response.cancel"}, "response.cancel came, but the recording has session.update"),
    ],
)
def test_strictly_a_difference_is_an_error_that_names_the_nearest(
    served: Any, event: Any, reason: str
) -> None:
    walk = served(pace=None)
    walk.due(0)

    answer = json.loads(say(walk, {**event, "event_id": "x"}) or "")

    assert answer["error"]["message"] == reason
    assert answer["error"]["event_id"] == "x"
    assert walk.mismatches == [reason]


def test_leniently_other_content_sound_and_extra_events_are_no_matter(served: Any) -> None:
    walk = served(pace=None, strict=False)
    walk.due(0)

    assert say(walk, {"type": "response.cancel"}) is None
    assert say(walk, {"type": "session.update", "session": {"type": "realtime", "x": 1}}) is None
    assert types(walk.due(0)) == ["session.updated", "input_audio_buffer.committed"]
    assert say(walk, {"type": "response.create", "response": {}}) is None
    assert types(walk.due(0)) == ["error"]
    assert walk.over


def test_what_did_not_come_is_named(served: Any) -> None:
    walk = served()

    assert walk.unmet == ["session.update", "response.create"]


def test_what_is_no_event_is_a_mismatch(served: Any) -> None:
    assert "not JSON" in (served().received("hello", 0.0) or "")
