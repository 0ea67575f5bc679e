"""Dialogues of a Live session from the client's side."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from realtime_cli.client import effects, inputs
from realtime_cli.client.live.appends import MAX_CHARS
from realtime_cli.client.live.session import LiveClientSession
from realtime_cli.client.options import SessionOptions
from realtime_cli.errors import ExitCode
from realtime_cli.protocol.live import codec

FRAME = b"\x01\x00" * 480


class Talk:
    """A session with a server's lines and ours: ``sent`` holds what went out since it was last read."""

    def __init__(self, **options: Any) -> None:
        options.setdefault("patch", {"model": "gpt-live-1"})
        self.session = LiveClientSession(SessionOptions(protocol="live", **options))
        self.at = 0.0
        self.effects: list[effects.Effect] = []

    def does(self, happened: inputs.Input) -> None:
        self.effects += self.session.handle(happened)

    def server(self, type: str, **fields: Any) -> None:
        self.does(inputs.Received(self.at, codec.live_server_event({"type": type, **fields})))

    def backend(self, type: str, **fields: Any) -> None:
        self.server("response.event", event={"type": type, **fields})

    def fires(self, name: str, at: float) -> None:
        self.at = at
        self.does(inputs.TimerFired(at, name))

    def take(self) -> list[effects.Effect]:
        taken, self.effects = self.effects, []
        return taken

    def sent(self) -> list[dict[str, Any]]:
        events = [one.event for one in self.take() if isinstance(one, effects.Send)]
        return [event.model_dump(mode="json", exclude_unset=True) for event in events]

    def notes(self) -> list[str]:
        return [one.text for one in self.effects if isinstance(one, effects.Note)]

    def start(self) -> Talk:
        self.does(inputs.Connected(0.0, ""))
        self.server("session.started", session={"id": "live_1", "model": "gpt-live-1"})
        return self


def _without_ids(sent: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{key: value for key, value in one.items() if key != "event_id"} for one in sent]


RESPONSES = {"model": "gpt-live-1", "delegation": {"type": "responses", "responses": {"model": "gpt-5.2"}}}


def test_the_session_is_started_once_connected_and_ready_once_started():
    talk = Talk(patch={"model": "gpt-live-1", "instructions": "Be brief."})
    talk.does(inputs.Connected(0.0, ""))
    assert _without_ids(talk.sent()) == [
        {"type": "session.start", "session": {"model": "gpt-live-1", "instructions": "Be brief."}}
    ]
    assert not talk.session.ready
    talk.server("session.started", session={"id": "live_1"})
    assert talk.session.ready


def test_a_refused_start_ends_the_session_with_the_servers_words():
    talk = Talk()
    talk.does(inputs.Connected(0.0, ""))
    talk.server("error", error={"type": "invalid_request_error", "code": "model_not_found", "message": "No."})
    (close,) = [one for one in talk.take() if isinstance(one, effects.Close)]
    assert close.exit_code == ExitCode.CONNECTION
    assert "No. (model_not_found)" in close.reason


@pytest.mark.parametrize("press", ["mute", None])
def test_a_muted_microphone_streams_silence(press: inputs.Key | None):
    talk = Talk().start()
    talk.take()
    if press:
        talk.does(inputs.Pressed(0.1, press))
    talk.does(inputs.MicrophoneFrame(0.1, FRAME))
    (append,) = talk.sent()
    assert base64.b64decode(append["audio"]) == (bytes(len(FRAME)) if press else FRAME)


def test_without_a_microphone_silence_flows_as_fast_as_time():
    talk = Talk().start()
    talk.take()
    for step in range(1, 101):
        talk.fires("clock", step / 10)
    sent_ms = sum(len(base64.b64decode(one["audio"])) / 48 for one in talk.sent())
    assert sent_ms == pytest.approx(10_000, abs=100)


def test_a_delegation_waits_for_the_end_of_the_sentence_and_its_result_is_said():
    talk = Talk(delegation_tool="look_up").start()
    talk.server("session.input_transcript.delta", delta="Check the", start_ms=200, end_ms=400)
    talk.at = 1.0
    talk.server("session.delegation.created", offset_ms=400, delegation={"id": "item_1", "target": "client"})
    talk.at = 1.5
    talk.server("session.input_transcript.delta", delta=" staging server", start_ms=400, end_ms=600)
    talk.fires("delegation", 1.9)
    assert not [one for one in talk.take() if isinstance(one, effects.CallTool)]
    talk.fires("delegation", 2.4)
    (call,) = [one for one in talk.take() if isinstance(one, effects.CallTool)]
    assert call == effects.CallTool("item_1", "look_up", '{"task": "Check the staging server"}')
    talk.does(inputs.ToolFinished(3.0, "item_1", "It is up."))
    assert _without_ids(talk.sent()) == [
        {"type": "session.commentary.append", "content": "It is up.", "delegation_id": "item_1"}
    ]


def test_a_long_result_is_said_in_pieces_that_the_service_takes():
    talk = Talk(delegation_tool="look_up", delegation_result="thinking").start()
    talk.server("session.delegation.created", offset_ms=0, delegation={"id": "item_1", "target": "client"})
    talk.fires("delegation", 1.0)
    talk.take()
    talk.does(inputs.ToolFinished(3.0, "item_1", "A sentence of words. " * 200))
    pieces = talk.sent()
    assert {one["type"] for one in pieces} == {"session.thinking.append"}
    assert max(len(one["content"]) for one in pieces) <= MAX_CHARS
    assert " ".join(one["content"] for one in pieces) == ("A sentence of words. " * 200).strip()


def _calls(talk: Talk, *call_ids: str) -> None:
    talk.backend("response.created", response={"id": "resp_1"})
    for call_id in call_ids:
        item = {"type": "function_call", "call_id": call_id, "name": "dice", "arguments": "{}"}
        talk.backend("response.output_item.added", item={**item, "arguments": ""})
        talk.backend("response.output_item.done", item=item)


def test_every_call_is_answered_and_then_the_backend_goes_on_once():
    talk = Talk(patch=RESPONSES).start()
    talk.take()
    _calls(talk, "call_1", "call_2")
    assert [one.call_id for one in talk.take() if isinstance(one, effects.CallTool)] == ["call_1", "call_2"]
    talk.does(inputs.ToolFinished(1.0, "call_2", "two"))
    assert [one["item"]["call_id"] for one in talk.sent()] == ["call_2"]
    talk.backend("response.completed", response={"id": "resp_1"})
    assert talk.sent() == []
    talk.does(inputs.ToolFinished(2.0, "call_1", "one"))
    assert [one["type"] for one in talk.sent()] == ["response.item.create", "response.create"]


def test_calls_of_a_response_that_failed_are_not_answered():
    talk = Talk(patch=RESPONSES).start()
    _calls(talk, "call_1")
    talk.backend("response.failed", response={"id": "resp_1", "error": {"message": "Overloaded."}})
    assert "The backend failed: Overloaded." in talk.notes()
    talk.take()
    talk.does(inputs.ToolFinished(1.0, "call_1", "one"))
    assert talk.sent() == []


def test_a_full_buffer_is_freed_with_a_short_answer():
    talk = Talk(patch=RESPONSES).start()
    _calls(talk, "call_1")
    talk.take()
    talk.does(inputs.ToolFinished(1.0, "call_1", "x" * 100))
    (output,) = talk.sent()
    error = {"code": "response_input_buffer_full", "message": "Full."}
    talk.server("error", error=error, client_event_id=output["event_id"])
    (again,) = talk.sent()
    assert again["item"]["call_id"] == "call_1"
    assert len(again["item"]["output"]) < 60


def test_an_output_that_is_too_long_for_the_backend_is_cut_and_says_so():
    talk = Talk(patch=RESPONSES).start()
    _calls(talk, "call_1")
    talk.take()
    talk.does(inputs.ToolFinished(1.0, "call_1", "ä" * 40_000))
    (output,) = talk.sent()
    assert len(str(output["item"]).encode()) <= 32_768
    assert "left out" in output["item"]["output"]


def test_typed_words_go_the_way_of_the_delegation():
    talk = Talk(patch=RESPONSES).start()
    talk.take()
    talk.does(inputs.Typed(1.0, "Hello"))
    message = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Hello"}]}
    assert _without_ids(talk.sent()) == [
        {"type": "response.item.create", "item": message},
        {"type": "response.create"},
    ]
    talk = Talk().start()
    talk.take()
    talk.does(inputs.Typed(1.0, "Hello"))
    (append,) = talk.sent()
    assert append["type"] == "session.instructions.append"
    assert '"Hello"' in append["content"]


def test_the_end_waits_for_session_closed_and_takes_the_drop_behind_it_for_success():
    talk = Talk().start()
    talk.take()
    talk.does(inputs.Pressed(1.0, "quit"))
    assert [one["type"] for one in talk.sent()] == ["session.close"]
    talk.server("session.closed", reason="close_requested", usage={"seconds": 1})
    assert effects.Close(ExitCode.OK) in talk.take()


def test_a_server_that_never_says_closed_is_not_waited_for_for_ever():
    talk = Talk().start()
    talk.does(inputs.Pressed(1.0, "quit"))
    talk.take()
    talk.fires("closed", 6.0)
    assert talk.effects[-1] == effects.Close(ExitCode.OK)


def test_another_session_knows_what_was_said_within_its_limits():
    talk = Talk(random_seed=1).start()
    talk.server("session.input_transcript.delta", delta="My name is Ada.", start_ms=0, end_ms=200)
    talk.server("session.output_transcript.delta", delta="Hello Ada.", start_ms=900, end_ms=1100)
    talk.at = 20.0
    talk.does(inputs.Disconnected(20.0, 1006))
    assert any(isinstance(one, effects.Reconnect) for one in talk.take())
    talk.does(inputs.Connected(21.0, "", attempt=1))
    (start,) = talk.sent()
    texts = [(one["role"], one["content"][0]["text"]) for one in start["session"]["input"]]
    assert texts == [("user", "My name is Ada."), ("assistant", "Hello Ada.")]


def test_a_new_session_says_how_much_it_was_told_of_a_long_talk():
    talk = Talk().start()
    for turn in range(200):
        at_ms = 10_000 * turn
        talk.server("session.input_transcript.delta", delta="Why?", start_ms=at_ms, end_ms=at_ms + 200)
    talk.does(inputs.Disconnected(2_000.0, 1006))
    talk.does(inputs.Connected(2_001.0, "", attempt=1))
    talk.server("session.started", session={"id": "live_2", "model": "gpt-live-1"})
    assert (
        "72 older messages are left out: a session begins with at most 128, of 8,192 tokens." in talk.notes()
    )
    assert "A new session began; it knows 128 messages." in talk.notes()


def test_nobody_speaks_for_too_long_and_the_session_hangs_up_with_a_warning():
    talk = Talk(limit_idle_minutes=1.0).start()
    talk.fires("limits", 50.0)
    assert "Limit almost reached: 0.83 of limits.idle_minutes = 1 minutes without a word." in talk.notes()
    talk.fires("limits", 61.0)
    assert talk.sent()[-1]["type"] == "session.close"
    talk.server("session.closed", reason="close_requested", usage={"seconds": 61})
    assert any(isinstance(one, effects.Close) and one.exit_code == ExitCode.LIMIT for one in talk.take())


def test_what_is_fixed_in_a_session_cannot_be_changed():
    talk = Talk().start()
    talk.take()
    talk.does(inputs.SettingsChanged(1.0, {"instructions": "Be loud."}))
    assert "session.instructions is fixed" in talk.notes()[0]
    assert talk.sent() == []


def test_the_kind_of_delegation_is_fixed_and_said_to_be():
    patch = {"delegation": {"type": "responses", "responses": {"model": "gpt-5"}}}
    session = LiveClientSession(SessionOptions(protocol="live", patch=patch))
    session.handle(inputs.Connected(0.0, ""))
    started = {"type": "session.started", "session": {"model": "gpt-live-1"}}
    session.handle(inputs.Received(0.1, codec.live_server_event(started)))
    done = session.handle(inputs.SettingsChanged(0.2, {"delegation": {"type": "client"}}))
    assert [type(effect).__name__ for effect in done] == ["Note"]
    assert "session.delegation.type is fixed" in done[0].text
