"""Values against a schema of somebody else: right, wrong, and never without end."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from realtime_cli.pattern import PatternTooSlow
from realtime_cli.untrusted_schema import first_mistake, plainly_fits
from tests.test_pattern import ENDLESS, LONG

names = st.sampled_from(["a", "b"])
values = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 2) | st.sampled_from([0.5, 1.0, "a", "b", ""]),
    lambda inner: st.dictionaries(names, inner, max_size=2) | st.lists(inner, max_size=2),
    max_leaves=4,
)
kinds = st.sampled_from(["object", "array", "string", "boolean", "integer", "number", "null", "any"])


def _schemas(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    keywords = {
        "properties": st.dictionaries(names, inner, max_size=2),
        "required": st.lists(names, max_size=2),
        "additionalProperties": st.booleans() | inner,
        "enum": st.lists(values, min_size=1, max_size=3),
        "minimum": st.integers(0, 1),
        "title": st.just("a"),
    }
    return st.fixed_dictionaries({"type": kinds}, optional=keywords)


schemas = st.recursive(st.fixed_dictionaries({"type": kinds}), _schemas, max_leaves=4)

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


@given(values, schemas)
def test_what_plainly_fits_has_no_mistake(value: Any, schema: dict[str, Any]) -> None:
    if plainly_fits(value, schema):
        assert first_mistake(value, schema) is None


@pytest.mark.parametrize(
    ("schema", "value", "fits"),
    [
        ({"type": "object", "properties": {}, "additionalProperties": False}, {}, True),
        ({"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}, {"n": 3}, True),
        ({"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}, {}, False),
        ({"type": "object", "properties": {"n": {"type": "integer"}}}, {"n": True}, False),
        ({"type": "object", "properties": {}, "additionalProperties": False}, {"m": 1}, False),
        ({"type": "object", "properties": {"s": {"type": "string", "maxLength": 9}}}, {"s": "x"}, False),
        ({"type": "object", "required": [[]]}, {}, False),
    ],
)
def test_only_what_is_sure_plainly_fits(schema: dict[str, Any], value: Any, fits: bool) -> None:
    assert plainly_fits(value, schema) is fits
