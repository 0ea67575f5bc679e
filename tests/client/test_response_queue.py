"""The owner of ``response.create``."""

from __future__ import annotations

from realtime_cli.client.response_queue import ResponseQueue
from realtime_cli.protocol.objects import Response


def response(response_id: str, **fields: object) -> Response:
    return Response.model_validate({"id": response_id, "conversation_id": "conv", **fields})


def test_one_wish_at_a_time():
    turns = ResponseQueue()
    turns.request()
    turns.request()
    assert turns.next_request() == {}
    turns.sent("c1", {})
    assert turns.next_request() is None
    assert turns.busy


def test_wishes_with_parameters_are_each_kept():
    turns = ResponseQueue()
    turns.request({"instructions": "a"})
    turns.request({"instructions": "b"})
    assert turns.next_request() == {"instructions": "a"}
    turns.sent("c1", {"instructions": "a"})
    turns.created(response("R"))
    turns.done(response("R"))
    assert turns.next_request() == {"instructions": "b"}


def test_a_clone_that_always_sends_a_null_conversation_is_not_taken_for_out_of_band():
    turns = ResponseQueue()
    turns.created(response("R", conversation_id=None))
    assert turns.active_id == "R"


def test_a_response_done_without_id_ends_the_running_one():
    turns = ResponseQueue()
    turns.created(response("R"))
    turns.done(Response.model_validate({"status": "completed"}))
    assert not turns.busy


def test_a_lost_request_is_asked_again_on_the_next_socket():
    turns = ResponseQueue()
    turns.request({"instructions": "x"})
    turns.sent("c1", turns.next_request() or {})
    turns.on_disconnect()
    assert turns.next_request() == {"instructions": "x"}


def test_a_stranger_error_refuses_nothing():
    assert ResponseQueue().refused("c9", retry=False) == "not ours"


def test_cut_responses_are_remembered_for_what_comes_after_their_end():
    turns = ResponseQueue()
    turns.created(response("R"))
    turns.cut("R")
    turns.done(response("R"))
    assert turns.is_cut("R")
    turns.on_disconnect()
    assert not turns.is_cut("R")


def test_what_is_told_twice_or_in_the_wrong_order_counts_once():
    turns = ResponseQueue()
    assert turns.done(response("R"))
    assert turns.created(response("R")) is None
    assert not turns.busy
    assert not turns.done(response("R"))


def test_a_collision_without_event_id_means_the_only_open_request():
    turns = ResponseQueue()
    turns.sent("c1", {"instructions": "a"})
    turns.created(response("VAD"))
    assert turns.refused(None, retry=True) == "again"
    turns.done(response("VAD"))
    assert turns.next_request() == {"instructions": "a"}


def test_a_collision_with_what_nobody_tells_of_is_tried_once_more_and_then_lost():
    turns = ResponseQueue()
    for event_id, becomes in (("c1", "again"), ("c2", "lost")):
        turns.sent(event_id, {})
        assert turns.refused(event_id, retry=True) == becomes
        turns.give_up()
        assert (turns.next_request() == {}) is (becomes == "again")
    assert turns.idle


def test_a_request_that_the_user_interrupted_is_not_made_again():
    turns = ResponseQueue()
    turns.sent("c1", {})
    turns.interrupt()
    turns.refused("c1", retry=True)
    turns.done(response("VAD"))
    assert turns.next_request() is None
