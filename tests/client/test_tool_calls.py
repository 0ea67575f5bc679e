"""Calls run once, outputs go back in order."""

from __future__ import annotations

from realtime_cli.client.tool_calls import ToolCalls


def test_the_same_call_from_three_events_runs_once():
    calls = ToolCalls()
    assert calls.begin("R", "1", "f", "{}", whole=True)
    assert calls.begin("R", "1", "f", "{}", whole=True) is None


def test_empty_arguments_are_an_empty_object():
    call = ToolCalls().begin("R", "1", "f", "", whole=True)
    assert call is not None
    assert call.arguments == "{}"


def test_a_nameless_call_waits_for_its_name():
    calls = ToolCalls()
    assert calls.begin("R", "1", None, "{}", whole=True) is None
    calls.named("1", "f")
    assert calls.begin("R", "1", None, "{}", whole=True)


def test_an_output_waits_for_those_before_it():
    calls = ToolCalls()
    calls.begin("R", "1", "f", "{}", whole=True)
    calls.begin("R", "2", "g", "{}", whole=True)
    calls.finished("2", "b", respond=True)
    assert calls.outputs_to_send() == []
    calls.finished("1", "a", respond=True)
    assert [call.output for call in calls.outputs_to_send()] == ["a", "b"]
    assert calls.outputs_to_send() == []


def test_a_round_is_over_once():
    calls = ToolCalls()
    calls.begin("R", "1", "f", "{}", whole=True)
    calls.finished("1", "a", respond=False)
    calls.outputs_to_send()
    assert calls.rounds_over() == []
    calls.response_done("R", cancelled=False)
    (over,) = calls.rounds_over()
    assert not over.calls[0].respond
    assert calls.rounds_over() == []
    assert not calls.pending


def test_a_lost_socket_ends_open_responses():
    calls = ToolCalls()
    calls.begin("R", "1", "f", "{}", whole=True)
    calls.on_disconnect()
    calls.finished("1", "a", respond=True)
    assert [call.output for call in calls.outputs_to_send()] == ["a"]
    assert len(calls.rounds_over()) == 1


def test_a_call_that_is_not_awaited_holds_up_no_round():
    calls = ToolCalls(not_awaited=("slow",))
    calls.begin("R", "1", "slow", "{}", whole=True)
    calls.begin("R", "2", "f", "{}", whole=True)
    calls.finished("2", "b", respond=True)
    calls.response_done("R", cancelled=False)
    assert [call.output for call in calls.outputs_to_send()] == ["b"]
    assert len(calls.rounds_over()) == 1
    assert calls.background_pending
    assert not calls.background_ended
    calls.finished("1", "a", respond=True)
    assert calls.background_ended
    assert [call.output for call in calls.background_outputs()] == ["a"]
    assert not calls.background_pending


def test_a_round_waits_for_a_call_of_the_server_but_sends_nothing_for_it():
    calls = ToolCalls()
    calls.begin_remote("R", "M", "wiki.ask")
    calls.begin("R", "1", "f", "{}", whole=True)
    calls.finished("1", "a", respond=False)
    calls.response_done("R", cancelled=False)
    assert [call.call_id for call in calls.outputs_to_send()] == ["1"]
    assert calls.rounds_over() == []
    calls.finished_remote("M")
    calls.finished_remote("M")
    assert len(calls.rounds_over()) == 1


def test_a_lost_socket_takes_calls_of_the_server_with_it():
    calls = ToolCalls()
    calls.begin_remote("R", "M", "wiki.ask")
    calls.on_disconnect()
    assert len(calls.rounds_over()) == 1


def test_what_is_owed_is_what_was_not_sent():
    calls = ToolCalls()
    calls.begin("R", "1", "f", "{}", whole=True)
    assert calls.owed == {"1"}
    calls.finished("1", "a", respond=True)
    assert calls.owed == {"1"}
    calls.outputs_to_send()
    assert calls.owed == set()


# -- ids that are not unique -------------------------------------------------------------------------


def begin(calls: ToolCalls, response: str, call: str, item: str | None, *, whole: bool = True) -> str | None:
    begun = calls.begin(response, call, "f", "{}", whole=whole, item_id=item)
    return begun.call_id if begun else None


def test_a_call_id_may_come_again_in_a_later_response() -> None:
    calls = ToolCalls()
    assert begin(calls, "R1", "same", "f1") == "same"
    calls.finished("same", "one", respond=True)
    calls.outputs_to_send()
    calls.response_done("R1", cancelled=False)
    calls.rounds_over()
    assert begin(calls, "R2", "same", "f2") == "same"
    assert begin(calls, "R2", "same", "f2") is None


def test_two_calls_of_one_response_may_have_one_call_id() -> None:
    calls = ToolCalls()
    assert begin(calls, "R", "same", "f1") == "same"
    assert begin(calls, "R", "same", "f2") == "f2"
    calls.finished("f2", "two", respond=True)
    calls.finished("same", "one", respond=True)
    assert [(call.wire_id, call.output) for call in calls.outputs_to_send()] == [
        ("same", "one"),
        ("same", "two"),
    ]


def test_a_call_without_id_goes_by_its_item() -> None:
    calls = ToolCalls()
    assert begin(calls, "R", "", "f1") == "f1"
    assert begin(calls, "R", "", "f1") is None
    assert begin(calls, "R", "", None) is None


def test_an_event_that_names_no_item_is_of_the_call_that_has_its_id() -> None:
    calls = ToolCalls()
    assert begin(calls, "R", "1", None) == "1"
    assert begin(calls, "R", "1", "f1") is None
    assert begin(calls, "R", "1", None) is None


def test_a_new_socket_may_give_all_ids_anew() -> None:
    calls = ToolCalls()
    begin(calls, "R", "1", "f1")
    calls.on_disconnect()
    assert begin(calls, "R", "1", "f1") == "f1"
