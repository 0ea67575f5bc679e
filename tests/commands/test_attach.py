"""``attach`` against a server that plays a call: what it shows, what it sends, and how it ends."""

from __future__ import annotations

import base64
import json
import os
import pty
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from websockets.sync.server import ServerConnection, serve

from realtime_cli.commands.attach import AttachOptions, attach
from realtime_cli.errors import AuthenticationFailed, ConfigError, ExitCode

Json = dict[str, Any]
CALL = "rtc_u1_1"
SAID = "Where is my parcel?"
ANSWER = "It comes on Tuesday."
SESSION: Json = {"type": "realtime", "id": "sess_1", "model": "gpt-realtime", "tools": []}
TOOL_CALL: Json = {
    "id": "item_3",
    "type": "function_call",
    "status": "completed",
    "name": "find_parcel",
    "call_id": "call_1",
    "arguments": '{"number": 7}',
}
SOUND = base64.b64encode(bytes(24_000)).decode("ascii")


def message(item_id: str, role: str, kind: str, **content: str) -> Json:
    return {"id": item_id, "type": "message", "role": role, "content": [{"type": kind, **content}]}


def a_call() -> Iterator[Json]:
    """One turn of the caller, an answer that is heard (also as sound), and a call of a function."""
    yield {"type": "session.created", "session": SESSION}
    yield {"type": "input_audio_buffer.speech_started", "item_id": "item_1", "audio_start_ms": 0}
    yield {"type": "input_audio_buffer.speech_stopped", "item_id": "item_1", "audio_end_ms": 900}
    yield {"type": "input_audio_buffer.committed", "item_id": "item_1"}
    yield {"type": "conversation.item.added", "item": message("item_1", "user", "input_audio")}
    heard = "conversation.item.input_audio_transcription.completed"
    yield {"type": heard, "item_id": "item_1", "content_index": 0, "transcript": SAID}
    yield {"type": "response.created", "response": {"id": "resp_1", "status": "in_progress", "output": []}}
    of_answer = {"response_id": "resp_1", "item_id": "item_2", "output_index": 0, "content_index": 0}
    spoken = message("item_2", "assistant", "output_audio", transcript=ANSWER)
    yield {"type": "response.output_item.added", "response_id": "resp_1", "output_index": 0, "item": spoken}
    yield {"type": "output_audio_buffer.started", "response_id": "resp_1"}
    yield {"type": "response.output_audio.delta", **of_answer, "delta": SOUND}
    yield {"type": "response.output_audio_transcript.delta", **of_answer, "delta": ANSWER}
    yield {"type": "response.output_audio_transcript.done", **of_answer, "transcript": ANSWER}
    yield {"type": "response.output_audio.done", **of_answer}
    yield {"type": "response.output_item.done", "response_id": "resp_1", "output_index": 1, "item": TOOL_CALL}
    yield {"type": "input_audio_buffer.speech_started", "item_id": "item_4", "audio_start_ms": 1500}
    response = {"id": "resp_1", "status": "completed", "output": [spoken, TOOL_CALL]}
    yield {"type": "response.done", "response": response}


class CallServer:
    """Plays a call on every socket, ``then`` does more, and hangs up."""

    def __init__(self, then: Callable[[ServerConnection, CallServer], None] | None = None) -> None:
        self.then = then
        self.url = ""
        self.paths: list[str] = []
        self.keys: list[str] = []
        self.heard: list[Json] = []

    def play(self, socket: ServerConnection) -> None:
        assert socket.request
        self.paths.append(socket.request.path)
        self.keys.append(socket.request.headers.get("Authorization", ""))
        for number, event in enumerate(a_call()):
            socket.send(json.dumps({"event_id": f"event_{number}", **event}))
        if self.then:
            self.then(socket, self)
        else:
            self.hear(socket, within_s=0.2)

    def hear(self, socket: ServerConnection, within_s: float = 5.0) -> Json | None:
        try:
            self.heard.append(event := json.loads(socket.recv(within_s)))
        except TimeoutError:
            return None
        return dict(event)


@contextmanager
def calling(server: CallServer) -> Iterator[CallServer]:
    with serve(server.play, "127.0.0.1", 0) as listener:
        server.url = f"ws://127.0.0.1:{listener.socket.getsockname()[1]}/v1/realtime"
        thread = threading.Thread(target=listener.serve_forever)
        thread.start()
        try:
            yield server
        finally:
            listener.shutdown()
            thread.join()


@pytest.fixture
def call() -> Iterator[CallServer]:
    with calling(CallServer()) as server:
        yield server


def options(server: CallServer, **more: Any) -> AttachOptions:
    sets = ("connection.provider=custom", "connection.api_key=sk-abcdef", "connection.auth=bearer")
    return AttachOptions(sets=sets, base_url=server.url, call_id=CALL, no_record=True, **more)


def test_it_shows_the_call_and_sends_nothing_at_all(
    call: CallServer, capsys: pytest.CaptureFixture[str]
) -> None:
    assert attach(options(call, json=True)) == ExitCode.OK
    told = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert SAID in json.dumps(told)
    assert ANSWER in json.dumps(told)
    assert any("find_parcel" in json.dumps(event) for event in told)
    assert told[-1]["type"] == "session_ended"
    assert told[-1]["exit_code"] == 0
    assert call.heard == []
    assert call.paths == [f"/v1/realtime?call_id={CALL}"], "the call has its model"
    assert call.keys == ["Bearer sk-abcdef"]


def test_plain_lines_have_both_sides(call: CallServer, capsys: pytest.CaptureFixture[str]) -> None:
    assert attach(options(call, plain=True)) == ExitCode.OK
    out = capsys.readouterr().out
    assert out.index(SAID) < out.index(ANSWER)


@pytest.fixture
def keyboard(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], None]]:
    """Stands in for stdin: what is typed on it."""
    terminal, inner = pty.openpty()
    with os.fdopen(inner, "r", encoding="utf-8") as stdin:
        monkeypatch.setattr("sys.stdin", stdin)
        yield lambda line: void(os.write(terminal, f"{line}\n".encode()))
    os.close(terminal)


def until_shown(capsys: pytest.CaptureFixture[str], text: str) -> None:
    """Wait until the command has written that."""
    shown, deadline = "", time.monotonic() + 20
    while text not in shown:
        assert time.monotonic() < deadline, shown
        time.sleep(0.02)
        shown += "".join(capsys.readouterr())


def void(_: object) -> None:
    """Nothing is made of it."""


def test_what_is_typed_while_looking_on_goes_nowhere(
    keyboard: Callable[[str], None], capsys: pytest.CaptureFixture[str]
) -> None:
    def go_on(socket: ServerConnection, server: CallServer) -> None:
        for line in ("Hello", "/interrupt", '/send {"type": "response.create"}'):
            keyboard(line)
        assert server.hear(socket, within_s=0.5) is None

    with calling(CallServer(go_on)) as server:
        assert attach(options(server, plain=True)) == ExitCode.OK
    assert server.heard == []
    told = "".join(capsys.readouterr())
    assert told.count("attach with --steer") == 3


def test_who_steers_types_interrupts_and_changes_settings(
    keyboard: Callable[[str], None], capsys: pytest.CaptureFixture[str]
) -> None:
    changed = {**SESSION, "instructions": "Hurry."}

    def go_on(socket: ServerConnection, server: CallServer) -> None:
        until_shown(capsys, ANSWER)
        keyboard("Say it again")
        while (event := server.hear(socket)) and event["type"] != "response.create":
            pass
        begun = {"id": "resp_2", "status": "in_progress", "output": []}
        socket.send(json.dumps({"type": "response.created", "event_id": "e", "response": begun}))
        failed = {"type": "error", "event_id": "g", "error": {"type": "x", "code": "y", "message": "Seen."}}
        socket.send(json.dumps(failed))
        until_shown(capsys, "Seen.")
        keyboard("/interrupt")
        keyboard('/set session.instructions "Hurry."')
        while (event := server.hear(socket)) and event["type"] != "session.update":
            pass
        socket.send(json.dumps({"type": "session.updated", "event_id": "f", "session": changed}))

    with calling(CallServer(go_on)) as server:
        assert attach(options(server, plain=True, steer=True)) == ExitCode.OK
    clear, typed, ask, *interrupted, update = server.heard
    assert clear["type"] == "output_audio_buffer.clear", "the answer before it is still to be heard"
    assert typed["item"]["content"] == [{"type": "input_text", "text": "Say it again"}]
    assert ask["type"] == "response.create"
    assert [event["type"] for event in interrupted] == ["response.cancel", "output_audio_buffer.clear"]
    assert update["session"] == {"type": "realtime", "instructions": "Hurry."}


def test_a_call_needs_an_id_and_a_server_that_holds_it(call: CallServer) -> None:
    with pytest.raises(ConfigError, match="no id"):
        attach(AttachOptions(base_url=call.url, call_id=" "))
    with pytest.raises(ConfigError, match="holds no calls"):
        attach(AttachOptions(sets=("connection.provider=local",), call_id=CALL))


def test_a_live_session_cannot_be_joined_and_says_so() -> None:
    sets = ("connection.model=gpt-live-1",)
    with pytest.raises(ConfigError, match="Only Realtime calls can be attached to"):
        attach(AttachOptions(sets=sets, call_id="live_1"))


def test_without_a_key_nobody_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    with pytest.raises(AuthenticationFailed):
        attach(AttachOptions(sets=("connection.provider=openai",), call_id=CALL))
