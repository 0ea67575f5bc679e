"""The beta's session, response and content shapes in today's, and back."""

from __future__ import annotations

from realtime_cli.protocol import legacy
from tests.kit.fault_injection import to_legacy

OLD_SESSION = {
    "model": "m",
    "modalities": ["text", "audio"],
    "voice": "alloy",
    "speed": 1.1,
    "input_audio_format": "pcm16",
    "output_audio_format": "g711_ulaw",
    "input_audio_transcription": None,
    "turn_detection": {"type": "server_vad"},
    "max_response_output_tokens": "inf",
    "temperature": 0.8,
}
NEW_SESSION = {
    "model": "m",
    "output_modalities": ["audio"],
    "max_output_tokens": "inf",
    "audio": {
        "input": {
            "format": {"type": "audio/pcm", "rate": 24000},
            "transcription": None,
            "turn_detection": {"type": "server_vad"},
        },
        "output": {"voice": "alloy", "speed": 1.1, "format": {"type": "audio/pcmu"}},
    },
}


def test_a_flat_session_is_nested():
    event = legacy.to_current({"type": "session.created", "session": OLD_SESSION})
    assert event == {"type": "session.created", "session": NEW_SESSION}


def test_a_transcription_session_gets_its_type():
    event = legacy.to_current(
        {"type": "transcription_session.updated", "session": {"input_audio_format": "g711_alaw"}}
    )
    assert event["type"] == "session.updated"
    assert event["session"] == {
        "type": "transcription",
        "audio": {"input": {"format": {"type": "audio/pcma"}}},
    }


def test_a_way_to_say_manual_turns():
    session = legacy.to_current({"type": "session.updated", "session": {"turn_detection": {"type": None}}})[
        "session"
    ]
    assert session == {"audio": {"input": {"turn_detection": None}}}


def test_todays_spelling_wins_over_the_old_one():
    session = {"voice": "old", "audio": {"output": {"voice": "new"}}}
    read = legacy.to_current({"type": "session.created", "session": session})["session"]
    assert read == {"audio": {"output": {"voice": "new"}}}
    assert session["voice"] == "old"


def test_assistant_content_is_renamed_and_the_users_is_not():
    assistant = {
        "type": "message",
        "role": "assistant",
        "content": [{"type": "audio", "transcript": "x"}, {"type": "text"}],
    }
    event = legacy.to_current(
        {"type": "response.done", "response": {"output": [assistant], "modalities": ["text"]}}
    )
    assert [part["type"] for part in event["response"]["output"][0]["content"]] == [
        "output_audio",
        "output_text",
    ]
    assert event["response"]["output_modalities"] == ["text"]
    user = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "x"}]}
    assert legacy.to_current({"type": "conversation.item.created", "item": user})["item"] is user


def test_todays_events_pass_untouched():
    event = {"type": "session.created", "session": NEW_SESSION}
    assert legacy.to_current(event) == event


def test_there_and_back():
    then = to_legacy({"type": "session.updated", "session": {**NEW_SESSION, "type": "realtime"}})
    assert "audio" not in then["session"]
    assert then["session"]["modalities"] == ["text", "audio"]
    assert legacy.to_current(then)["session"] == NEW_SESSION
    item = {"type": "message", "role": "assistant", "content": [{"type": "output_audio", "transcript": "x"}]}
    done = {"type": "response.done", "response": {"output": [item], "output_modalities": ["audio"]}}
    assert to_legacy(done)["response"]["output"][0]["content"][0]["type"] == "audio"
    assert legacy.to_current(to_legacy(done)) == done
    added = to_legacy({"type": "conversation.item.added", "item": item})
    assert added["type"] == "conversation.item.created"
