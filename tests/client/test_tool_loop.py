"""Tools in the client's rules: run, told, not awaited, cut, run by the server, and the end of a call."""

from __future__ import annotations

import json
from typing import Any

import pytest

from realtime_cli.client import effects, inputs
from tests.client.dialogue import Dialogue

PLACE = {"item_id": "A", "response_id": "R2", "output_index": 0, "content_index": 0}
OUTPUT, ASK = "item.create function_call_output", "response.create"


def call(
    call_id: str = "1", name: str = "clock", arguments: str = "{}", status: str = "completed"
) -> dict[str, Any]:
    return {
        "id": f"F{call_id}",
        "type": "function_call",
        "call_id": call_id,
        "name": name,
        "arguments": arguments,
        "status": status,
    }


def talk(**options: Any) -> Dialogue:
    dialogue = Dialogue(**options)
    dialogue.connect()
    return dialogue


def calls(d: Dialogue, *items: dict[str, Any], response: str = "R") -> list[str]:
    """A response of nothing but calls."""
    d.server("response.created", response={"id": response})
    done = d.done(response, output=items)
    return [line for line in done if line.startswith("call")]


def spoken(d: Dialogue, at: float) -> None:
    d.at = at
    d.server("input_audio_buffer.speech_started", item_id="U")
    d.server("input_audio_buffer.speech_stopped", item_id="U")
    d.server("input_audio_buffer.committed", item_id="U")


# -- a call and its result -------------------------------------------------------------------------


def test_a_tool_runs_once_and_is_answered_once() -> None:
    d = talk()
    d.server("response.created", response={"id": "R"})
    ran = d.server(
        "response.function_call_arguments.done",
        response_id="R",
        item_id="F1",
        output_index=0,
        call_id="1",
        name="clock",
        arguments='{"zone":"UTC"}',
    )
    assert ran == ['call clock {"zone":"UTC"}']
    assert d.server("response.output_item.done", response_id="R", output_index=0, item=call("1")) == []
    assert d.done(output=[call("1")]) == []
    assert d.give(inputs.ToolFinished, "1", "12:00") == [
        OUTPUT,
        ASK,
    ]


def test_outputs_go_back_in_call_order_with_one_request() -> None:
    d = talk()
    d.server("response.created", response={"id": "R"})
    assert d.done(output=[call("1"), call("2")]) == ["call clock {}", "call clock {}"]
    assert d.give(inputs.ToolFinished, "2", "second") == []
    assert d.give(inputs.ToolFinished, "1", "first") == [OUTPUT, OUTPUT, ASK]
    assert [e["item"]["output"] for e in d.sent[-3:-1]] == ["first", "second"]


def test_no_request_before_the_calling_response_is_done() -> None:
    d = talk()
    d.server("response.created", response={"id": "R"})
    d.server("response.output_item.done", response_id="R", output_index=0, item=call("1"))
    assert d.give(inputs.ToolFinished, "1", "x") == [OUTPUT]
    assert d.done(output=[call("1")]) == [ASK]


def test_the_name_of_a_call_may_come_earlier() -> None:
    d = talk()
    d.server("response.created", response={"id": "R"})
    item = {**call("1", arguments=""), "status": "in_progress"}
    d.server("response.output_item.added", response_id="R", output_index=0, item=item)
    ran = d.server(
        "response.function_call_arguments.done",
        response_id="R",
        item_id="F1",
        output_index=0,
        call_id="1",
        arguments="{}",
    )
    assert ran == ["call clock {}"]


def test_a_cut_call_runs_only_if_its_arguments_parse() -> None:
    d = talk()
    d.server("response.created", response={"id": "R"})
    broken = call("1", arguments='{"zone": "Eur', status="incomplete")
    assert d.done(status="incomplete", output=[broken]) == ["note warning response"]


def test_calls_of_a_cancelled_response_ask_for_no_answer() -> None:
    d = talk()
    d.server("response.created", response={"id": "R"})
    d.server("response.output_item.done", response_id="R", output_index=0, item=call("1"))
    d.done(status="cancelled", output=[call("1")])
    assert d.give(inputs.ToolFinished, "1", "x") == [OUTPUT]


# -- rounds ---------------------------------------------------------------------------------------


def test_tool_rounds_end() -> None:
    d = talk(tool_rounds=2)
    for number in "12":
        d.server("response.created", response={"id": number})
        d.done(number, output=[call(number)])
        lines = d.give(inputs.ToolFinished, number, "again")
    assert lines == [OUTPUT, "note warning tools", ASK]
    assert d.sent[-1]["response"] == {"tool_choice": "none"}
    d.server("response.created", response={"id": "3"})
    d.done("3", output=[call("3")])
    assert d.give(inputs.ToolFinished, "3", "again") == [OUTPUT, "close LIMIT"]


def test_tool_rounds_are_warned_of_and_counted_anew_after_a_word() -> None:
    d = talk(tool_rounds=5)
    lines = []
    for number in "1234":
        d.server("response.created", response={"id": number})
        d.done(number, output=[call(number)])
        lines = d.give(inputs.ToolFinished, number, "again")
    assert lines == [OUTPUT, "note warning limits", ASK]
    d.server("response.created", response={"id": "5"})
    d.done("5")
    d.give(inputs.Typed, "And then?")
    for number in "67":
        d.server("response.created", response={"id": number})
        d.done(number, output=[call(number)])
        lines = d.give(inputs.ToolFinished, number, "again")
    assert lines == [OUTPUT, ASK]


# -- results that nobody waits for ----------------------------------------------------------------


def test_a_result_that_is_not_awaited_is_told_when_the_talk_rests() -> None:
    d = talk(tools_not_awaited=("clock",))
    assert calls(d, call()) == ["call clock {}"]
    assert d.session.idle_but_background_tools
    assert not d.session.idle
    d.agent_speaks("A", "R2")
    assert d.give(inputs.ToolFinished, "1", "noon") == []
    assert d.done("R2") == ["end A"]
    assert d.give(inputs.Played, "A", 0, 1000.0, True) == [OUTPUT, ASK]
    assert not d.session.idle


def test_a_late_result_waits_for_a_pause_after_the_user() -> None:
    d = talk(tools_not_awaited=("clock",))
    calls(d, call())
    spoken(d, at=10.0)
    assert d.give(inputs.ToolFinished, "1", "noon") == []
    d.at = 11.5
    assert d.give(inputs.TimerFired, "late_results") == [OUTPUT, ASK]


def test_a_late_result_without_respond_asks_for_nothing() -> None:
    d = talk(tools_not_awaited=("clock",))
    calls(d, call())
    assert d.give(inputs.ToolFinished, "1", "noon", False, 0.1, False) == [OUTPUT]
    assert d.session.idle


# -- interruptions --------------------------------------------------------------------------------


def test_an_interruption_ends_the_calls_that_it_shall_end() -> None:
    d = talk(tools_cut_by_interruption=("search",))
    calls(d, call("1", "search"), call("2", "clock"))
    happened = inputs.Received(0.0, _speech())
    wanted = d.session.handle(happened)
    assert effects.CancelTool("1") in wanted
    assert effects.CancelTool("2") not in wanted
    assert d.give(inputs.ToolFinished, "2", "noon") == [OUTPUT, ASK]


def test_what_was_cut_is_told_but_not_spoken_about() -> None:
    d = talk(tools_cut_by_interruption=("search",))
    calls(d, call("1", "search"))
    assert d.server("input_audio_buffer.speech_started", item_id="U") == [OUTPUT]
    assert d.sent[-1]["item"]["output"] == "Ended: the user interrupted."


@pytest.mark.parametrize("way", [("Pressed", "interrupt"), ("Typed", "stop")])
def test_keys_and_typed_words_interrupt_too(way: tuple[str, str]) -> None:
    d = talk(tools_cut_by_interruption=("search",))
    calls(d, call("1", "search"))
    assert OUTPUT in d.give(getattr(inputs, way[0]), way[1])


def _speech() -> Any:
    from realtime_cli.protocol import codec

    return codec.decode_server_event('{"type": "input_audio_buffer.speech_started", "item_id": "U"}')


# -- the end of a call ----------------------------------------------------------------------------


def test_the_session_ends_when_the_goodbye_was_heard() -> None:
    d = talk()
    calls(d, call("1", "hang_up"))
    assert d.give(inputs.ToolFinished, "1", "Say goodbye.", hang_up=True) == [OUTPUT, ASK]
    d.agent_speaks("A", "R2")
    d.done("R2")
    assert d.give(inputs.Played, "A", 0, 500.0) == []
    assert d.give(inputs.Played, "A", 0, 1000.0, True) == ["close OK"]


def test_a_goodbye_that_came_with_the_call_is_not_said_twice() -> None:
    d = talk()
    d.agent_speaks("A", "R")
    message = {"id": "A", "type": "message", "role": "assistant", "content": []}
    d.done("R", output=[message, call("1", "hang_up")])
    assert d.give(inputs.ToolFinished, "1", "Say goodbye.", hang_up=True) == [OUTPUT]
    assert d.give(inputs.Played, "A", 0, 1000.0, True) == ["close OK"]


@pytest.mark.parametrize("way", ["speech", "typed", "key"])
def test_nobody_hangs_up_on_a_user_who_goes_on(way: str) -> None:
    d = talk()
    calls(d, call("1", "hang_up"))
    d.give(inputs.ToolFinished, "1", "Say goodbye.", hang_up=True)
    d.agent_speaks("A", "R2")
    match way:
        case "speech":
            d.server("input_audio_buffer.speech_started", item_id="U")
        case "typed":
            d.give(inputs.Typed, "wait")
        case "key":
            d.give(inputs.Pressed, "interrupt")
    d.stopped(("A", 300, False))
    assert "close OK" not in d.done("R2", status="cancelled")


# -- tools that the server runs -------------------------------------------------------------------


def hosted(item_id: str = "M", **fields: Any) -> dict[str, Any]:
    return {
        "id": item_id,
        "type": "mcp_call",
        "server_label": "wiki",
        "name": "ask",
        "arguments": "{}",
        **fields,
    }


def request(item_id: str = "Q", arguments: str = '{"a": 1}') -> dict[str, Any]:
    return {
        "id": item_id,
        "type": "mcp_approval_request",
        "server_label": "wiki",
        "name": "ask",
        "arguments": arguments,
    }


def item_event(d: Dialogue, kind: str, item: dict[str, Any]) -> list[str]:
    return d.server(f"response.output_item.{kind}", response_id="R", output_index=0, item=item)


@pytest.mark.parametrize("end", ["completed", "failed"])
@pytest.mark.parametrize("late", [True, False])
def test_the_model_is_asked_once_to_speak_about_a_hosted_call(end: str, late: bool) -> None:
    d = talk()
    d.server("response.created", response={"id": "R"})
    item_event(d, "added", hosted())
    events = [
        lambda: d.server(f"response.mcp_call.{end}", item_id="M", output_index=0),
        lambda: d.done("R", output=[hosted(output="x")] if not late else [hosted()]),
    ]
    first, second = reversed(events) if late else events
    assert first() == []
    assert not d.session.idle
    assert second() == [ASK]
    assert item_event(d, "done", hosted(output="x")) == []


def test_a_hosted_call_whose_end_is_never_told_is_given_up() -> None:
    d = talk()
    d.server("response.created", response={"id": "R"})
    item_event(d, "added", hosted())
    d.done("R", output=[hosted()])
    assert not d.session.idle
    assert d.give(inputs.TimerFired, "hosted_calls") == ["note warning tools"]
    assert d.session.idle
    assert d.server("response.mcp_call.completed", item_id="M", output_index=0) == []


def test_an_approval_is_asked_for_once_and_sent() -> None:
    d = talk()
    d.server("response.created", response={"id": "R"})
    assert _asked(d, "added", request(arguments="")) == []
    assert _asked(d, "done", request()) == [effects.RequestApproval("Q", "wiki.ask", '{"a": 1}')]
    assert d.done("R", output=[request()]) == []
    assert not d.session.idle
    assert d.give(inputs.ApprovalAnswered, "Q", "session") == ["item.create mcp_approval_response"]
    assert d.sent[-1]["item"] == {
        "type": "mcp_approval_response",
        "approval_request_id": "Q",
        "approve": True,
    }
    added = hosted(approval_request_id="Q", output=None)
    assert d.server("conversation.item.added", item=added) == []
    assert d.server("response.mcp_call.completed", item_id="M", output_index=0) == [ASK]


def test_a_refusal_carries_its_reason_and_the_model_goes_on() -> None:
    d = talk()
    d.server("response.created", response={"id": "R"})
    item_event(d, "done", request())
    d.done("R", output=[request()])
    assert d.give(inputs.ApprovalAnswered, "Q", "no", "private") == ["item.create mcp_approval_response", ASK]
    item = d.sent[-2]["item"]
    assert (item["approve"], item["reason"]) == (False, "private")


def test_answers_to_other_questions_are_none_of_the_servers_business() -> None:
    assert talk().give(inputs.ApprovalAnswered, "call_1", "no") == []


def test_hosted_calls_of_the_history_start_nothing() -> None:
    d = talk()
    assert d.server("conversation.item.added", item=hosted(output="x")) == []
    assert d.server("conversation.item.added", item=request()) == []
    assert d.session.idle


def test_a_list_of_tools_that_fails_is_told() -> None:
    assert talk().server("mcp_list_tools.failed", item_id="L") == ["note error tools"]


def _asked(d: Dialogue, kind: str, item: dict[str, Any]) -> list[effects.Effect]:
    from realtime_cli.protocol import codec

    event = {"type": f"response.output_item.{kind}", "response_id": "R", "output_index": 0, "item": item}
    return d.session.handle(inputs.Received(d.at, codec.decode_server_event(json.dumps(event))))


# -- a lost connection ----------------------------------------------------------------------------


def test_a_call_that_runs_while_the_connection_is_lost_is_told_on_the_new_one() -> None:
    d = talk()
    d.server("response.created", response={"id": "R"})
    item_event(d, "done", call())
    d.done("R", output=[call()])
    d.give(inputs.Disconnected, 1006, "")
    d.give(inputs.Connected, "ws://test", 1)
    d.server("session.created", session={})
    again = d.server("session.updated", session={})
    assert "item.create function_call" in again
    assert d.give(inputs.ToolFinished, "1", "noon") == [OUTPUT, ASK]


@pytest.mark.parametrize("choice", ["required", {"type": "function", "name": "clock"}])
def test_a_forced_tool_is_called_once(choice: Any) -> None:
    d = talk(patch={"type": "realtime", "tool_choice": choice})
    calls(d, call())
    assert d.give(inputs.ToolFinished, "1", "noon") == [OUTPUT, ASK]
    assert d.sent[-1]["response"] == {"tool_choice": "auto"}


def test_a_free_tool_choice_is_left_alone() -> None:
    d = talk(patch={"type": "realtime", "tool_choice": "auto"})
    calls(d, call())
    d.give(inputs.ToolFinished, "1", "noon")
    assert "response" not in d.sent[-1]
