"""A ``typing.TypedDict`` anywhere in a hint is read, on every Python."""

from __future__ import annotations

from typing import Annotated, Any, Literal, NotRequired, Optional, Required, TypedDict

import pytest
from pydantic import Field, TypeAdapter, ValidationError

from realtime_cli.tools.typed_dict import readable


class Point(TypedDict):
    """Where."""

    x: Annotated[int, Field(description="from the left")]
    y: NotRequired[int]


class Shape(TypedDict, total=False):
    kind: Required[Literal["line", "area"]]
    points: list[Point]
    centre: Optional[Point]  # noqa: UP045 (people write it)


SHAPE = {"kind": "line", "points": [{"x": 1}], "centre": None}


@pytest.mark.parametrize(
    ("hint", "value"),
    [
        (Shape, SHAPE),
        (list[Shape], [SHAPE]),
        (dict[str, Shape | None], {"a": SHAPE, "b": None}),
        (Annotated[Shape, "a shape"], SHAPE),
        (tuple[int, Point], (1, {"x": 2})),
        (list[int], [1]),
        (Literal["a"], "a"),
    ],
)
def test_it_is_read(hint: Any, value: Any) -> None:
    assert TypeAdapter(readable(hint)).validate_python(value) == value


def test_its_schema_and_its_keys_are_kept() -> None:
    shape = TypeAdapter(readable(Shape))
    schema = shape.json_schema()
    assert schema["required"] == ["kind"]
    assert schema["$defs"]["Point"]["required"] == ["x"]
    assert schema["$defs"]["Point"]["description"] == "Where."
    assert schema["$defs"]["Point"]["properties"]["x"]["description"] == "from the left"
    for wrong in ({}, {"kind": "dot"}, {"kind": "line", "points": [{"y": 1}]}):
        with pytest.raises(ValidationError):
            shape.validate_python(wrong)
