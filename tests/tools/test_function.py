"""A Python function as a tool: what the model is told of it, and how its calls run."""

from __future__ import annotations

import asyncio
import dataclasses
import enum
import functools
import json
import threading
import typing
from collections.abc import AsyncIterator, Generator
from typing import Annotated, Any, Literal, Required

import pytest
from pydantic import BaseModel, Field
from typing_extensions import TypedDict

from realtime_cli.tools.docstring import read_docstring
from realtime_cli.tools.function import Function, text_of


def google(city: str, days: int = 1) -> str:
    """Tells the weather.

    For a few days.

    Args:
        city: The city,
            without its country.
        days (int): How many days.

    Returns:
        What the sky does.
    """
    return city * days


def numpy_style(city: str, days: int = 1) -> str:
    """Tells the weather.

    For a few days.

    Parameters
    ----------
    city : str
        The city,
        without its country.
    days
        How many days.

    Returns
    -------
    str
        What the sky does.
    """
    return city * days


def sphinx(city: str, days: int = 1) -> str:
    """Tells the weather.

    For a few days.

    :param city: The city,
        without its country.
    :param int days: How many days.
    :returns: What the sky does.
    """
    return city * days


@pytest.mark.parametrize("function", [google, numpy_style, sphinx])
def test_the_sections_of_a_docstring_describe_the_arguments(function: Any) -> None:
    told = Function(function).described()
    assert told["description"] == "Tells the weather.\n\nFor a few days."
    properties = told["parameters"]["properties"]
    assert properties["city"] == {"type": "string", "description": "The city, without its country."}
    assert properties["days"]["description"] == "How many days."


def test_words_that_only_look_like_a_section_stay_in_the_description() -> None:
    text = "Notes: take one.\n\nReturns the note to its place."
    assert read_docstring(text).description == text


def test_annotated_describes_an_argument_and_goes_over_the_docstring() -> None:
    def lamp(
        room: Annotated[str, "Which room"],
        state: Annotated[Literal["on", "off"], Field(description="What to do")] = "on",
    ) -> None:
        """Switches a lamp.

        Args:
            room: Something else.
        """

    properties = Function(lamp).described()["parameters"]["properties"]
    assert properties["room"]["description"] == "Which room"
    assert properties["state"] == {
        "enum": ["on", "off"],
        "type": "string",
        "default": "on",
        "description": "What to do",
    }


async def run(function: Any, **arguments: Any) -> tuple[Any, list[Any]]:
    steps: list[Any] = []
    result = await Function(function).call(arguments, steps.append).result()
    return result, steps


async def test_every_kind_of_function_runs_and_generators_report_progress() -> None:
    def plain(x: int) -> tuple[int, bool]:
        return x + 1, threading.current_thread() is threading.main_thread()

    async def on_loop(x: int) -> tuple[int, bool]:
        await asyncio.sleep(0)
        return x + 1, threading.current_thread() is threading.main_thread()

    def steps(x: int) -> Generator[str, None, int]:
        yield "one"
        yield "two"
        return x + 1

    async def async_steps(x: int) -> AsyncIterator[int]:
        yield x
        yield x + 1

    assert await run(plain, x="1") == ((2, False), [])
    assert await run(on_loop, x=1) == ((2, True), [])
    assert await run(steps, x=1) == (2, ["one", "two"])
    assert await run(async_steps, x=1) == (2, [1, 2])


async def test_a_function_that_exits_the_program_only_fails() -> None:
    def leaves() -> None:
        raise SystemExit(3)

    async def leaves_too() -> None:
        raise SystemExit(3)

    for function in (leaves, leaves_too):
        with pytest.raises(ValueError, match="SystemExit: 3"):
            await run(function)


async def test_a_cancelled_call_waits_for_no_thread() -> None:
    go_on = threading.Event()
    call = Function(lambda: go_on.wait(10)).call({}, lambda step: None)
    waiting = asyncio.create_task(call.result())
    await asyncio.sleep(0.01)
    waiting.cancel()
    call.cancel()
    async with asyncio.timeout(1):
        with pytest.raises(asyncio.CancelledError):
            await waiting
    go_on.set()


class Kind(enum.Enum):
    HOME = "home"
    WORK = "work"


@dataclasses.dataclass
class Place:
    street: str
    kind: Kind = Kind.HOME


class Stop(BaseModel):
    place: Place
    minutes: int = Field(5, description="How long")


class Options(TypedDict, total=False):
    fast: Required[bool]
    level: Literal["low", "high"]


async def test_arguments_of_every_typed_kind_are_described_and_converted() -> None:
    def travel(stops: list[Stop], options: Options, kind: Kind, home: Place | None = None) -> tuple[Any, ...]:
        return stops, options, kind, home

    parameters = Function(travel).described()["parameters"]
    assert parameters["$defs"]["Kind"] == {"enum": ["home", "work"], "type": "string"}
    assert parameters["$defs"]["Stop"]["properties"]["minutes"]["description"] == "How long"
    assert parameters["$defs"]["Options"]["required"] == ["fast"]
    given = {
        "stops": [{"place": {"street": "Main", "kind": "work"}}],
        "options": {"fast": True, "level": "low"},
        "kind": "home",
    }
    made, _ = await run(travel, **given)
    assert made == ([Stop(place=Place("Main", Kind.WORK))], {"fast": True, "level": "low"}, Kind.HOME, None)
    assert json.loads(text_of(made))[0] == [{"place": {"street": "Main", "kind": "work"}, "minutes": 5}]
    with pytest.raises(ValueError, match=r"options.level: Input should be 'low' or 'high'"):
        await run(travel, **{**given, "options": {"fast": True, "level": "middle"}})


async def test_objects_and_partial_functions_are_called_like_functions() -> None:
    class Adder:
        async def __call__(self, x: int) -> int:
            return x + 1

    class Counter:
        async def __call__(self, x: int) -> AsyncIterator[int]:
            yield x
            yield x + 1

    def add(x: int, y: int) -> int:
        return x + y

    for function in (Adder(), Counter(), functools.partial(add, y=1), lambda x: Counter()(int(x))):
        assert (await run(function, x="1"))[0] == 2


def test_a_parameter_that_no_json_is_names_itself() -> None:
    def calls(x: int, back: typing.Callable[[], None]) -> None: ...

    with pytest.raises(TypeError, match=r"^its parameter back: [^\n]+$"):
        Function(calls)
