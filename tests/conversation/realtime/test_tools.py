"""Tool calls, as the narrator tells them."""

from __future__ import annotations

from typing import Any

import pytest

from realtime_cli.client import effects as fx
from realtime_cli.client import inputs as i
from realtime_cli.conversation import events as e
from tests.conversation.telling import begun, done, live, of, spoken, told
from tests.recording.sample import local, received, sent

CALL = {"type": "function_call", "id": "f1", "call_id": "c1", "name": "clock", "arguments": '{"a":1}'}
ARGUMENTS = {"response_id": "r1", "item_id": "f1", "call_id": "c1", "arguments": '{"a":1}'}
OUTPUT = {"type": "function_call_output", "call_id": "c1", "output": "noon"}


def tools(*parts: Any) -> list[str]:
    """Short lines of what becomes of tools."""
    lines = []
    for event in told(*parts):
        match event:
            case e.ToolCalled():
                lines.append(f"called {event.name} {event.arguments}")
            case e.ToolWaiting():
                lines.append(f"waiting {event.name} {event.question}")
            case e.ToolAnswered():
                lines.append(f"answered {event.verdict} {event.waited_ms:.0f}")
            case e.ToolRunning():
                lines.append("running")
            case e.ToolProgressed():
                lines.append(f"progress {event.text}")
            case e.ToolEnded():
                lines.append(f"{event.status} {event.output}")
    return lines


def item(at: float, kind: str, **more: Any) -> Any:
    return received(at, f"response.output_item.{kind}", response_id="r1", item={**CALL, **more})


def test_a_call_with_all_that_may_happen_to_it() -> None:
    assert tools(
        live(),
        spoken(1, 0),
        begun(1.1),
        item(1.2, "added", arguments="", status="in_progress"),
        received(1.3, "response.function_call_arguments.done", name="clock", **ARGUMENTS),
        local(fx.CallTool("c1", "clock", '{"a":1}'), 1.3),
        local(i.ApprovalAsked(1.3, "c1", "clock", "{}")),
        item(1.4, "done", status="completed"),
        done(1.5, output=[CALL]),
        local(i.ApprovalAnswered(2.3, "c1", "once")),
        local(i.ToolStarted(2.3, "c1")),
        local(i.ToolProgress(2.4, "c1", "half")),
        local(i.ToolFinished(2.5, "c1", "noon", False, 0.2)),
        sent(2.5, "conversation.item.create", item=OUTPUT),
        received(2.6, "conversation.item.added", item={**OUTPUT, "id": "o1"}),
    ) == [
        'called clock {"a":1}',
        "waiting clock run",
        "answered once 1000",
        "running",
        "progress half",
        "done noon",
    ]


def test_older_servers_tell_the_name_elsewhere() -> None:
    nameless = received(1.3, "response.function_call_arguments.done", **ARGUMENTS)

    assert tools(begun(1.1), item(1.2, "added", arguments=""), nameless) == ['called clock {"a":1}']
    assert tools(begun(1.1), nameless, item(1.4, "done")) == ['called clock {"a":1}']
    assert tools(begun(1.1), done(1.5, output=[CALL])) == ['called clock {"a":1}']
    assert tools(local(fx.CallTool("c1", "clock", "{}"), 1)) == ["called clock {}"]


def test_a_call_that_broke_off_was_not_called() -> None:
    assert tools(begun(1.1), item(1.2, "added", arguments=""), item(1.3, "done", status="incomplete")) == []


def test_in_a_bare_log_the_output_is_the_end() -> None:
    events = (begun(1.1), item(1.2, "done"), sent(1.7, "conversation.item.create", item=OUTPUT))

    assert tools(*events) == ['called clock {"a":1}', "done noon"]
    assert of(e.ToolEnded, *events)[0].seconds == pytest.approx(0.5)


def test_a_cancelled_call_ends_as_that() -> None:
    called = local(fx.CallTool("c1", "clock", "{}"), 1)

    assert tools(called, local(fx.CancelTool("c1"), 2), sent(2, "conversation.item.create", item=OUTPUT)) == [
        "called clock {}",
        "cancelled ",
    ]


def test_a_call_of_an_earlier_session_is_history() -> None:
    history = {key: CALL[key] for key in ("type", "call_id", "name", "arguments")}
    told_anew = received(0.6, "conversation.item.added", item=CALL)

    assert tools(live(), sent(0.5, "conversation.item.create", item=history), told_anew) == []


def test_a_call_of_an_out_of_band_response_is_for_who_asked() -> None:
    ask = sent(0.5, "response.create", response={"conversation": "none"})

    assert (
        tools(ask, begun(1.0, "r1", None), item(1.1, "added"), item(1.2, "done"), done(1.3, output=[CALL]))
        == []
    )


def test_a_call_that_the_server_runs() -> None:
    call = {"type": "mcp_call", "id": "m1", "server_label": "docs", "name": "find", "arguments": ""}
    over = {**call, "arguments": "{}", "output": "found"}
    failed = {**over, "output": None, "error": {"type": "tool_execution_error", "message": "broken"}}
    place = {"item_id": "m1", "output_index": 0}
    flow = (
        begun(1.0),
        received(1.1, "response.output_item.added", response_id="r1", item=call),
        received(1.2, "response.mcp_call_arguments.done", arguments="{}", response_id="r1", **place),
        received(1.3, "response.mcp_call.in_progress", **place),
    )

    end = received(1.8, "response.output_item.done", response_id="r1", item=over)
    assert tools(*flow, end, end) == ["called docs.find {}", "running", "done found"]
    assert of(e.ToolCalled, *flow)[0].hosted
    assert of(e.ToolEnded, *flow, end)[0].seconds == pytest.approx(0.5)
    broken = received(1.8, "conversation.item.done", item=failed)
    assert tools(*flow, broken)[-1] == "failed broken"


def test_in_a_bare_log_the_wire_tells_what_was_asked_and_answered() -> None:
    request = {
        "type": "mcp_approval_request",
        "id": "q1",
        "server_label": "docs",
        "name": "find",
        "arguments": "{}",
    }
    answer = {"type": "mcp_approval_response", "approval_request_id": "q1", "approve": False}
    flow = (
        begun(1.0),
        received(1.1, "response.output_item.done", response_id="r1", item=request),
        sent(2.1, "conversation.item.create", item=answer),
    )

    assert tools(*flow) == ["waiting docs.find run", "answered no 1000"]
    assert tools(live(), *flow) == []


def test_a_server_may_leave_out_the_ids_of_calls_or_call_them_all_alike() -> None:
    unnamed = {**CALL, "call_id": ""}
    output = sent(1.5, "conversation.item.create", item=OUTPUT)
    second = (
        begun(2.0, "r2"),
        received(2.1, "response.output_item.done", response_id="r2", item=CALL),
        sent(2.5, "conversation.item.create", item=OUTPUT),
    )

    assert tools(begun(1.0), received(1.1, "response.output_item.done", response_id="r1", item=unnamed)) == [
        'called clock {"a":1}'
    ]
    flow = (begun(1.0), item(1.1, "done"), output, *second)
    assert tools(*flow) == ['called clock {"a":1}', "done noon"] * 2
    assert len({event.call_id for event in of(e.ToolCalled, *flow)}) == 2
