"""Turns that nothing on the wire tells, against the truth of synthetic conversations."""

from __future__ import annotations

import statistics
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from realtime_cli.client.entry import Entry
from realtime_cli.client.inputs import Played
from realtime_cli.conversation import events as e
from realtime_cli.conversation.live import LiveNarrator
from realtime_cli.conversation.narrated import narrate
from realtime_cli.conversation.turns import TurnLog
from tests.conversation.live.synthetic import STARTED_AT, Said, Synthetic

MAX_MEDIAN_ERROR_MS = 60.0


def _told(talk: Synthetic) -> list[e.ConversationEvent]:
    return list(narrate(talk.entries(), LiveNarrator()))


def _of(told: list[e.ConversationEvent], kind: type) -> list[e.ConversationEvent]:
    return [event for event in told if isinstance(event, kind)]


def _talk_of_turns(seed: int, room_dbfs: float) -> Synthetic:
    """Five questions and answers with pauses of every length that keeps them turns."""
    random = np.random.default_rng(seed)
    user, agent, at_ms = [], [], 800
    for _ in range(5):
        end_ms = at_ms + int(random.integers(400, 2500))
        user.append(Said(at_ms, end_ms))
        begin_ms = end_ms + int(random.integers(650, 1800))
        at_ms = begin_ms + int(random.integers(1200, 4000))
        agent.append(Said(begin_ms, at_ms))
        at_ms += int(random.integers(900, 2000))
    return Synthetic(user, agent, at_ms + 2000, room_dbfs, seed)


@pytest.mark.parametrize("room_dbfs", [-75.0, -62.0, -48.0])
def test_boundaries_are_within_60_ms_of_the_truth_in_the_median(room_dbfs: float):
    errors: dict[str, list[float]] = {"began": [], "ended": [], "agent began": [], "agent ended": []}
    for seed in range(4):
        talk = _talk_of_turns(seed, room_dbfs)
        told = _told(talk)
        turns = [event for event in _of(told, e.UserTurnCommitted) if event.by == "voice"]
        assert [turn.turn for turn in turns] == [1, 2, 3, 4, 5]
        for turn, truth in zip(turns, talk.user, strict=True):
            errors["began"].append(abs((turn.began_at - STARTED_AT) * 1000 - truth.begin_ms))
            errors["ended"].append(abs((turn.ended_at - STARTED_AT) * 1000 - truth.end_ms))
        sounds: list[Any] = _of(told, e.AgentSoundReceived)
        first = [sound for sound in sounds if sound.first]
        for sound, answer in zip(first, talk.agent, strict=True):
            began_ms = (sound.at - STARTED_AT) * 1000
            lasted_ms = sum(each.ms for each in sounds if each.item_id == sound.item_id)
            errors["agent began"].append(abs(began_ms - answer.begin_ms))
            errors["agent ended"].append(abs(began_ms + lasted_ms - answer.end_ms))
    for what, found in errors.items():
        assert statistics.median(found) <= MAX_MEDIAN_ERROR_MS, what


def test_words_go_to_the_speech_that_they_are_of():
    talk = Synthetic(
        [
            Said(500, 2500, "What is the weather in Rome today"),
            Said(8000, 9500, "Thank you very much indeed"),
        ],
        [Said(3400, 6000, "It is sunny and warm with a light breeze")],
        14_000,
    )
    told = _told(talk)
    assert [(text.turn, text.text) for text in _of(told, e.UserTextFinal)] == [
        (1, "What is the weather in Rome today"),
        (2, "Thank you very much indeed"),
    ]
    assert [(text.turn, text.text) for text in _of(told, e.AgentTextFinal)] == [
        (1, "It is sunny and warm with a light breeze")
    ]


def test_latency_is_from_the_last_sound_of_the_user_to_the_first_of_the_agent():
    log = TurnLog()
    for event in _told(Synthetic([Said(500, 2000)], [Said(3000, 5000)], 8000)):
        log.observe(event)
    assert log.turns[0].latency_ms == pytest.approx(1000, abs=120)


def test_an_agent_that_falls_silent_when_talked_over_was_interrupted():
    talk = Synthetic([Said(500, 1500), Said(4000, 6000)], [Said(2300, 4500), Said(7000, 8500)], 12_000)
    told = _told(talk)
    (cut,) = _of(told, e.AgentInterrupted)
    assert (cut.turn, cut.cause) == (1, "voice")
    assert cut.heard_ms == pytest.approx(2200, abs=60)
    assert cut.at == pytest.approx(STARTED_AT + 4.5, abs=0.06)  # told after the pause that shows it
    statuses = [ended.status for ended in _of(told, e.AgentResponseEnded)]
    assert statuses == ["cancelled", "completed"]


def test_a_word_of_assent_within_the_agents_speech_makes_no_turn():
    talk = Synthetic(
        [Said(500, 1500), Said(3500, 3900, "Mhm"), Said(9000, 10_000)],
        [Said(2300, 8000), Said(11_000, 12_000)],
        15_000,
    )
    told = _told(talk)
    assert [turn.turn for turn in _of(told, e.UserTurnCommitted)] == [1, 2]
    assert _of(told, e.AgentInterrupted) == []


def test_a_short_word_that_silences_the_agent_is_an_interruption_and_a_turn():
    talk = Synthetic(
        [Said(500, 1500), Said(4000, 4500, "Stop")], [Said(2300, 4400), Said(6000, 7000)], 10_000
    )
    told = _told(talk)
    assert [turn.turn for turn in _of(told, e.UserTurnCommitted)] == [1, 2]
    assert [cut.turn for cut in _of(told, e.AgentInterrupted)] == [1]
    assert [began.turn for began in _of(told, e.AgentResponseBegan)] == [1, 2]


def test_a_word_of_assent_of_the_agents_answers_nothing():
    user = [Said(500, 1500), Said(5000, 11_000)]
    talk = Synthetic(user, [Said(2300, 4000), Said(8000, 8400, "Mhm"), Said(12_000, 14_000)], 17_000)
    told = _told(talk)
    assert [turn.turn for turn in _of(told, e.UserTurnCommitted)] == [1, 2]
    assert [began.turn for began in _of(told, e.AgentResponseBegan)] == [1, 1, 2]


def test_a_pause_within_a_sentence_is_no_new_turn():
    talk = Synthetic([Said(500, 2000), Said(2900, 4000)], [Said(5000, 7000)], 10_000)
    told = _told(talk)
    turns = _of(told, e.UserTurnCommitted)
    assert {turn.turn for turn in turns} == {1}
    assert turns[-1].ended_at - STARTED_AT == pytest.approx(4.0, abs=0.06)


def test_every_answer_ends_once_and_times_go_forward():
    told = _told(_talk_of_turns(7, -62.0))
    began = [event.response_id for event in _of(told, e.AgentResponseBegan)]
    assert began == [event.response_id for event in _of(told, e.AgentResponseEnded)]
    times = [event.at for event in told]
    assert max(earlier - later for earlier, later in pairwise(times)) <= 2.1  # what was held back


def test_the_pause_behind_an_utterance_is_not_heard_as_part_of_it():
    talk = Synthetic([Said(500, 1500)], [Said(2300, 4300), Said(9000, 10_000)], 12_000)
    entries = []
    for entry in talk.entries():  # played 150 ms behind
        entries.append(entry)
        played_ms = 1000 * (entry.at - STARTED_AT) - 150
        if entry.kind == "received" and played_ms > 0:
            entries.append(Entry(entry.at, "local", Played(entry.at, "live", 0, played_ms)))
    told = list(narrate(entries, LiveNarrator()))
    heard: list[Any] = [event for event in told if isinstance(event, e.AgentHeard) and event.finished]
    assert [event.heard_ms for event in heard] == [pytest.approx(2000, abs=60), pytest.approx(1000, abs=60)]
    assert heard[0].at - STARTED_AT == pytest.approx(4.3 + 0.15, abs=0.06)
