"""Whatever was written, by whom and however it ended: it is read, or line and reason are named."""

from __future__ import annotations

import gzip
import json
import os
from pathlib import Path
from typing import Any

import pytest

from realtime_cli.client import inputs as i
from realtime_cli.errors import ConfigError
from realtime_cli.recording import format, reader
from realtime_cli.recording.reader import read
from realtime_cli.recording.stored import stored
from realtime_cli.recording.timeline import timeline
from tests.recording.sample import b64, frame, heard, local, received, record

CREATED = "response.created"
ENTRIES = [received(0.1, "ping", n=1), *heard(0.2, 1), local(i.Pressed(0.3, "mute"))]


def written(tmp_path: Path) -> Path:
    record(tmp_path / "s.jsonl", ENTRIES)
    return tmp_path / "s.jsonl"


def lines_of(path: Path) -> list[str]:
    return path.read_text().splitlines(keepends=True)


def test_a_torn_last_line_is_forgiven_and_the_session_counts_as_crashed(tmp_path: Path) -> None:
    path = written(tmp_path)
    whole = lines_of(path)
    for cut in (1, 20, len(whole[-2]) - 2):
        path.write_text("".join(whole[:-2]) + whole[-2][:cut])
        recording = read(path)

        assert list(recording.entries(sound=True)) == ENTRIES[:-1]
        assert recording.end.crashed


def test_a_line_broken_in_the_middle_is_named(tmp_path: Path) -> None:
    path = written(tmp_path)
    whole = lines_of(path)
    path.write_text("".join([*whole[:2], '{"at":0.2,"kind":\n', *whole[2:]]))

    with pytest.raises(ConfigError, match=r"s\.jsonl, line 3: not JSON"):
        list(read(path).entries())


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ('{"at":1,"kind":"received","wire":{"no":"type"}}', "an object without a type"),
        ('{"at":1,"kind":"received","wire":[]}', "not an object"),
        ('{"at":1,"kind":"local","type":"Played","value":{}}', "item_id"),
        ('{"kind":"local","type":"Played","value":{}}', "no 'at' in it"),
        ("[1]", "line 2: not an object"),
    ],
)
def test_each_kind_of_bad_line_has_its_reason(tmp_path: Path, line: str, reason: str) -> None:
    (tmp_path / "s.jsonl").write_text(header_line() + line + "\n")

    with pytest.raises(ConfigError, match=reason):
        list(read(tmp_path / "s.jsonl").entries())


def header_line() -> str:
    return format.Header().to_line() + "\n"


def test_lines_and_fields_of_a_later_minor_change_are_kept_as_notes(tmp_path: Path) -> None:
    later = [
        '{"at":1.0,"kind":"brand_new","x":1}',
        '{"at":1.1,"kind":"local","type":"Sneezed","value":{"loud":true}}',
        '{"at":1.2,"kind":"local","type":"Pressed","value":{"key":"mute","hard":true}}',
    ]
    (tmp_path / "s.jsonl").write_text(header_line() + "\n".join(later) + "\n")

    new, unknown, pressed = (entry.value for entry in read(tmp_path / "s.jsonl").entries())

    assert isinstance(new, i.Noted)
    assert new.data["x"] == 1
    assert isinstance(unknown, i.Noted)
    assert "Sneezed" in unknown.text
    assert pressed == i.Pressed(1.2, "mute")


def test_reordered_and_spaced_lines_are_read_like_ours(tmp_path: Path) -> None:
    path = written(tmp_path)
    header, *rest = lines_of(path)
    shuffled = [json.dumps(dict(reversed(json.loads(line).items())), indent=None) + "\n" for line in rest]
    path.write_text(header + "".join(shuffled))

    assert [entry.value for entry in read(path).entries(sound=True)][1:] == [e.value for e in ENTRIES][1:]


def test_gzip_is_read_also_when_it_is_torn(tmp_path: Path) -> None:
    path = written(tmp_path)
    zipped = gzip.compress(path.read_bytes())
    (tmp_path / "s.jsonl.gz").write_bytes(zipped)
    assert list(read(tmp_path / "s.jsonl.gz").entries(sound=True)) == ENTRIES

    (tmp_path / "s.jsonl.gz").write_bytes(zipped[:-20])
    torn = read(tmp_path / "s.jsonl.gz")
    assert list(torn.entries(sound=True)) == ENTRIES[: len(list(torn.entries()))]


def test_a_newer_version_is_refused_and_an_older_one_upgraded(tmp_path: Path, monkeypatch: Any) -> None:
    path = tmp_path / "s.jsonl"
    path.write_text('{"format":"realtime-cli","version":99}\n')
    with pytest.raises(ConfigError, match="version 99; this program reads up to 1"):
        read(path)

    monkeypatch.setattr(format, "VERSION", 2)
    monkeypatch.setitem(
        reader.UPGRADES, 1, lambda line: {**line, "kind": line.get("kind", "").replace("key", "local")}
    )
    path.write_text(
        '{"format":"realtime-cli","version":1}\n{"at":0.3,"kind":"key","type":"Pressed","value":{"key":"mute"}}\n'
    )
    assert [entry.value for entry in read(path).entries()] == [i.Pressed(0.3, "mute")]


@pytest.mark.parametrize(
    "wrap",
    [
        lambda event, outward: event,
        lambda event, outward: {"type": "client_event" if outward else "server_event", "event": event},
        lambda event, outward: {"direction": "sent" if outward else "received", "data": json.dumps(event)},
        lambda event, outward: {
            "dir": ">" if outward else "<",
            "payload": {"message": event},
            "timestamp": 1.0,
        },
        lambda event, outward: {
            "ts": "2026-01-01T00:00:00Z",
            "source": "client" if outward else "server",
            "data": event,
        },
    ],
)
def test_logs_of_other_tools_in_every_wrapper(tmp_path: Path, wrap: Any) -> None:
    events = [
        ({"type": "session.created", "session": {"model": "m"}}, False),
        ({"type": "input_audio_buffer.append", "audio": b64(frame(1))}, True),
        ({"type": "response.audio.delta", "item_id": "a", "delta": b64(frame(2))}, False),
        ({"type": "error", "error": {"message": "no"}}, False),
    ]
    path = tmp_path / "log.jsonl"
    path.write_text("".join(json.dumps(wrap(event, outward)) + "\n" for event, outward in events))

    recording = read(path)
    entries = [entry for entry in recording.entries() if entry.kind != "local"]

    assert recording.header.foreign
    assert [entry.kind for entry in entries] == ["received", "sent", "received", "received"]
    assert [entry.value.event.type for entry in entries] == [
        "session.created",
        "input_audio_buffer.append",
        "response.output_audio.delta",
        "error",
    ]


@pytest.mark.parametrize(
    ("stamps", "at"), [((5, 5.5, 7), [0, 0.5, 2]), ((1.7e12, 1.7e12 + 500, 1.7e12 + 2000), [0, 0.5, 2])]
)
def test_times_of_other_tools_count_from_their_first(tmp_path: Path, stamps: Any, at: list[float]) -> None:
    path = tmp_path / "log.jsonl"
    path.write_text("".join(json.dumps({"time": stamp, "event": {"type": "a.b"}}) + "\n" for stamp in stamps))

    assert [entry.at for entry in read(path).entries()] == pytest.approx(at)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("", "is empty"),
        ("hello\n", "line 1: not JSON"),
        ("[1, 2]\n", "line 1: a list is not a Realtime event"),
        ('{"a": 1}\n', "line 1: it contains no Realtime event"),
        ("\x00\x01\x02", "line 1: not JSON"),
    ],
)
def test_what_is_no_recording_says_so(tmp_path: Path, content: str, reason: str) -> None:
    (tmp_path / "x.jsonl").write_text(content)

    with pytest.raises(ConfigError, match=reason):
        read(tmp_path / "x.jsonl")


CALL = [
    (10.0, "receive", {"type": "session.created", "session": {"model": "m"}}),
    (10.5, "send", {"type": "response.create"}),
    (12.0, "receive", {"type": "response.created", "response": {"id": "r", "output": []}}),
]
READ = [(0.0, "received", "session.created"), (0.5, "sent", "response.create"), (2.0, "received", CREATED)]


def array() -> list[dict[str, Any]]:
    return [{"time": at, "direction": way, "event": event} for at, way, event in CALL]


def har() -> dict[str, Any]:
    """As Chrome saves its network log: a page, and the socket with what went over it."""
    messages = [
        {"type": way, "time": 1.7e9 + at, "opcode": 1, "data": json.dumps(event)} for at, way, event in CALL
    ]
    page = {"request": {"method": "GET", "url": "https://example.test/"}, "response": {"status": 200}}
    socket = {"request": {"url": "wss://example.test/v1/realtime"}, "_webSocketMessages": messages}
    return {"log": {"version": "1.2", "pages": [], "entries": [page, socket]}}


@pytest.mark.parametrize("make", [array, har])
@pytest.mark.parametrize("indent", [None, 2])
def test_a_log_that_is_one_json_text_is_read(tmp_path: Path, make: Any, indent: int | None) -> None:
    (tmp_path / "log.json").write_text(json.dumps(make(), indent=indent))

    entries = list(read(tmp_path / "log.json").entries())

    assert [(round(entry.at, 3), entry.kind, entry.value.event.type) for entry in entries] == READ


def test_a_har_file_without_a_socket_is_refused(tmp_path: Path) -> None:
    (tmp_path / "page.har").write_text(json.dumps({"log": {"entries": [{"request": {}}]}}))

    with pytest.raises(ConfigError, match="no Realtime event") as refused:
        read(tmp_path / "page.har")
    assert "HAR" in refused.value.remedy


def test_lines_between_that_are_no_events_are_passed_over_and_counted(tmp_path: Path) -> None:
    lines = [
        "Connected (press CTRL+C to quit)",
        '< {"type":"a.b"}',
        "",
        '{"type":5}',
        '> {"type":"response.create"}',
    ]
    (tmp_path / "x.jsonl").write_text("\n".join([*lines, '{"torn']))

    entries = list(read(tmp_path / "x.jsonl").entries())

    assert [entry.kind for entry in entries] == ["local", "received", "sent", "local"]
    assert entries[-1].value.text == "2 lines that are no Realtime event passed over."


def test_a_log_without_times_has_no_latency(tmp_path: Path) -> None:
    log = [
        {"type": "input_audio_buffer.speech_stopped", "audio_end_ms": 2500, "item_id": "u"},
        {"type": "input_audio_buffer.committed", "item_id": "u"},
        {"type": "response.created", "response": {"id": "r", "output": []}},
        {"type": "response.output_audio.delta", "response_id": "r", "item_id": "a", "delta": b64(frame(2))},
        {"type": "response.done", "response": {"id": "r", "status": "completed", "output": []}},
    ]
    waits = []
    for times in ([], ["t"]):
        written = [json.dumps({**dict.fromkeys(times, n), "event": event}) for n, event in enumerate(log)]
        (tmp_path / "x.jsonl").write_text("\n".join(written) + "\n")
        waits.append(timeline(read(tmp_path / "x.jsonl")).turns[0])
    assert [turn.received_ms is None for turn in waits] == [True, False]
    assert (waits[0].response_ms, waits[0].parts, waits[0].latency_ms) == (None, None, None)


def test_a_missing_file_and_a_folder_are_sentences(tmp_path: Path) -> None:
    for path in (tmp_path / "none.jsonl", tmp_path):
        with pytest.raises(ConfigError, match="cannot be read"):
            read(path)


def test_lost_sidecars_read_as_silence(tmp_path: Path) -> None:
    path = written(tmp_path)
    (tmp_path / "s.wav").unlink()

    frames = [e.value.audio for e in read(path).entries(sound=True) if isinstance(e.value, i.MicrophoneFrame)]
    assert frames == [bytes(960)]


@pytest.mark.parametrize(
    ("key", "scale", "begin"),
    [
        ("ts", 1, 1.7e9),
        ("ts", 1e3, 1.7e12),
        ("ts", 1e6, 1.7e15),
        ("ts", 1e9, 1.7e18),
        ("t_ms", 1e3, 0.0),
        ("elapsed_ms", 1e3, 500.0),
        ("ms", 1e3, 0.0),
    ],
)
@pytest.mark.parametrize("inner", ["event_data", "json", "event"])
def test_times_of_logs_are_in_whatever_unit(
    tmp_path: Path, key: str, scale: float, begin: float, inner: str
) -> None:
    lines = [{key: begin + at * scale, inner: {"type": "session.created", "session": {}}} for at in (0, 1.5)]
    (tmp_path / "log.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))

    times = [entry.at for entry in read(tmp_path / "log.jsonl").entries()]

    assert times == pytest.approx([0.0, 1.5], abs=1e-3)


@pytest.mark.parametrize("section", ["connection", "session"])
@pytest.mark.parametrize("value", ["x", [1], 5])
def test_a_header_whose_settings_are_no_tables_is_refused(tmp_path: Path, section: str, value: Any) -> None:
    path = written(tmp_path)
    head, *rest = lines_of(path)
    path.write_text(json.dumps(json.loads(head) | {"config": {section: value}}) + "\n" + "".join(rest))
    with pytest.raises(ConfigError, match=rf"line 1: config\.{section}: not an object"):
        read(path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="Windows has no such files")
def test_what_would_never_end_is_no_recording(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo.jsonl")
    (tmp_path / "zero.jsonl").symlink_to("/dev/zero")
    for name in ("fifo.jsonl", "zero.jsonl"):
        with pytest.raises(ConfigError, match=r"is not a regular file"):
            read(tmp_path / name)
    kept = written(tmp_path)
    assert [one.path for one in stored(tmp_path)] == [kept]


def test_a_line_that_is_too_long_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "MAX_LENGTH", 5000)
    path = written(tmp_path)
    whole = lines_of(path)
    path.write_text("".join(whole) + "a" * 20_000 + "\n" + whole[1])
    with pytest.raises(ConfigError, match=rf"line {len(whole) + 1}: not JSON"):
        list(read(path).entries())
