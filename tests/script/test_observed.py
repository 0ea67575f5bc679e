"""What belongs to which turn."""

from __future__ import annotations

import pytest

from realtime_cli.script.facts import facts_of, whole_facts
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


def test_a_reply_belongs_to_the_turn_that_asked_for_it_and_its_interruption_to_the_one_that_cut_it() -> None:
    scene = Scene()
    scene.turn(1, 0.0)
    scene.typed("read")
    scene.answers("A long story", response="r1", item="i1")
    scene.at = 1.0
    scene.plays(1.0, 1.5)
    scene.turn(2, 2.0)
    scene.spoken(2.1, 2.6)
    scene.at = 2.4
    scene.cut("i1", 1300.0)
    scene.at = 3.2
    scene.answers("Okay.", response="r2", item="i2")
    first, second = (facts_of(turn, aloud=True) for turn in scene.observed.turns[1:])
    assert (first.reply, first.interrupted) == ("A long story", False)
    assert (second.reply, second.interrupted) == ("Okay.", True)
    assert second.interrupted_ms == pytest.approx(300)
    assert scene.observed.turns[2].interrupted_heard_ms == 1300.0


def test_a_turn_is_answered_by_a_response_that_was_not_cut() -> None:
    scene = Scene()
    scene.turn(1, 0.0)
    scene.answers("One", response="r1", status="cancelled")
    assert not scene.observed.now.answered
    scene.answers("Two", response="r2", item="i2")
    assert scene.observed.now.answered


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


def test_an_answer_right_behind_another_begins_to_sound_all_the_same() -> None:
    scene = Scene()
    scene.turn(1, 0.0)
    scene.answers("One.", response="r1", item="i1")
    scene.plays(1.0, 2.0, "i1")
    scene.turn(2, 2.01)
    scene.answers("Two.", response="r2", item="i2")
    scene.plays(2.05, 3.0, "i2")
    for turn in scene.observed.turns[1:]:
        assert [name for _, name in turn.events].count("agent.speech_started") == 1
