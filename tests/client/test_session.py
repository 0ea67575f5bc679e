"""The client's rules, as dialogues: what happened, and what the session wanted done."""

from __future__ import annotations

import json

import pytest

from realtime_cli.client import inputs
from realtime_cli.client.effects import Note
from realtime_cli.protocol import codec
from tests.client.dialogue import Dialogue


@pytest.fixture
def talk() -> Dialogue:
    dialogue = Dialogue()
    dialogue.connect()
    return dialogue


def test_greets_once():
    d = Dialogue(greet=True)
    assert d.connect() == ["response.create"]


def test_sound_flows_only_when_the_settings_are_in_force():
    d = Dialogue()
    assert d.give(inputs.MicrophoneFrame, bytes(960)) == []
    d.connect()
    assert d.give(inputs.MicrophoneFrame, bytes(960)) == ["buffer.append 960"]


def test_speech_interrupts_at_the_heard_millisecond(talk):
    assert talk.agent_speaks(ms=1000) == ["play A 48000"]
    assert talk.server("input_audio_buffer.speech_started", audio_start_ms=0, item_id="U") == [
        "stop server_vad"
    ]
    assert talk.stopped(("A", 640.4, False)) == ["item.truncate A 640"]


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
    error = {
        "type": "invalid_request_error",
        "code": "conversation_already_has_active_response",
        "message": "busy",
        "event_id": talk.sent[-1]["event_id"],
    }
    assert talk.server("error", error=error) == []


def test_a_refused_request_waits_for_the_running_response(talk):
    talk.give(inputs.Typed, "one")
    error = {
        "type": "invalid_request_error",
        "code": "conversation_already_has_active_response",
        "message": "busy",
        "event_id": talk.sent[-1]["event_id"],
    }
    assert talk.server("error", error=error) == []
    talk.server("response.created", response={"id": "VAD"})
    assert talk.done("VAD") == ["response.create"]


def test_an_error_that_names_no_request_is_its_refusal_if_nothing_follows(talk):
    error = {"type": "server_error", "message": "no"}
    for follows in (False, True):
        talk.give(inputs.Typed, "one")
        assert talk.server("error", error=error) == ["note error server"]
        if follows:
            talk.server("response.created", response={"id": "R1"})
        talk.at += 3
        given_up = talk.give(inputs.TimerFired, "progress")
        assert given_up == ([] if follows else ["note error response"])
    assert talk.done("R1") == []


def test_manual_turns_commit_and_ask():
    d = Dialogue(push_to_talk=True, patch={"type": "realtime", "audio": {"input": {"turn_detection": None}}})
    d.connect()
    assert d.give(inputs.MicrophoneFrame, bytes(960)) == []
    assert d.give(inputs.Pressed, "talk") == ["buffer.clear"]
    assert d.give(inputs.MicrophoneFrame, bytes(4800)) == ["buffer.append 960", "buffer.append 4800"]
    assert d.give(inputs.Pressed, "release") == ["buffer.commit", "response.create"]


def test_a_key_ends_a_manual_turn_that_no_key_was_held_for():
    manual = {"audio": {"input": {"turn_detection": None}}}
    talk = Dialogue(patch=manual, push_to_talk=False)
    talk.connect()
    for _ in range(10):
        talk.give(inputs.MicrophoneFrame, bytes(960))
    assert talk.give(inputs.Pressed, "commit") == ["buffer.commit", "response.create"]
    assert talk.give(inputs.Pressed, "commit") == ["buffer.clear"]


def test_where_the_server_ends_turns_the_key_says_so(talk):
    assert talk.give(inputs.Pressed, "commit") == ["note info turn"]


def test_too_short_a_push_is_not_committed():
    d = Dialogue(push_to_talk=True, patch={"type": "realtime", "audio": {"input": {"turn_detection": None}}})
    d.connect()
    d.give(inputs.Pressed, "talk")
    d.give(inputs.MicrophoneFrame, bytes(960))
    assert d.give(inputs.Pressed, "release") == ["buffer.clear"]


def test_muted_sound_is_dropped_but_a_waiting_server_gets_silence(talk):
    talk.server("input_audio_buffer.speech_started", item_id="U")
    talk.give(inputs.Pressed, "mute")
    assert talk.give(inputs.MicrophoneFrame, b"\1" * 960) == ["buffer.append 960"]
    assert set(json.dumps(talk.sent[-1]["audio"])) <= set('"A=')
    talk.server("input_audio_buffer.speech_stopped", item_id="U")
    talk.at += 2
    assert talk.give(inputs.MicrophoneFrame, b"\1" * 960) == []


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


def test_an_out_of_band_response_runs_beside_the_main_one(talk):
    talk.give(inputs.Typed, "hello")
    talk.server("response.created", response={"id": "R", "conversation_id": "conv"})
    aside = {"type": "response.create", "response": {"conversation": "none", "metadata": {"a": "b"}}}
    assert talk.give(inputs.RawEvent, aside) == ["response.create"]
    talk.server("response.created", response={"id": "X", "conversation_id": None})
    assert talk.session.responses.active_id == "R"
    assert talk.done("X") == []
    assert talk.session.responses.active_id == "R"


def test_nothing_is_said_after_the_end(talk):
    assert talk.give(inputs.Pressed, "quit") == ["close OK"]
    assert talk.agent_speaks() == []


# -- servers that tell things in other ways ---------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "shown"),
    [
        ({"error": "Out of cheese."}, "Out of cheese."),
        ({"message": "Out of cheese.", "code": "cheese"}, "Out of cheese. (cheese)"),
        ({"error": {"type": "cheese", "message": "Out of it."}}, "Out of it. (cheese)"),
        ({}, "The server reports an error without a message"),
        ({"error": None, "message": None}, "The server reports an error without a message"),
    ],
)
def test_errors_of_all_shapes_are_shown_with_what_there_is(talk, fields, shown):
    event = codec.server_event({"type": "error", **fields})
    notes = [e.text for e in talk.session.handle(inputs.Received(1.0, event)) if isinstance(e, Note)]
    assert notes == [shown]


@pytest.mark.parametrize("where", ["code", "type"])
@pytest.mark.parametrize(
    "name", ["credit_balance_exhausted", "forbidden", "account_deactivated", "billing_hard_limit_reached"]
)
def test_fatal_account_errors_go_by_code_or_type(name, where):
    for how in ("error", "response.done"):
        d = Dialogue()
        d.connect()
        error = {"message": "No.", where: name}
        if how == "error":
            lines = d.server("error", error=error)
        else:
            lines = d.done(status="failed", status_details={"error": error})
        assert [line.split()[0] for line in lines] == ["close"]


def test_an_answer_that_is_over_before_it_begins_keeps_nobody_waiting(talk):
    talk.give(inputs.Typed, "hello")
    talk.done("R")
    talk.server("response.created", response={"id": "R"})
    assert talk.session.responses.active_id is None
    talk.server("response.created", response={"id": "R2"})
    talk.server("response.done")
    assert talk.session.idle


@pytest.mark.parametrize("names_item", [True, False])
def test_the_last_words_of_a_transcript_stay_in_the_history(names_item: bool) -> None:
    """Some servers say "completed" again, at last with nothing in it; and some leave the item out."""
    d = Dialogue()
    d.connect()
    d.server("input_audio_buffer.committed", item_id="U")
    for words in ("What", "What is up?", ""):
        item = {"item_id": "U"} if names_item else {}
        kind = "conversation.item.input_audio_transcription.completed"
        d.server(kind, **item, content_index=0, transcript=words)
    assert [item["content"][0]["text"] for item in d.session.history()] == ["What is up?"]


def test_a_server_that_has_one_id_for_every_answer_and_every_call() -> None:
    d = Dialogue(patch={"type": "realtime", "tools": []})
    d.connect()
    d.give(inputs.Typed, "What time is it?")
    call = {"type": "function_call", "id": "F", "call_id": "c", "name": "clock", "arguments": "{}"}
    for time in ("noon", "one"):
        d.server("response.created", response={"id": "R"})
        assert d.done(output=[call]) == ["call clock {}"]
        assert d.give(inputs.ToolFinished, "c", time) == [
            "item.create function_call_output",
            "response.create",
        ]
    d.server("response.created", response={"id": "R"})
    d.done()
    assert d.session.idle
    assert d.session.responses_done == 3
    d.server("response.created", response={"id": "R"})  # told once more: nobody asked
    assert d.session.idle


def test_a_server_that_never_says_created() -> None:
    d = Dialogue(patch={"type": "realtime"})
    d.connect()
    d.give(inputs.Typed, "Well?")
    d.sound()
    assert d.done() == ["end A"]
    d.give(inputs.Played, "A", 0, 1000.0, True)
    assert d.session.idle


def test_of_an_answer_that_is_given_up_the_sound_that_came_is_heard_to_its_end() -> None:
    """It was neither created nor done."""
    d = Dialogue(patch={"type": "realtime"})
    d.connect()
    d.give(inputs.Typed, "Well?")
    d.sound()
    d.at = 60.0
    assert "end A" in d.give(inputs.TimerFired, "progress")
    d.give(inputs.Played, "A", 0, 1000.0, True)
    assert d.session.idle


def test_a_call_without_any_id_is_told_of() -> None:
    d = Dialogue(patch={"type": "realtime", "tools": []})
    d.connect()
    d.give(inputs.Typed, "What time is it?")
    d.server("response.created", response={"id": "R"})
    assert d.done(output=[{"type": "function_call", "name": "clock", "arguments": "{}"}]) == [
        "note error call"
    ]
