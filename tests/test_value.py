"""Values: equal by what they hold, quick to define; nobody changes one."""

from __future__ import annotations

import dataclasses
from dataclasses import field

import pytest

from realtime_cli.value import value


@value
class Point:
    """A place."""

    x: float
    y: float = 0.0
    label: str = field(default="", repr=False, compare=False)


@value
class Nothing:
    """Holds nothing."""


@value
class Other:
    """The same fields, and another thing."""

    x: float
    y: float = 0.0
    label: str = ""


def test_two_are_equal_when_they_are_of_one_kind_and_hold_the_same() -> None:
    assert Point(1.0) == Point(1.0, 0.0, "named otherwise")
    assert Point(1.0) != Point(2.0)
    assert Point(1.0) != Other(1.0)
    assert Nothing() == Nothing()
    assert {Point(1.0), Point(1.0), Point(2.0)} == {Point(1.0), Point(2.0)}


def test_it_shows_what_it_holds_but_for_what_is_kept_out() -> None:
    assert repr(Point(1.0, label="secret")) == "Point(x=1.0, y=0.0)"
    assert repr(Nothing()) == "Nothing()"


def test_it_is_a_dataclass_with_slots() -> None:
    assert dataclasses.replace(Point(1.0), y=3.0) == Point(1.0, 3.0)
    assert dataclasses.asdict(Other(1.0)) == {"x": 1.0, "y": 0.0, "label": ""}
    with pytest.raises(AttributeError):
        Point(1.0).z = 1.0  # type: ignore[attr-defined]


def test_mypy_refuses_to_change_one() -> None:
    """Nothing else does: the mark below would be an unused one, and a mistake, if mypy did not."""
    Point(1.0).x = 2.0  # type: ignore[misc]


def test_it_is_taken_apart_by_position() -> None:
    match Point(1.0, 2.0):
        case Point(x, y):
            assert (x, y) == (1.0, 2.0)
