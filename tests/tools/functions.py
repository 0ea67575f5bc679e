"""Python tools of every shape, for the tests."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator, Generator
from enum import Enum
from pathlib import Path
from typing import Annotated, Any, Literal, Optional

from pydantic import BaseModel, Field


class Room(Enum):
    garden = "garden"
    cellar = "cellar"


class Guest(BaseModel):
    name: str
    age: Annotated[int, Field(ge=0)] = 30


class Booking(BaseModel):
    guests: list[Guest]
    room: Room


def book_table(
    guests: list[Guest],
    room: Room = Room.garden,
    at: Annotated[str, Field(description="24 h time", pattern=r"^\d\d:\d\d$")] = "19:00",
    wishes: Optional[dict[str, str]] = None,  # noqa: UP045
    size: Literal["small", "large"] | None = None,
) -> Booking:
    """Book a table.

    Ask for the number of guests first.
    """
    assert isinstance(room, Room)
    assert all(isinstance(guest, Guest) for guest in guests)
    return Booking(guests=guests, room=room)


BOOKED: list[str] = []


def remember(what: str) -> int:
    """Functions of one file share what the file keeps."""
    BOOKED.append(what)
    return len(BOOKED)


def recall() -> list[str]:
    return BOOKED


async def slow_double(number: float, schema: str = "", **more: Any) -> float:
    """A parameter may have any name, also one that models use."""
    await asyncio.sleep(0.01)
    return number * 2 + len(more)


def steps(count: int) -> Generator[str, None, str]:
    for step in range(count):
        yield f"step {step + 1}"
    return "all done"


async def async_steps(count: int) -> AsyncIterator[str]:
    for step in range(count):
        yield f"step {step + 1}"


def nothing() -> None:
    """Gives nothing."""


def fails() -> None:
    raise LookupError("no such table")


def leaves() -> None:
    raise SystemExit(3)


def chatters() -> str:
    print("this must not get between the frames\n" * 10_000)
    os.write(1, b"\x00\x00\x00\x02{}")
    return "fine"


def long_text(size: int) -> str:
    return "x" * size


def sleeps(seconds: float) -> str:
    time.sleep(seconds)
    return "awake"


def spins(seconds: float = 600) -> int:
    """Holds the interpreter as hard as Python can: a sum in C gives it to nobody for 100 ms or so."""
    count, end = 0, time.monotonic() + seconds
    while time.monotonic() < end:
        count += sum(range(5_000_000))
    return count


async def waits(file: str) -> None:
    """Writes down that it was cancelled."""
    try:
        await asyncio.sleep(600)
    finally:
        Path(file).write_text("cancelled")


def kills_itself() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def process_id() -> int:
    return os.getpid()


def niceness() -> int:
    return os.nice(0)


def breaks_text() -> str:
    return "\ud800 lone"
