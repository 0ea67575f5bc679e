"""The Python tools of tools.toml: plain functions with type hints."""

from __future__ import annotations

import time
from collections.abc import Iterator
from enum import Enum
from typing import Annotated

from pydantic import BaseModel, Field


class Place(Enum):
    inside = "inside"
    garden = "garden"


class Booking(BaseModel):
    name: str
    guests: int
    at: str
    place: Place


BOOKINGS: list[Booking] = []


def book_table(
    guests: Annotated[int, Field(ge=1, le=12, description="how many people")],
    name: str = "guest",
    at: Annotated[str, Field(description="time such as 19:30")] = "19:00",
    place: Place = Place.inside,
) -> Booking:
    """Book a table at the restaurant."""
    BOOKINGS.append(Booking(name=name, guests=guests, at=at, place=place))
    return BOOKINGS[-1]


def list_bookings() -> list[Booking]:
    """All tables that are booked."""
    return BOOKINGS


def bake_bread(loaves: int = 1) -> Iterator[str]:
    """Bake bread; takes a few seconds."""
    for step in ("kneading", "rising", "baking"):
        yield f"{step} {loaves}"
        time.sleep(1)
    return f"{loaves} loaves are ready"
