"""Expectations against what was measured."""

from __future__ import annotations

from typing import Any

import pytest

from realtime_cli.client.cost import Tokens
from realtime_cli.script.expectations import is_within, verdicts
from realtime_cli.script.format import Expect
from realtime_cli.script.turn_metrics import ToolCall, TurnMetrics


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
