"""``replay``: as shown, verified and served; what comes out, and with which exit code."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from realtime_cli.app.replay_service import ReplayService
from realtime_cli.commands.replay import replay
from realtime_cli.commands.replay_options import ReplayOptions
from realtime_cli.errors import ConfigError, ExitCode
from realtime_cli.recording.reader import read
from realtime_cli.wire import websocket
from realtime_cli.wire.transport import Closed
from tests.recording.conversation import record_conversation
from tests.recording.sample import received, record, sent


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return record_conversation(tmp_path / "s.jsonl")


def shown(path: Path, capsys: pytest.CaptureFixture[str], **options: Any) -> list[str]:
    assert replay(ReplayOptions(str(path), **{"max": True, "plain": True, **options})) == ExitCode.OK
    return capsys.readouterr().out.splitlines()


def test_the_whole_conversation_is_told_again(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = shown(path, capsys)

    assert lines[0] == "Agent: Hello, what can I do for you?"
    assert lines[1] == "You: What time is it in Oslo?"
    assert lines[-1] == "Agent: The same."


@pytest.mark.parametrize("options", [{"turn": 3}, {"begin": "0:06.9"}])
def test_from_a_place_on(path: Path, capsys: pytest.CaptureFixture[str], options: Any) -> None:
    assert "You: What time is it in Oslo?" not in shown(path, capsys, **options)


def test_up_to_a_place(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "Agent: You are welcome." not in shown(path, capsys, end="6")


def test_where_a_killed_session_breaks_off_is_said(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join(lines[:-1]))

    for end, said in (("13", ""), (None, "the recording stops here")):
        assert replay(ReplayOptions(str(path), max=True, plain=True, end=end)) == ExitCode.OK
        assert said in capsys.readouterr().err.splitlines()[-1]


def test_in_json(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    events = [json.loads(line) for line in shown(path, capsys, json=True, plain=False)]

    assert (
        next(event["text"] for event in events if event["type"] == "user_text_final")
        == "What time is it in Oslo?"
    )


def test_speed_and_idle_limit_shorten_it(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """14 s at speed 16 is under one second; the time limit of the test run would show a wait of 14."""
    lines = shown(path, capsys, max=False, speed=64.0, idle_limit="0.2")

    assert lines[-1] == "Agent: The same."


def test_sound_is_heard_to_its_end(path: Path, tmp_path: Path) -> None:
    options = ReplayOptions(
        str(path), plain=True, audio=True, output=str(tmp_path / "heard.wav"), begin="12.4"
    )

    assert replay(options) == ExitCode.OK
    content = (tmp_path / "heard.wav").read_bytes()
    assert len(content) > 44 + 40_000


def test_verify_tells_by_its_exit_code(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert replay(ReplayOptions(str(path), verify=True)) == ExitCode.OK

    path.write_text(path.read_text().replace('"audio_end_ms":1700', '"audio_end_ms":1'))
    assert replay(ReplayOptions(str(path), verify=True)) == ExitCode.EXPECTATION_FAILED
    assert "recorded" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"speed": 0}, "speed: 0"),
        ({"audio": True, "speed": 2}, "own speed"),
        ({"begin": "5", "end": "4"}, "not behind"),
        ({"begin": "5", "turn": 1}, "where to begin"),
        ({"turn": 99}, "no turn 99"),
        ({"begin": "1:00:00", "max": True, "plain": True}, "ends before 3600 s"),
        ({"verify": True, "serve": True}, "cannot be combined"),
        ({"serve": True, "port": 99_999}, "Invalid port: 99999"),
    ],
)
def test_options_that_make_no_sense_say_so(path: Path, options: Any, sentence: str) -> None:
    with pytest.raises(ConfigError, match=sentence):
        replay(ReplayOptions(str(path), **options))


def test_a_missing_recording_says_so() -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        replay(ReplayOptions("/nowhere/x.jsonl"))


UPDATE: dict[str, Any] = {"type": "session.update", "session": {"type": "realtime"}}


async def _visit(path: Path, *events: dict[str, Any], strict: bool = True) -> tuple[list[str], ReplayService]:
    """What a client gets that says these events, each after the server's next word, and then leaves."""
    service = ReplayService(read(path), strict=strict, pace=None)
    listener = await websocket.serve(service.handle)
    got = []
    try:
        wire = await websocket.connect(listener.url, {})
        try:
            for event in events:
                got.append(json.loads(await wire.recv())["type"])
                await wire.send(json.dumps(event))
            while True:
                got.append(json.loads(await asyncio.wait_for(wire.recv(), 0.3))["type"])
        except (Closed, TimeoutError):
            await wire.close()
        await service.one_over.wait()
    finally:
        await listener.close()
    return got, service


async def test_served_to_a_client_that_does_as_recorded(tmp_path: Path) -> None:
    entries = [received(0.1, "session.created"), sent(0.2, **UPDATE), received(0.3, "session.updated")]
    record(tmp_path / "s.jsonl", entries)

    got, service = await _visit(tmp_path / "s.jsonl", UPDATE)

    assert got == ["session.created", "session.updated"]
    assert service.failures == []


async def test_served_strictly_to_one_that_does_not(tmp_path: Path) -> None:
    record(tmp_path / "s.jsonl", [received(0.1, "session.created"), sent(0.2, **UPDATE)])

    got, service = await _visit(tmp_path / "s.jsonl", {"type": "response.create"})

    assert got == ["session.created", "error"]
    assert service.failures == ["response.create came, but the recording has session.update"]


async def test_a_client_that_leaves_early_is_a_failure_when_strict(tmp_path: Path) -> None:
    record(tmp_path / "s.jsonl", [received(0.1, "session.created"), sent(0.2, **UPDATE)])

    _, service = await _visit(tmp_path / "s.jsonl")
    assert service.failures == ["the client left before it sent session.update"]
    _, service = await _visit(tmp_path / "s.jsonl", strict=False)
    assert service.failures == []


async def test_each_connection_is_judged_by_itself(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    record(tmp_path / "s.jsonl", [received(0.1, "session.created"), sent(0.2, **UPDATE)])
    service = ReplayService(read(tmp_path / "s.jsonl"), strict=True, pace=None)
    listener = await websocket.serve(service.handle)
    for event in ({"type": "response.create"}, UPDATE):
        wire = await websocket.connect(listener.url, {})
        await wire.recv()
        await wire.send(json.dumps(event))
        await asyncio.sleep(0.1)
        await wire.close()
    await listener.close()

    assert service.served == 2
    verdicts = [line for line in capsys.readouterr().err.splitlines() if "connection" in line]
    assert verdicts[0].endswith("connection 1: response.create came, but the recording has session.update.")
    assert verdicts[1].endswith("connection 2: as recorded.")
