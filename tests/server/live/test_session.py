"""Live sessions from start to end, told as dialogues."""

from __future__ import annotations

from typing import Any

import pytest

from realtime_cli.server.engine.ports import EngineText
from realtime_cli.server.settings import Defaults
from tests.kit.live_talk import LiveTalk

SLOW = {"type": "audio/pcm", "rate": 8_000}
OF_SYSTEM = {"role": "system", "content": [{"text": "Hi"}]}

# -- the start ------------------------------------------------------------------------------------


def test_the_server_is_silent_until_the_session_is_started():
    talk = LiveTalk()
    talk.pass_time(5_000)
    assert talk.events == []
    session = talk.start(instructions="Be kind.", audio={"output": {"voice": "cedar"}})["session"]
    assert session["audio"] == {
        "format": {"type": "audio/pcm", "rate": 24_000},
        "output": {"voice": "cedar"},
    }
    assert (session["instructions"], session["delegation"]) == ("Be kind.", {"type": "client"})
    assert (session["status"], session["expires_at"], session["input"]) == ("active", 1_000 + 5 + 3_600, [])
    assert session["id"].startswith("live_")


@pytest.mark.parametrize(
    ("config", "code", "param"),
    [
        ({"temprature": 1}, "unknown_parameter", "session.temprature"),
        ({"model": None}, "missing_required_parameter", "session.model"),
        ({"turn_detection": None}, "unknown_parameter", "session.turn_detection"),
        ({"instructions": 5}, "invalid_type", "session.instructions"),
        ({"instructions": "word " * 14_000}, "invalid_value", "session.instructions"),
        ({"audio": {"format": SLOW}}, "invalid_value", "session.audio.format.rate"),
        ({"audio": {"output": {"voice": "nova"}}}, "forbidden", "session.audio.output.voice"),
        ({"delegation": {"type": "responses"}}, "missing_required_parameter", "session.delegation.responses"),
        ({"input": [OF_SYSTEM]}, "invalid_value", "session.input[0].role"),
        ({"client": {"data_channel": {}}}, "invalid_parameter", "session.client"),
    ],
)
def test_a_wrong_start_is_refused_and_a_corrected_one_is_taken(config: dict[str, Any], code: str, param: str):
    talk = LiveTalk()
    session = {"model": "gpt-live-1", **config}
    (event,) = talk.send("session.start", session=session, event_id="mine")
    assert (event["error"]["code"], event["error"]["param"]) == (code, param)
    assert (event["client_event_id"], event["error"]["client_event_id"]) == ("mine", "mine")
    assert talk.start()["type"] == "session.started"


def test_nothing_else_is_taken_before_the_start_and_no_second_start_after_it():
    talk = LiveTalk()
    talk.append(bytes(960))
    assert talk.errors() == ["invalid_event"]
    talk.start()
    talk.send("session.start", session={"model": "gpt-live-1"})
    assert talk.errors() == ["invalid_event"] * 2
    talk.listen(100)
    assert len(talk.sound) == 4_800, "the session goes on"


def test_what_was_said_before_is_known():
    talk = LiveTalk(words=["And now?"])
    history = [
        {"role": "developer", "content": [{"type": "input_text", "text": "It is May."}]},
        {"role": "user", "content": [{"text": "Hello."}]},
        {"role": "assistant", "content": [{"type": "output_text", "text": "Hi."}]},
    ]
    talk.start(input=history)
    talk.speak()
    known = [(item["role"], item["content"][0]["text"]) for item in talk.requests[0].items]
    before = [("system", "It is May."), ("user", "Hello."), ("assistant", "Hi.")]
    assert known == [*before, ("user", "And now?")]


def test_a_session_that_asks_to_be_stored_hears_that_it_is_not():
    talk = LiveTalk()
    talk.send("session.start", session={"model": "gpt-live-1", "store": True})
    assert talk.events[0]["session"]["store"] is False
    assert (talk.events[1]["type"], talk.events[1]["code"]) == ("info", "store_unavailable")


# -- the clock ------------------------------------------------------------------------------------


def test_output_comes_as_the_clients_sound_goes_silence_included():
    talk = LiveTalk()
    talk.start()
    talk.pass_time(2_000)
    assert talk.sent_at == [], "the clock runs on the client's sound"
    talk.listen(1_000)
    assert len(talk.sound) == 48_000
    assert not any(talk.sound)
    gaps = [later - earlier for earlier, later in zip(talk.sent_at, talk.sent_at[1:], strict=False)]
    assert gaps == [pytest.approx(0.1)] * 9


def test_sound_that_comes_at_once_is_heard_in_real_time():
    talk = LiveTalk(words=["Hello."])
    talk.start()
    talk.listen(200, wait=False)
    talk.listen(600, 8_000, wait=False)
    talk.listen(2_000, wait=False)
    assert len(talk.sent_at) == 1
    talk.pass_time(3_000)
    gaps = [later - earlier for earlier, later in zip(talk.sent_at, talk.sent_at[1:], strict=False)]
    assert gaps == [pytest.approx(0.1)] * 27
    assert (talk.transcript("input"), talk.transcript("output")) == ("Hello.", "Yes.")


def test_a_stall_of_the_line_adds_no_delay_that_stays():
    talk = LiveTalk()
    talk.start()
    talk.listen(1_000)
    for _ in range(5):
        talk.pass_time(300)
        talk.listen(300, wait=False)
    talk.listen(100)
    assert len(talk.sound) == 2_600 * 48


def test_a_client_whose_clock_is_off_gets_all_sound_for_ten_minutes():
    """100 ppm: its 20 ms come every 19.998 ms."""
    talk = LiveTalk()
    talk.start()
    for _ in range(30_000):
        talk.append(bytes(960))
        talk.pass_time(19.998)
    assert len(talk.sound) == pytest.approx(600_000 * 48, abs=2 * 4_800)
    assert max(
        later - earlier for earlier, later in zip(talk.sent_at, talk.sent_at[1:], strict=False)
    ) == pytest.approx(0.1, abs=0.021)


@pytest.mark.parametrize(
    ("format", "frame", "delta"),
    [
        ({"type": "audio/pcm", "rate": 16_000}, 640, 3_200),
        ({"type": "audio/pcmu", "rate": 8_000}, 160, 800),
        ({"type": "audio/pcma", "rate": 8_000}, 160, 800),
    ],
)
def test_every_format_goes_both_ways(format: dict[str, Any], frame: int, delta: int):
    talk = LiveTalk()
    talk.start(audio={"format": format})
    quiet = {"audio/pcm": b"\0", "audio/pcmu": b"\xff", "audio/pcma": b"\xd5"}[format["type"]]
    for _ in range(55):
        talk.append(quiet * frame)
        talk.pass_time(20)
    assert len(talk.sent_at) == 10, "a filter holds a few milliseconds back"
    assert len(talk.sound) == pytest.approx(10 * delta, abs=delta // 10)


# -- a conversation -------------------------------------------------------------------------------


def test_a_spoken_turn_and_its_answer():
    talk = LiveTalk(
        words=["What time is it?"], answers=[[EngineText("It is noon."), EngineText("Anything else?")]]
    )
    talk.start()
    talk.listen(400)
    talk.speak(800)
    talk.listen(1_500)
    heard = talk.of("session.input_transcript.delta")
    assert [event["delta"] for event in heard] == ["What", " time", " is", " it?"]
    assert all(event["end_ms"] - event["start_ms"] == 200 for event in heard)
    assert (heard[0]["start_ms"], heard[-1]["end_ms"]) == (400, 1_200)
    assert talk.transcript("output") == "It is noon. Anything else?"
    said = talk.of("session.output_transcript.delta")
    assert said[0]["start_ms"] == 1_600, "half a second after the user's last word"
    assert talk.loud_ms() == 500
    assert all("event_id" in event for event in talk.events)


def test_a_pause_within_a_turn_sends_its_words_and_does_not_end_it():
    talk = LiveTalk(words=["Tell me", "the time."])
    talk.start()
    talk.listen(600, 8_000)
    talk.listen(320)
    assert talk.transcript("input") == "Tell me"
    assert talk.requests == []
    talk.listen(600, 8_000)
    talk.listen(640)
    assert talk.transcript("input") == "Tell me the time."
    assert talk.requests[0].items[-1]["content"][0]["text"] == "Tell me the time."


def test_the_agent_yields_to_the_user():
    talk = LiveTalk(
        words=["Count.", "Stop."],
        answers=[[EngineText("one two three four five six seven eight nine ten")], [EngineText("Okay.")]],
    )
    talk.start()
    talk.speak()
    talk.listen(300)
    talk.speak(400)
    talk.listen(600)
    spoken = talk.transcript("output")
    assert spoken.endswith("Okay.")
    assert "ten" not in spoken
    assert talk.requests[1].items[1]["content"][0]["text"] == spoken.removesuffix("Okay."), (
        "what was not spoken was not said"
    )
    assert talk.loud_ms() < 700


def test_noise_without_words_gets_no_answer():
    talk = LiveTalk(words=[""])
    talk.start()
    talk.speak()
    talk.listen(1_000)
    assert talk.kinds() == ["session.started"]
    assert not any(talk.sound)


def test_a_muted_user_is_not_heard_and_the_clock_runs_on():
    talk = LiveTalk(words=["Hello."])
    talk.start()
    (muted,) = talk.send("session.input_audio.mute", event_id="m1")
    assert (muted["type"], muted["client_event_id"]) == ("session.input_audio.muted", "m1")
    talk.speak()
    assert talk.transcript("input") == ""
    assert len(talk.sound) >= 1_200 * 48
    talk.send("session.input_audio.unmute")
    talk.speak()
    assert talk.transcript("input") == "Hello."


def test_an_engine_that_cannot_answer_says_why():
    talk = LiveTalk(words=["Hello."], answers=[[RuntimeError("The chat endpoint does not respond.")]])
    talk.start()
    talk.speak()
    (error,) = talk.of("error")
    assert error["error"]["type"] == "server_error"
    assert error["error"]["message"] == "The chat endpoint does not respond."


# -- bad frames -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("type", "fields", "code"),
    [
        ("input_audio_buffer.append", {"audio": ""}, "invalid_value"),
        ("response.cancel", {}, "invalid_value"),
        ("session.input_audio.append", {"audio": "?"}, "invalid_value"),
        ("session.input_audio.append", {"audio": 5}, "invalid_type"),
        ("session.input_audio.append", {"audio": "", "more": 1}, "unknown_parameter"),
        ("session.commentary.append", {}, "missing_required_parameter"),
        ("session.update", {"session": {"instructions": "New."}}, "immutable_field_update"),
        ("session.update", {"session": {"speed": 2}}, "unknown_parameter"),
        ("session.update", {"session": {"delegation": {"type": "decisions"}}}, "immutable_field_update"),
    ],
)
def test_a_mistake_is_answered_and_the_session_goes_on(type: str, fields: dict[str, Any], code: str):
    talk = LiveTalk()
    talk.start()
    talk.send(type, **fields)
    assert talk.errors() == [code]
    talk.listen(100)
    assert talk.sound


def test_what_is_no_event_is_answered_too():
    talk = LiveTalk()
    talk.start()
    for text in ("{", "[]", "{}"):
        talk.send_text(text)
    assert talk.errors() == ["invalid_json", "invalid_event", "invalid_event"]


# -- the meter and the end ------------------------------------------------------------------------


def test_the_meter_follows_the_clients_sound():
    talk = LiveTalk()
    talk.start()
    talk.listen(7_400)
    talk.pass_time(22_600)
    usage = talk.of("session.usage.updated")
    assert [event["usage"] for event in usage] == [{"seconds": 7}, {"seconds": 7}]
    assert 0 < usage[0]["context_window"]["usage_ratio"] < 0.01


def test_a_session_is_closed_and_the_line_dropped_without_a_close_frame():
    talk = LiveTalk()
    talk.start()
    talk.listen(3_200)
    (closed,) = talk.send("session.close", event_id="bye")
    assert (closed["reason"], closed["usage"], closed["client_event_id"]) == (
        "close_requested",
        {"seconds": 3},
        "bye",
    )
    assert closed["session"]["status"] == "active"
    talk.listen(1_900)
    assert talk.events[-1] is closed
    assert talk.closed is None
    talk.pass_time(200)
    assert talk.closed is not None
    assert talk.closed.code == 1006


def test_a_session_that_is_sent_no_sound_expires():
    talk = LiveTalk()
    talk.start()
    talk.listen(5_000)
    talk.pass_time(29_000)
    assert not talk.of("session.closed")
    talk.pass_time(2_000)
    (closed,) = talk.of("session.closed")
    assert (closed["reason"], closed["usage"]) == ("expired", {"seconds": 5})


def test_a_session_has_an_end():
    talk = LiveTalk(defaults=Defaults(session_limit_s=60))
    assert talk.start()["session"]["expires_at"] == 1_060
    talk.listen(60_000)
    assert talk.of("session.closed")[0]["reason"] == "expired"


def test_a_socket_without_a_session_is_not_kept():
    talk = LiveTalk()
    talk.pass_time(33_000)
    assert talk.errors() == ["session_start_timeout"]
    assert talk.closed is not None
