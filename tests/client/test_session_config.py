"""Settings: what is asked for, what is in force, what the server refuses."""

from __future__ import annotations

from typing import Any

import pytest

from realtime_cli.client import inputs
from tests.client.dialogue import Dialogue

MANUAL = {"type": "realtime", "audio": {"input": {"turn_detection": None}}}


def talk(**options: Any) -> Dialogue:
    made = Dialogue(**options)
    made.connect()
    return made


def opening(**options: Any) -> Dialogue:
    """Up to our settings, which the server has not answered."""
    made = Dialogue(**options)
    made.give(inputs.Connected, "ws://x")
    made.server("session.created", session={})
    return made


def refuse(d: Dialogue, param: str | None) -> list[str]:
    """The server refuses the last settings for this key."""
    error = {
        "type": "invalid_request_error",
        "code": "unknown_parameter",
        "message": "no",
        "param": param,
        "event_id": d.sent[-1]["event_id"],
    }
    return d.server("error", error=error)


def detection(**options: Any) -> Any:
    """The turn detection that is asked for."""
    session = talk(**options).sent[0]["session"]
    return session.get("audio", {}).get("input", {}).get("turn_detection")


def test_opens_with_its_settings_and_waits_for_them() -> None:
    d = Dialogue(patch={"type": "realtime", "instructions": "Be brief."})
    assert d.give(inputs.Connected, "ws://x") == []
    assert d.server("session.created", session={}) == ["session.update"]
    assert d.sent[-1]["session"] == {"type": "realtime", "instructions": "Be brief."}
    assert not d.session.ready
    assert d.server("session.updated", session={"instructions": "Be brief."}) == []
    assert d.session.ready


def test_an_empty_session_sends_no_key_but_type() -> None:
    d = Dialogue()
    d.connect()
    assert d.sent[0]["session"] == {"type": "realtime"}


def test_a_refused_setting_does_not_lose_the_others() -> None:
    d = Dialogue(patch={"type": "realtime", "instructions": "x", "reasoning": {"effort": "low"}})
    d.give(inputs.Connected, "ws://x")
    d.server("session.created", session={})
    error = {
        "type": "invalid_request_error",
        "code": "unknown_parameter",
        "message": "no",
        "param": "session.reasoning",
        "event_id": d.sent[-1]["event_id"],
    }
    assert d.server("error", error=error) == ["note error settings", "session.update"]
    assert d.sent[-1]["session"] == {"type": "realtime", "instructions": "x"}
    d.server("session.updated", session={"instructions": "x"})
    assert d.session.ready


def test_a_model_cannot_change_in_a_session() -> None:
    d = talk()
    assert d.give(inputs.SettingsChanged, {"model": "other"}) == ["note error settings"]


def test_a_change_sends_only_the_difference_and_compares() -> None:
    d = talk()
    assert d.give(inputs.SettingsChanged, {"max_output_tokens": 2048}) == ["session.update"]
    assert d.sent[-1]["session"] == {"type": "realtime", "max_output_tokens": 2048}
    assert d.server("session.updated", session={"max_output_tokens": 1024}) == ["note warning settings"]


def test_without_the_name_of_the_key_all_are_lost_and_told() -> None:
    d = opening(patch={"type": "realtime", "instructions": "x", "reasoning": {"effort": "low"}})
    assert refuse(d, None) == ["note error settings", "note error settings"]
    assert d.session.ready


def test_a_refused_change_leaves_what_was_in_force() -> None:
    d = talk(patch={"type": "realtime", "instructions": "old"})
    d.give(inputs.SettingsChanged, {"instructions": "new", "tracing": "auto"})
    assert refuse(d, "session.tracing") == ["note error settings", "session.update"]
    d.server("session.updated", session={"instructions": "new"})
    assert d.session.requested_session == {"type": "realtime", "instructions": "new"}
    assert d.session.effective_session["instructions"] == "new"


def test_an_error_about_something_else_refuses_no_settings() -> None:
    d = opening()
    error = {"type": "odd", "code": "odd", "message": "odd", "event_id": "not ours"}
    assert d.server("error", error=error) == ["note error server"]
    assert not d.session.ready


def test_a_change_that_got_lost_is_asked_for_again_on_the_next_socket() -> None:
    d = talk()
    d.give(inputs.SettingsChanged, {"instructions": "later"})
    d.give(inputs.Disconnected, 1006)
    d.give(inputs.Connected, "ws://x", 1)
    d.server("session.created", session={})
    assert d.sent[-1]["session"] == {"type": "realtime", "instructions": "later"}


def test_the_model_in_force_may_be_named_and_the_kind_of_session_never_changes() -> None:
    d = talk(model="m")
    d.server("session.updated", session={"type": "realtime", "model": "m"})
    assert d.give(inputs.SettingsChanged, {"model": "m", "type": "transcription"}) == ["session.update"]
    assert d.sent[-1]["session"] == {"type": "realtime", "model": "m"}


# -- what is in force -----------------------------------------------------------------------------


def test_formats_are_those_that_the_server_told_else_those_asked_for_else_pcm() -> None:
    mulaw = {"audio": {"output": {"format": {"type": "audio/pcmu"}}}}
    d = opening(patch={"type": "realtime", **mulaw})
    assert (d.session.input_format, d.session.output_format) == ("audio/pcm", "audio/pcmu")
    d.server("session.updated", session={"audio": {"output": {"format": {"type": "audio/pcma"}}}})
    assert d.session.output_format == "audio/pcma"
    d.server("session.updated", session={"audio": {"output": {"format": {"type": "audio/odd"}}}})
    assert d.session.output_format == "audio/pcmu"


def test_turns_are_manual_where_detection_is_off_and_detected_where_nobody_says_anything() -> None:
    assert opening().session.turn_detection == {"type": "server_vad"}
    d = opening(patch=MANUAL)
    assert d.session.turn_detection is None
    d.server("session.updated", session={"audio": {"input": {"turn_detection": {"type": "semantic_vad"}}}})
    assert d.session.turn_detection == {"type": "semantic_vad"}


# -- interruptions by a policy of our own ---------------------------------------------------------


@pytest.mark.parametrize("policy", ["duck", "never"])
def test_a_policy_of_our_own_keeps_the_server_from_interrupting(policy: str) -> None:
    assert detection(barge_in=policy) == {"type": "server_vad", "interrupt_response": False}


def test_the_servers_own_interruptions_are_the_rule() -> None:
    assert detection() is None


@pytest.mark.parametrize("wanted", [None, {"type": "semantic_vad", "interrupt_response": True}])
def test_what_the_user_set_stays(wanted: Any) -> None:
    patch = {"type": "realtime", "audio": {"input": {"turn_detection": wanted}}}
    assert detection(barge_in="never", patch=patch) == wanted


def test_another_detection_keeps_its_kind() -> None:
    patch = {"type": "realtime", "audio": {"input": {"turn_detection": {"type": "semantic_vad"}}}}
    assert detection(barge_in="duck", patch=patch) == {"type": "semantic_vad", "interrupt_response": False}


def test_manual_turns_need_no_policy() -> None:
    assert talk(barge_in="duck", patch=MANUAL).sent[0]["session"] == MANUAL


# -- a server that does other than it says ---------------------------------------------------------


def reports_no_detection(**options: Any) -> Dialogue:
    d = Dialogue(**options)
    d.give(inputs.Connected, "ws://test")
    session = {"type": "realtime", "audio": {"input": {"turn_detection": None}}}
    d.server("session.created", session=session)
    d.server("session.updated", session=session)
    return d


def test_a_server_that_hears_speech_detects_turns_whatever_it_reports() -> None:
    d = reports_no_detection()
    d.agent_speaks()
    assert d.server("input_audio_buffer.speech_started", item_id="U") == ["stop server_vad"]
    d.stopped(("A", 10, False))
    d.give(inputs.MicrophoneFrame, bytes(4800))
    assert d.give(inputs.MicrophoneEnded) == []


def test_manual_turns_that_were_asked_for_stay_manual() -> None:
    d = reports_no_detection(patch={"type": "realtime", "audio": {"input": {"turn_detection": None}}})
    d.server("input_audio_buffer.speech_started", item_id="U")
    d.give(inputs.MicrophoneFrame, bytes(4800))
    assert d.give(inputs.MicrophoneEnded) == ["buffer.commit", "response.create"]


SERVER_VAD = {"type": "server_vad", "threshold": 0.5}


def test_a_change_by_the_user_is_confirmed_and_keeps_the_type_that_is_in_force() -> None:
    d = talk(patch={"type": "realtime", "audio": {"input": {"turn_detection": SERVER_VAD}}})
    change = {"instructions": "Be kind.", "audio": {"input": {"turn_detection": {"threshold": 0.7}}}}
    assert d.give(inputs.SettingsChanged, change) == ["session.update"]
    assert not d.session.settled
    sent = d.sent[-1]["session"]
    assert sent["audio"]["input"]["turn_detection"] == {"type": "server_vad", "threshold": 0.7}
    assert d.server("session.updated", session=sent) == ["note info settings"]
    assert d.session.settled
    assert d.give(inputs.SettingsChanged, {"instructions": "Be curt."}) == ["session.update"]
    assert d.server("session.updated", session={"instructions": "Be kind."}) == ["note warning settings"]
    assert change["audio"] == {"input": {"turn_detection": {"threshold": 0.7}}}, "the caller's stays as it is"


def test_a_reconnect_does_not_repeat_what_was_said_about_the_settings() -> None:
    d = opening(patch={"type": "realtime", "max_output_tokens": 2048})
    lower = {"max_output_tokens": 1024}
    assert d.server("session.updated", session=lower) == ["note warning settings"]
    d.give(inputs.Disconnected, 1006)
    d.give(inputs.Connected, "ws://x", 1)
    d.server("session.created", session={})
    assert d.server("session.updated", session=lower) == ["note info reconnect"]
    assert d.give(inputs.SettingsChanged, {"max_output_tokens": 4096}) == ["session.update"]
    assert d.server("session.updated", session=lower) == ["note warning settings"]


@pytest.mark.parametrize(
    ("in_force", "change", "kind"),
    [
        ({"type": "server_vad"}, {"eagerness": "high"}, "semantic_vad"),
        ({"type": "semantic_vad"}, {"threshold": 0.3}, "server_vad"),
        ({"type": "semantic_vad"}, {"eagerness": "low", "create_response": False}, "semantic_vad"),
        ({"type": "semantic_vad"}, {"interrupt_response": False}, "semantic_vad"),
        (None, {"eagerness": "low"}, "semantic_vad"),
        ({"type": "another_server_s"}, {"eagerness": "low"}, "another_server_s"),
    ],
)
def test_a_key_that_one_kind_of_detection_has_means_that_kind(
    in_force: Any, change: dict[str, Any], kind: str
) -> None:
    d = talk(patch={"type": "realtime", "audio": {"input": {"turn_detection": in_force}}})
    d.give(inputs.SettingsChanged, {"audio": {"input": {"turn_detection": change}}})
    assert d.sent[-1]["session"]["audio"]["input"]["turn_detection"] == {"type": kind, **change}
