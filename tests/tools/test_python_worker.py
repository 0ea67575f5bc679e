"""The process of Python tools, from inside: what is made of a function, and how its calls are told."""

from __future__ import annotations

import asyncio
import io
import json
import re
import sys
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from realtime_cli.tools.function import Function
from realtime_cli.tools.python_worker import Worker, load

LIMIT = 1000


class Pipe(io.BytesIO):
    """Where the answers go; ``until`` waits for the last of a call, whichever thread tells it."""

    def __init__(self) -> None:
        super().__init__()
        self._news = threading.Condition()

    def flush(self) -> None:
        with self._news:
            self._news.notify_all()

    @property
    def told(self) -> list[dict[str, Any]]:
        data, frames = self.getvalue(), []
        while data:
            size = int.from_bytes(data[:4], "big")
            frames.append(json.loads(data[4 : 4 + size]))
            data = data[4 + size :]
        return frames

    async def until(self, kind: str) -> dict[str, Any]:
        async with asyncio.timeout(10):
            while not (found := [frame for frame in self.told if kind in frame]):
                await asyncio.sleep(0.001)
        return found[-1]


class Working:
    """A worker with one function."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self.out = Pipe()
        self._worker = Worker({"f": Function(function)}, self.out)

    def call(self, limit: int = LIMIT, **arguments: Any) -> None:
        self._worker.take({"id": 1, "function": "f", "arguments": arguments, "limit": limit})

    def cancel(self) -> None:
        self._worker.take({"cancel": 1})


# -- a function and its arguments -----------------------------------------------------------------


def test_a_function_is_described_by_its_hints_and_its_first_words() -> None:
    def book(guests: int, day: str = "today") -> str:
        """Book a table."""
        return f"{guests} {day}"

    assert Function(book).described() == {
        "description": "Book a table.",
        "parameters": {
            "type": "object",
            "additionalProperties": False,
            "properties": {"guests": {"type": "integer"}, "day": {"type": "string", "default": "today"}},
            "required": ["guests"],
        },
    }


def test_without_hints_and_words_anything_goes() -> None:
    def plain(x, **more):
        return x

    told = Function(plain).described()
    assert (told["description"], told["parameters"]["properties"]) == ("", {"x": {}})
    assert told["parameters"]["additionalProperties"] is True
    assert Function(plain).convert({"x": 1, "y": 2}) == {"x": 1, "y": 2}


def test_names_that_models_use_themselves_are_free() -> None:
    def odd(model_config: int, schema: int, json: int = 3) -> None: ...

    assert Function(odd).convert({"model_config": "1", "schema": 2}) == {"model_config": 1, "schema": 2}


def test_what_does_not_fit_is_named() -> None:
    def book(guests: int) -> None: ...

    with pytest.raises(ValueError, match=r"guests: .*valid integer.*; dogs: Extra inputs"):
        Function(book).convert({"guests": "many", "dogs": 1})


def test_what_cannot_be_called_by_name_is_no_tool() -> None:
    def positional(x: int, /) -> None: ...
    def starred(*x: int) -> None: ...

    for function in (positional, starred):
        with pytest.raises(TypeError, match="its parameter x cannot be given by name"):
            Function(function)


# -- the source -----------------------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "own_tools.py").write_text(
        "from beside import NAME\ndef hello(): return NAME\ndef starred(*x): ...\nnumber = 3\n"
    )
    (tmp_path / "beside.py").write_text("NAME = 'Ada'\n")
    monkeypatch.setattr(sys, "path", [*sys.path])
    for name in ("own_tools", "beside"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    return tmp_path


@pytest.mark.parametrize("source", ["own_tools.py", "own_tools"])
def test_functions_of_a_file_or_a_module_that_finds_its_neighbours(folder: Path, source: str) -> None:
    assert load(source, str(folder), ["hello"])["hello"].function() == "Ada"


@pytest.mark.parametrize(
    ("source", "name", "error", "said"),
    [
        ("gone.py", "hello", ImportError, "there is no file"),
        ("no_such_module", "hello", ImportError, "no_such_module"),
        ("own_tools.py", "goodbye", ImportError, "it has no function goodbye"),
        ("own_tools.py", "number", ImportError, "it has no function number"),
        ("own_tools.py", "starred", TypeError, "starred cannot be a tool: its parameter x"),
    ],
)
def test_what_cannot_be_loaded_says_why(
    folder: Path, source: str, name: str, error: type[Exception], said: str
) -> None:
    with pytest.raises(error, match=said):
        load(source, str(folder), [name])


# -- calls ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("result", "output"),
    [
        ("text", "text"),
        (None, "done"),
        ({"a": [1]}, '{"a":[1]}'),
        (float("nan"), '"NaN"'),
        (Path("a"), '"a"'),
    ],
)
async def test_a_result_is_text_or_json(result: object, output: str) -> None:
    working = Working(lambda: result)
    working.call()
    assert await working.out.until("output") == {"id": 1, "output": output, "total": len(output)}


async def test_a_long_result_is_cut_between_letters_and_its_length_told() -> None:
    working = Working(lambda: "ä" * 10)
    working.call(limit=5)
    assert await working.out.until("output") == {"id": 1, "output": "ää", "total": 20}


async def test_a_coroutine_runs_on_the_loop_and_may_be_cancelled() -> None:
    async def wait(seconds: float) -> str:
        await asyncio.sleep(seconds)
        return "waited"

    quick, slow = Working(wait), Working(wait)
    quick.call(seconds=0)
    assert (await quick.out.until("output"))["output"] == "waited"
    slow.call(seconds=60)
    await asyncio.sleep(0)
    slow.cancel()
    assert await slow.out.until("ended") == {"id": 1, "ended": True}


async def test_every_step_of_a_generator_is_progress() -> None:
    def returning() -> Iterator[str]:
        yield "half"
        return "all"  # type: ignore[return-value]

    def ending() -> Iterator[str]:
        yield "half"
        yield "whole"

    async def slowly() -> AsyncIterator[str]:
        yield "half"
        yield "whole"

    for function, output in ((returning, "all"), (ending, "whole"), (slowly, "whole")):
        working = Working(function)
        working.call()
        assert (await working.out.until("output"))["output"] == output
        assert working.out.told[0] == {"id": 1, "progress": "half"}


async def test_a_generator_that_is_cancelled_is_closed_at_its_next_step() -> None:
    closed: list[bool] = []
    go_on = threading.Event()

    def steps() -> Iterator[str]:
        try:
            while True:
                yield "on and on"
                go_on.wait(10)
        finally:
            closed.append(True)

    working = Working(steps)
    working.call()
    await working.out.until("progress")
    working.cancel()
    go_on.set()
    await working.out.until("output")
    assert closed == [True]


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (ValueError("no such day"), "no such day"),
        (KeyError("day"), "KeyError: 'day'"),
        (ValueError(), "ValueError"),
        (SystemExit(3), "SystemExit: 3"),
        (RuntimeError("x" * 5000), "RuntimeError: " + "x" * 1986),
    ],
)
@pytest.mark.parametrize("runs", ["in a thread", "on the loop"])
async def test_a_failure_is_told_in_its_words_and_traced_on_stderr(
    error: BaseException, said: str, runs: str, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail() -> None:
        raise error

    async def fail_later() -> None:
        raise error

    working = Working(fail if runs == "in a thread" else fail_later)
    working.call()
    told = await working.out.until("failed")
    assert re.fullmatch(r"(test_python_worker|function)\.py:\d+", told.pop("at"))
    assert told == {"id": 1, "failed": said}
    assert "Traceback" in capsys.readouterr().err
