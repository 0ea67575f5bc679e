"""A recorded session as a script: what the user did, in its order, and the calls that were seen."""

from __future__ import annotations

import base64
import json
import wave
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from realtime_cli.client import inputs as i
from realtime_cli.client.effects import Send
from realtime_cli.client.entry import Entry
from realtime_cli.commands.run_convert import write, write_script
from realtime_cli.errors import ConfigError
from realtime_cli.protocol.client_events import InputAudioBufferAppend
from realtime_cli.recording.file import Recorder
from realtime_cli.recording.format import Header
from realtime_cli.recording.reader import read
from realtime_cli.script.load import load_script
from realtime_cli.script.promote import promote
from realtime_cli.script.promoted_agent import agent_of_recording
from tests.recording.conversation import event, record_conversation

PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg=="
)


def promoted(path: Path) -> dict[str, Any]:
    return promote(read(path), "made", None).script


def written(recording: Path, script: Path) -> Sequence[str]:
    """As ``run --promote`` writes it before it is run; what was not taken over."""
    made = promote(read(recording), script.stem, None)
    write_script(made.script, script, made.clips, made.images)
    return made.left_out


def test_spoken_turns_have_clips_words_calls_and_interruptions(tmp_path: Path) -> None:
    made = promote(read(record_conversation(tmp_path / "talk.jsonl")), "made", None)
    opens, first, second, typed = made.script["turns"]
    assert opens == {"note": "the agent opens", "expect": {"contains": ["Hello", "what"]}}
    calls = [{"name": "clock", "args": {"city": "Oslo"}}]
    assert first == {
        "wav": "made.clips/02.wav",
        "text": "What time is it in Oslo?",
        "expect": {"contains": ["Oslo", "five", "past"], "calls": calls},
    }
    assert second["at"]["after"] == "agent.speech_started"
    assert 1100 < second["at"]["ms"] < 1900
    assert second["expect"]["interrupted"] is True
    assert typed["user"] == "And in Rome?"
    (mock,) = made.script["mocks"]
    assert mock == {"tool": "clock", "when": {"city": "Oslo"}, "result": "14:05"}
    seconds = [len(clip) / 24_000 for clip in made.clips.values()]
    assert np.allclose(seconds, [1.5, 1.2], atol=0.5)
    assert all(np.abs(clip).max() > 1000 for clip in made.clips.values())


def test_what_is_written_can_be_read_again(tmp_path: Path) -> None:
    path = tmp_path / "made.toml"
    written(record_conversation(tmp_path / "talk.jsonl"), path)
    script = load_script(path).script
    assert [turn.kind for turn in script.turns] == ["nothing", "wav", "wav", "user"]
    with wave.open(str(tmp_path / "made.clips" / "02.wav")) as clip:
        assert (clip.getframerate(), clip.getnchannels()) == (24_000, 1)


def recorded(path: Path, values: list[Any]) -> Path:
    recorder = Recorder(path, Header(tool="realtime-cli 0", started="2026-11-22T14:03:05.000+01:00"))
    for value in values:
        recorder.observe(Entry(value.at, "received" if isinstance(value, i.Received) else "local", value))
        if isinstance(value, i.MicrophoneFrame):
            sent = InputAudioBufferAppend(audio=base64.b64encode(value.audio).decode())
            recorder.observe(Entry(value.at, "sent", Send(sent)))
    recorder.close()
    return path


def test_keys_settings_events_and_images_come_in_their_order(tmp_path: Path) -> None:
    image = f"data:image/png;base64,{base64.b64encode(PIXEL).decode()}"
    detection = {"audio": {"input": {"turn_detection": None}}}
    path = recorded(
        tmp_path / "hand.jsonl",
        [
            i.Connected(0.1, "ws://x"),
            i.SettingsChanged(1.0, {"type": "realtime", **detection}),
            i.Typed(2.0, "What is this?", (image,), "low"),
            i.Pressed(3.0, "interrupt"),
            i.Pressed(3.1, "talk"),
            i.RawEvent(4.0, {"type": "conversation.item.delete", "item_id": "x"}),
            i.RawEvent(4.1, {"type": "input_audio_buffer.commit"}),
            i.Typed(5.0, "Just so that you know.", respond=False),
            i.Pressed(6.0, "quit"),
        ],
    )
    turns = promoted(path)["turns"]
    assert turns == [
        {"settings": {"audio": {"input": {"turn_detection": False}}}},
        {"user": "What is this?", "image": ["made.clips/01.png"], "detail": "low"},
        {"press": "interrupt"},
        {"event": {"type": "conversation.item.delete", "item_id": "x"}},
        {"user": "Just so that you know.", "respond": False},
    ]
    script = tmp_path / "made.toml"
    written(path, script)
    assert (tmp_path / "made.clips" / "01.png").read_bytes() == PIXEL
    assert load_script(script).script.turns[0].settings == detection, "false stands for null"


def test_a_turn_by_hand_is_what_was_said_since_the_turn_before(tmp_path: Path) -> None:
    frames = np.zeros((250, 480), np.int16)
    frames[150:200] = 5000
    values: list[Any] = [i.Connected(0.1, "ws://x")]
    values += [i.MicrophoneFrame(0.2 + n * 0.02, frame.tobytes()) for n, frame in enumerate(frames)]
    committed = {"item_id": "u1", "previous_item_id": None}
    values.append(event(5.3, "input_audio_buffer.committed", **committed))
    values.append(event(5.4, "response.created", response={"id": "r1", "status": "in_progress"}))
    made = promote(read(recorded(tmp_path / "manual.jsonl", values)), "made", None)
    assert made.script["turns"] == [{"wav": "made.clips/01.wav"}]
    (clip,) = made.clips.values()
    assert 1.5 < len(clip) / 24_000 < 2.6
    assert abs(int(np.argmax(clip > 0)) - 6000) < 10, "a quarter of a second ahead of the sound"


def test_a_log_of_bare_events_still_has_its_words(tmp_path: Path) -> None:
    item = {"id": "u", "type": "message", "role": "user", "content": [{"type": "input_text", "text": "Hi."}]}
    created = {"type": "conversation.item.create", "item": item}
    log = tmp_path / "bare.jsonl"
    lines = [
        created,
        {"type": "conversation.item.added", "item": item},
        {"type": "response.created", "response": {"id": "r"}},
    ]
    log.write_text("".join(json.dumps(line) + "\n" for line in lines))
    assert promoted(log)["turns"] == [{"user": "Hi."}]


@pytest.mark.parametrize(
    "cut",
    [
        {"type": "output_audio_buffer.cleared", "response_id": "r"},
        {"type": "conversation.item.truncated", "item_id": "a", "content_index": 0, "audio_end_ms": 2000},
    ],
    ids=["cleared", "truncated"],
)
def test_a_log_tells_where_the_agent_was_cut_off(tmp_path: Path, cut: dict[str, Any]) -> None:
    asked = {"id": "u", "type": "message", "role": "user", "content": [{"type": "input_text", "text": "Go."}]}
    stop = {**asked, "id": "v", "content": [{"type": "input_text", "text": "Stop."}]}
    said = {"id": "a", "type": "message", "role": "assistant"}
    story = {**said, "status": "incomplete", "content": [{"type": "output_audio", "transcript": "Once."}]}
    log: list[tuple[float, dict[str, Any]]] = [
        (0, {"type": "conversation.item.create", "item": asked}),
        (0.1, {"type": "conversation.item.added", "item": asked}),
        (0.2, {"type": "response.created", "response": {"id": "r"}}),
        (0.5, {"type": "output_audio_buffer.started", "response_id": "r"}),
        (0.6, {"type": "response.output_item.done", "response_id": "r", "item": story}),
        (2.5, cut),
        (2.5, {"type": "conversation.item.create", "item": stop}),
        (2.6, {"type": "conversation.item.added", "item": stop}),
    ]
    path = tmp_path / "webrtc.jsonl"
    path.write_text("".join(json.dumps({"t": at, "event": event}) + "\n" for at, event in log))

    _, second = promoted(path)["turns"]
    assert second["at"] == {"after": "agent.speech_started", "ms": 2000}
    assert second["expect"]["interrupted"] is True


def test_a_recording_in_which_nobody_does_anything_makes_no_script(tmp_path: Path) -> None:
    path = recorded(tmp_path / "empty.jsonl", [i.Connected(0.1, "ws://x")])
    with pytest.raises(ConfigError, match=r"empty\.jsonl cannot become a script"):
        write(None, path, tmp_path / "made.toml", None)
    assert not (tmp_path / "made.toml").exists()


def test_sound_that_is_not_there_becomes_its_words_and_is_named(tmp_path: Path) -> None:
    transcribed = "conversation.item.input_audio_transcription.completed"
    values: list[Any] = [i.Connected(0.1, "ws://x")]
    for number, words in ((1, "What time is it?"), (2, "")):
        item, response, at = f"u{number}", {"id": f"r{number}", "status": "completed"}, float(number)
        values += [
            event(at, "input_audio_buffer.committed", item_id=item),
            event(at + 0.1, transcribed, item_id=item, content_index=0, transcript=words),
            event(at + 0.2, "response.created", response=response),
            event(at + 0.3, "response.done", response=response),
        ]
    path = recorded(tmp_path / "bare.jsonl", [*values, i.Typed(4.0, "")])
    left_out = written(path, tmp_path / "made.toml")
    [turn] = load_script(tmp_path / "made.toml").script.turns
    assert turn.say == "What time is it?"
    assert [thing.partition(":")[0] for thing in left_out] == ["turn 1", "turn 2", "turn 3"]


def test_what_looks_like_a_variable_in_a_recording_is_none_in_its_script(tmp_path: Path) -> None:
    """A stranger's recording must not make its script send what is in the environment."""
    config = {
        "session": {"instructions": "You are ${HOME}."},
        "conversation": {"items": [{"role": "user", "text": "${PATH}"}]},
    }
    recorder = Recorder(tmp_path / "talk.jsonl", Header(tool="realtime-cli 0", config=config))
    recorder.observe(Entry(0.1, "local", i.Typed(0.1, "Hi")))
    recorder.close()
    agent = agent_of_recording(read(tmp_path / "talk.jsonl"))
    assert agent["session"]["instructions"] == "You are $${HOME}."
    assert agent["conversation"]["items"][0]["text"] == "$${PATH}"
