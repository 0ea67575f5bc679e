"""What the agent says: sound for the speaker, words for the conversation."""

from __future__ import annotations

import base64

import pytest

from realtime_cli.client import inputs
from tests.client.dialogue import Dialogue

PLACE = {"item_id": "A", "response_id": "R", "output_index": 0, "content_index": 0}


def talk() -> Dialogue:
    made = Dialogue()
    made.connect()
    return made


def delta(audio: bytes) -> str:
    return base64.b64encode(audio).decode("ascii")


@pytest.mark.parametrize("delta", ["not base64!", "AAA"])
def test_bad_base64_is_noted_and_survived(delta: str) -> None:
    d = talk()
    assert d.server("response.output_audio.delta", **PLACE, delta=delta) == ["note warning protocol"]


def test_late_sound_of_a_cut_response_is_not_played() -> None:
    d = talk()
    d.agent_speaks()
    d.server("input_audio_buffer.speech_started", item_id="U")
    d.stopped(("A", 500, False))
    assert d.sound() == []


def test_half_a_sample_is_left_out() -> None:
    d = talk()
    lines = d.server("response.output_audio.delta", **PLACE, delta=delta(bytes(961)))
    assert lines == ["note warning protocol", "play A 960"]


def test_the_end_of_a_part_is_told_once_however_often_the_server_tells_it() -> None:
    d = talk()
    d.agent_speaks()
    assert d.server("response.output_audio.done", **PLACE) == ["end A"]
    d.give(inputs.Played, "A", 0, 1000.0, True)
    message = {"id": "A", "type": "message", "role": "assistant", "content": [{"type": "output_audio"}]}
    assert d.done(output=[message]) == []


def test_servers_may_leave_the_end_of_the_sound_to_the_end_of_the_answer() -> None:
    d = talk()
    d.agent_speaks()
    message = {"id": "A", "type": "message", "role": "assistant", "content": [{"type": "output_audio"}]}
    assert d.done(output=[message]) == ["end A"]


def test_an_answer_that_has_no_sound_ends_none() -> None:
    d = talk()
    assert d.server("response.output_audio.done", **PLACE) == []


def test_sound_that_belongs_to_no_item_is_not_played() -> None:
    d = talk()
    assert d.server("response.output_audio.delta", response_id="R", delta=delta(bytes(960))) == []


def test_with_the_socket_all_that_came_is_heard_to_its_end() -> None:
    d = talk()
    d.agent_speaks("A")
    d.sound("B")
    assert d.give(inputs.Disconnected, 1006)[:2] == ["end A", "end B"]


def test_words_of_an_answer_aside_are_no_part_of_the_conversation() -> None:
    d = talk()
    aside = {"type": "response.create", "response": {"conversation": "none"}}
    d.give(inputs.RawEvent, aside)
    d.server("response.created", response={"id": "X", "conversation_id": None})
    d.agent_says("not for the history", item="B", response="X")
    assert "B" not in d.session.conversation
    d.server("response.created", response={"id": "R", "conversation_id": "conv"})
    d.agent_speaks()
    d.agent_says("for the history")
    assert "A" in d.session.conversation
