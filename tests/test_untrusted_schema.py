"""Values against a schema of somebody else: right, wrong, and never without end."""

from __future__ import annotations

from typing import Any

import pytest
from jsonschema import Draft202012Validator

from realtime_cli.pattern import PatternTooSlow
from realtime_cli.untrusted_schema import first_mistake
from tests.test_pattern import ENDLESS, LONG

NAMED = {"patternProperties": {"^n_": {"type": "number"}}, "additionalProperties": False}


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ({"pattern": "^a+$"}, "aaa"),
        ({"pattern": "^a+$"}, "AAA"),
        ({"pattern": "^a+$"}, 3),
        (NAMED, {"n_a": 1}),
        (NAMED, {"n_a": "one"}),
        (NAMED, {"n_a": 1, "m": 2}),
        (NAMED, [1]),
        ({"additionalProperties": {"type": "number"}}, {"m": "two"}),
        ({"properties": {"a": {}}, "unevaluatedProperties": False}, {"b": 1}),
        ({"properties": {"a": {}}, "unevaluatedProperties": False}, {"a": 1}),
    ],
)
def test_it_finds_what_jsonschema_finds(schema: dict[str, Any], value: Any) -> None:
    found = first_mistake(value, schema)
    assert (found is None) == Draft202012Validator(schema).is_valid(value)


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ({"pattern": ENDLESS}, LONG),
        ({"patternProperties": {ENDLESS: {}}}, {LONG: 1}),
        ({"patternProperties": {ENDLESS: {}}, "additionalProperties": False}, {LONG: 1}),
        ({"propertyNames": {"pattern": ENDLESS}}, {LONG: 1}),
        ({"$defs": {"x": {"pattern": ENDLESS}}, "items": {"anyOf": [{"$ref": "#/$defs/x"}]}}, [LONG]),
    ],
)
def test_a_pattern_without_end_is_given_up(schema: dict[str, Any], value: Any) -> None:
    with pytest.raises(PatternTooSlow):
        first_mistake(value, schema)


def test_what_only_re_would_read_is_not_checked() -> None:
    schema = {"allOf": [{"patternProperties": {ENDLESS: {}}}], "unevaluatedProperties": False}
    with pytest.raises(ValueError, match="not checked"):
        first_mistake({"x": LONG}, schema)
