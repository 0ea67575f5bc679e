"""Arguments that fit the schema, guessed from what was said."""

from __future__ import annotations

from typing import Any

import pytest

from realtime_cli.server.engine.dialogue.arguments import fill


def schema(required: list[str] | None = None, **properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": required or []}


@pytest.mark.parametrize(
    ("said", "given", "filled"),
    [
        ("from 3 to 7", schema(low={"type": "integer"}, high={"type": "integer"}), {"low": 3, "high": 7}),
        ("two point five", schema(amount={"type": "number"}), {"amount": 2.5}),
        ("add eggs, milk and bread", schema(["items"], items={"type": "array"}), None),
        ("1, 2 and 3", schema(all={"type": "array", "items": {"type": "integer"}}), {"all": [1, 2, 3]}),
        ('say "good day" now', schema(text={"type": "string"}), {"text": "good day"}),
        ("nothing here", schema(count={"type": ["integer", "null"]}), {}),
        ("nothing here", schema(["count"], count={"type": "integer", "minimum": 5}), {"count": 5}),
        ("nothing here", schema(["mode"], mode={"enum": ["slow", "fast"]}), {"mode": "slow"}),
        ("nothing here", schema(["size"], size={"type": "integer", "default": 9}), {"size": 9}),
        ("make it fast", schema(mode={"enum": ["slow", "fast"]}), {"mode": "fast"}),
        ("anything", schema(kind={"const": "fixed"}), {"kind": "fixed"}),
        ("with the subject lunch", schema(subject={"type": "string"}), {"subject": "lunch"}),
        (
            "in Rome",
            schema(where={"$ref": "#/$defs/w"}) | {"$defs": {"w": {"type": "string"}}},
            {"where": "Rome"},
        ),
        (
            "in Rome for 2",
            schema(["trip"], trip=schema(city={"type": "string"}, people={"type": "integer"})),
            {"trip": {"city": "Rome", "people": 2}},
        ),
        ("5", schema(n={"anyOf": [{"type": "null"}, {"type": "integer"}]}), {"n": 5}),
        ("", schema(["q"], q={"type": "string"}), {"q": ""}),
        ("turn it off", schema(["on"], on={"type": "boolean"}), {"on": False}),
    ],
)
def test_filled(said: str, given: dict[str, Any], filled: dict[str, Any] | None) -> None:
    if filled is None:
        assert fill(given, said, frozenset({"add"})) == {"items": ["eggs", "milk", "bread"]}
    else:
        assert fill(given, said) == filled


def test_a_text_never_exceeds_its_limit() -> None:
    assert fill(schema(["q"], q={"type": "string", "maxLength": 3}), "abcdef") == {"q": "abc"}


def test_a_schema_that_runs_in_circles_ends() -> None:
    circle = schema(["a"], a={"$ref": "#/properties/a"})
    assert fill(circle, "hello") == {"a": "hello"}
