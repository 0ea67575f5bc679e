"""Every shape of damage to a recording is a line and a reason, for each reader of recordings."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from realtime_cli.client import inputs as i
from realtime_cli.errors import ConfigError
from realtime_cli.recording import format
from realtime_cli.recording.reader import Recording, read
from realtime_cli.recording.replay_server import replay_server
from realtime_cli.recording.time_warp import time_warp
from realtime_cli.recording.timeline import timeline
from realtime_cli.recording.verify import verify
from tests.recording.conversation import record_conversation
from tests.recording.sample import local, record

HEADER = format.Header().to_line()

DAMAGED_LINES = {
    "deep nesting": ("[" * 100_000, "not JSON (nested too deeply)"),
    "deep event": ('{"at":1,"kind":"received","wire":' + '{"a":' * 10_000, "not JSON (nested too deeply)"),
    "time is a word": ('{"at":"x","kind":"sent","wire":{"type":"a.b"}}', "must be float, not str"),
    "time is infinite": (
        '{"at":1e999,"kind":"local","type":"Pressed","value":{"key":"mute"}}',
        "is not a valid time",
    ),
    "time is true": ('{"at":true,"kind":"local","type":"Pressed","value":{"key":"mute"}}', "must be float"),
    "value is a list": ('{"at":1,"kind":"local","type":"Pressed","value":[]}', "'value' an object"),
    "type is a number": ('{"at":1,"kind":"local","type":7,"value":{}}', "'type' must be a word"),
    "key is a number": (
        '{"at":1,"kind":"local","type":"Pressed","value":{"key":1}}',
        "key: must be str, not int",
    ),
    "images are a number": (
        '{"at":1,"kind":"local","type":"Typed","value":{"text":"","images":3}}',
        "images",
    ),
    "item is a word": (
        '{"at":1,"kind":"local","type":"PlaybackStopped","value":{"cause":"key","items":["a"]}}',
        "items: HeardItem must be an object",
    ),
    "exit code is a word": ('{"at":1,"kind":"local","type":"Close","value":{"exit_code":"x"}}', "exit_code"),
    "exit code is none of ours": ('{"at":1,"kind":"local","type":"Close","value":{"exit_code":99}}', "99"),
    "frames without times": ('{"kind":"frames","at":3,"sent":true,"audio":{"$audio":{}}}', "without times"),
    "frames without sound": ('{"kind":"frames","at":[1],"sent":true,"audio":{}}', "no reference to sound"),
    "sound before the file": (
        '{"kind":"frames","at":[1],"sent":true,"audio":{"$audio":{"start":-5,"bytes":480}}}',
        "cannot have 'start' -5",
    ),
    "sound larger than memory": (
        '{"kind":"frames","at":[1],"sent":true,"audio":{"$audio":{"start":0,"bytes":10000000000}}}',
        "bytes of sound in one line",
    ),
    "end is a list": ('{"at":[],"kind":"end","exit_code":0}', "at: must be float, not list"),
}


def all_read(recording: Recording) -> Any:
    return list(recording.entries(sound=True))


READERS: list[Callable[[Recording], Any]] = [
    all_read,
    verify,
    timeline,
    replay_server,
    lambda recording: time_warp(recording, 1.0),
]


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize(("line", "reason"), DAMAGED_LINES.values(), ids=DAMAGED_LINES)
def test_a_damaged_line_is_named_with_its_reason(
    tmp_path: Path, line: str, reason: str, reader: Callable[[Recording], Any]
) -> None:
    path = tmp_path / "s.jsonl"
    path.write_text(f"{HEADER}\n{line}\n")

    with pytest.raises(ConfigError) as refused:
        reader(read(path))

    assert f"{path}, line 2: " in refused.value.message
    assert reason in refused.value.message


@pytest.mark.parametrize(
    ("key", "value", "reason"),
    [
        ("config", [], "config: must be dict, not list"),
        ("session", {"tool_rounds": "many"}, "session: tool_rounds: must be int, not str"),
        ("session", {"prices": True}, "session: prices: must be dict, not bool"),
        ("session", 3, "session: must be dict, not int"),
        ("audio", "pcm", "audio: must be dict, not str"),
        ("audio", {"input": "mp3"}, "sound in the unknown format 'mp3'"),
        ("started", None, "started: must be str, not NoneType"),
        ("version", 0, "version 0"),
        ("version", True, "version True"),
        ("version", None, "version None"),
    ],
)
def test_a_damaged_header_is_named_with_its_reason(tmp_path: Path, key: str, value: Any, reason: str) -> None:
    path = tmp_path / "s.jsonl"
    path.write_text(json.dumps({**json.loads(HEADER), key: value}) + "\n")

    with pytest.raises(ConfigError) as refused:
        read(path)

    assert str(path) in refused.value.message
    assert reason in refused.value.message


def test_sidecars_that_are_none_read_as_silence(tmp_path: Path) -> None:
    path = record_conversation(tmp_path / "s.jsonl")
    (tmp_path / "s.wav").unlink()
    (tmp_path / "s.wav").mkdir()
    os.truncate(tmp_path / "s.received.wav", 45)

    whole, silent = all_read(read(path)), list(read(path).entries())

    assert [entry.at for entry in whole] == [entry.at for entry in silent]
    assert not read(path).sound().stereo.any()


@pytest.mark.parametrize(
    "line",
    [
        '{"at":1.0,"kind":"received","wire":{"type":"ping","n":1},"hop":{"a":[1]},"note":"}"}',
        '{"at":1.0,"seq":7,"kind":"received","wire":{"type":"ping","n":1}}',
        '{"at":1.0,"kind":"received","seq":7,"wire":{"type":"ping","n":1},"late":null}',
    ],
)
def test_a_later_version_may_add_keys_anywhere(tmp_path: Path, line: str) -> None:
    path = tmp_path / "s.jsonl"
    path.write_text(f"{HEADER}\n{line}\n")

    (entry,) = read(path).entries()

    assert entry.at == 1.0
    assert entry.value.event.type == "ping"
    assert entry.value.event.model_extra == {"n": 1}


@pytest.mark.parametrize("kind", [{}, [], 3, None])
def test_content_of_no_known_kind_stays_as_it_is(tmp_path: Path, kind: Any) -> None:
    item = {"id": "a", "type": "message", "role": "assistant", "content": [{"type": kind}]}
    line = {"at": 1.0, "kind": "received", "wire": {"type": "conversation.item.added", "item": item}}
    path = tmp_path / "s.jsonl"
    path.write_text(f"{HEADER}\n{json.dumps(line)}\n")

    (entry,) = read(path).entries()

    assert entry.value.event.type == "conversation.item.added"


def test_later_keys_within_a_value_are_left_out(tmp_path: Path) -> None:
    path = tmp_path / "s.jsonl"
    item = '{"item_id":"a","content_index":0,"heard_ms":1,"finished":true,"new":1}'
    path.write_text(
        f'{HEADER}\n{{"at":1,"kind":"local","type":"PlaybackStopped","value":{{"cause":"hand","items":[{item}]}}}}\n'
    )

    (entry,) = read(path).entries()

    assert entry.value == i.PlaybackStopped(1, "hand", (i.HeardItem("a", 0, 1, True),))  # type: ignore[arg-type]


@pytest.mark.parametrize("half", [r"\ud83d", r"\udc00", "\ud83d"])
def test_half_a_surrogate_pair_is_read_as_a_replacement(tmp_path: Path, half: str) -> None:
    raw = '{"type":"response.output_audio_transcript.delta","item_id":"a","delta":"so ' + half + '"}'
    path = tmp_path / "s.jsonl"
    line = f'{{"at":1.0,"kind":"received","wire":{raw}}}'
    path.write_bytes(f"{HEADER}\n{line}\n".encode("utf-8", "surrogatepass"))

    (entry,) = read(path).entries()

    assert entry.value.event.delta.rstrip("\ufffd") == "so "


def test_fields_keep_their_spelling_on_disk(tmp_path: Path) -> None:
    seen = i.VideoFrameCaptured(1.0, "", 4, 3, thumbnail="ff0000", source="camera")
    record(tmp_path / "s.jsonl", [local(seen)])

    line = (tmp_path / "s.jsonl").read_text().splitlines()[1]

    assert json.loads(line)["type"] == "Seen"
    assert json.loads(line)["value"]["glimpse"] == "ff0000"
    assert [entry.value for entry in read(tmp_path / "s.jsonl").entries()] == [seen]
