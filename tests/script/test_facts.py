"""What a turn, and a conversation, can be measured by."""

from __future__ import annotations

import pytest

from realtime_cli.script.facts import facts_of, whole_facts
from realtime_cli.script.observed import TurnSeen
from tests.script.scenes import Scene


def test_the_voice_is_timed_by_its_played_samples_from_the_last_sound_of_the_user() -> None:
    scene = Scene()
    scene.turn(1, 1.0)
    scene.spoken(1.2, 2.0)
    scene.at = 2.6
    scene.answers("It is noon.")
    scene.plays(3.0, 4.0)
    facts = facts_of(scene.observed.turns[1], aloud=True)
    assert facts.reply == "It is noon."
    assert facts.within_ms == pytest.approx(1000)
    assert facts.done_ms == pytest.approx(600)
    assert facts.dead_air_ms == pytest.approx(1000)
    assert facts.events.index("agent.speech_started") < facts.events.index("agent.speech_stopped")


def test_in_text_the_first_word_is_the_voice() -> None:
    scene = Scene(aloud=False)
    scene.turn(1, 1.0)
    scene.typed("hi")
    scene.at = 1.4
    scene.answers("Hello.")
    facts = facts_of(scene.observed.turns[1], aloud=False)
    assert facts.within_ms == pytest.approx(400)
    assert facts.dead_air_ms is None


def test_the_whole_conversation_has_the_worst_of_the_timings_and_all_of_the_rest() -> None:
    scene = Scene()
    for number, wait_s in ((1, 0.3), (2, 0.9)):
        scene.turn(number, number * 10.0)
        scene.typed("x")
        scene.calls("clock", '{"zone": "UTC"}', "noon")
        usage = {"input_tokens": 5, "output_tokens": 2}
        scene.server("response.created", response={"id": f"r{number}"})
        scene.server("response.output_audio.delta", response_id=f"r{number}", item_id=f"i{number}", delta="")
        scene.done(f"r{number}", usage=usage)
        scene.plays(number * 10.0 + wait_s, number * 10.0 + 2, f"i{number}")
    facts = whole_facts(scene.observed)
    assert facts.within_ms == pytest.approx(900)
    assert len(facts.calls) == 2
    assert facts.tokens.input + facts.tokens.output == 14
    assert facts.usd is None  # the model's price is not known


def test_what_did_not_happen_has_no_timing() -> None:
    facts = facts_of(TurnSeen(1, 3.0), aloud=True)
    assert (facts.within_ms, facts.done_ms, facts.dead_air_ms, facts.interrupted_ms) == (None,) * 4
    assert not facts.interrupted


def test_dead_air_is_the_longest_silence_and_none_of_what_overlaps() -> None:
    turn = TurnSeen(1, 0.0, ended_at=1.0)
    turn.spans = {("c", 0): (7.0, 8.0), ("a", 0): (1.5, 4.0), ("b", 0): (2.0, 3.0)}
    assert facts_of(turn, aloud=True).dead_air_ms == pytest.approx(3000)  # from 4 s to 7 s
    assert facts_of(turn, aloud=False).dead_air_ms is None


def test_the_cost_of_the_whole_is_unknown_if_that_of_a_turn_is() -> None:
    scene = Scene()
    scene.turn(1, 1.0)
    assert whole_facts(scene.observed).usd == 0.0
    scene.observed.now.usd = 0.25
    assert whole_facts(scene.observed).usd == 0.25
    scene.turn(2, 2.0)
    scene.observed.now.usd = None
    assert whole_facts(scene.observed).usd is None
