"""A recording that was damaged is read as far as it goes, or refused with a sentence."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from realtime_cli.errors import RealtimeCliError
from realtime_cli.recording.reader import read
from realtime_cli.recording.verify import verify

HEADER = {"format": "realtime-cli", "version": 1}
LINES = (
    '{"at": 0.0, "kind": "local", "type": "Connected", "value": {"url": "", "attempt": 0, "unix_s": 1}}',
    '{"at": 0.1, "kind": "received", "event": {"type": "session.created", "session": {}}}',
    '{"at": 0.2, "kind": "sent", "event": {"type": "response.create"}}',
    '{"at": 0.3, "kind": "frames", "audio": {"track": "microphone", "start": 0, "bytes": 960}}',
    '{"kind": "end", "exit_code": 0}',
    '{"at": "x", "kind": 3}',
    "[]",
    "null",
    "{",
    "",
    '{"at": 1e999}',
)


def survives(data: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "session.jsonl"
        path.write_bytes(data)
        told = "read"
        try:
            list(read(path).entries(sound=True))
            verify(read(path))
        except RealtimeCliError as error:
            told = error.message
        assert told


@given(st.binary(max_size=200))
def test_any_bytes(data: bytes):
    survives(data)


@given(st.lists(st.sampled_from(LINES), max_size=8), st.integers(0, 40))
def test_lines_out_of_order_and_torn(lines: list[str], torn: int):
    text = "\n".join([json.dumps(HEADER), *lines])
    survives(text[: len(text) - torn].encode())


@given(st.data())
def test_one_changed_byte_of_a_real_one(data: st.DataObject):
    whole = _real()
    place = data.draw(st.integers(0, len(whole) - 1))
    survives(whole[:place] + bytes([data.draw(st.integers(0, 255))]) + whole[place + 1 :])


def _real() -> bytes:
    if not _KEPT:
        from realtime_cli.client import inputs
        from realtime_cli.client.entry import Entry
        from realtime_cli.client.session import ClientSession
        from tests.kit.live_session import recorder_of

        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "s.jsonl"
            session = ClientSession()
            recorder = recorder_of(path, session)
            for happened in (
                inputs.Connected(0.0, "", 0, 1.0),
                inputs.Typed(0.1, "hi"),
                inputs.Disconnected(1.0, 1006),
            ):
                recorder.observe(Entry(happened.at, "local", happened))
                for effect in session.handle(happened):
                    recorder.observe(Entry(happened.at, "local", effect))
            recorder.close()
            _KEPT.append(path.read_bytes())
    return _KEPT[0]


_KEPT: list[bytes] = []
