"""The client's rules, as dialogues: what happened, and what the session wanted done."""

from __future__ import annotations

import json

import pytest

from realtime_cli.client import inputs
from tests.client.dialogue import Dialogue


@pytest.fixture
def talk() -> Dialogue:
    dialogue = Dialogue()
    dialogue.connect()
    return dialogue


def call(call_id: str, name: str = "clock", arguments: str = "{}", status: str = "completed") -> dict:
    return {
        "id": f"F{call_id}", "type": "function_call", "call_id": call_id, "name": name,
        "arguments": arguments, "status": status,
    }  # fmt: skip


def test_opens_with_its_settings_and_waits_for_them():
    d = Dialogue(patch={"type": "realtime", "instructions": "Be brief."})
    assert d.give(inputs.Connected, "ws://x") == []
    assert d.server("session.created", session={}) == ["session.update"]
    assert d.sent[-1]["session"] == {"type": "realtime", "instructions": "Be brief."}
    assert not d.session.ready
    assert d.server("session.updated", session={"instructions": "Be brief."}) == []
    assert d.session.ready


def test_an_empty_session_sends_no_key_but_type():
    d = Dialogue()
    d.connect()
    assert d.sent[0]["session"] == {"type": "realtime"}


def test_goes_on_without_session_updated():
    d = Dialogue()
    d.give(inputs.Connected, "ws://x")
    d.server("session.created", session={})
    assert d.give(inputs.Woke, "settings") == ["note warning settings"]
    assert d.session.ready


def test_a_silent_server_is_given_up():
    d = Dialogue()
    d.give(inputs.Connected, "ws://x")
    assert d.give(inputs.Woke, "first_event") == ["close CONNECTION"]


def test_greets_once():
    d = Dialogue(greet=True)
    assert d.connect() == ["response.create"]


def test_a_refused_setting_does_not_lose_the_others():
    d = Dialogue(patch={"type": "realtime", "instructions": "x", "reasoning": {"effort": "low"}})
    d.give(inputs.Connected, "ws://x")
    d.server("session.created", session={})
    error = {"type": "invalid_request_error", "code": "unknown_parameter", "message": "no",
             "param": "session.reasoning", "event_id": d.sent[-1]["event_id"]}  # fmt: skip
    assert d.server("error", error=error) == ["note error settings", "session.update"]
    assert d.sent[-1]["session"] == {"type": "realtime", "instructions": "x"}
    d.server("session.updated", session={"instructions": "x"})
    assert d.session.ready


def test_sound_flows_only_when_the_settings_are_in_force():
    d = Dialogue()
    assert d.give(inputs.Heard, bytes(960)) == []
    d.connect()
    assert d.give(inputs.Heard, bytes(960)) == ["buffer.append 960"]


def test_speech_interrupts_at_the_heard_millisecond(talk):
    assert talk.agent_speaks(ms=1000) == ["play A 48000"]
    assert talk.server("input_audio_buffer.speech_started", audio_start_ms=0, item_id="U") == [
        "stop server_vad"
    ]
    assert talk.stopped(("A", 640.4, False)) == ["item.truncate A 640"]


def test_late_sound_of_a_cut_response_is_not_played(talk):
    talk.agent_speaks()
    talk.server("input_audio_buffer.speech_started", item_id="U")
    talk.stopped(("A", 500, False))
    assert talk.sound() == []


def test_truncation_never_goes_beyond_what_was_received(talk):
    talk.agent_speaks(ms=200)
    talk.server("input_audio_buffer.speech_started", item_id="U")
    assert talk.stopped(("A", 900.0, False)) == ["item.truncate A 200"]


def test_what_was_never_heard_is_taken_out(talk):
    talk.agent_speaks("A", ms=500)
    talk.sound("B", ms=500)
    talk.done()
    talk.server("input_audio_buffer.speech_started", item_id="U")
    assert talk.stopped(("A", 100, False), ("B", 0, False)) == ["item.truncate A 100", "item.delete B"]


def test_a_fully_played_item_is_not_truncated(talk):
    talk.agent_speaks()
    talk.done()
    talk.give(inputs.Played, "A", 0, 1000.0, True)
    assert talk.server("input_audio_buffer.speech_started", item_id="U") == []


def test_without_interrupt_response_the_agent_talks_on():
    detection = {"type": "server_vad", "interrupt_response": False}
    d = Dialogue(patch={"type": "realtime", "audio": {"input": {"turn_detection": detection}}})
    d.connect()
    d.agent_speaks()
    assert d.server("input_audio_buffer.speech_started", item_id="U") == []


def test_typed_text_interrupts_and_waits_for_its_turn(talk):
    talk.agent_speaks()
    assert talk.give(inputs.Typed, "hello") == ["stop typed", "response.cancel", "item.create user"]
    assert talk.stopped(("A", 10, False), cause="typed") == ["item.truncate A 10"]
    assert talk.done(status="cancelled") == ["response.create"]


def test_typed_before_the_connection_is_sent_after_it():
    d = Dialogue()
    assert d.give(inputs.Typed, "hi") == []
    assert d.connect() == ["item.create user", "response.create"]


def test_never_a_second_active_response(talk):
    assert talk.give(inputs.Typed, "one") == ["item.create user", "response.create"]
    assert talk.give(inputs.Typed, "two") == ["item.create user"]
    talk.server("response.created", response={"id": "R1"})
    assert talk.done("R1") == ["response.create"]


def test_a_collision_with_the_servers_own_response_is_tried_again(talk):
    talk.give(inputs.Typed, "one")
    talk.server("response.created", response={"id": "VAD"})
    error = {"type": "invalid_request_error", "code": "conversation_already_has_active_response",
             "message": "busy", "event_id": talk.sent[-1]["event_id"]}  # fmt: skip
    assert talk.server("error", error=error) == []


def test_a_refused_request_waits_for_the_running_response(talk):
    talk.give(inputs.Typed, "one")
    error = {"type": "invalid_request_error", "code": "conversation_already_has_active_response",
             "message": "busy", "event_id": talk.sent[-1]["event_id"]}  # fmt: skip
    assert talk.server("error", error=error) == []
    talk.server("response.created", response={"id": "VAD"})
    assert talk.done("VAD") == ["response.create"]


def test_a_tool_runs_once_and_is_answered_once(talk):
    talk.server("response.created", response={"id": "R"})
    ran = talk.server(
        "response.function_call_arguments.done", response_id="R", item_id="F1", output_index=0,
        call_id="1", name="clock", arguments='{"zone":"UTC"}',
    )  # fmt: skip
    assert ran == ['call clock {"zone":"UTC"}']
    assert talk.server("response.output_item.done", response_id="R", output_index=0, item=call("1")) == []
    assert talk.done(output=[call("1")]) == []
    assert talk.give(inputs.ToolFinished, "1", "12:00") == [
        "item.create function_call_output",
        "response.create",
    ]


def test_outputs_go_back_in_call_order_with_one_request(talk):
    talk.server("response.created", response={"id": "R"})
    assert talk.done(output=[call("1"), call("2")]) == ["call clock {}", "call clock {}"]
    assert talk.give(inputs.ToolFinished, "2", "second") == []
    assert talk.give(inputs.ToolFinished, "1", "first") == [
        "item.create function_call_output", "item.create function_call_output", "response.create",
    ]  # fmt: skip
    assert [e["item"]["output"] for e in talk.sent[-3:-1]] == ["first", "second"]


def test_no_request_before_the_calling_response_is_done(talk):
    talk.server("response.created", response={"id": "R"})
    talk.server("response.output_item.done", response_id="R", output_index=0, item=call("1"))
    assert talk.give(inputs.ToolFinished, "1", "x") == ["item.create function_call_output"]
    assert talk.done(output=[call("1")]) == ["response.create"]


def test_the_name_of_a_call_may_come_earlier(talk):
    talk.server("response.created", response={"id": "R"})
    item = {**call("1", arguments=""), "status": "in_progress"}
    talk.server("response.output_item.added", response_id="R", output_index=0, item=item)
    ran = talk.server(
        "response.function_call_arguments.done", response_id="R", item_id="F1", output_index=0,
        call_id="1", arguments="{}",
    )  # fmt: skip
    assert ran == ["call clock {}"]


def test_a_cut_call_runs_only_if_its_arguments_parse(talk):
    talk.server("response.created", response={"id": "R"})
    broken = call("1", arguments='{"zone": "Eur', status="incomplete")
    assert talk.done(status="incomplete", output=[broken]) == ["note warning response"]


def test_calls_of_a_cancelled_response_ask_for_no_answer(talk):
    talk.server("response.created", response={"id": "R"})
    talk.server("response.output_item.done", response_id="R", output_index=0, item=call("1"))
    talk.done(status="cancelled", output=[call("1")])
    assert talk.give(inputs.ToolFinished, "1", "x") == ["item.create function_call_output"]


def test_tool_rounds_end():
    d = Dialogue(tool_rounds=2)
    d.connect()
    for number in "12":
        d.server("response.created", response={"id": number})
        d.done(number, output=[call(number)])
        lines = d.give(inputs.ToolFinished, number, "again")
    assert lines == ["item.create function_call_output", "note warning tools", "response.create"]
    assert d.sent[-1]["response"] == {"tool_choice": "none"}
    d.server("response.created", response={"id": "3"})
    d.done("3", output=[call("3")])
    assert d.give(inputs.ToolFinished, "3", "again") == ["item.create function_call_output", "close LIMIT"]


def test_tool_rounds_are_warned_of_and_counted_anew_after_a_word():
    d = Dialogue(tool_rounds=5)
    d.connect()
    lines = []
    for number in "1234":
        d.server("response.created", response={"id": number})
        d.done(number, output=[call(number)])
        lines = d.give(inputs.ToolFinished, number, "again")
    assert lines == ["item.create function_call_output", "note warning limits", "response.create"]
    d.server("response.created", response={"id": "5"})
    d.done("5")
    d.give(inputs.Typed, "And then?")
    for number in "67":
        d.server("response.created", response={"id": number})
        d.done(number, output=[call(number)])
        lines = d.give(inputs.ToolFinished, number, "again")
    assert lines == ["item.create function_call_output", "response.create"]


def test_manual_turns_commit_and_ask():
    d = Dialogue(push_to_talk=True, patch={"type": "realtime", "audio": {"input": {"turn_detection": None}}})
    d.connect()
    assert d.give(inputs.Heard, bytes(960)) == []
    assert d.give(inputs.Pressed, "talk") == ["buffer.clear"]
    assert d.give(inputs.Heard, bytes(4800)) == ["buffer.append 960", "buffer.append 4800"]
    assert d.give(inputs.Pressed, "release") == ["buffer.commit", "response.create"]


def test_too_short_a_push_is_not_committed():
    d = Dialogue(push_to_talk=True, patch={"type": "realtime", "audio": {"input": {"turn_detection": None}}})
    d.connect()
    d.give(inputs.Pressed, "talk")
    d.give(inputs.Heard, bytes(960))
    assert d.give(inputs.Pressed, "release") == ["buffer.clear"]


def test_muted_sound_is_dropped_but_a_waiting_server_gets_silence(talk):
    talk.server("input_audio_buffer.speech_started", item_id="U")
    talk.give(inputs.Pressed, "mute")
    assert talk.give(inputs.Heard, b"\1" * 960) == ["buffer.append 960"]
    assert set(json.dumps(talk.sent[-1]["audio"])) <= set('"A=')
    talk.server("input_audio_buffer.speech_stopped", item_id="U")
    talk.at += 2
    assert talk.give(inputs.Heard, b"\1" * 960) == []


@pytest.mark.parametrize("code", [1001, 1006, 1011, 1012])
def test_a_lost_connection_comes_back_with_its_history(talk, code):
    talk.give(inputs.Typed, "What is the time?")
    talk.agent_speaks()
    talk.agent_says("It is noon.")
    talk.done()
    user = {"id": "U", "type": "message", "role": "user",
            "content": [{"type": "input_text", "text": "What is the time?"}]}  # fmt: skip
    talk.server("conversation.item.added", item=user, previous_item_id=None)
    assert talk.give(inputs.Disconnected, code, "gone") == ["end A", "note warning reconnect", "reconnect"]
    talk.give(inputs.Connected, "ws://x", 1)
    talk.server("session.created", session={})
    assert talk.server("session.updated", session={}) == [
        "note info reconnect", "item.create assistant", "item.create user",
    ]  # fmt: skip


def test_refused_connections_are_not_tried_again(talk):
    assert talk.give(inputs.Disconnected, 4000, "invalid_request_error.invalid_model") == ["close CONNECTION"]


def test_reconnecting_ends_after_so_many_tries(talk):
    for _ in range(5):
        assert "reconnect" in talk.give(inputs.Disconnected, 1006, "")
    assert talk.give(inputs.Disconnected, 1006, "") == ["close CONNECTION"]


def test_fatal_errors_end_the_session(talk):
    error = {"type": "invalid_request_error", "code": "insufficient_quota", "message": "no money"}
    assert talk.server("error", error=error) == ["close SESSION"]
    assert talk.give(inputs.Typed, "still there?") == []


def test_unknown_errors_are_shown_and_survived(talk):
    error = {"type": "odd_error", "code": "never_seen", "message": "odd"}
    assert talk.server("error", error=error) == ["note error server"]
    assert talk.session.ready


def test_benign_races_are_not_shown(talk):
    error = {"type": "invalid_request_error", "code": "response_cancel_not_active", "message": "none"}
    assert talk.server("error", error=error) == []


@pytest.mark.parametrize("delta", ["not base64!", "AAA"])
def test_bad_base64_is_noted_and_survived(talk, delta):
    place = {"item_id": "A", "response_id": "R", "output_index": 0, "content_index": 0}
    assert talk.server("response.output_audio.delta", **place, delta=delta) == ["note warning protocol"]


def test_the_end_of_the_input_ends_the_session_when_all_is_said(talk):
    talk.give(inputs.HearingEnded)
    talk.at = 1.0
    talk.agent_speaks()
    talk.done()
    talk.at = 3.5
    assert talk.give(inputs.Woke, "quiet") == []
    talk.give(inputs.Played, "A", 0, 1000.0, True)
    assert talk.give(inputs.Woke, "quiet") == ["close OK"]


def test_a_model_cannot_change_in_a_session(talk):
    assert talk.give(inputs.Patched, {"model": "other"}) == ["note error settings"]


def test_a_change_sends_only_the_difference_and_compares(talk):
    assert talk.give(inputs.Patched, {"max_output_tokens": 2048}) == ["session.update"]
    assert talk.sent[-1]["session"] == {"type": "realtime", "max_output_tokens": 2048}
    assert talk.server("session.updated", session={"max_output_tokens": 1024}) == ["note warning settings"]


def test_an_out_of_band_response_runs_beside_the_main_one(talk):
    talk.give(inputs.Typed, "hello")
    talk.server("response.created", response={"id": "R", "conversation_id": "conv"})
    aside = {"type": "response.create", "response": {"conversation": "none", "metadata": {"a": "b"}}}
    assert talk.give(inputs.Asked, aside) == ["response.create"]
    talk.server("response.created", response={"id": "X", "conversation_id": None})
    assert talk.session.turns.active_id == "R"
    assert talk.done("X") == []
    assert talk.session.turns.active_id == "R"


def test_nothing_is_said_after_the_end(talk):
    assert talk.give(inputs.Pressed, "quit") == ["close OK"]
    assert talk.agent_speaks() == []
