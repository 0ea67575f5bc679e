"""What belongs to which turn."""

from __future__ import annotations

import pytest

from realtime_cli.script.facts import facts_of
from tests.script.scenes import Scene


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
