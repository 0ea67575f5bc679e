"""What the user's voice does to the agent's: cut it, lower it first, nothing; by the client's own policy."""

from __future__ import annotations

from typing import Any

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
