"""Tool calls as cards: whoever runs them, and however long they take."""

from __future__ import annotations

from typing import Any

from realtime_cli.client import effects, inputs
from realtime_cli.client.entry import Entry
from realtime_cli.conversation import events as e
from realtime_cli.conversation.block_order import BlockOrder
from realtime_cli.conversation.blocks import ToolCard
from realtime_cli.conversation.tool_cards import ToolCards
from realtime_cli.tui.panels import block_text
from realtime_cli.tui.plain import sentence
from realtime_cli.tui.view import View
from tests.tui.scenes import EntryView, connected, local, received, says, sent

CALL = {"type": "function_call", "id": "i1", "call_id": "c1", "name": "get_time"}
OUTPUT = {"type": "function_call_output", "call_id": "c1", "output": "14:05"}
MCP = {"type": "mcp_call", "id": "m1", "server_label": "files", "name": "ls", "arguments": '{"path":"/"}'}


def calling(*entries: Entry) -> EntryView:
    view = EntryView()
    for entry in [*connected(), *entries]:
        view.fold(entry)
    return view


def cards(view: View) -> list[str]:
    return [sentence(block) for block in view.blocks]


def item(at: float, **more: Any) -> Entry:
    return received(at, "response.output_item.done", response_id="R", item=more)


def test_a_call_of_ours_tells_name_arguments_result_and_time() -> None:
    view = calling(local(effects.CallTool("c1", "get_time", '{"city":"Oslo"}'), 1))
    assert view.state.words == "calling get_time"
    view.fold(local(inputs.ToolFinished(1.5, "c1", "14:05", seconds=0.5)))
    assert cards(view) == ['Tool get_time(city="Oslo") answered after 500 ms: 14:05']


def test_a_slow_tool_does_not_hold_back_the_talk_and_is_told_of_twice() -> None:
    view = calling(local(effects.CallTool("c1", "slow", "{}"), 1), *says(2, "U1", "Still there?"))
    assert cards(view) == ["Tool slow() is running.", "You: Still there?"]
    view.fold(local(inputs.ToolFinished(9, "c1", "broken", failed=True, seconds=8)))
    assert cards(view) == [
        "Tool slow() is running.",
        "You: Still there?",
        "Tool slow() failed after 8.0 s: broken",
    ]


def test_a_call_behind_an_open_question_waits_for_the_user_too() -> None:
    view = calling(
        local(effects.CallTool("c1", "rm", "{}"), 1),
        local(inputs.ApprovalAsked(1, "c1", "rm", "{}")),
        local(effects.CallTool("c2", "mv", "{}"), 2),
    )
    assert [block.waits for block in view.blocks if isinstance(block, ToolCard)] == [True, True]
    view.fold(local(inputs.ApprovalAnswered(3, "c1", "session")))
    view.fold(local(inputs.ToolStarted(3, "c2")))
    assert [block.waits for block in view.blocks if isinstance(block, ToolCard)] == [False, False]


def test_what_the_user_refused_did_not_fail() -> None:
    for reason, told in (("It is late.", ": It is late."), ("", ".")):
        view = calling(
            local(effects.CallTool("c1", "rm", "{}"), 1),
            local(inputs.ApprovalAsked(1, "c1", "rm", "{}")),
            local(inputs.ApprovalAnswered(3, "c1", "no", reason)),
            local(inputs.ToolFinished(3, "c1", "The user did not allow this call.", failed=True)),
        )
        assert cards(view)[-1] == f"Tool rm() was not allowed{told}"
        (card,) = (block for block in view.blocks if isinstance(block, ToolCard))
        assert block_text(card).plain == "tool  rm() → not allowed" + told.rstrip(".") + "." * bool(reason)


def test_the_wait_for_a_permission_is_no_part_of_the_call() -> None:
    view = calling(
        local(effects.CallTool("c1", "rm", "{}"), 1),
        local(inputs.ToolStarted(61, "c1")),
        sent(61.5, "conversation.item.create", item={**OUTPUT, "output": "gone"}),
    )
    assert cards(view) == ["Tool rm() answered after 500 ms: gone"]


def test_a_cancelled_call_has_no_result_whatever_comes_behind() -> None:
    view = calling(
        local(effects.CallTool("c1", "slow", "{}"), 1),
        local(effects.CancelTool("c1"), 2),
        local(inputs.ToolFinished(3, "c1", "too late", seconds=2)),
    )
    [card] = cards(view)
    assert "too late" not in card
    assert "cancelled" in card


def test_in_a_bare_log_the_items_tell() -> None:
    view = calling(
        received(1, "response.output_item.added", response_id="R", item=CALL),
        received(
            1.2,
            "response.function_call_arguments.done",
            call_id="c1",
            name="get_time",
            arguments='{"city":"Oslo"}',
        ),
        sent(2, "conversation.item.create", item=OUTPUT),
    )
    assert cards(view) == ['Tool get_time(city="Oslo") answered after 800 ms: 14:05']


def test_calls_that_the_server_runs_end_with_what_it_says_of_them() -> None:
    begun = received(1, "response.output_item.added", response_id="R", item=MCP)
    done = calling(begun, item(1.5, **MCP, output="bin etc usr"))
    assert cards(done) == ['Tool files.ls(path="/") answered after 500 ms: bin etc usr']
    failed = calling(begun, item(1.5, **MCP, error={"type": "protocol_error", "code": 1, "message": "No."}))
    assert cards(failed)[0].startswith('Tool files.ls(path="/") failed after 500 ms: No.')


def test_news_of_a_call_that_nobody_made_is_no_card() -> None:
    view = calling(
        local(inputs.ToolStarted(1, "c9")),
        local(inputs.ToolProgress(1, "c9", "half way")),
        local(inputs.ToolFinished(2, "c9", "?")),
        sent(3, "conversation.item.create", item=OUTPUT),
    )
    assert cards(view) == []


def test_a_call_that_waits_for_the_user_does_not_say_that_it_runs() -> None:
    order = BlockOrder()
    tools = ToolCards(order)
    tools.observe(e.ToolCalled(1.0, 1, "c1", "pay", "{}"))
    tools.observe(e.ToolWaiting(1.1, 1, "c1", "pay", "{}"))
    [card] = order.blocks
    assert sentence(card) == "Tool pay() is waiting for your approval."
    tools.observe(e.ToolAnswered(2.0, 1, "c1", "once"))
    assert sentence(card) == "Tool pay() is running."
