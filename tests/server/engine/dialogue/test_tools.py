"""Which function an utterance asks for, with which arguments."""

from __future__ import annotations

import json
from typing import Any

import pytest

from realtime_cli.server.engine.dialogue.tools import calls, choose
from tests.server.engine.conversation import function

TEXT = {"type": "string"}
WEATHER = function(
    "get_weather",
    "Current weather for a city.",
    ("city",),
    city=TEXT,
    unit={"type": "string", "enum": ["celsius", "fahrenheit"]},
)
CLOCK = function("clock", "The current time and date, here or in a time zone.", zone=TEXT)
TIMER = function(
    "set_timer", "Start a timer.", ("minutes",), minutes={"type": "integer", "minimum": 1, "maximum": 180}
)
MAIL = function("sendEmail", "Send a message to somebody.", ("recipient", "body"), recipient=TEXT, body=TEXT)
CALCULATOR = function("calculator", "Work out an expression.", ("expression",), expression=TEXT)
TABLE = function(
    "book_table",
    "Book a table in a restaurant.",
    ("people", "day"),
    people={"type": "integer"},
    day=TEXT,
    outside={"type": "boolean"},
)
HOURS = function("lookup_7", "Find the opening hours of a shop.", ("shop",), shop=TEXT)
LIGHT = function(
    "switch_light", "", ("on",), on={"type": "boolean"}, room={"enum": ["kitchen", "living_room"]}
)
ALL = (WEATHER, CLOCK, TIMER, MAIL, CALCULATOR, TABLE, HOURS, LIGHT)


def asked(said: str, *tools: dict[str, Any], choice: Any = "auto") -> list[tuple[str, Any]]:
    found = calls(said, choose(tools or ALL, choice))
    return [(call.name, json.loads(call.arguments)) for call in found]


@pytest.mark.parametrize(
    ("said", "name", "arguments"),
    [
        ("What's the weather like in Paris today?", "get_weather", {"city": "Paris"}),
        (
            "weather in new york in Fahrenheit please",
            "get_weather",
            {"city": "New York", "unit": "fahrenheit"},
        ),
        ("What is the weather in Smallville?", "get_weather", {"city": "Smallville"}),
        ("What time is it?", "clock", {}),
        ("What's the time in Oslo", "clock", {"zone": "Europe/Oslo"}),
        ("What's the date today?", "clock", {}),
        ("Set a timer for ten minutes, please.", "set_timer", {"minutes": 10}),
        ("Set a timer for two hours", "set_timer", {"minutes": 120}),
        ("Set a timer for nine hours", "set_timer", {"minutes": 180}),
        ("Send an email to Bob saying I am late.", "sendEmail", {"recipient": "Bob", "body": "I am late"}),
        ("What is seventeen times twenty three?", "calculator", {"expression": "17 * 23"}),
        (
            "I'd like to book a table for four people on Friday night.",
            "book_table",
            {"people": 4, "day": "friday night"},
        ),
        ("What are the opening hours of the bakery?", "lookup_7", {"shop": "the bakery"}),
        ("Switch off the light in the living room", "switch_light", {"on": False, "room": "living_room"}),
        ("Switch the kitchen light on", "switch_light", {"on": True, "room": "kitchen"}),
    ],
)
def test_one_call(said: str, name: str, arguments: dict[str, Any]) -> None:
    assert asked(said) == [(name, arguments)]


@pytest.mark.parametrize(
    "said",
    [
        "Hello there!",
        "Tell me a joke",
        "How are you?",
        "The quick brown fox",
        "",
        "17",
        "Thank you very much",
    ],
)
def test_nothing_asked_nothing_called(said: str) -> None:
    assert asked(said) == []


def test_two_things_asked_are_two_calls() -> None:
    assert asked("What's the weather in Berlin and what time is it in Tokyo?") == [
        ("get_weather", {"city": "Berlin"}),
        ("clock", {"zone": "Asia/Tokyo"}),
    ]


def test_an_and_inside_one_request_is_no_second_call() -> None:
    assert len(asked("Send an email to Bob saying bread and butter")) == 1


def test_none_calls_nothing_and_required_calls_something() -> None:
    assert asked("What time is it?", choice="none") == []
    assert asked("Hello", CLOCK, choice="required") == [("clock", {})]
    assert asked("What time is it?", WEATHER, CLOCK, choice="required") == [("clock", {})]


def test_a_named_choice_is_called_whatever_was_said() -> None:
    forced = {"type": "function", "name": "set_timer"}
    assert asked("Hello", choice=forced) == [("set_timer", {"minutes": 1})]
    assert asked("Hello", choice={"type": "function", "name": "unknown"}) == []


def test_a_name_spelled_out_is_enough() -> None:
    ping = function("check_the_line", "")
    assert asked("Please check the line", ping) == [("check_the_line", {})]


def test_tools_of_other_kinds_are_left_alone() -> None:
    assert asked("weather", {"type": "mcp", "server_label": "weather"}) == []
