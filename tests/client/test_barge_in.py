"""What the user's voice does to the agent's: cut it, lower it first, nothing; by the client's own policy."""

from __future__ import annotations

from typing import Any

import pytest

from realtime_cli.client import effects, inputs
from tests.client.dialogue import Dialogue


class Talk(Dialogue):
    """A dialogue whose lines tell of the voice's loudness and of wake-ups too."""

    def _line(self, effect: effects.Effect) -> str | None:
        if isinstance(effect, effects.Duck):
            return "duck" if effect.on else "unduck"
        if isinstance(effect, effects.SetTimer) and effect.name == "barge_in":
            return f"wake {effect.name}" if effect.at is not None else None
        return super()._line(effect)

    def user_begins(self) -> list[str]:
        return self.server("input_audio_buffer.speech_started", audio_start_ms=0, item_id="U")

    def user_ends(self) -> list[str]:
        stopped = self.server("input_audio_buffer.speech_stopped", audio_end_ms=900, item_id="U")
        return stopped + self.server("input_audio_buffer.committed", item_id="U")


def talk(**options: Any) -> Talk:
    made = Talk(**options)
    made.connect()
    return made


def test_a_cough_lowers_the_voice_and_no_more() -> None:
    t = talk(barge_in="duck")
    t.agent_speaks()
    assert t.user_begins() == ["duck", "wake barge_in"]
    assert t.user_ends() == ["unduck"]


def test_speech_that_lasts_cuts_the_answer() -> None:
    t = talk(barge_in="duck")
    t.agent_speaks()
    t.user_begins()
    assert t.give(inputs.TimerFired, "barge_in") == ["unduck", "stop policy", "response.cancel"]
    assert t.stopped(("A", 700, False), cause="policy") == ["item.truncate A 700"]
    assert t.user_ends() == []


def test_a_lost_connection_does_not_leave_the_voice_low() -> None:
    t = talk(barge_in="duck")
    t.agent_speaks()
    t.user_begins()
    assert "unduck" in t.give(inputs.Disconnected, 1006)


def test_never_means_never() -> None:
    t = talk(barge_in="never")
    t.agent_speaks()
    assert t.user_begins() == []
    assert t.user_ends() == []


# -- what is on its way when the user interrupts --------------------------------------------------


def asked() -> Dialogue:
    """An answer was asked for, and has not begun."""
    d = Dialogue()
    d.connect()
    d.give(inputs.Typed, "Tell me a story.")
    return d


@pytest.mark.parametrize("interrupt", ["speech", "key", "typed"])
def test_an_answer_that_begins_after_the_interruption_is_cut(interrupt: str) -> None:
    d = asked()
    if interrupt == "speech":
        d.server("input_audio_buffer.speech_started", item_id="U")
    elif interrupt == "key":
        d.give(inputs.Pressed, "interrupt")
    else:
        d.give(inputs.Typed, "No, a song.")
    assert d.server("response.created", response={"id": "R"}) == ["response.cancel"]
    assert d.sent[-1]["response_id"] == "R"
    assert d.sound() == []
    ended = d.done(status="cancelled", output=[{"id": "A", "type": "message", "role": "assistant"}])
    assert ended == ["item.delete A", *(["response.create"] if interrupt == "typed" else [])]


def test_push_to_talk_again_cuts_the_answer_that_is_on_its_way() -> None:
    d = Dialogue(push_to_talk=True, patch={"type": "realtime", "audio": {"input": {"turn_detection": None}}})
    d.connect()
    for _ in range(2):
        d.give(inputs.Pressed, "talk")
        d.give(inputs.MicrophoneFrame, bytes(4800))
        last = d.give(inputs.Pressed, "release")
    assert last == ["buffer.commit"]
    d.server("input_audio_buffer.committed", item_id="U2")
    assert d.server("response.created", response={"id": "R1"}) == ["response.cancel"]
    assert d.done("R1", status="cancelled") == ["response.create"]
    assert d.server("response.created", response={"id": "R2"}) == []


def test_the_servers_own_answer_to_the_interruption_is_not_cut() -> None:
    d = asked()
    d.server("input_audio_buffer.speech_started", item_id="U")
    d.server("input_audio_buffer.committed", item_id="U")
    assert d.server("response.created", response={"id": "R"}) == []


@pytest.mark.parametrize("begun", [True, False])
@pytest.mark.parametrize("interrupt", ["speech", "key"])
def test_an_out_of_band_answer_is_cut_and_cancelled_by_its_id(begun: bool, interrupt: str) -> None:
    d = Dialogue()
    d.connect()
    d.give(inputs.RawEvent, {"type": "response.create", "response": {"conversation": "none"}})
    created = {"id": "X", "conversation_id": None, "output_modalities": ["audio"]}
    lines = d.server("response.created", response=created) if begun else []
    if interrupt == "speech":
        lines += d.server("input_audio_buffer.speech_started", item_id="U")
    else:
        lines += d.give(inputs.Pressed, "interrupt")
    lines += [] if begun else d.server("response.created", response=created)
    assert lines == ["response.cancel"]
    assert d.sent[-1]["response_id"] == "X"
    assert d.sound("B", "X") == []


def test_an_out_of_band_answer_in_text_disturbs_nobody() -> None:
    d = Dialogue()
    d.connect()
    request = {"conversation": "none", "output_modalities": ["text"]}
    d.give(inputs.RawEvent, {"type": "response.create", "response": request})
    d.server("response.created", response={"id": "X", "conversation_id": None})
    assert d.server("input_audio_buffer.speech_started", item_id="U") == []


def test_an_answer_that_ended_in_an_error_does_not_hold_up_the_next_question() -> None:
    d = asked()
    d.server("response.created", response={"id": "R"})
    assert d.server("error", error={"type": "server_error", "message": "Oops."}) == ["note error server"]
    assert d.give(inputs.Typed, "Second") == ["response.cancel", "item.create user"]
    cancel = d.sent[-2]["event_id"]
    error = {
        "type": "invalid_request_error",
        "code": "response_cancel_not_active",
        "message": "",
        "event_id": cancel,
    }
    assert d.server("error", error=error) == ["response.create"]


@pytest.mark.parametrize("code", ["conversation_already_has_active_response", None])
def test_a_collision_that_names_no_event_is_asked_again(code: str | None) -> None:
    d = asked()
    d.server("response.created", response={"id": "VAD"})
    error = {
        "type": "invalid_request_error",
        "code": code,
        "message": "Conversation already has an active response in progress: VAD.",
    }
    assert d.server("error", error=error) == []
    assert d.done("VAD") == ["response.create"]


def test_an_interruption_is_no_incomplete_answer_to_warn_of() -> None:
    d = asked()
    d.agent_speaks()
    d.give(inputs.Pressed, "interrupt")
    d.stopped(("A", 10, False), cause="key")
    assert d.done(status="incomplete", status_details={"reason": "client_cancelled"}) == []
