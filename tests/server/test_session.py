"""The orders of events that the API promises, told as dialogues."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from realtime_cli.server import effects, inputs
from realtime_cli.server.session import MAX_OUT_OF_BAND
from realtime_cli.server.settings import Defaults
from tests.server.dialogue import Talk

AUDIO_ANSWER = [
    "output_item.added item_2",
    "item.added item_2",
    "content_part.added item_2",
    "speak It is noon.",
    "transcript.delta item_2",
    "output_audio.delta item_2",
    "output_audio.done item_2",
    "transcript.done item_2",
    "content_part.done item_2",
    "item.done item_2 completed",
    "output_item.done item_2 completed",
    "done resp_1 completed",
    "rate_limits.updated",
]


# -- opening ------------------------------------------------------------------------------------


def test_the_first_event_shows_every_default():
    talk = Talk()
    assert talk.opening == ["session.created"]
    assert talk.events[0]["session"] == {
        "type": "realtime",
        "object": "realtime.session",
        "id": "sess_1",
        "model": "m",
        "expires_at": 4600,
        "output_modalities": ["audio"],
        "instructions": talk.settings["instructions"],
        "tools": [],
        "tool_choice": "auto",
        "max_output_tokens": "inf",
        "tracing": None,
        "truncation": "auto",
        "prompt": None,
        "include": None,
        "audio": {
            "input": {
                "format": {"type": "audio/pcm", "rate": 24000},
                "transcription": None,
                "noise_reduction": None,
                "turn_detection": {
                    "type": "server_vad",
                    "threshold": 0.5,
                    "prefix_padding_ms": 300,
                    "silence_duration_ms": 500,
                    "idle_timeout_ms": None,
                    "create_response": True,
                    "interrupt_response": True,
                },
            },
            "output": {"format": {"type": "audio/pcm", "rate": 24000}, "voice": "alloy", "speed": 1.0},
        },
    }


def test_an_old_client_is_shown_the_door():
    assert Talk(opened={"beta_header": True}).opening == ["error beta_api_shape_disabled None", "shut 4000"]


def test_an_update_is_answered_with_everything_in_force():
    talk = Talk()
    assert talk.update(instructions="Be brief.", audio={"output": {"speed": 1.2}}) == ["session.updated"]
    told = talk.last("session.updated")["session"]
    assert (told["instructions"], told["audio"]["output"]["speed"], told["audio"]["output"]["voice"]) == (
        "Be brief.",
        1.2,
        "alloy",
    )


# -- turns --------------------------------------------------------------------------------------


def test_a_text_turn():
    talk = Talk()
    talk.update(output_modalities=["text"])
    assert talk.write("Hi") == ["item.added item_1", "item.done item_1 completed"]
    assert talk.client("response.create") == ["created resp_1", "think resp_1"]
    assert talk.said("One two three four.") + talk.said("Five.") + talk.thought_out() == [
        "output_item.added item_2",
        "item.added item_2",
        "content_part.added item_2",
        "output_text.delta item_2",
        "output_text.delta item_2",
        "output_text.delta item_2",
        "output_text.done item_2",
        "content_part.done item_2",
        "item.done item_2 completed",
        "output_item.done item_2 completed",
        "done resp_1 completed",
        "rate_limits.updated",
    ]
    deltas = [event["delta"] for event in talk.events if event["type"] == "response.output_text.delta"]
    assert "".join(deltas) == talk.last("response.output_text.done")["text"] == "One two three four. Five."
    assert talk.last("response.content_part.added")["part"] == {"type": "text", "text": ""}
    added = [event for event in talk.events if event["type"] == "conversation.item.added"][-1]
    assert (added["item"]["content"], added["previous_item_id"]) == ([], "item_1")


def test_a_voice_turn():
    talk = Talk(defaults=Defaults(transcription={"model": "gpt-4o-transcribe"}))
    assert talk.spoken_turn("What time is it?") == [
        "speech_started item_1",
        "speech_stopped item_1",
        "committed item_1",
        "item.added item_1",
        "item.done item_1 completed",
        "created resp_1",
        "T.delta item_1",
        "T.delta item_1",
        "T.delta item_1",
        "T.delta item_1",
        "T.completed item_1",
        "think resp_1",
    ]
    assert talk.says() == AUDIO_ANSWER
    assert talk.last("input_audio_buffer.speech_started")["audio_start_ms"] == 0
    assert talk.last("input_audio_buffer.speech_stopped")["audio_end_ms"] == 960 + 512
    user = next(event["item"] for event in talk.events if event["type"] == "conversation.item.added")
    assert user["content"] == [{"type": "input_audio", "transcript": None}]
    completed = talk.last("conversation.item.input_audio_transcription.completed")
    assert completed["transcript"] == "What time is it?"
    assert completed["usage"]["input_tokens"] == 15
    assert talk.last("response.content_part.done")["part"] == {"type": "audio", "transcript": "It is noon."}
    assert talk.last("response.output_audio.delta")["delta"] == base64.b64encode(bytes(24_000)).decode()


def test_without_transcription_the_words_go_to_the_answer_only():
    talk = Talk()
    assert not [line for line in talk.spoken_turn("Hello there") if line.startswith("T.")]
    assert talk.effect(effects.Generate).request.items[0]["content"][0]["transcript"] == "Hello there"
    assert talk.session.conversation.get("item_1").wire["content"][0]["transcript"] is None


def test_thinking_waits_for_the_words():
    talk = Talk(defaults=Defaults(transcription={"model": "whisper-1"}))
    lines = talk.speech() + talk.silence()
    assert lines[-1] == "created resp_1"
    assert talk.recognised("Hello there") == ["T.delta item_1", "T.completed item_1", "think resp_1"]


def test_a_manual_voice_turn_back_to_back():
    talk = Talk()
    talk.sound_in(turn_detection=None)
    assert talk.client("input_audio_buffer.clear") == ["cleared"]
    assert talk.append(400) == []
    assert talk.client("input_audio_buffer.commit") == [
        "committed item_1",
        "item.added item_1",
        "item.done item_1 completed",
    ]
    assert talk.client("response.create") == ["created resp_1"]
    assert talk.recognised("Hello") == ["think resp_1"]
    assert talk.says() == AUDIO_ANSWER


def test_a_function_call_and_its_answer():
    talk = Talk()
    talk.write("What time is it?")
    talk.client("response.create")
    assert talk.called("get_time", '{"city": "Oslo"}') + talk.thought_out() == [
        "output_item.added item_2",
        "item.added item_2",
        "arguments.delta item_2",
        "arguments.delta item_2",
        "arguments.done item_2",
        "item.done item_2 completed",
        "output_item.done item_2 completed",
        "done resp_1 completed",
        "rate_limits.updated",
    ]
    done = talk.last("response.function_call_arguments.done")
    assert (done["name"], done["arguments"], done["call_id"]) == ("get_time", '{"city": "Oslo"}', "call_1")
    assert talk.last("response.done")["response"]["output"][0]["arguments"] == '{"city": "Oslo"}'
    output = {"type": "function_call_output", "call_id": "call_1", "output": '{"time": "14:05"}'}
    assert talk.client("conversation.item.create", item=output) == [
        "item.added item_3",
        "item.done item_3 completed",
    ]
    assert talk.client("response.create") == ["created resp_2", "think resp_2"]
    assert [item["type"] for item in talk.effect(effects.Generate).request.items] == [
        "message",
        "function_call",
        "function_call_output",
    ]


def test_speech_and_two_calls_in_one_response():
    talk = Talk()
    talk.write()
    talk.client("response.create")
    talk.said("Let me see.")
    assert talk.called("a", "{}") == [], "a call waits for the words before it"
    talk.called("b", "{}")
    talk.spoken(100)
    lines = talk.spoken_out() + talk.thought_out()
    assert [line for line in lines if line.startswith("output_item")] == [
        "output_item.done item_2 completed",
        "output_item.added item_3",
        "output_item.done item_3 completed",
        "output_item.added item_4",
        "output_item.done item_4 completed",
    ]
    done = talk.last("response.done")["response"]
    assert [item["type"] for item in done["output"]] == ["message", "function_call", "function_call"]
    added = [event for event in talk.events if event["type"] == "response.output_item.added"]
    assert [event["output_index"] for event in added] == [0, 1, 2]


# -- interruption -------------------------------------------------------------------------------


def test_the_user_interrupts_and_the_client_truncates():
    talk = Talk()
    talk.write()
    talk.client("response.create")
    talk.said("A long story.")
    talk.spoken(2000)
    assert talk.speech(96) == [
        "speech_started item_3",
        "output_audio.done item_2",
        "transcript.done item_2",
        "content_part.done item_2",
        "item.done item_2 incomplete",
        "output_item.done item_2 incomplete",
        "quit resp_1",
        "done resp_1 cancelled turn_detected",
        "rate_limits.updated",
    ]
    assert talk.spoken(100) == talk.said("More.") == talk.spoken_out() == [], "late news of a cut response"
    assert talk.client("conversation.item.truncate", item_id="item_2", content_index=0, audio_end_ms=640) == [
        "item.truncated item_2"
    ]
    assert talk.silence(544)[:2] == ["speech_stopped item_3", "committed item_3"]


def test_when_all_was_said_speech_interrupts_nothing():
    talk = Talk()
    talk.write()
    talk.client("response.create")
    talk.says(ms=3000)
    assert talk.speech(96) == ["speech_started item_3"]
    truncated = talk.client(
        "conversation.item.truncate", item_id="item_2", content_index=0, audio_end_ms=1000
    )
    assert truncated == ["item.truncated item_2"]


def test_a_response_that_may_not_be_interrupted_is_followed_by_the_next():
    talk = Talk()
    talk.sound_in(turn_detection={"type": "server_vad", "interrupt_response": False})
    talk.write()
    talk.client("response.create")
    talk.said("One.")
    talk.spoken(100)
    assert talk.spoken_turn("And?")[0] == "speech_started item_3"
    assert talk.spoken_out() == []
    assert talk.thought_out()[-2:] == ["created resp_2", "think resp_2"]


def test_without_create_response_the_client_decides():
    talk = Talk()
    talk.sound_in(turn_detection={"type": "server_vad", "create_response": False})
    assert talk.spoken_turn()[-1] == "item.done item_1 completed"
    assert talk.client("response.create") == ["created resp_1", "think resp_1"]


def test_the_client_cancels():
    talk = Talk()
    talk.write()
    talk.client("response.create")
    talk.said("A long story.")
    talk.spoken(200)
    assert talk.client("response.cancel", response_id="resp_1")[-2:] == [
        "done resp_1 cancelled client_cancelled",
        "rate_limits.updated",
    ]
    assert talk.client("response.cancel") == ["error response_cancel_not_active None"]


def test_cancelled_before_the_first_word():
    talk = Talk()
    talk.client("response.create")
    assert talk.client("response.cancel") == [
        "quit resp_1",
        "done resp_1 cancelled client_cancelled",
        "rate_limits.updated",
    ]
    assert talk.said("Late.") == []


# -- one response at a time, others beside it ---------------------------------------------------


def test_a_second_response_is_refused_and_the_first_goes_on():
    talk = Talk()
    talk.write()
    talk.client("response.create")
    assert talk.client("response.create", event_id="mine") == [
        "error conversation_already_has_active_response None"
    ]
    assert "resp_1" in talk.events[-1]["error"]["message"]
    assert talk.events[-1]["error"]["event_id"] == "mine"
    assert talk.says() == AUDIO_ANSWER


def test_an_answer_beside_the_conversation():
    talk = Talk()
    talk.write("I am upset!")
    talk.client("response.create")
    params = {
        "conversation": "none",
        "output_modalities": ["text"],
        "metadata": {"purpose": "classify"},
        "instructions": "Yes or no?",
        "input": [{"type": "item_reference", "id": "item_1"}],
        "tools": [],
    }
    assert talk.client("response.create", response=params) == ["created resp_2", "think resp_2"]
    think = talk.effect(effects.Generate).request
    assert (think.instructions, [item["id"] for item in think.items]) == ("Yes or no?", ["item_1"])
    lines = talk.said("Yes.", "resp_2") + talk.thought_out("resp_2")
    assert not [line for line in lines if line.startswith("item.")], "its items join no history"
    done = talk.last("response.done")["response"]
    assert (done["conversation_id"], done["metadata"]) == (None, {"purpose": "classify"})
    assert [record.item_id for record in talk.session.conversation] == ["item_1"]
    assert talk.client("response.cancel")[-2].startswith("done resp_1"), "the main one is still there"


def test_input_of_its_own_and_none_at_all():
    talk = Talk()
    talk.write("Old")
    item = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "New"}]}
    talk.client("response.create", response={"input": [item]})
    assert [part["text"] for part in talk.effect(effects.Generate).request.items[0]["content"]] == ["New"]
    talk.client("response.create", response={"input": [], "conversation": "none"})
    assert talk.effect(effects.Generate).request.items == ()
    assert talk.client(
        "response.create", response={"conversation": "none", "input": [{"type": "item_reference", "id": "X"}]}
    ) == ["error invalid_value response.input[0].id"]


def test_overrides_hold_for_one_response():
    talk = Talk()
    talk.update(tools=[{"type": "function", "name": "f"}])
    override = {
        "instructions": "Shout.",
        "tool_choice": "none",
        "output_modalities": ["text"],
        "max_output_tokens": 9,
    }
    talk.client("response.create", response=override)
    created = talk.last("response.created")["response"]
    assert (created["output_modalities"], created["max_output_tokens"]) == (["text"], 9)
    think = talk.effect(effects.Generate).request
    assert (think.instructions, think.tool_choice, think.tools) == (
        "Shout.",
        "none",
        ({"type": "function", "name": "f"},),
    )
    talk.thought_out()
    talk.client("response.create")
    assert talk.effect(effects.Generate).request.instructions == talk.settings["instructions"]


# -- ends ---------------------------------------------------------------------------------------


def test_the_engine_fails():
    talk = Talk()
    talk.client("response.create")
    talk.said("Well")
    assert talk.give(inputs.GenerationFailed, "resp_1", "The chat server is away.")[-2:] == [
        "done resp_1 failed",
        "rate_limits.updated",
    ]
    details = talk.last("response.done")["response"]["status_details"]
    assert details == {
        "type": "failed",
        "error": {"type": "server_error", "code": "server_error", "message": "The chat server is away."},
    }
    assert talk.client("response.create") == ["created resp_2", "think resp_2"]


def test_the_tokens_run_out_in_speech():
    talk = Talk()
    talk.update(max_output_tokens=10)
    talk.client("response.create")
    talk.said("A long story.")
    talk.spoken(400)
    lines = talk.spoken(400)
    assert lines[0] == "output_audio.delta item_1"
    assert lines[-2] == "done resp_1 incomplete max_output_tokens"
    assert talk.session.conversation.get("item_1").audio[0].ms == 500
    assert talk.last("response.done")["response"]["usage"]["output_token_details"]["audio_tokens"] == 10


def test_the_tokens_run_out_in_text_and_in_a_call():
    talk = Talk()
    talk.update(max_output_tokens=2, output_modalities=["text"])
    talk.client("response.create")
    assert talk.said("Much too long a text.")[-2] == "done resp_1 incomplete max_output_tokens"
    assert talk.last("response.output_text.done")["text"] == "Much too"
    talk.client("response.create")
    assert talk.called("f", '{"some": "thing"}', "resp_2")[-2] == "done resp_2 incomplete max_output_tokens"
    assert talk.last("response.function_call_arguments.done")["arguments"] == '{"some":'


def test_the_session_ends():
    talk = Talk(defaults=Defaults(session_limit_s=5.0))
    assert talk.events[0]["session"]["expires_at"] == 1005
    assert talk.wakes["expired"] == 5.0
    assert talk.wake("expired") == ["error session_expired None", "shut 1001"]
    assert talk.effect(effects.CloseSocket).reason.startswith("Your session hit the maximum duration")
    assert talk.write() == [], "nothing leaves behind the close"


def test_sound_goes_out_ahead_but_not_too_far():
    talk = Talk()
    talk.client("response.create")
    talk.said("One.")
    talk.said("Two.")
    talk.spoken(10_000)
    assert talk.spoken_out() == [], "ten seconds wait to be heard already"
    assert talk.wakes["lead resp_1"] == pytest.approx(4.0)
    assert talk.wake("lead resp_1") == ["speak Two."]


# -- idle ---------------------------------------------------------------------------------------


def test_nobody_answers_the_agent():
    talk = Talk()
    talk.sound_in(turn_detection={"type": "server_vad", "idle_timeout_ms": 6000})
    talk.write()
    talk.client("response.create")
    talk.says(ms=1000)
    assert talk.wakes["idle"] == pytest.approx(7.0), "counted from the end of the sound"
    talk.silence(6400)
    assert talk.wake("idle") == [
        "timeout_triggered item_3",
        "committed item_3",
        "item.added item_3",
        "item.done item_3 completed",
        "created resp_2",
        "think resp_2",
    ]
    triggered = talk.last("input_audio_buffer.timeout_triggered")
    assert (triggered["audio_start_ms"], triggered["audio_end_ms"]) == (1000, 6400)
    assert talk.effect(effects.Generate).request.items[-1]["content"][0]["transcript"] == ""


def test_who_speaks_is_not_idle():
    talk = Talk()
    talk.sound_in(turn_detection={"type": "server_vad", "idle_timeout_ms": 6000})
    talk.client("response.create")
    talk.says()
    talk.speech(96)
    assert "idle" not in talk.wakes


# -- transcription sessions ---------------------------------------------------------------------


def test_a_transcription_session_only_writes_down():
    talk = Talk(opened={"transcribes": True}, defaults=Defaults(transcription={"model": "whisper-1"}))
    created = talk.events[0]["session"]
    assert (created["object"], set(created["audio"])) == ("realtime.transcription_session", {"input"})
    language = {"type": "transcription", "audio": {"input": {"transcription": {"language": "en"}}}}
    assert talk.client("session.update", session=language) == ["session.updated"]
    assert talk.spoken_turn("One, two.") == [
        "speech_started item_1",
        "speech_stopped item_1",
        "committed item_1",
        "item.added item_1",
        "item.done item_1 completed",
        "T.delta item_1",
        "T.completed item_1",
    ]
    assert talk.client("response.create") == ["error invalid_parameter type"]


def test_the_kind_of_a_session_stays():
    assert Talk().client("session.update", session={"type": "transcription"}) == [
        "error invalid_parameter session.type"
    ]
    talk = Talk(opened={"transcribes": True})
    assert talk.update() == ["error invalid_parameter session.type"]


# -- bad input ----------------------------------------------------------------------------------


@pytest.mark.parametrize("number", ["NaN", "-Infinity", "1e999", "9" * 400, f"-{'9' * 400}", "9" * 5000])
@pytest.mark.parametrize(
    "frame",
    [
        '{"type": "response.create", "response": {"max_output_tokens": %s}}',
        '{"type": "session.update", "session": {"type": "realtime", "audio": {"output": {"speed": %s}}}}',
        '{"type": "session.update", "session": {"type": "realtime",'
        ' "audio": {"input": {"turn_detection": {"type": "server_vad", "prefix_padding_ms": %s}}}}}',
        '{"type": "session.update", "session": {"type": "realtime",'
        ' "tools": [{"type": "function", "name": "f", "parameters": {"minimum": %s}}]}}',
        '{"type": "conversation.item.truncate", "item_id": "x", "content_index": 0, "audio_end_ms": %s}',
    ],
)
def test_a_number_that_is_none_is_an_error_and_answers_go_on(frame: str, number: str):
    talk = Talk()
    [line] = talk.give(inputs.Frame, frame % number)
    assert line.startswith(("error invalid_value ", "error invalid_json "))
    assert talk.client("response.create") == ["created resp_1", "think resp_1"]
    assert "done resp_1 completed" in talk.says()


def test_out_of_band_responses_are_bounded():
    talk = Talk()
    asked = [talk.client("response.create", response={"conversation": "none"}) for _ in range(1000)]
    assert [lines[0].split()[0] for lines in asked].count("created") == MAX_OUT_OF_BAND
    assert asked[-1] == ["error rate_limit_exceeded None"]
    assert talk.client("response.create")[0].startswith("created"), "the conversation itself is not refused"
    talk.says(response="resp_1")
    assert talk.client("response.create", response={"conversation": "none"})[0].startswith("created")


@pytest.mark.parametrize(
    ("frame", "line"),
    [
        ("{", "error invalid_json None"),
        ("[]", "error invalid_event None"),
        ('{"session": {}}', "error invalid_event None"),
        ('{"type": "session.close"}', "error invalid_value type"),
        ('{"type": "output_audio_buffer.clear"}', "error invalid_value type"),
        ('{"type": "session.update"}', "error missing_required_parameter session"),
        ('{"type": "input_audio_buffer.append"}', "error missing_required_parameter audio"),
        ('{"type": "input_audio_buffer.append", "audio": 5}', "error invalid_type audio"),
        ('{"type": "input_audio_buffer.append", "audio": "no base64!"}', "error invalid_value audio"),
        ('{"type": "input_audio_buffer.append", "audio": "AAAA", "x": 1}', "error unknown_parameter x"),
        (
            '{"type": "input_audio_buffer.append", "audio": "AAAA", "event_id": 5}',
            "error invalid_type event_id",
        ),
        ('{"type": "input_audio_buffer.commit"}', "error input_audio_buffer_commit_empty None"),
        ('{"type": "response.cancel"}', "error response_cancel_not_active None"),
        (
            '{"type": "response.create", "response": {"temperature": 1}}',
            "error unknown_parameter response.temperature",
        ),
        (
            '{"type": "response.create", "response": {"conversation": "x"}}',
            "error invalid_value response.conversation",
        ),
        ('{"type": "conversation.item.delete", "item_id": "X"}', "error item_delete_invalid_item_id item_id"),
        (
            '{"type": "conversation.item.retrieve", "item_id": "X"}',
            "error item_retrieve_invalid_item_id item_id",
        ),
        (
            '{"type": "conversation.item.truncate", "item_id": "X", "content_index": 0, "audio_end_ms": 0}',
            "error item_truncate_invalid_item_id item_id",
        ),
    ],
)
def test_a_mistake_is_told_and_the_session_goes_on(frame: str, line: str):
    talk = Talk()
    assert talk.give(inputs.Frame, frame) == [line]
    assert talk.write() == ["item.added item_1", "item.done item_1 completed"]


MESSAGE = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Hi"}]}


def test_null_is_left_out_where_it_means_nothing():
    talk = Talk()
    nothing = dict.fromkeys(
        [
            "instructions",
            "tools",
            "tool_choice",
            "output_modalities",
            "max_output_tokens",
            "conversation",
            "input",
            "metadata",
            "audio",
            "prompt",
            "reasoning",
            "parallel_tool_calls",
        ]
    )
    assert talk.client("response.create", event_id=None, response=nothing) == [
        "created resp_1",
        "think resp_1",
    ]
    assert talk.effect(effects.Generate).request.instructions == talk.settings["instructions"]
    talk.says()
    assert talk.client("response.create", response=None) == ["created resp_2", "think resp_2"]
    talk.says(response="resp_2")
    out_of_band = {"conversation": "none", "input": [{**MESSAGE, "id": None, "status": None, "object": None}]}
    assert talk.client("response.create", response=out_of_band) == ["created resp_3", "think resp_3"]
    part = {"type": "input_text", "text": "Hi", "audio": None, "transcript": None, "image_url": None}
    item = {**MESSAGE, "id": None, "object": None, "status": None, "content": [part]}
    lines = talk.client("conversation.item.create", previous_item_id=None, item=item)
    assert lines[0].startswith("item.added item_")


def test_null_in_a_session_update_is_left_out_unless_it_clears():
    talk = Talk(defaults=Defaults(transcription={"model": "whisper-1"}))
    before = talk.settings
    nothing = dict.fromkeys(
        ["instructions", "tools", "tool_choice", "output_modalities", "max_output_tokens"]
    )
    output = {"voice": None, "speed": None, "format": None}
    assert talk.update(**nothing, audio={"output": output, "input": None}) == ["session.updated"]
    assert talk.settings == before
    detection = {
        "type": "server_vad",
        "threshold": None,
        "idle_timeout_ms": None,
        "silence_duration_ms": None,
    }
    assert talk.sound_in(turn_detection=detection) == ["session.updated"]
    assert talk.settings == before
    off = {"turn_detection": None, "transcription": None, "noise_reduction": None}
    assert talk.sound_in(**off) == ["session.updated"]
    assert {key: talk.settings["audio"]["input"][key] for key in off} == off


@pytest.mark.parametrize(
    ("session", "line"),
    [
        ({"type": None}, "error missing_required_parameter session.type"),
        ({"tools": [None]}, "error invalid_type session.tools[0]"),
        ({"temperature": None}, "error unknown_parameter session.temperature"),
        (
            {"audio": {"input": {"turn_detection": {"type": "server_vad", "create_response": None}}}},
            "error invalid_type session.audio.input.turn_detection.create_response",
        ),
    ],
)
def test_null_is_wrong_where_something_is_needed(session: dict[str, Any], line: str):
    assert Talk().update(**session) == [line]


def test_an_error_names_the_event_it_is_about():
    talk = Talk()
    talk.client("session.update", event_id="c6", session={"type": "realtime", "temperature": 1})
    assert talk.events[-1]["error"] == {
        "type": "invalid_request_error",
        "code": "unknown_parameter",
        "message": "Unknown parameter: 'session.temperature'.",
        "param": "session.temperature",
        "event_id": "c6",
    }


def test_one_bad_key_refuses_the_whole_update():
    talk = Talk()
    before = json.dumps(talk.settings)
    talk.update(instructions="New.", audio={"output": {"speed": 7}})
    assert json.dumps(talk.settings) == before


def test_a_commit_under_100_ms_says_how_much_there_is():
    talk = Talk()
    talk.sound_in(turn_detection=None)
    talk.append(99.5)
    talk.client("input_audio_buffer.commit")
    assert (
        "Expected at least 100ms of audio, but buffer only has 99.50ms" in talk.events[-1]["error"]["message"]
    )
    talk.append(0.5)
    assert talk.client("input_audio_buffer.commit")[0] == "committed item_1"


# -- voice, model, tools ------------------------------------------------------------------------


def test_the_voice_is_fixed_by_the_first_sound():
    talk = Talk()
    assert talk.update(audio={"output": {"voice": "cedar"}}) == ["session.updated"]
    talk.client("response.create")
    talk.says()
    cedar, ash = {"output": {"voice": "cedar"}}, {"output": {"voice": "ash"}}
    assert talk.update(audio=ash, instructions="x") == [
        "error cannot_update_voice session.audio.output.voice"
    ]
    assert talk.update(audio=cedar) == ["session.updated"]
    assert talk.client("response.create", response={"audio": ash}) == [
        "error cannot_update_voice response.audio.output.voice"
    ]


def test_a_voice_that_the_api_does_not_have_is_refused():
    talk, nosuch = Talk(), {"output": {"voice": "nosuch"}}
    assert talk.update(audio=nosuch) == ["error invalid_value session.audio.output.voice"]
    assert "Supported values are: 'alloy', 'ash'" in talk.last("error")["error"]["message"]
    assert talk.client("response.create", response={"audio": nosuch}) == [
        "error invalid_value response.audio.output.voice"
    ]


def test_the_model_is_chosen_in_the_address():
    talk = Talk()
    assert talk.update(model="other", instructions="Be brief.") == ["session.updated"]
    told = talk.last("session.updated")["session"]
    assert (told["model"], told["instructions"]) == ("m", "Be brief."), "one field is passed over, not all"
    assert Talk(opened={"model": ""}).events[0]["session"]["model"] == "local"


def test_mcp_tools_are_listed_once_and_honestly():
    talk = Talk()
    tool = {
        "type": "mcp",
        "server_label": "docs",
        "server_url": "https://example.org/mcp",
        "authorization": "tok",
    }
    assert talk.update(tools=[tool]) == [
        "session.updated",
        "mcp_list_tools.in_progress item_1",
        "item.added item_1",
        "item.done item_1",
        "mcp_list_tools.failed item_1",
    ]
    assert talk.update(tools=[tool], instructions="x") == ["session.updated"]


def test_usage_counts_sound_and_what_is_known_already():
    talk = Talk()
    talk.spoken_turn("Hello there")
    talk.says("Hi.", ms=500)
    first = talk.last("response.done")["response"]["usage"]
    assert first["input_token_details"]["audio_tokens"] == 15, "1472 ms of user sound"
    assert first["input_token_details"]["cached_tokens"] == 0
    assert first["output_token_details"] == {"text_tokens": 1, "audio_tokens": 10}
    talk.write()
    talk.client("response.create")
    talk.says(response="resp_2")
    second = talk.last("response.done")["response"]["usage"]
    assert second["input_token_details"]["cached_tokens"] == first["input_tokens"]
    assert second["total_tokens"] == second["input_tokens"] + second["output_tokens"]
