"""Decisions of the service, as the user reads them."""

from __future__ import annotations

from typing import Any

import pytest

from realtime_cli.client.entry import Entry
from realtime_cli.client.inputs import Received
from realtime_cli.conversation import events as e
from realtime_cli.conversation.live import LiveNarrator
from realtime_cli.conversation.live.decisions import decision_words
from realtime_cli.conversation.narrated import narrate
from realtime_cli.protocol.live import codec

MOOD = {"type": "choice", "name": "mood", "choice": "angry", "confidence": 0.9, "probabilities": []}
REFUSED = {"type": "refusal", "name": None}


@pytest.mark.parametrize(
    ("decision", "words"),
    [
        ({"answers": [MOOD, REFUSED]}, "mood = angry (90%), question 2 refused"),
        ({"answers": [MOOD | {"choice": True, "confidence": 1}]}, "mood = True (100%)"),
        ({"answers": [{"type": "predicate", "name": "urgent", "probability": 0.125}]}, "urgent = 12% likely"),
        ({"answers": [{"type": "score", "score": 3.5, "confidence": 0.5}]}, "question 1 = 3.5 (50%)"),
        ({"answers": [{"type": "oracle"}, 7]}, "{'type': 'oracle'}, 7"),
        ({"answers": {}}, "{'answers': {}}"),
        (None, "None"),
    ],
)
def test_an_answer_is_one_phrase(decision: Any, words: str):
    assert decision_words(decision) == words


def _told(*decided: dict[str, Any]) -> list[tuple[str, str]]:
    entries = [
        Entry(at, "received", Received(at, codec.live_server_event({"type": "decision.event", **event})))
        for at, event in enumerate(decided)
    ]
    told = narrate(entries, LiveNarrator())
    return [(one.level, one.text) for one in told if isinstance(one, e.NoticeIssued)]


def _event(answer: dict[str, Any], **about: str) -> dict[str, Any]:
    return {"event": {"type": "decision.completed", "decision": {"answers": [answer]}}, **about}


def test_each_decision_that_was_handed_over_is_shown():
    decided = _event(MOOD, delegation_id="item_1"), _event(MOOD, delegation_id="item_2")
    assert _told(*decided) == [("info", "mood = angry (90%).")] * 2


def test_a_trigger_that_decides_at_every_fragment_shows_what_is_new():
    answers: list[dict[str, Any]] = [REFUSED, REFUSED, MOOD, MOOD]
    decided = [_event(answer, trigger_id=f"t{n}") for n, answer in enumerate(answers)]
    assert [level for level, _ in _told(*decided)] == ["info", "debug", "info", "debug"]
