"""The vocabulary as lines of JSON."""

from __future__ import annotations

import json
from dataclasses import fields
from typing import Any

import pytest

from realtime_cli.client.cost import Tokens
from realtime_cli.conversation import events as e


def test_a_line_has_its_type_and_all_fields() -> None:
    line = json.loads(e.to_json(e.UserTextMissing(1.5, 2, "u1", "why")))

    assert line == {"type": "user_text_missing", "at": 1.5, "turn": 2, "item_id": "u1", "why": "why"}


def test_what_is_inside_is_plain_json_too() -> None:
    cut = e.AgentInterrupted(1, 1, "a", 20.0, "key", (e.PartHeard(1, "a", 0, 20.0, False),))
    used = e.UsageReported(1, 1, "response", Tokens(text_in=3), 3, None)

    assert e.as_dict(cut)["parts"] == [
        {"turn": 1, "item_id": "a", "part": 0, "heard_ms": 20.0, "finished": False}
    ]
    assert json.loads(e.to_json(used))["tokens"]["text_in"] == 3


def test_an_image_is_named_by_its_kind_only() -> None:
    line = e.as_dict(
        e.UserTextFinal(1, 1, "see", False, images=("data:image/png;base64,AAAA", "https://x/y,z"))
    )

    assert line["images"] == ["data:image/png;base64", "https://x/y,z"]


@pytest.mark.parametrize("kind", e.EVENT_NAMES)
def test_every_event_is_explained_and_in_the_schema(kind: Any) -> None:
    assert (kind.__doc__ or "").strip().endswith((".", "?", ")")), kind
    assert not kind.__doc__.startswith(f"{kind.__name__}("), "the docstring is the dataclass's own"
    (told,) = [
        one for one in e.schema()["oneOf"] if one["properties"]["type"]["const"] == e.EVENT_NAMES[kind]
    ]
    assert set(told["properties"]) == {"type", *(field.name for field in fields(kind))}
    assert fields(kind)[0].name == "at"
