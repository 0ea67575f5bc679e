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
