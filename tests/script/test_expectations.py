"""Expectations against what was measured."""

from __future__ import annotations

import json
from typing import Any

import pytest

from realtime_cli.client.cost import Tokens
from realtime_cli.script.expectations import is_within, verdicts
from realtime_cli.script.format import Expect
from realtime_cli.script.turn_metrics import ToolCall, TurnMetrics, TurnStep
from tests.test_pattern import ENDLESS, LONG


def call(name: str, **arguments: Any) -> ToolCall:
    return ToolCall(name, arguments)


def statuses(expect: dict[str, Any], **metrics: Any) -> list[str]:
    return [
        verdict.status for verdict in verdicts(Expect.model_validate(expect), TurnMetrics(turn=1, **metrics))
    ]


PASS, FAIL = ["passed"], ["failed"]


@pytest.mark.parametrize(
    ("expect", "reply", "status"),
    [
        ({"contains": "noon"}, "It is NOON.", PASS),
        ({"contains": "its noon"}, "It's noon.", PASS),
        ({"contains": ["noon", "night"]}, "It is noon.", ["passed", "failed"]),
        ({"contains": "noon"}, "", FAIL),
        ({"regex": r"\d+ o.clock"}, "At 9 O'Clock", PASS),
        ({"regex": r"^nine"}, "At nine", FAIL),
        ({"equals": "hello there"}, "Hello, there!", PASS),
        ({"equals": "hello"}, "Hello there", FAIL),
        ({"any_of": ["nine", "9"]}, "at 9", PASS),
        ({"any_of": ["nine", "9"]}, "at ten", FAIL),
        ({"not": "sorry"}, "Here you are.", PASS),
        ({"not": "sorry"}, "Sorry, no.", FAIL),
        ({"not": "sorry"}, "", FAIL),
        ({"max_words": 3}, "one two three", PASS),
        ({"max_words": 2}, "one two three", FAIL),
        ({"max_words": 2}, "", FAIL),
        ({"is_json": True}, '{"a": 1}', PASS),
        ({"is_json": True}, '```json\n{"a": 1}\n```', PASS),
        ({"is_json": True}, "It is 1.", FAIL),
        ({"is_json": False}, "It is 1.", PASS),
        ({"is_json": {"required": ["a"]}}, '{"a": 1}', PASS),
        ({"is_json": {"required": ["a"]}}, '{"b": 1}', FAIL),
        ({"similar": "The table is booked for four."}, "the table is booked for five", PASS),
        ({"similar": {"to": "Booked for four.", "least": 0.9}}, "booked for five", FAIL),
        ({"similar": "The table is booked."}, "", FAIL),
        ({"reads_back": "415 555 0132"}, "So four one five, five five five, oh one three two?", PASS),
        ({"reads_back": "415 555 0132"}, "So 415-555-0123?", FAIL),
        ({"reads_back": "415 555 0132"}, "So 415-555-01327?", FAIL),
        ({"reads_back": "4"}, "A table, then.", FAIL),
        ({"no_reply": True}, "", PASS),
        ({"no_reply": True}, "Yes?", FAIL),
    ],
)
def test_replies(expect: dict[str, Any], reply: str, status: list[str]) -> None:
    assert statuses(expect, reply=reply) == status


@pytest.mark.parametrize(
    ("calls", "status"),
    [
        ([], PASS),
        ([{"name": "book"}], FAIL),
    ],
)
def test_nothing_is_called(calls: list[Any], status: list[str]) -> None:
    assert statuses({"calls": calls}) == status


def test_calls_by_subset_pattern_count_and_order() -> None:
    made = [call("find", city="Oslo"), call("book", people=4, day="next Friday"), call("book", people=2)]
    assert statuses({"calls": [{"name": "book", "args": {"people": 4}}]}, calls=made) == PASS
    assert statuses({"calls": [{"name": "book", "args": {"day": {"regex": "friday"}}}]}, calls=made) == PASS
    assert statuses({"calls": [{"name": "book", "args": {"people": 5}}]}, calls=made) == FAIL
    assert statuses({"calls": [{"name": "book", "count": 2}]}, calls=made) == PASS
    assert statuses({"calls": [{"name": "book", "count": 1}]}, calls=made) == FAIL
    assert statuses({"calls": []}, calls=made) == FAIL
    named = [{"name": "find"}, {"name": "book"}]
    assert statuses({"calls": named, "calls_in_order": True}, calls=made) == ["passed"] * 3
    assert statuses({"calls": named[::-1], "calls_in_order": True}, calls=made)[-1] == "failed"


def test_arguments_match_in_depth() -> None:
    assert is_within({"a": {"b": "X"}}, {"a": {"b": "x.", "c": 1}})
    assert not is_within({"a": {"b": 1}}, {"a": 1})
    assert is_within({"n": {"regex": "^4"}}, {"n": 42})


def test_timings_pass_fail_are_missing_or_unreliable() -> None:
    expect = {"within_ms": 500}
    assert statuses(expect, within_ms=400.0) == PASS
    assert statuses(expect, within_ms=600.0) == FAIL
    assert statuses(expect, within_ms=None) == FAIL
    assert statuses(expect, within_ms=600.0, late_ms=90.0) == ["unreliable"]
    assert statuses(expect, within_ms=400.0, late_ms=90.0) == PASS
    assert statuses({"dead_air_ms": 10, "done_within_ms": 10}, dead_air_ms=9.0, done_ms=11.0) == [
        "failed",
        "passed",
    ]


def test_what_is_heard_is_above_a_level() -> None:
    assert statuses({"audible": True}, audible_ms=300.0) == PASS
    assert statuses({"audible": True}, audible_ms=0.0) == FAIL
    assert statuses({"audible": False}, audible_ms=0.0) == PASS
    assert statuses({"audible": False}, text_mode=True) == FAIL


def test_interruptions() -> None:
    assert statuses({"interrupted": True}, interrupted=True) == PASS
    assert statuses({"interrupted": False}, interrupted=True) == FAIL
    assert statuses({"interrupted_within_ms": 300}, interrupted_ms=None) == FAIL


@pytest.mark.parametrize(
    "expect",
    [
        {"interrupted": False},
        {"interrupted_within_ms": 300},
        {"heard": "x"},
        {"dead_air_ms": 1},
        {"events": ["user.speech_started"]},
        {"absent": ["user.speech_started"]},
        {"in_order": ["user.speech_started", "response.created", "response.done"]},
    ],
)
def test_what_only_a_voice_can_do_is_not_measured_in_text_and_fails(expect: dict[str, Any]) -> None:
    seen = ["response.created", "response.done"]
    assert statuses(expect, text_mode=True, events=seen) == FAIL
    [verdict] = verdicts(Expect.model_validate(expect), TurnMetrics(turn=1, text_mode=True))
    assert "no measurement: the script runs in text" in str(verdict)


def test_events_seen_absent_and_in_order() -> None:
    events = ["turn", "response.created", "tool.called", "response.done"]
    assert statuses({"events": ["tool.called", "error"]}, events=events) == ["passed", "failed"]
    assert statuses({"absent": ["error", "tool.called"]}, events=events) == ["passed", "failed"]
    assert statuses({"in_order": ["response.created", "response.done"]}, events=events) == PASS
    assert statuses({"in_order": ["response.done", "response.created"]}, events=events) == FAIL


def test_errors_tokens_and_cost() -> None:
    error = ("invalid_value", "No.")
    assert statuses({"errors": []}) == PASS
    assert statuses({"errors": []}, errors=[error]) == FAIL
    assert statuses({"errors": ["invalid_value"]}, errors=[error]) == PASS
    assert statuses({"max_tokens": 10}, tokens=Tokens(text_in=6, text_out=4)) == PASS
    assert statuses({"max_tokens": 9}, tokens=Tokens(text_in=6, text_out=4)) == FAIL
    assert statuses({"max_tokens": 9}) == FAIL
    assert statuses({"max_cost": 0.1}, usd=0.05) == PASS
    assert statuses({"max_cost": 0.1}, usd=None) == FAIL


def test_a_verdict_says_where_what_and_what_instead() -> None:
    verdict = verdicts(Expect(contains="noon"), TurnMetrics(turn=2, reply="It is night."))[0]
    assert str(verdict) == 'turn 2: contains: expected a reply with "noon"; found "It is night."'


def test_calls_by_result_and_by_how_they_ended() -> None:
    full = ToolCall("book", {"people": 4}, '{"booked": false, "why": "full"}', failed=True, status="failed")
    assert statuses({"calls": [{"name": "book", "output": "full"}]}, calls=[full]) == PASS
    assert statuses({"calls": [{"name": "book", "output": ["full", "Friday"]}]}, calls=[full]) == FAIL
    assert statuses({"calls": [{"name": "book", "output": {"booked": False}}]}, calls=[full]) == PASS
    assert statuses({"calls": [{"name": "book", "output": {"booked": True}}]}, calls=[full]) == FAIL
    assert statuses({"calls": [{"name": "book", "status": "failed"}]}, calls=[full]) == PASS
    assert statuses({"calls": [{"name": "book", "status": "cancelled"}]}, calls=[full]) == FAIL
    [verdict] = verdicts(
        Expect.model_validate({"calls": [{"name": "book", "status": "done"}]}), TurnMetrics(1, calls=[full])
    )
    assert verdict.found == "book(people=4) failed"


def steps(*happened: tuple[str, str]) -> list[TurnStep]:
    return [
        TurnStep(at, kind, text, call(text) if kind == "call" else None)  # type: ignore[arg-type]
        for at, (kind, text) in enumerate(happened)
    ]


BOOKED = steps(
    ("says", "One moment."),
    ("call", "book"),
    ("event", "tool.finished"),
    ("says", "The table is booked."),
    ("error", "slow_down"),
)


@pytest.mark.parametrize(
    ("expect", "status"),
    [
        ([{"says": "booked"}, {"call": "book"}, {"event": "tool.finished"}], ["passed"] * 3),
        ([{"error": "slow_down"}, {"says": "moment"}], ["passed"] * 2),
        ([{"says": "booked"}, {"says": "booked"}], ["passed", "failed"]),
        ([{"says": "o"}, {"says": "moment"}], ["passed"] * 2),
        ([{"call": "book", "args": {"people": 4}}], FAIL),
    ],
)
def test_steps_of_any_kind_in_any_order_each_used_once(expect: list[Any], status: list[str]) -> None:
    assert statuses({"steps": expect}, steps=BOOKED) == status


def test_steps_in_order_and_nothing_more() -> None:
    expect = [{"says": "moment"}, {"call": "book"}, {"says": "booked"}]
    assert statuses({"steps": expect, "steps_in_order": True}, steps=BOOKED) == ["passed"] * 3
    turned = {"steps": [expect[2], expect[0]], "steps_in_order": True}
    assert statuses(turned, steps=BOOKED) == ["passed", "failed"]
    assert statuses({"steps": expect, "no_more": True}, steps=BOOKED[:4])[-1] == "passed"
    assert statuses({"steps": expect, "no_more": True}, steps=BOOKED)[-1] == "failed", "an error is more"
    booked = {"calls": [{"name": "book"}], "no_more": True}
    assert statuses(booked, calls=[call("book")], steps=BOOKED) == ["passed"] * 2
    assert statuses({"no_more": True}, steps=BOOKED) == FAIL, "no call is allowed"


def test_what_counts_only_from_an_event_on() -> None:
    told: dict[str, Any] = {"reply": "One moment. The table is booked.", "steps": BOOKED}
    since = {"since": "tool.finished"}
    right = {**since, "contains": "booked", "not": "moment", "calls": []}
    assert statuses(right, **told, calls=[call("book")]) == ["passed"] * 3
    assert statuses({**since, "contains": "moment"}, **told) == FAIL
    never = Expect.model_validate({"since": "interrupted", "contains": "booked"})
    [verdict] = verdicts(never, TurnMetrics(1, **told))
    assert (verdict.name, verdict.status, verdict.found) == ("since", "failed", "not seen")


def test_what_is_said_to_be_done_was_done() -> None:
    claims = {"claims": [{"says": "booked|reserved", "call": "book", "args": {"people": 4}}]}
    done = ToolCall("book", {"people": 4}, "ok", status="done")
    failed = ToolCall("book", {"people": 4}, "full", failed=True, status="failed")
    reply = "Your table is booked."
    assert statuses(claims, reply=reply, calls=[done]) == PASS
    assert statuses(claims, reply=reply, earlier_calls=[done]) == PASS
    assert statuses(claims, reply="I am sorry, we are full.") == PASS
    assert statuses(claims, reply=reply, calls=[failed]) == FAIL
    assert statuses(claims, reply=reply, calls=[ToolCall("book", {"people": 2}, "ok", status="done")]) == FAIL
    [verdict] = verdicts(Expect.model_validate(claims), TurnMetrics(1, reply=reply))
    assert verdict.found == 'said "booked", and no call'


def test_a_backchannel_neither_cuts_the_agent_off_nor_is_answered() -> None:
    expect = {"backchannel": True}
    assert statuses(expect, went_on_ms=900.0) == PASS
    assert statuses(expect, went_on_ms=0.0) == FAIL
    assert statuses(expect, went_on_ms=900.0, interrupted=True) == FAIL
    assert statuses(expect, went_on_ms=900.0, reply="Yes?") == FAIL
    assert statuses(expect, went_on_ms=900.0, text_mode=True) == FAIL


@pytest.mark.parametrize(
    ("expect", "reply"),
    [
        ({"regex": ENDLESS}, LONG),
        ({"claims": [{"says": ENDLESS, "call": "book"}]}, LONG),
        ({"calls": [{"name": "book", "args": {"day": {"regex": ENDLESS}}}]}, ""),
        ({"calls": [{"name": "book", "output": {"said": {"regex": ENDLESS}}}]}, ""),
        ({"steps": [{"call": "book", "args": {"day": {"regex": ENDLESS}}}]}, ""),
        ({"is_json": {"properties": {"a": {"pattern": ENDLESS}}}}, json.dumps({"a": LONG})),
    ],
)
def test_a_pattern_without_end_fails(expect: dict[str, Any], reply: str) -> None:
    made = [ToolCall("book", {"day": LONG}, json.dumps({"said": LONG}))]
    steps = [TurnStep(1.0, "call", "book", made[0])]
    metrics = TurnMetrics(turn=1, reply=reply, calls=made, steps=steps)
    (verdict,) = verdicts(Expect.model_validate(expect), metrics)
    assert verdict.status == "failed"
    assert verdict.found == f"The pattern {ENDLESS} took longer than 1 s."


def test_an_argument_that_is_named_regex_is_one() -> None:
    assert is_within({"regex": "a+"}, {"regex": "a+", "text": "b"})
    assert not is_within({"regex": "a+"}, {"regex": "b"})


def test_a_schema_that_leads_elsewhere_fails() -> None:
    (verdict,) = verdicts(
        Expect.model_validate({"is_json": {"$ref": "http://127.0.0.1:9/a"}}), TurnMetrics(turn=1, reply="1")
    )
    assert verdict.status == "failed"
    assert verdict.found.startswith("the schema cannot be used")
