"""Values: equal by what they hold, quick to define; nobody changes one."""

from __future__ import annotations

import dataclasses
from dataclasses import field
from typing import Any

import pytest

from realtime_cli.value import UNCOMPILED, value


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


def test_the_first_ones_are_made_like_the_later_ones() -> None:
    @value
    class Fresh:
        x: float
        many: list[int] = field(default_factory=list)
        label: str = ""

    for count in range(2 * UNCOMPILED):
        assert repr(Fresh(count, label="a")) == repr(Fresh(x=count, label="a"))
        assert Fresh(1.0).many == []
        assert Fresh(1.0).many is not Fresh(1.0).many


@pytest.mark.parametrize(
    ("arguments", "named", "mistake"),
    [
        ((), {}, "missing 1 required positional argument: 'x'"),
        ((1, 2, 3, 4), {}, "takes from 2 to 4 positional arguments but 5 were given"),
        ((1,), {"x": 2}, "got multiple values for argument 'x'"),
        ((1,), {"z": 2}, "got an unexpected keyword argument 'z'"),
    ],
)
def test_what_does_not_fit_is_refused_in_the_usual_words(
    arguments: tuple[Any, ...], named: dict[str, Any], mistake: str
) -> None:
    @value
    class Fresh:
        x: float
        y: float = 0.0
        label: str = ""

    for _ in range(2):
        with pytest.raises(TypeError, match=mistake):
            Fresh(*arguments, **named)
