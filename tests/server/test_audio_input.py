"""The input side: guesses, buffers, formats, transcription events."""

from __future__ import annotations

import base64
import json

from realtime_cli.server import effects, inputs
from realtime_cli.server.settings import Defaults
from tests.server.dialogue import Talk

WRITES = Defaults(transcription={"model": "gpt-4o-transcribe"})


def test_words_are_asked_for_in_the_pause_and_used_at_its_end():
    talk = Talk()
    talk.speech()
    talk.silence(256)
    asked = talk.effect(effects.Transcribe)
    assert (asked.onset_ms, asked.end_ms) == (0, 960)
    assert len(asked.audio) == 48 * (960 + 256)
    talk.recognised("Hello.")
    talk.silence(256)
    assert len([e for e in talk.effects if isinstance(e, effects.Transcribe)]) == 1
    assert isinstance(talk.effects[-1], effects.Generate)


def test_words_of_a_pause_that_was_none_are_forgotten():
    talk = Talk()
    talk.speech()
    talk.silence(288)
    first = talk.tickets[0]
    talk.speech(320)
    assert talk.tickets == []
    talk.give(inputs.Transcribed, first, "Hello, I")
    talk.silence(512)
    assert talk.recognised("Hello, I am here.") == ["think resp_1"]


def test_an_onset_late_in_the_session_is_asked_about_with_its_padding():
    talk = Talk()
    talk.silence(3200)
    assert talk.speech(96)[0] == "speech_started item_1"
    assert talk.last("input_audio_buffer.speech_started")["audio_start_ms"] == 3200 - 300
    talk.silence(512)
    asked = talk.effect(effects.Transcribe)
    assert (asked.onset_ms, asked.end_ms) == (300, 396)
    assert talk.session.conversation.get("item_1").audio_ms == 300 + 96 + 512


def test_silence_is_not_kept_for_ever():
    talk = Talk()
    talk.silence(32_000)
    assert talk.session._audio_input.buffer.kept_ms < 2_000
    assert talk.session._audio_input.buffer.end_ms == 32_000


def test_clearing_forgets_the_turn_that_was_going_on():
    talk = Talk()
    talk.speech()
    assert talk.client("input_audio_buffer.clear") == ["cleared"]
    assert talk.give(inputs.VadResult, talk.stream, (0.9,) * 5) == [], "sound of before"
    talk.append(32)
    assert talk.silence(640) == []
    assert talk.speech(64) == ["speech_started item_2"]


def test_committing_by_hand_while_the_detector_hears_speech():
    talk = Talk()
    talk.speech()
    assert talk.client("input_audio_buffer.commit")[0] == "committed item_1", "the id of speech_started"
    asked = talk.effect(effects.Transcribe)
    assert asked.onset_ms is None
    talk.append(32)
    assert talk.silence(640) == []


def test_switching_detection_off_and_on():
    talk = Talk()
    talk.speech(320)
    talk.sound_in(turn_detection=None)
    before = len(talk.effects)
    talk.append(20)
    assert not [e for e in talk.effects[before:] if isinstance(e, effects.DetectVoice)]
    talk.sound_in(turn_detection={"type": "semantic_vad"})
    assert talk.settings["audio"]["input"]["turn_detection"] == {
        "type": "semantic_vad",
        "eagerness": "auto",
        "create_response": True,
        "interrupt_response": True,
    }
    talk.append(32)
    assert talk.speech(64) == ["speech_started item_2"]


def test_a_new_threshold_does_not_end_a_turn():
    talk = Talk()
    talk.speech(320)
    talk.sound_in(turn_detection={"type": "server_vad", "silence_duration_ms": 320})
    assert talk.silence(320)[:2] == ["speech_stopped item_1", "committed item_1"]


def test_semantic_detection_waits_for_the_rest_of_the_sentence():
    talk = Talk()
    talk.sound_in(turn_detection={"type": "semantic_vad", "eagerness": "high"})
    talk.speech()
    talk.silence(288)
    talk.recognised("I would like to")
    assert talk.silence(1600) == []
    assert talk.silence(192)[0] == "speech_stopped item_1"


def test_g711_is_counted_in_its_own_bytes():
    talk = Talk()
    talk.sound_in(format={"type": "audio/pcmu"}, turn_detection=None)
    talk.client("input_audio_buffer.append", audio=base64.b64encode(bytes(8 * 250)).decode())
    assert talk.client("input_audio_buffer.commit")[0] == "committed item_1"
    asked = talk.effect(effects.Transcribe)
    assert (asked.format, len(asked.audio)) == ("audio/pcmu", 2000)


def test_sound_in_an_item_that_the_client_makes_is_written_down_too():
    talk = Talk(defaults=WRITES)
    sound = base64.b64encode(bytes(4800)).decode()
    part = {"type": "input_audio", "audio": sound}
    item = {"type": "message", "role": "user", "content": [part]}
    talk.client("conversation.item.create", item=item)
    assert talk.last("conversation.item.added")["item"]["content"] == [
        {"type": "input_audio", "transcript": None}
    ]
    assert talk.client("response.create") == ["created resp_1"]
    assert talk.recognised("Hi.") == ["T.delta item_1", "T.completed item_1", "think resp_1"]
    part["audio"] = "?"
    assert talk.client("conversation.item.create", item=item) == ["error invalid_value item.content[0].audio"]


# -- transcription events -----------------------------------------------------------------------


def test_a_model_that_streams_nothing_has_one_delta():
    talk = Talk(defaults=Defaults(transcription={"model": "whisper-1"}))
    assert talk.spoken_turn("One two three.").count("T.delta item_1") == 1


def test_logprobs_when_they_are_asked_for():
    talk = Talk(defaults=WRITES)
    talk.update(include=["item.input_audio_transcription.logprobs"])
    talk.spoken_turn("Oh no")
    completed = talk.last("conversation.item.input_audio_transcription.completed")
    assert [entry["token"] for entry in completed["logprobs"]] == ["Oh ", "no"]
    assert completed["logprobs"][1]["bytes"] == list(b"no")


def test_a_recogniser_that_fails_is_told_and_the_answer_given_anyway():
    talk = Talk(defaults=WRITES)
    talk.speech()
    talk.silence()
    assert talk.give(inputs.TranscriptionFailed, talk.tickets.pop(), "out of memory") == [
        "T.failed item_1",
        "think resp_1",
    ]
    error = talk.last("conversation.item.input_audio_transcription.failed")["error"]
    assert error["code"] == "audio_unintelligible"
    assert "memory" not in json.dumps(error)


def test_a_guess_that_failed_fails_at_the_end_of_the_turn():
    talk = Talk(defaults=WRITES)
    talk.speech()
    talk.silence(288)
    assert talk.give(inputs.TranscriptionFailed, talk.tickets.pop(), "x") == []
    assert talk.silence(256)[-2:] == ["T.failed item_1", "think resp_1"]


def test_transcription_may_be_switched_on_later():
    talk = Talk()
    talk.sound_in(transcription={"model": "whisper-1", "language": "en"})
    assert "T.completed item_1" in talk.spoken_turn("Hello")
    talk.sound_in(transcription=None)
    assert not [line for line in talk.spoken_turn("Hello") if line.startswith("T.")]


def test_too_large_an_append_and_a_full_buffer():
    talk = Talk()
    talk.sound_in(turn_detection=None)
    big = "A" * (20 * 1024 * 1024 + 8)
    assert talk.client("input_audio_buffer.append", audio=big) == ["error invalid_value audio"]
    for _ in range(3):
        talk.client("input_audio_buffer.append", audio="A" * 13_000_000)
    assert talk.events[-1]["error"]["code"] == "input_audio_buffer_full"
