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
        if isinstance(effect, effects.WakeAt) and effect.name in ("barge_in", "unanswered"):
            return f"wake {effect.name}" if effect.at is not None else None
        return super()._line(effect)

    def detection(self) -> Any:
        return self.sent[0]["session"].get("audio", {}).get("input", {}).get("turn_detection")

    def user_begins(self) -> list[str]:
        return self.server("input_audio_buffer.speech_started", audio_start_ms=0, item_id="U")

    def user_ends(self) -> list[str]:
        stopped = self.server("input_audio_buffer.speech_stopped", audio_end_ms=900, item_id="U")
        return stopped + self.server("input_audio_buffer.committed", item_id="U")


def talk(**options: Any) -> Talk:
    made = Talk(**options)
    made.connect()
    return made


@pytest.mark.parametrize("policy", ["duck", "never"])
def test_a_policy_of_our_own_keeps_the_server_from_interrupting(policy: str):
    assert talk(barge_in=policy).detection() == {"type": "server_vad", "interrupt_response": False}


def test_the_servers_own_interruptions_are_the_rule():
    assert talk().detection() is None


@pytest.mark.parametrize("wanted", [None, {"type": "semantic_vad", "interrupt_response": True}])
def test_what_the_user_set_stays(wanted: Any):
    patch = {"type": "realtime", "audio": {"input": {"turn_detection": wanted}}}
    assert talk(barge_in="never", patch=patch).detection() == wanted


def test_another_detection_keeps_its_kind():
    patch = {"type": "realtime", "audio": {"input": {"turn_detection": {"type": "semantic_vad"}}}}
    assert talk(barge_in="duck", patch=patch).detection() == {
        "type": "semantic_vad", "interrupt_response": False,
    }  # fmt: skip


def test_a_cough_lowers_the_voice_and_no_more():
    t = talk(barge_in="duck")
    t.agent_speaks()
    assert t.user_begins() == ["duck", "wake barge_in"]
    assert t.user_ends() == ["unduck"]


def test_speech_that_lasts_cuts_the_answer():
    t = talk(barge_in="duck")
    t.agent_speaks()
    t.user_begins()
    assert t.give(inputs.Woke, "barge_in") == ["unduck", "stop policy", "response.cancel"]
    assert t.stopped(("A", 700, False), cause="policy") == ["item.truncate A 700"]
    assert t.user_ends() == []


def test_a_lost_connection_does_not_leave_the_voice_low():
    t = talk(barge_in="duck")
    t.agent_speaks()
    t.user_begins()
    assert "unduck" in t.give(inputs.Disconnected, 1006)


def test_never_means_never():
    t = talk(barge_in="never")
    t.agent_speaks()
    assert t.user_begins() == []
    assert t.user_ends() == []


def test_who_spoke_meanwhile_is_answered_when_the_answer_is_over():
    """If the server does not do it by itself within a moment."""
    t = talk(barge_in="never")
    t.agent_speaks()
    t.user_begins()
    t.user_ends()
    assert t.done() == ["wake unanswered"]
    assert not t.session.resting
    assert t.give(inputs.Woke, "unanswered") == ["response.create"]


def test_a_server_that_answers_by_itself_is_not_asked():
    t = talk(barge_in="never")
    t.agent_speaks()
    t.user_begins()
    t.user_ends()
    t.done()
    t.server("response.created", response={"id": "R2"})
    assert t.give(inputs.Woke, "unanswered") == []
    assert t.done("R2") == []
    assert t.give(inputs.Woke, "unanswered") == []
