"""Blocks in the order of the conversation, and what of them may be written down for good."""

from __future__ import annotations

from realtime_cli.conversation.block_order import COMMIT_TIMEOUT_S, TRANSCRIPT_TIMEOUT_S, BlockOrder
from realtime_cli.conversation.blocks import AgentTurn, Notice, ToolCard, UserTurn
from realtime_cli.conversation.reveal import RevealedPart


def user(order: BlockOrder, item_id: str, after: str | None = None, **more: object) -> UserTurn:
    turn = UserTurn(order.at, item_id, **more)  # type: ignore[arg-type]
    order.turns[item_id] = turn
    order.place(turn, after)
    return turn


def ids(order: BlockOrder) -> list[str]:
    return [getattr(block, "item_id", "") or getattr(block, "text", "") for block in order.blocks]


def test_a_block_goes_behind_the_one_that_the_server_says_is_before_it() -> None:
    order = BlockOrder()
    for item_id, after in (("a", None), ("c", "a"), ("b", "a"), ("d", "nobody knows this one")):
        user(order, item_id, after)
    assert ids(order) == ["a", "b", "c", "d"]


def test_notes_stay_with_the_block_they_came_behind() -> None:
    order = BlockOrder()
    user(order, "a")
    order.notice("info", "note", "a note")
    user(order, "b", "a")
    assert ids(order) == ["a", "a note", "b"]


def test_what_is_written_down_is_never_moved() -> None:
    order = BlockOrder()
    user(order, "a", final=True)
    order.append(Notice(0.0, "info", "note", "a note"))
    user(order, "b", "a", final=True)
    order.settle()
    assert order.settled == 3
    user(order, "late", "a")
    assert ids(order) == ["a", "a note", "b", "late"]
    assert [block.item_id for block in order.open if isinstance(block, UserTurn)] == ["late"]


def test_notices_stand_in_the_order_of_time_and_warnings_are_known_before() -> None:
    order = BlockOrder()
    turn = user(order, "a")
    order.notice("info", "note", "a note")
    order.notice("warning", "network", "a warning")
    assert ids(order) == ["a", "a note", "a warning"]
    assert [notice.text for notice in order.pending] == ["a warning"]
    turn.final = True
    order.settle()
    assert (order.settled, order.pending) == (3, [])


def test_a_turn_waits_for_its_text_but_not_for_ever() -> None:
    order = BlockOrder()
    turn = user(order, "a", committed_at=1.0)
    order.at = 1.0 + TRANSCRIPT_TIMEOUT_S
    order.settle()
    assert order.settled == 0
    order.at += 0.1
    order.settle()
    assert (order.settled, turn.final, turn.missing) == (1, True, "no transcript came")


def test_a_turn_that_is_never_committed_gives_way_sooner() -> None:
    order = BlockOrder()
    user(order, "being said")
    user(order, "stopped", stopped_at=1.0)
    order.at = 1.1 + COMMIT_TIMEOUT_S
    order.settle()
    assert order.settled == 0  # the first is still being said
    order.blocks[0].final = True
    order.settle()
    assert order.settled == 2


def test_a_tool_holds_up_the_talk_only_until_the_talk_has_gone_on() -> None:
    order = BlockOrder()
    card = ToolCard(0.0, "c1", "slow")
    order.append(card)
    turn = user(order, "a")
    order.settle()
    assert order.settled == 0
    turn.final = True
    order.settle()
    assert (order.settled, card.left_running) == (2, True)


def test_at_the_end_everything_stands_as_it_is() -> None:
    order = BlockOrder()
    order.paced = True
    heard = RevealedPart("one two", voice=True, played_ms=900, heard_ms=400)
    agent, said, tool = AgentTurn(0.0, "A", parts={0: heard}), UserTurn(0.0, "U"), ToolCard(0.0, "c1", "slow")
    for block in (agent, said, tool):
        order.append(block)
    order.close()
    assert (agent.cut_ms, said.missing, tool.state) == (400, "no transcript", "cancelled")
    assert order.open == []


def test_words_and_pictures_are_not_missed_at_the_end() -> None:
    order = BlockOrder()
    turns = [UserTurn(0.0, "a", "Hello"), UserTurn(0.0, "b", images=1), UserTurn(0.0, "c", missing="why not")]
    order.blocks += turns
    order.close()
    assert [turn.missing for turn in turns] == ["", "", "why not"]


def test_words_without_a_sound_of_their_own_are_cut_where_the_sound_of_the_turn_was() -> None:
    turn = AgentTurn(0.0, "a")
    turn.parts[0] = RevealedPart("One two three four five six", shown=27)
    turn.parts[1] = RevealedPart(voice=True, played_ms=2000.0, heard_ms=1000.0)
    turn.cut_written()
    assert turn.shown_text == "One two three"
