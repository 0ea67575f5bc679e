"""What the agent says: sound for the speaker, words for the conversation."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from realtime_cli.client import inputs
from realtime_cli.client.effects import Play
from realtime_cli.protocol import codec
from tests.client.dialogue import Dialogue

PLACE = {"item_id": "A", "response_id": "R", "output_index": 0, "content_index": 0}


def talk() -> Dialogue:
    made = Dialogue()
    made.connect()
    return made


def delta(audio: bytes) -> str:
    return base64.b64encode(audio).decode("ascii")


@pytest.mark.parametrize("delta", ["not base64!", "AAAAA", "ü"])
def test_bad_base64_is_noted_and_survived(delta: str) -> None:
    d = talk()
    assert d.server("response.output_audio.delta", **PLACE, delta=delta) == ["note warning protocol"]


def test_late_sound_of_a_cut_response_is_not_played() -> None:
    d = talk()
    d.agent_speaks()
    d.server("input_audio_buffer.speech_started", item_id="U")
    d.stopped(("A", 500, False))
    assert d.sound() == []


def played(d: Dialogue, text: str, **place: object) -> bytes:
    """The sound that goes to the speaker for one delta."""
    event = codec.server_event({"type": "response.output_audio.delta", **PLACE, **place, "delta": text})
    effects = d.session.handle(inputs.Received(d.at, event))
    return b"".join(effect.audio for effect in effects if isinstance(effect, Play))


def test_half_a_sample_waits_for_the_next_delta_of_its_part() -> None:
    d = talk()
    sound = bytes(range(1, 11))
    assert played(d, delta(sound[:3])) == sound[:2]
    assert played(d, delta(b"\x77"), content_index=1) == b""
    assert played(d, delta(b"\x55" * 3), item_id="B") == b"\x55\x55"
    assert played(d, delta(sound[3:8])) == sound[2:8]
    assert played(d, delta(b"")) == b""
    assert played(d, delta(b"\x78\x79"), content_index=1) == b"\x77\x78"
    assert played(d, delta(sound[8:])) == sound[8:]


def test_half_a_sample_at_the_end_of_a_part_is_no_sound() -> None:
    d = talk()
    assert played(d, delta(b"\1\2\3")) == b"\1\2"
    d.server("response.output_audio.done", **PLACE)
    assert played(d, delta(b"\4\5")) == b"\4\5"


def test_g711_has_a_byte_a_sample() -> None:
    d = Dialogue(patch={"type": "realtime", "audio": {"output": {"format": {"type": "audio/pcmu"}}}})
    d.connect()
    assert played(d, delta(b"\1\2\3")) == b"\1\2\3"


@pytest.mark.parametrize("text", ["AQIDBA==", "AQIDBA", "AQID\nBA==\n", "AQ ID\r\nBA"])
def test_line_breaks_and_missing_padding_are_forgiven(text: str) -> None:
    assert played(talk(), text) == b"\1\2\3\4"


def test_the_base64_alphabet_of_addresses_is_sound_too() -> None:
    assert played(talk(), "--__AA==") == played(talk(), "++//AA==") == b"\xfb\xef\xff\0"


# -- sound that comes when nobody expects it any more ---------------------------------------------


def test_sound_after_the_end_of_its_answer_does_not_keep_the_talk_open() -> None:
    d = talk()
    d.agent_speaks()
    assert d.done() == ["end A"]
    d.give(inputs.Played, "A", 0, 1000.0, True)
    assert d.sound(ms=100) == ["play A 4800", "end A"]
    d.give(inputs.Played, "A", 0, 100.0, True)
    assert d.session.idle


def test_sound_after_the_end_of_its_part_ends_with_the_answer() -> None:
    d = talk()
    d.agent_speaks()
    assert d.server("response.output_audio.done", **PLACE) == ["end A"]
    assert d.sound(ms=100) == ["play A 4800"]
    assert d.done() == ["end A"]


def test_the_sound_of_a_cancelled_answer_may_come_after_its_end() -> None:
    d = talk()
    d.server("response.created", response={"id": "R"})
    d.server("input_audio_buffer.speech_started", item_id="U")
    assert d.done(status="cancelled") == []
    assert d.sound() == ["item.delete A"]
    assert d.sound() == []
    assert d.session.conversation.received_ms("A", 0) == 0


def test_a_message_that_begins_after_the_cut_leaves_the_conversation() -> None:
    d = talk()
    d.agent_speaks()
    d.server("input_audio_buffer.speech_started", item_id="U")
    d.stopped(("A", 500, False))
    d.agent_says("Here is the answer nobody wants", item="B")
    assert d.sound("B") == []
    output: list[dict[str, Any]] = [
        {"id": item, "type": "message", "role": "assistant", "content": []} for item in ("A", "B")
    ]
    assert d.done(status="cancelled", output=output) == ["item.delete B"]
    assert [item["content"] for item in d.session.conversation.history()] == []


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


# -- one item id for the messages of all responses ------------------------------------------------


def test_the_answer_after_a_cut_one_is_played_though_its_message_has_the_same_id() -> None:
    d = talk()
    d.agent_speaks(ms=1000)
    assert played(d, delta(b"\1\2\3")) == b"\1\2"
    d.server("input_audio_buffer.speech_started", item_id="U")
    d.stopped(("A", 500, False))
    d.done(status="cancelled")
    d.server("input_audio_buffer.committed", item_id="U")
    d.server("response.created", response={"id": "R2"})
    assert played(d, delta(b"\4\5"), response_id="R2") == b"\4\5", "no half sample of the cut one"
    assert d.sound(response="R") == [], "late sound of the cut one"
    assert d.session.conversation.received_ms("A", 0) == pytest.approx(1 / 24)
    assert d.done("R2") == ["end A"]


def test_of_sound_that_names_no_response_what_was_stopped_is_late() -> None:
    d = talk()
    unnamed = {**PLACE, "response_id": None, "delta": delta(bytes(4800))}
    assert d.server("response.output_audio.delta", **unnamed) == ["play A 4800"]
    d.give(inputs.Pressed, "interrupt")
    d.stopped(("A", 50, False), cause="key")
    assert d.server("response.output_audio.delta", **unnamed) == []
