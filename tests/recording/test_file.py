"""What was observed is read back: every entry, in order, with its sound."""

from __future__ import annotations

import json
import threading
import time
import wave
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from realtime_cli.client import effects as e
from realtime_cli.client import inputs as i
from realtime_cli.client.entry import Entry
from realtime_cli.errors import ConfigError, ExitCode
from realtime_cli.protocol import codec
from realtime_cli.recording.file import QUEUE_LIMIT, Recorder, new_path, path_for
from realtime_cli.recording.format import Header
from realtime_cli.recording.reader import read
from tests.recording.sample import FRAME_BYTES, b64, frame, heard, local, received, record, sent

EVERYTHING = [
    local(i.Connected(0.1, "ws://host", 0)),
    received(0.2, "session.created", event_id="e1", session={"type": "realtime", "model": "m"}),
    sent(
        0.2, type="session.update", event_id="c1", session={"type": "realtime", "instructions": "Be ünique."}
    ),
    local(e.SetTimer(5.2, "settings"), 0.2),
    *heard(0.30, 1),
    *heard(0.32, 2),
    *heard(0.34, 0, sending=False),
    *heard(0.36, 0, sending=False),
    *heard(0.38, 5),
    local(i.Pressed(0.4, "mute")),
    local(i.Typed(0.5, "hello", ("data:image/png;base64,iVBORw0KGgo=",), "low")),
    local(i.RawEvent(0.6, {"type": "response.create"})),
    local(i.SettingsChanged(0.6, {"instructions": "x"})),
    received(
        0.7, type="response.output_audio.delta", response_id="r", item_id="a", delta=b64(frame(9)), extra=1
    ),
    local(e.Play("a", 0, frame(9)), 0.7),
    local(e.PlayEnd("a", 0), 0.7),
    local(i.Played(0.8, "a", 0, 12.5)),
    local(e.StopPlayback("server_vad"), 0.9),
    local(i.PlaybackStopped(0.9, "server_vad", (i.HeardItem("a", 0, 13.0, False),), -21.5, -70.0)),
    local(e.CallTool("call", "clock", "{}"), 1.0),
    local(i.ToolFinished(1.1, "call", "noon", False, 0.1)),
    local(e.CancelTool("call"), 1.1),
    local(i.TimerFired(1.2, "settings")),
    local(i.UndecodableFrame(1.3, "not JSON", "<html>")),
    local(e.Reconnect(2.0), 1.4),
    local(i.Levels(1.5, -30.0, -120.0)),
    local(i.SoundState(1.5, "aec", -71.5, 2)),
    local(i.Noted(1.6, "warning", "device", "gone", {"n": 1})),
    received(1.7, "something.new", odd=[1, None]),
    local(i.Disconnected(1.8, 1006, "lost")),
    local(i.MicrophoneEnded(1.9)),
    local(e.Close(ExitCode.SESSION, "why", "what"), 1.9),
]


def test_every_kind_of_entry_comes_back_as_it_was(tmp_path: Path) -> None:
    record(tmp_path / "s.jsonl", EVERYTHING)

    recording = read(tmp_path / "s.jsonl")

    assert list(recording.entries(sound=True)) == EVERYTHING
    assert recording.header.config == {"a": 1}
    assert (recording.end.exit_code, recording.end.reason, recording.end.crashed) == (5, "why", False)


def test_without_sound_the_lengths_stay_true(tmp_path: Path) -> None:
    record(tmp_path / "s.jsonl", EVERYTHING)

    values = [entry.value for entry in read(tmp_path / "s.jsonl").entries()]

    assert [len(value.audio) for value in values if isinstance(value, i.MicrophoneFrame)] == [FRAME_BYTES] * 5
    assert [len(value.audio) for value in values if isinstance(value, e.Play)] == [FRAME_BYTES]
    deltas: list[Any] = [
        value.event.delta for value in values if isinstance(value, i.Received) and "audio" in value.event.type
    ]
    assert [len(delta) for delta in deltas] == [len(b64(frame(9)))]


def test_wire_text_is_verbatim_and_holds_no_sound(tmp_path: Path) -> None:
    record(tmp_path / "s.jsonl", EVERYTHING)

    text = (tmp_path / "s.jsonl").read_text()

    assert '"wire":{"type":"something.new","odd":[1,null]}' in text
    assert '"delta":{"$audio":{"channel":"received","offset":0,"bytes":960}},"extra":1}' in text
    assert b64(frame(9))[:40] not in text
    assert b64(frame(1))[:40] not in text


def test_an_event_that_came_over_several_lines_stays_one_line(tmp_path: Path) -> None:
    raw = '{\n  "type": "ping",\n  "x": 1\n}'
    entry = Entry(0.1, "received", i.Received(0.1, codec.decode_server_event(raw), raw))
    record(tmp_path / "s.jsonl", [entry])

    lines = (tmp_path / "s.jsonl").read_text().splitlines()

    assert len(lines) == 3
    assert [json.loads(line)["wire"] for line in lines if '"wire"' in line] == [{"type": "ping", "x": 1}]


def test_consecutive_frames_share_a_line_and_keep_their_times(tmp_path: Path) -> None:
    entries = [entry for n in range(30) for entry in heard(0.02 * n, n)]
    record(tmp_path / "s.jsonl", entries)

    lines = (tmp_path / "s.jsonl").read_text().splitlines()

    assert len(lines) == 2 + 3
    assert list(read(tmp_path / "s.jsonl").entries(sound=True)) == entries


def test_a_line_tells_of_a_quarter_of_a_second_whatever_the_size_of_the_frames(tmp_path: Path) -> None:
    half = [local(i.MicrophoneFrame(0.01 * n, frame(n)[: FRAME_BYTES // 2])) for n in range(60)]
    record(tmp_path / "s.jsonl", half)

    assert len((tmp_path / "s.jsonl").read_text().splitlines()) == 2 + 3
    assert [entry.at for entry in read(tmp_path / "s.jsonl").entries()] == [entry.at for entry in half]


def test_left_is_what_was_sent_and_right_what_was_played(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path / "s.jsonl", Header())
    for entry in [*heard(0.02, 1), *heard(0.04, 2, sending=False), *heard(0.06, 3)]:
        recorder.observe(entry)
    recorder.played(0.02, np.full(480, 7, np.int16))
    recorder.close()

    with wave.open(str(tmp_path / "s.wav")) as file:
        stereo = np.frombuffer(file.readframes(file.getnframes()), np.int16).reshape(-1, 2)

    assert [stereo[at, 0] for at in (0, 480, 960)] == [1, 0, 3]
    assert [stereo[at, 1] for at in (0, 480, 960)] == [0, 7, 0]


def test_push_to_talk_sends_the_past_and_it_lands_where_it_was_heard(tmp_path: Path) -> None:
    kept = heard(0.02, 1, sending=False) + heard(0.04, 2, sending=False)
    appended = [sent(0.06, "input_audio_buffer.append", audio=b64(frame(n))) for n in (1, 2, 3)]
    entries = [*kept, local(i.MicrophoneFrame(0.06, frame(3))), *appended]
    record(tmp_path / "s.jsonl", entries)

    recording = read(tmp_path / "s.jsonl")

    assert list(recording.entries(sound=True)) == entries
    assert [recording.sound().stereo[at, 0] for at in (0, 480, 960)] == [1, 2, 3]


@pytest.mark.parametrize("wire_format", ["audio/pcmu", "audio/pcma"])
def test_telephone_sound_is_kept_byte_for_byte_as_received(tmp_path: Path, wire_format: Any) -> None:
    audio = bytes(range(160))
    entry = received(0.1, "response.output_audio.delta", item_id="a", delta=b64(audio))
    record(tmp_path / "s.jsonl", [entry], input_format=wire_format, output_format=wire_format)

    assert list(read(tmp_path / "s.jsonl").entries(sound=True)) == [entry]


def test_a_picture_is_kept_once_beside_the_lines(tmp_path: Path) -> None:
    picture = "data:image/jpeg;base64," + b64(b"picture" * 100)
    content = [{"type": "input_image", "image_url": picture}]
    item = {"type": "message", "role": "user", "content": content}
    entries = [local(i.Typed(0.1, "", (picture,))), sent(0.1, "conversation.item.create", item=item)]
    record(tmp_path / "s.jsonl", entries)

    assert [len(file.read_bytes()) for file in (tmp_path / "s.images").iterdir()] == [700]
    assert len((tmp_path / "s.jsonl").read_text()) < 1500
    assert list(read(tmp_path / "s.jsonl").entries(sound=True)) == entries


def test_only_the_owner_may_read_any_of_it(tmp_path: Path) -> None:
    record(tmp_path / "new" / "s.jsonl", EVERYTHING)

    for path in [tmp_path / "new", *(tmp_path / "new").rglob("*")]:
        assert path.stat().st_mode & 0o077 == 0, path


def test_lines_are_on_disk_while_the_session_goes_on(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path / "s.jsonl", Header())
    recorder.observe(local(i.Pressed(0.1, "mute")))
    deadline = time.monotonic() + 10
    while "Pressed" not in (tmp_path / "s.jsonl").read_text() and time.monotonic() < deadline:
        time.sleep(0.01)

    text = (tmp_path / "s.jsonl").read_text()
    recorder.close()

    assert "Pressed" in text
    assert "exit_code" not in text


def test_what_the_thread_cannot_take_is_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threading.Thread, "start", lambda self: None)  # a disk that takes nothing
    recorder = Recorder(tmp_path / "s.jsonl", Header())
    monkeypatch.undo()
    for _ in range(QUEUE_LIMIT + 7):
        recorder.observe(local(i.Levels(0.1, -1.0, -1.0)))
    assert recorder.lost == 7

    recorder._thread.start()
    recorder.close()
    recording = read(tmp_path / "s.jsonl")
    assert sum(1 for _ in recording.entries()) == QUEUE_LIMIT
    assert recording.end.lost == 7


def test_a_recording_is_never_written_over(tmp_path: Path) -> None:
    record(tmp_path / "s.jsonl", [])
    (tmp_path / "question.wav").write_bytes(b"mine")

    for name in ("s.jsonl", "question.jsonl"):
        with pytest.raises(ConfigError, match="already"):
            Recorder(tmp_path / name, Header())
    assert (tmp_path / "question.wav").read_bytes() == b"mine"


def test_what_is_left_of_an_earlier_recording_is_named(tmp_path: Path) -> None:
    (tmp_path / "talk.received.wav").write_bytes(b"RIFF")
    with pytest.raises(ConfigError, match=r"already exists at .*talk\.received\.wav"):
        Recorder(tmp_path / "talk.jsonl", Header())


def test_a_folder_that_cannot_be_made_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(ConfigError, match="cannot be written"):
        Recorder(tmp_path / "file" / "s.jsonl", Header())


def test_a_person_names_a_file_or_a_folder(tmp_path: Path) -> None:
    assert path_for(tmp_path / "s.jsonl", "a") == path_for(tmp_path / "s", "a") == tmp_path / "s.jsonl"
    assert path_for(tmp_path, "agent").parent == tmp_path
    with pytest.raises(ConfigError, match=r"Write .*talk\.jsonl"):
        path_for(tmp_path / "talk.wav", "a")


def test_paths_are_named_by_time_and_agent_and_free(tmp_path: Path) -> None:
    first = new_path("my agent!", tmp_path)
    first.touch()
    second = new_path("my agent!", tmp_path)

    assert first.name.endswith("_my-agent.jsonl")
    assert second != first


def test_a_session_without_a_connection_leaves_nothing(tmp_path: Path) -> None:
    failed = Recorder(tmp_path / "failed.jsonl", Header())
    failed.observe(local(i.Disconnected(0.1, 1006, "Nothing listens there.")))
    failed.break_off(70, "broke off")
    assert not list(tmp_path.iterdir())

    broken = Recorder(tmp_path / "broken.jsonl", Header())
    broken.observe(local(i.Connected(0.1, "")))
    broken.break_off(70, "broke off")
    assert "broke off" in (tmp_path / "broken.jsonl").read_text().splitlines()[-1]
