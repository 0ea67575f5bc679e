"""A secret in pieces is masked in the lines of a recording, each text for itself."""

from __future__ import annotations

import json
from typing import Any

from realtime_cli.recording.delta_mask import MAX_TEXTS, DeltaMask
from realtime_cli.recording.known_secrets import KnownSecrets

SECRET = "Zk-hunter2"


def deltas(*events: dict[str, Any], mask: DeltaMask | None = None) -> list[Any]:
    mask = mask or DeltaMask(KnownSecrets([SECRET]))
    return [json.loads(mask.frame(json.dumps(event)))["delta"] for event in events]


def piece(delta: Any, item_id: str = "a", **more: Any) -> dict[str, Any]:
    return {"type": "response.output_text.delta", "event_id": "e", "item_id": item_id, "delta": delta, **more}


def test_two_texts_that_grow_at_once_are_two() -> None:
    told = deltas(piece("Zk-hun"), piece("Zk-hun", "b"), piece("ter2!"), piece("dred", "b"))
    assert told == ["", "", "***!", "Zk-hundred"]


def test_what_differs_from_event_to_event_makes_no_new_text() -> None:
    mask = DeltaMask(KnownSecrets([SECRET]))
    lines = [
        mask.frame(json.dumps(piece("Zk-hun", obfuscation="x", start_ms=0, event_id="e1"))),
        mask.frame(json.dumps(piece("ter2", obfuscation="yz", start_ms=200, logprobs=[{"token": "ter2"}]))),
    ]
    assert [json.loads(line)["delta"] for line in lines] == ["", "***"]
    assert "ter2" not in lines[1]


def test_an_event_within_an_event_is_masked_too() -> None:
    inner = [
        {"type": "response.output_text.delta", "item_id": "m", "delta": half} for half in ("Zk-hu", "nter2")
    ]
    mask = DeltaMask(KnownSecrets([SECRET]))
    lines = [mask.frame(json.dumps({"type": "delegation.event", "event": event})) for event in inner]
    assert [json.loads(line)["event"]["delta"] for line in lines] == ["", "***"]


def test_a_frame_without_a_secret_stays_as_it_came_letter_by_letter() -> None:
    mask = DeltaMask(KnownSecrets([SECRET]))
    for raw in (
        '{ "type":"response.output_text.delta" , "delta":"Zk\\u002d" }',
        '{"type":"x","delta":{"$audio":{"channel":"received","offset":0,"bytes":960}}}',
        '{"type":"x","delta":7}',
        '["delta"]',
        '{"delta": broken',
    ):
        assert mask.frame(raw) == raw
    assert DeltaMask(KnownSecrets([])).frame('{"delta":"Zk-hunter2"}') == '{"delta":"Zk-hunter2"}'


def test_endlessly_many_texts_take_bounded_memory() -> None:
    mask = DeltaMask(KnownSecrets([SECRET]))
    for number in range(3 * MAX_TEXTS):
        assert deltas(piece("Zk-hu", str(number)), mask=mask) == [""]
    assert len(mask._texts) == MAX_TEXTS
