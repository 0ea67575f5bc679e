"""What is wrong with arguments is told to the model."""

from __future__ import annotations

import pytest

from realtime_cli.tools.arguments import check, parsed, schema_mistake, without_nulls
from realtime_cli.tools.tool import ToolFailed
from tests.test_pattern import ENDLESS, LONG

TABLE = {
    "type": "object",
    "properties": {"guests": {"type": "integer", "minimum": 1}, "day": {"enum": ["today", "tomorrow"]}},
    "required": ["guests"],
    "additionalProperties": False,
}


def test_no_arguments_are_an_empty_object() -> None:
    assert parsed("") == {}


@pytest.mark.parametrize("text", ["{", "nonsense", "[1]", '"a"', "null", "[" * 100_000])
def test_what_is_no_object_is_refused(text: str) -> None:
    with pytest.raises(ToolFailed, match="arguments"):
        parsed(text)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, "'guests' is a required property"),
        ({"guests": "two"}, "at guests: 'two' is not of type 'integer'"),
        ({"guests": 0}, "at guests: 0 is less than the minimum of 1"),
        ({"guests": 1, "day": "never"}, "at day: 'never' is not one of"),
        ({"guests": 1, "room": 2}, "'room' was unexpected"),
    ],
)
def test_what_does_not_fit_is_named(given: dict, said: str) -> None:
    with pytest.raises(ToolFailed, match=said):
        check(given, TABLE)


def test_a_reference_to_another_place_is_not_followed() -> None:
    check({"a": 1}, {"type": "object", "properties": {"a": {"$ref": "http://127.0.0.1:9/schema.json"}}})


def test_a_broken_schema_is_told() -> None:
    assert schema_mistake({"type": "object", "properties": {"a": {"type": "text"}}})
    assert schema_mistake({"type": "array"})
    assert not schema_mistake(TABLE)


def test_null_for_what_may_be_left_out_is_left_out() -> None:
    schema = {
        "type": "object",
        "properties": {
            "tail": {"type": "number"},
            "note": {"type": ["string", "null"]},
            "either": {"anyOf": [{"type": "string"}, {"type": "null"}]},
            "any": {},
            "must": {"type": "string"},
        },
        "required": ["must"],
    }
    given = dict.fromkeys(("tail", "note", "either", "any", "must", "unknown"))

    assert list(without_nulls(given, schema)) == ["note", "either", "any", "must", "unknown"]
    with pytest.raises(ToolFailed, match="at must: null is not of type 'string'"):
        check(without_nulls(given, schema), schema)


@pytest.mark.parametrize("pattern", [ENDLESS, "(?<year>[0-9]{4})", r"\p{Lu}", "(", "(?R)"])
def test_a_pattern_of_a_server_that_is_none_of_ours_checks_nothing(pattern: str) -> None:
    """JavaScript's patterns, broken ones, and those without end: the server checks its arguments itself."""
    check({"a": LONG}, {"type": "object", "properties": {"a": {"type": "string", "pattern": pattern}}})
