"""What belongs to which turn."""

from __future__ import annotations

import pytest

from realtime_cli.client import inputs
from tests.script.scenes import Scene


def test_a_reply_belongs_to_the_turn_that_asked_for_it_and_its_interruption_to_the_one_that_cut_it() -> None:
    scene = Scene()
    scene.turn(1, 0.0)
    scene.typed("read")
    scene.answers("A long story", response="r1", item="i1")
    scene.plays(1.0, 1.5)
    scene.turn(2, 2.0)
    scene.spoken(2.1, 2.6)
    scene.at = 2.4
    scene.cut("i1", 1300.0)
    scene.at = 3.2
    scene.answers("Okay.", response="r2", item="i2")
    first, second = scene.metrics
    assert (first.reply, first.interrupted) == ("A long story", False)
    assert (second.reply, second.interrupted) == ("Okay.", True)
    assert second.interrupted_ms == pytest.approx(300)
    cut, cuts = scene.collected.turns[1:]
    assert (cut.cut_off, cuts.cut_off, cuts.interrupted_heard_ms) == (True, False, 1300.0)


def test_in_text_the_cancelled_answer_of_an_earlier_turn_is_the_interruption() -> None:
    scene = Scene(text_mode=True)
    scene.turn(1, 0.0)
    scene.typed("read")
    scene.server("response.created", response={"id": "r1"})
    scene.turn(2, 1.0)
    scene.typed("stop")
    scene.done("r1", "cancelled")
    first, second = scene.metrics
    assert (first.interrupted, second.interrupted) == (False, True)
    assert scene.collected.turns[1].cut_off


def test_a_turn_is_answered_by_a_response_that_was_not_cut() -> None:
    scene = Scene()
    scene.turn(1, 0.0)
    scene.answers("One", response="r1", status="cancelled")
    assert not scene.collected.now.answered
    scene.answers("Two", response="r2", item="i2")
    assert scene.collected.now.answered


def test_an_answer_right_behind_another_begins_to_sound_all_the_same() -> None:
    scene = Scene()
    scene.turn(1, 0.0)
    scene.answers("One.", response="r1", item="i1")
    scene.plays(1.0, 2.0, "i1")
    scene.turn(2, 2.01)
    scene.answers("Two.", response="r2", item="i2")
    scene.plays(2.05, 3.0, "i2")
    for metrics in scene.metrics:
        assert list(metrics.events).count("agent.speech_started") == 1


def test_of_a_transcript_that_is_told_again_the_last_word_counts() -> None:
    scene = Scene()
    scene.turn(1, 0.0)
    scene.server("input_audio_buffer.committed", item_id="u1")
    scene.turn(2, 2.0)
    for text in ("Seven", "Seven o'clock"):
        name = "conversation.item.input_audio_transcription.completed"
        scene.server(name, item_id="u1", content_index=0, transcript=text)
    first, second = scene.metrics
    assert (first.heard, second.heard) == ("Seven o'clock", "")
    assert "user.transcribed" in first.events


def test_a_call_that_comes_late_belongs_to_the_turn_of_its_response() -> None:
    scene = Scene()
    scene.turn(1, 0.0)
    scene.server("response.created", response={"id": "r1"})
    scene.turn(2, 1.0)
    item = {"type": "function_call", "id": "f", "call_id": "c", "name": "clock", "arguments": "{}"}
    scene.server("response.output_item.done", response_id="r1", item=item)
    scene.calls("clock", output="noon")
    first, second = scene.metrics
    assert [(call.name, call.output, call.failed) for call in first.calls] == [("clock", "noon", False)]
    assert second.calls == ()
    assert {"tool.called", "tool.finished"} <= set(second.events), "events are the present's"


def test_how_late_our_own_pace_was_is_the_turns() -> None:
    scene = Scene()
    scene.turn(1, 0.0)
    scene.annotate("late", ms=80.0)
    scene.annotate("late", ms=50.0)
    scene.annotate("over", waited_for="an answer")
    scene.local(inputs.Noted(0.0, "debug", "note", "turn", {"mark": "turn", "turn": 7}))  # no mark of ours
    [turn] = scene.collected.turns[1:]
    assert (turn.late_ms, turn.timed_out) == (80.0, "an answer")
