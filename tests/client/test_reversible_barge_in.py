"""An interruption that can be taken back: the voice is held until it is clear what was heard."""

from __future__ import annotations

from typing import Any

import pytest

from realtime_cli.client import effects, inputs
from tests.client.dialogue import Dialogue


class Talk(Dialogue):
    """A dialogue whose lines tell of holding too."""

    def _line(self, effect: effects.Effect) -> str | None:
        if isinstance(effect, effects.Duck):
            return ("hold" if effect.hold else "duck") if effect.on else "go on"
        if isinstance(effect, effects.Note):
            return effect.text if effect.topic == "barge_in" else super()._line(effect)
        return super()._line(effect)

    def hears(self, verdict: str, at: float) -> list[str]:
        self.at = at
        return self.give(inputs.SoundJudged, verdict, 300.0)

    def server_hears(self, item: str = "U") -> list[str]:
        return self.server("input_audio_buffer.speech_started", audio_start_ms=0, item_id=item)

    def commits(self, item: str = "U") -> list[str]:
        stopped = self.server("input_audio_buffer.speech_stopped", audio_end_ms=900, item_id=item)
        return stopped + self.server("input_audio_buffer.committed", item_id=item)

    def transcribes(self, text: str, item: str = "U") -> list[str]:
        kind = "conversation.item.input_audio_transcription.completed"
        return self.server(kind, item_id=item, content_index=0, transcript=text)


def talk(**options: Any) -> Talk:
    made = Talk(barge_in="reversible", barge_in_after_ms=600, **options)
    made.connect()
    made.agent_speaks()
    return made


def test_the_server_is_to_neither_interrupt_nor_answer_by_itself() -> None:
    t = talk()
    detection = t.sent[0]["session"]["audio"]["input"]["turn_detection"]
    assert detection == {"type": "server_vad", "interrupt_response": False, "create_response": False}


def test_who_says_who_interrupts_is_left_alone() -> None:
    patch = {"type": "realtime", "audio": {"input": {"turn_detection": {"interrupt_response": True}}}}
    t = talk(patch=patch)
    assert t.sent[0]["session"] == patch
    assert t.server_hears() == ["stop server_vad"]


def test_a_cough_is_taken_back_and_not_answered() -> None:
    t = talk()
    assert t.hears("begun", 1.0) == ["hold"]
    assert t.server_hears() == []
    assert t.hears("noise", 1.43) == ["go on", "The agent was held for 430 ms and goes on: a noise."]
    assert t.commits() == []
    assert t.transcribes("Stop.") == []  # of a cough: nothing was said


def test_who_means_it_is_heard_and_answered() -> None:
    t = talk()
    t.hears("begun", 1.0)
    t.server_hears()
    why = "The agent was held for 610 ms and stopped: you went on."
    assert t.hears("meant", 1.61) == ["stop voice", "response.cancel", "go on", why]
    assert t.stopped(("A", 700, False), cause="voice") == ["item.truncate A 700"]
    assert t.commits() == []
    assert t.done(status="cancelled")[-1] == "response.create"


def test_a_listeners_word_is_not_answered_and_stop_is() -> None:
    t = talk()
    for item, words, then in (("U1", "Mm-hm.", []), ("U2", "Stop.", ["stop voice", "response.cancel"])):
        t.hears("begun", 1.0)
        t.server_hears(item)
        t.hears("short", 1.5)
        assert t.commits(item) == []
        assert t.transcribes(words, item) == then
    assert t.done(status="cancelled")[-1] == "response.create"


def test_the_television_is_not_answered_whatever_it_says() -> None:
    t = talk()
    t.hears("begun", 1.0)
    t.server_hears()
    t.hears("far", 2.5)
    assert t.commits() == []
    assert t.transcribes("And now the news.") == []


def test_a_turn_that_begins_in_silence_is_answered() -> None:
    t = Talk(barge_in="reversible")
    t.connect()
    t.hears("begun", 1.0)
    t.server_hears()
    assert t.commits() == ["response.create"]


def test_a_word_and_then_a_question_in_one_turn_are_answered() -> None:
    t = talk()
    t.hears("begun", 1.0)
    t.server_hears()
    t.hears("short", 1.5)
    t.hears("begun", 1.6)
    t.hears("meant", 2.2)
    t.hears("begun", 3.0)
    t.hears("short", 3.3)
    t.commits()
    assert t.done(status="cancelled")[-1] == "response.create"


@pytest.mark.parametrize("speaks", [True, False])
def test_without_a_judge_the_servers_word_must_do(speaks: bool) -> None:
    t = talk()
    assert t.server_hears() == ["hold"]
    t.at = 0.6
    if speaks:
        assert t.give(inputs.TimerFired, "barge_in")[:2] == ["stop voice", "response.cancel"]
    else:
        over = "The agent was held for 600 ms and goes on: it was over before it could be speech."
        assert t.commits() == ["go on", over]


def test_a_server_that_cancels_though_it_was_told_not_to_has_decided() -> None:
    t = talk()
    t.hears("begun", 1.0)
    details = {"type": "cancelled", "reason": "turn_detected"}
    assert "stop voice" in t.done(status="cancelled", status_details=details)


def test_a_sound_of_which_nothing_more_is_heard_does_not_hold_for_ever() -> None:
    t = talk()
    t.hears("begun", 1.0)
    t.at = 4.0
    assert t.give(inputs.TimerFired, "barge_in")[0] == "go on"


def test_a_key_stops_what_is_held() -> None:
    t = talk()
    t.hears("begun", 1.0)
    assert t.give(inputs.Pressed, "interrupt") == ["stop key", "response.cancel"]
    assert t.stopped(("A", 700, False), cause="key") == ["item.truncate A 700", "go on"]


def test_other_policies_do_not_care_what_was_heard() -> None:
    t = Talk()
    t.connect()
    t.agent_speaks()
    assert t.hears("begun", 1.0) == t.hears("meant", 1.6) == []


# -- the server has a word in it ----------------------------------------------------------------------


def test_what_sounds_meant_but_is_no_speech_to_the_server_is_taken_back() -> None:
    t = talk()
    t.server_hears("U0")  # it says when it hears somebody
    t.commits("U0")
    t.hears("begun", 2.0)
    assert t.hears("meant", 2.6) == []
    t.at = 3.6  # a second later
    why = "The agent was held for 1600 ms and goes on: the server heard no speech."
    assert t.give(inputs.TimerFired, "barge_in") == ["go on", why]
    t.server_hears("U1")
    assert t.commits("U1") == []  # what was taken back does not make the next sound meant


def test_the_server_may_hear_it_a_moment_later() -> None:
    t = talk()
    t.server_hears("U0")
    t.commits("U0")
    t.hears("begun", 2.0)
    t.hears("meant", 2.6)
    t.at = 2.7
    assert t.server_hears("U1")[:3] == ["stop voice", "response.cancel", "go on"]
    assert t.stopped(("A", 700, False), cause="voice") == ["item.truncate A 700"]
    t.commits("U1")
    assert t.done(status="cancelled")[-1] == "response.create"


def test_a_server_that_has_never_said_whom_it_hears_is_not_waited_for() -> None:
    t = talk()
    t.hears("begun", 1.0)
    assert t.hears("meant", 1.6)[0] == "stop voice"


def test_when_turns_are_ended_by_hand_there_is_no_server_to_wait_for() -> None:
    t = talk(patch={"type": "realtime", "audio": {"input": {"turn_detection": None}}})
    t.hears("begun", 1.0)
    assert t.hears("meant", 1.6)[0] == "stop voice"


def test_what_has_ended_for_the_server_does_not_hold_it_for_long() -> None:
    t = talk()
    t.hears("begun", 1.0)
    t.server_hears()
    t.at = 1.4
    assert t.commits() == []
    t.at = 1.7
    over = "The agent was held for 700 ms and goes on: nothing more was heard of it."
    assert t.give(inputs.TimerFired, "barge_in") == ["go on", over]
    assert t.transcribes("") == []


def some_words(**options: Any) -> Talk:
    """The agent is held for words that are over; their transcript is to come."""
    t = talk(**options)
    t.hears("begun", 1.0)
    t.server_hears()
    assert t.hears("words", 2.0) == []
    t.at = 2.3
    assert t.commits() == []
    return t


@pytest.mark.parametrize(
    ("words", "why"),
    [("Yes, of course.", "a listener's words"), ("", "the server heard no words")],
)
def test_some_words_of_a_listener_are_taken_back(words: str, why: str) -> None:
    t = some_words()
    t.at = 2.5
    went_on = f"The agent was held for 1500 ms and goes on: {why}."
    assert t.transcribes(words) == ["go on", went_on]


def test_some_words_that_are_no_listeners_are_meant() -> None:
    t = some_words()
    t.at = 2.5
    stopped = "The agent was held for 1500 ms and stopped: you went on."
    assert t.transcribes("Not that one.") == ["stop voice", "response.cancel", "go on", stopped]
    assert t.stopped(("A", 700, False), cause="voice") == ["item.truncate A 700"]
    assert t.done(status="cancelled")[-1] == "response.create"


def test_words_that_nobody_writes_down_are_meant() -> None:
    t = some_words()
    t.at = 4.0
    assert t.give(inputs.TimerFired, "barge_in")[:3] == ["stop voice", "response.cancel", "go on"]
    assert t.done(status="cancelled")[-1] == "response.create"
    assert t.transcribes("Yes.") == []

    without = {"type": "realtime", "audio": {"input": {"transcription": None}}}
    t = talk(patch=without)
    t.hears("begun", 1.0)
    t.server_hears()
    assert t.hears("words", 2.0)[0] == "stop voice"
    t.commits()
    assert t.done(status="cancelled")[-1] == "response.create"


def test_a_transcript_that_is_faster_than_the_ear_decides() -> None:
    t = talk()
    t.hears("begun", 1.0)
    t.server_hears()
    t.commits()
    t.transcribes("Okay, okay.")
    assert t.hears("words", 2.0) == []
    t.at = 2.1
    assert t.give(inputs.TimerFired, "barge_in")[0] == "go on"


# -- what else happens while it is held -------------------------------------------------------------------


def test_muting_lets_it_go_on_and_nothing_that_is_heard_then_holds_it() -> None:
    t = talk()
    t.hears("begun", 1.0)
    t.at = 1.2
    why = "The agent was held for 200 ms and goes on: the microphone was muted."
    assert t.give(inputs.Pressed, "mute") == ["go on", why]
    assert t.hears("meant", 1.6) == t.hears("begun", 2.0) == t.hears("meant", 2.6) == []


def test_with_a_key_to_talk_the_room_is_not_listened_to() -> None:
    t = talk(push_to_talk=True, patch={"audio": {"input": {"turn_detection": None}}})
    assert t.hears("begun", 1.0) == t.hears("meant", 1.6) == []
    assert t.give(inputs.Pressed, "talk")[0] == "stop key"


def test_what_is_typed_while_it_is_held_stops_it() -> None:
    t = talk()
    t.hears("begun", 1.0)
    assert t.give(inputs.Typed, "Never mind.")[:2] == ["stop typed", "response.cancel"]
    assert t.stopped(("A", 700, False), cause="typed") == ["item.truncate A 700", "go on"]
    assert t.hears("noise", 1.4) == []


def test_the_result_of_a_tool_goes_out_and_what_is_said_of_it_waits() -> None:
    t = talk()
    call = {"id": "F", "type": "function_call", "call_id": "c", "name": "clock", "arguments": "{}"}
    t.hears("begun", 1.0)
    assert t.done(output=[{**call, "status": "completed"}]) == ["call clock {}", "end A"]
    assert t.give(inputs.ToolFinished, "c", "12:00") == [
        "item.create function_call_output",
        "response.create",
    ]
    assert t.agent_speaks("B", "R2") == ["play B 48000"]
    assert t.hears("short", 1.5)[0] == "go on"


def test_a_connection_that_is_lost_while_it_is_held_changes_nothing() -> None:
    for verdict, then in (("noise", "go on"), ("meant", "stop voice")):
        t = talk()
        t.hears("begun", 1.0)
        t.give(inputs.Disconnected, 1006, "")
        assert t.hears(verdict, 1.6)[0] == then
        assert t.stopped(("A", 700, False), cause="voice") == []


# -- words --------------------------------------------------------------------------------------------


def test_a_click_behind_a_word_does_not_make_it_a_noise() -> None:
    t = talk()
    t.hears("begun", 1.0)
    t.server_hears()
    t.hears("short", 1.5)
    t.hears("begun", 1.6)
    t.hears("noise", 1.9)
    assert t.commits() == []
    assert t.transcribes("Stop.") == ["stop voice", "response.cancel"]


def test_speech_that_only_the_server_heard_counts_by_its_words() -> None:
    t = talk()
    t.hears("begun", 0.2)
    t.hears("noise", 0.5)  # sounds are told apart here
    t.server_hears("U0")
    t.commits("U0")
    t.server_hears()
    assert t.commits() == []
    assert t.transcribes("Who is that?") == ["stop voice", "response.cancel"]


@pytest.mark.parametrize("ends_before_the_turn", [True, False])
def test_a_yes_with_which_the_agent_ends_is_its_answer(ends_before_the_turn: bool) -> None:
    t = talk()
    t.hears("begun", 1.0)
    t.server_hears()
    t.hears("short", 1.5)
    heard = inputs.Played, "A", 0, 1000.0, True
    t.done()
    if ends_before_the_turn:
        t.give(*heard)
        assert t.commits() == ["response.create"]
    else:
        assert t.commits() == []
        t.give(*heard)
        assert t.transcribes("Yes.") == ["response.create"]


def test_with_turns_that_end_here_a_listeners_word_is_not_answered() -> None:
    manual = {"audio": {"input": {"turn_detection": None}}}
    for words, then in (("Mm-hm.", []), ("Stop.", ["stop voice", "response.cancel"])):
        t = talk(end_of_turn="vad", patch=manual)
        t.hears("begun", 1.0)
        t.give(inputs.VoiceDetected, "user", True, 900.0)
        for _ in range(10):
            t.give(inputs.MicrophoneFrame, bytes(960))
        t.hears("short", 1.4)
        assert t.give(inputs.VoiceDetected, "user", False, 1900.0) == ["buffer.commit"]
        t.server("input_audio_buffer.committed", item_id="U")
        assert t.transcribes(words) == then
