"""Who spoke while the agent did is answered, by the server or because we ask for it."""

from __future__ import annotations

from typing import Any

from realtime_cli.client import effects, inputs
from tests.client.dialogue import Dialogue


class Talk(Dialogue):
    """A dialogue in which the agent is not interrupted, and which tells of the moment that is waited."""

    def __init__(self, **options: Any) -> None:
        super().__init__(barge_in="never", **options)
        self.connect()

    def _line(self, effect: effects.Effect) -> str | None:
        if isinstance(effect, effects.SetTimer) and effect.name == "unanswered":
            return f"wake at {effect.at:g}"
        return super()._line(effect)

    def user_speaks(self) -> None:
        self.server("input_audio_buffer.speech_started", audio_start_ms=0, item_id="U")
        self.server("input_audio_buffer.speech_stopped", audio_end_ms=900, item_id="U")
        self.server("input_audio_buffer.committed", item_id="U")


def test_who_spoke_meanwhile_is_answered_when_the_answer_is_over() -> None:
    """If the server does not do it by itself within a moment."""
    t = Talk()
    t.agent_speaks()
    t.user_speaks()
    t.at = 3.0
    assert t.done() == ["end A", "wake at 3.5"]
    assert not t.session.idle_but_background_tools
    assert t.give(inputs.TimerFired, "unanswered") == ["response.create"]


def test_a_server_that_answers_by_itself_is_not_asked() -> None:
    t = Talk()
    t.agent_speaks()
    t.user_speaks()
    t.done()
    t.server("response.created", response={"id": "R2"})
    assert t.give(inputs.TimerFired, "unanswered") == []
    assert t.done("R2") == []
    assert t.give(inputs.TimerFired, "unanswered") == []


def test_who_speaks_into_silence_is_the_server_s_business() -> None:
    t = Talk()
    t.user_speaks()
    assert t.session.idle_but_background_tools
    assert t.give(inputs.TimerFired, "unanswered") == []


def test_a_server_that_shall_not_answer_is_not_helped_out() -> None:
    detection = {"type": "server_vad", "create_response": False}
    t = Talk(patch={"type": "realtime", "audio": {"input": {"turn_detection": detection}}})
    t.agent_speaks()
    t.user_speaks()
    assert t.done() == ["end A"]


def test_with_the_socket_goes_the_question() -> None:
    t = Talk()
    t.agent_speaks()
    t.user_speaks()
    t.give(inputs.Disconnected, 1006)
    assert "response.create" not in t.connect()
    assert t.give(inputs.TimerFired, "unanswered") == []
