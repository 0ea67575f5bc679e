"""Frames to events and back: nothing is lost over a detail, and nothing raises but what is no event."""

from __future__ import annotations

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime_cli.errors import ConfigError
from realtime_cli.protocol import client_events as c
from realtime_cli.protocol import codec, session
from realtime_cli.protocol import objects as o
from realtime_cli.protocol import server_events as s
from realtime_cli.protocol.server_events import SERVER_EVENTS


def read(**fields: object) -> s.ServerEvent:
    return codec.decode_server_event(json.dumps(fields))


@pytest.mark.parametrize(
    ("frame", "reason"),
    [
        ("", "not JSON"),
        ("{", "not JSON"),
        (b"\xff\xfe", "not JSON"),
        ("[" * 10_000, "not JSON"),
        ("[1]", "not an object"),
        ("null", "not an object"),
        ('{"event_id": "e"}', "without a type"),
        ('{"type": 5}', "without a type"),
    ],
)
def test_what_is_no_event_says_why(frame: str | bytes, reason: str):
    with pytest.raises(codec.UndecodableEvent, match=reason) as told:
        codec.decode_server_event(frame)
    assert len(told.value.excerpt) <= codec.EXCERPT_CHARS


def test_unknown_events_and_fields_are_kept():
    event = read(type="localai.progress", percent=5, nested={"a": [1]})
    assert isinstance(event, s.UnknownServerEvent)
    assert json.loads(codec.encode(event)) == {"type": "localai.progress", "percent": 5, "nested": {"a": [1]}}
    delta = read(type="response.output_text.delta", delta="Hi", obfuscation="xyz")
    assert json.loads(codec.encode(delta))["obfuscation"] == "xyz"


def test_nothing_but_the_type_is_needed():
    for kind, model in SERVER_EVENTS.items():
        if kind != "conversation.item.created":
            assert type(read(type=kind)) is model


@pytest.mark.parametrize("details", ["cancelled", {"type": "cancelled", "reason": "turn_detected"}, None, 7])
def test_status_details_of_any_form(details: object):
    event = read(type="response.done", response={"id": "R", "status": "cancelled", "status_details": details})
    assert isinstance(event, s.ResponseDone)
    assert event.response.status == "cancelled"
    assert isinstance(event.response.status_details, str | o.ResponseStatusDetails | None)


def test_a_field_of_the_wrong_type_is_left_out_and_the_rest_read():
    event = read(
        type="session.created",
        session={
            "type": "realtime",
            "model": "m",
            "tools": [{"type": "function", "name": "good"}, "bad", {"type": "function", "name": 5}],
            "audio": {
                "input": {
                    "turn_detection": {"type": "server_vad", "threshold": "high", "silence_duration_ms": 3}
                }
            },
        },
    )
    assert isinstance(event, s.SessionCreated)
    assert isinstance(event.session, session.RealtimeSession)
    detection = event.session.audio.input.turn_detection
    assert (detection.threshold, detection.silence_duration_ms) == (None, 3)
    assert [tool.name for tool in event.session.tools] == ["good", None]


def test_values_beyond_our_bounds_are_read_as_they_are():
    session = {
        "type": "realtime",
        "audio": {"output": {"speed": 1.7}, "input": {"format": {"type": "audio/pcm", "rate": 16000}}},
    }
    audio = read(type="session.updated", session=session).session.audio
    assert (audio.output.speed, audio.input.format.rate) == (1.7, 16000)


def test_items_of_unknown_kind_stay_in_their_place():
    output = [
        {"type": "web_search", "id": "a"},
        {"type": "function_call", "name": "f", "call_id": "c"},
        {"type": "message", "role": "oracle"},
    ]
    items = read(type="response.done", response={"output": output}).response.output
    assert [type(item) for item in items] == [o.UnknownItem, o.FunctionCall, o.UnknownItem]
    assert items is not None
    assert items[0].model_dump(exclude_unset=True) == output[0]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("response.text.delta", s.ResponseOutputTextDelta),
        ("response.text.done", s.ResponseOutputTextDone),
        ("response.audio.delta", s.ResponseOutputAudioDelta),
        ("response.audio.done", s.ResponseOutputAudioDone),
        ("response.audio_transcript.delta", s.ResponseOutputAudioTranscriptDelta),
        ("response.audio_transcript.done", s.ResponseOutputAudioTranscriptDone),
        ("conversation.item.created", s.ConversationItemAdded),
        ("transcription_session.created", s.SessionCreated),
        ("transcription_session.updated", s.SessionUpdated),
    ],
)
def test_old_names_are_read_as_todays(old: str, new: type):
    assert type(read(type=old)) is new


def test_the_second_form_of_a_delta_is_dropped():
    decoder = codec.ServerDecoder()
    frames = [
        "response.audio.delta",
        "response.output_audio.delta",
        "response.output_text.delta",
        "response.audio.delta",
    ]
    read_ = [decoder.decode(json.dumps({"type": kind, "delta": "AA=="})) for kind in frames]
    assert [event and event.type for event in read_] == [
        "response.output_audio.delta",
        None,
        "response.output_text.delta",
        "response.output_audio.delta",
    ]
    assert codec.ServerDecoder().decode('{"type": "response.output_audio.delta"}') is not None


def test_items_told_under_both_names_are_not_dropped():
    decoder = codec.ServerDecoder()
    assert decoder.decode('{"type": "conversation.item.created", "item": {"type": "message"}}')
    assert decoder.decode('{"type": "conversation.item.added", "item": {"type": "message"}}')


# -- writing ----------------------------------------------------------------------------------


def test_only_what_was_set_is_written_and_null_is_something():
    update = c.SessionUpdate(
        session=session.RealtimeSession(
            audio=session.SessionAudio(input=session.AudioInput(turn_detection=None))
        )
    )
    assert json.loads(codec.encode(update)) == {
        "type": "session.update",
        "session": {"type": "realtime", "audio": {"input": {"turn_detection": None}}},
    }


def test_a_message_built_of_parts_names_type_and_role():
    event = c.ConversationItemCreate(
        item=o.UserMessage(content=[o.InputText(text="hi")]), previous_item_id="root"
    )
    assert json.loads(codec.encode(event)) == {
        "type": "conversation.item.create",
        "item": {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "hi"}]},
        "previous_item_id": "root",
    }


def test_truncate_always_names_the_content_index():
    assert (
        json.loads(codec.encode(c.ConversationItemTruncate(item_id="A", audio_end_ms=5)))["content_index"]
        == 0
    )


def test_settings_are_sent_as_given():
    patch = {"voice": "eve", "audio": {"output": {"speed": 1.2}}, "max_output_tokens": "inf"}
    assert json.loads(codec.encode(codec.session_update(patch)))["session"] == {"type": "realtime", **patch}


def test_settings_of_the_wrong_type_are_refused_in_a_sentence():
    with pytest.raises(ConfigError, match=r"session\.audio\.output\.speed: .*number"):
        codec.session_update({"audio": {"output": {"speed": "fast"}}})
    with pytest.raises(ConfigError, match="needs a type"):
        codec.client_event({"event_id": "x"})


def test_raw_events_keep_what_we_do_not_know():
    event = codec.client_event({"type": "session.close", "why": [1]})
    assert json.loads(codec.encode(event)) == {"type": "session.close", "why": [1]}


def test_a_clients_odd_events_are_read_as_unknown():
    assert isinstance(codec.decode_client_event('{"type":"input_audio_buffer.append"}'), c.UnknownClientEvent)
    assert isinstance(
        codec.decode_client_event('{"type":"input_audio_buffer.commit"}'), c.InputAudioBufferCommit
    )


def test_secrets_and_sound_stay_out_of_repr():
    tool = session.McpTool(server_label="x", authorization="tok-123", headers={"X-Key": "tok-456"})
    append = c.InputAudioBufferAppend(audio=base64.b64encode(bytes(99)).decode())
    assert "tok-" not in repr(tool)
    assert "AAAA" not in repr(append)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(
                    [
                        "type",
                        "item",
                        "session",
                        "response",
                        "error",
                        "delta",
                        "output",
                        "content",
                        "audio",
                        "id",
                        "tools",
                    ]
                ),
                inner,
                max_size=4,
            )
        ),
    ),
    st.sampled_from(sorted(SERVER_EVENTS)),
)
def test_any_json_with_a_type_is_an_event(value: object, kind: str):
    fields = {**(value if isinstance(value, dict) else {"item": value}), "type": kind}
    event = codec.decode_server_event(json.dumps(fields))
    assert event.type in (kind, "conversation.item.added")
    codec.encode(event)


def test_half_a_surrogate_pair_is_written_as_a_replacement_character():
    event = codec.client_event(
        {"type": "conversation.item.create", "item": {"type": "x", "text": "a\ud83d é"}}
    )
    assert json.loads(codec.encode(event))["item"]["text"] == "a\ufffd é"


def test_a_whole_speed_goes_out_as_a_whole_number():
    for speed, wire in ((1, "1"), (1.0, "1"), (1.25, "1.25")):
        event = codec.session_update({"audio": {"output": {"speed": speed}}})
        assert f'"speed":{wire}}}' in codec.encode(event)


@pytest.mark.parametrize("audio", ["", "AAAA", "+/8=", "A\n", 'A"', "\\", "é", "\x01"])
@pytest.mark.parametrize("more", [{}, {"event_id": "e1"}, {"extra": 1}, {"event_id": None}])
def test_an_append_is_written_like_any_other_event(audio: str, more: dict[str, object]):
    event = c.InputAudioBufferAppend.model_validate({"audio": audio, **more})
    assert codec.encode(event) == event.model_dump_json(exclude_unset=True)
