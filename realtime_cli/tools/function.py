"""A Python function as a tool: its schema from hints and docstring, and how a call of it runs.

One way for all of them: functions of an agent file (in a process of their own), of a program that uses
:class:`realtime_cli.Session`, and of its mocks.
"""

from __future__ import annotations

import asyncio
import copy
import functools
import inspect
import threading
import traceback
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any, get_args, get_origin, get_type_hints

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    PydanticUserError,
    TypeAdapter,
    ValidationError,
    create_model,
)
from pydantic.fields import FieldInfo
from pydantic_core import to_json

from realtime_cli.tools.docstring import read_docstring
from realtime_cli.tools.typed_dict import readable

NOT_A_TOOL = (TypeError, ValueError, NameError)
"""What :class:`Function` raises for a function that cannot be one."""
Report = Callable[[Any], None]


class Function:
    """One function, its schema, and a model that checks and converts the arguments of a call."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function = function
        self._docstring = read_docstring(function.__doc__)
        self._names: dict[str, str] = {}
        hints = _hints_of(function)
        try:
            self._model = self._arguments_model(hints)
            self._parameters = self._model.model_json_schema(by_alias=True)
        except PydanticUserError as error:
            raise TypeError(_unfit_hint(hints) or _first_line(error)) from error

    def _arguments_model(self, hints: dict[str, Any]) -> type[BaseModel]:
        fields: dict[str, Any] = {}
        extra: Any = "forbid"
        for place, parameter in enumerate(inspect.signature(self.function).parameters.values()):
            if parameter.kind in (parameter.POSITIONAL_ONLY, parameter.VAR_POSITIONAL):
                raise TypeError(f"its parameter {parameter.name} cannot be given by name")
            if parameter.kind is parameter.VAR_KEYWORD:
                extra = "allow"
                continue
            default = ... if parameter.default is parameter.empty else parameter.default
            self._names[f"p{place}"] = parameter.name  # any name is free this way, also one that models use
            hint = hints.get(parameter.name, Any)
            described = _described(hint) or self._docstring.parameters.get(parameter.name)
            fields[f"p{place}"] = (hint, Field(default, alias=parameter.name, description=described))
        return create_model("Arguments", __config__=ConfigDict(extra=extra), **fields)

    def described(self) -> dict[str, Any]:
        """``description`` and ``parameters`` (JSON Schema), as the model is told."""
        parameters = copy.deepcopy(self._parameters)
        _without_titles(parameters)
        parameters.setdefault("properties", {})
        return {"description": self._docstring.description, "parameters": parameters}

    def convert(self, arguments: dict[str, Any]) -> dict[str, Any]:
        """Arguments as the types of the hints. Raises ValueError that says what does not fit."""
        try:
            made = self._model.model_validate(arguments)
        except ValidationError as error:
            raise ValueError("; ".join(_mistake(mistake) for mistake in error.errors())) from error
        given = {self._names[key]: getattr(made, key) for key in made.model_fields_set if key in self._names}
        return {**given, **(made.model_extra or {})}

    def call(self, arguments: dict[str, Any], report: Report) -> RunningFunction:
        """Begin a call on the running loop. ``report`` is given what a generator yields, as progress."""
        return RunningFunction(self, arguments, report)


class RunningFunction:
    """A call that runs: async functions on the loop, others in a thread each; ``result`` waits for it.

    Of a generator every yield is progress; the result is what it returns, or else its last yield.
    """

    def __init__(self, function: Function, arguments: dict[str, Any], report: Report) -> None:
        self._function, self._arguments, self._report = function, arguments, report
        self._stopped = threading.Event()
        target = inspect.unwrap(function.function)
        self.is_async = inspect.iscoroutinefunction(target) or inspect.isasyncgenfunction(target)
        self._loop = asyncio.get_running_loop()
        work = self._run_async() if self.is_async else self._run_in_thread()
        self._task = self._loop.create_task(work, name="function")

    async def result(self) -> Any:
        """What it returned. Raises what it raised, and CancelledError when it was cancelled."""
        return await asyncio.shield(self._task)

    def cancel(self) -> None:
        """End it: an async one at once, a generator at its next yield, any other one when it returns."""
        self._stopped.set()
        if self.is_async:
            self._task.cancel()
        else:
            self._task.add_done_callback(lambda task: task.cancelled() or task.exception())

    async def _run_async(self) -> Any:
        try:
            return await self._awaited()
        except (asyncio.CancelledError, Exception):
            raise
        except BaseException as error:  # SystemExit and the like would end the loop
            raise _as_exception(error) from error

    async def _awaited(self) -> Any:
        return await self._ended(self._function.function(**self._function.convert(self._arguments)))

    async def _ended(self, running: Any) -> Any:
        if not inspect.isasyncgen(running):
            return await running if inspect.isawaitable(running) else running
        last = None
        async for last in running:
            self._report(last)
        return last

    async def _run_in_thread(self) -> Any:
        done: asyncio.Future[Any] = self._loop.create_future()
        threading.Thread(target=self._run, args=(done,), daemon=True).start()
        return await self._ended(await done)

    def _run(self, done: asyncio.Future[Any]) -> None:
        try:
            result = self._function.function(**self._function.convert(self._arguments))
            result = self._drain(result) if inspect.isgenerator(result) else result
        except BaseException as error:  # also SystemExit: a thread would swallow it
            self._on_loop(self._settle, done, None, error)
        else:
            self._on_loop(self._settle, done, result, None)

    @staticmethod
    def _settle(done: asyncio.Future[Any], result: Any, error: BaseException | None) -> None:
        if done.done():
            return
        if error is None:
            done.set_result(result)
        else:
            done.set_exception(_as_exception(error))

    def _drain(self, steps: Any) -> Any:
        last = None
        try:
            while not self._stopped.is_set():
                last = next(steps)
                self._on_loop(self._report, last)
        except StopIteration as stop:
            return last if stop.value is None else stop.value
        steps.close()
        return None

    def _on_loop(self, call: Callable[..., Any], *arguments: Any) -> None:
        with suppress(RuntimeError):  # the loop is closed, and nobody waits
            self._loop.call_soon_threadsafe(call, *arguments)


def _as_exception(error: BaseException) -> Exception:
    """The error, or, where a future cannot carry it, one that says the same."""
    if isinstance(error, Exception) and not isinstance(error, StopIteration):
        return error
    return ValueError(f"{type(error).__name__}: {error}")


def text_of(value: Any) -> str:
    """What a function gave back, as the model is told."""
    if value is None:
        return "done"
    return value if isinstance(value, str) else to_json(value, fallback=str, inf_nan_mode="strings").decode()


def failure_of(error: BaseException) -> str:
    """What the model is told of an error; a ValueError speaks for itself."""
    words = f"{type(error).__name__}: {error}" if not isinstance(error, ValueError) else str(error)
    return words[:2000] or type(error).__name__


def raised_at(error: BaseException, folder: Path) -> str:
    """``file.py:7``: the innermost line of the user's own code in ``folder``; nothing where none is in it."""
    return own_place(traceback.extract_tb(error.__traceback__), folder)


def own_place(frames: traceback.StackSummary, folder: Path) -> str:
    """The same of any frames, the innermost last."""
    own = [frame for frame in frames if Path(frame.filename).resolve().is_relative_to(folder.resolve())]
    inside = [frame for frame in own if "site-packages" not in Path(frame.filename).parts]
    return f"{Path(inside[-1].filename).name}:{inside[-1].lineno}" if inside else ""


def _hints_of(function: Callable[..., Any]) -> dict[str, Any]:
    """The hints of a function, of a partial one, and of an object that can be called."""
    while isinstance(function, functools.partial):
        function = function.func
    if not inspect.isroutine(function):
        function = function.__init__ if inspect.isclass(function) else type(function).__call__
    return {name: readable(hint) for name, hint in get_type_hints(function, include_extras=True).items()}


def _unfit_hint(hints: dict[str, Any]) -> str:
    """Which parameter has a type that no JSON is; empty if it is none of them alone."""
    for name, hint in hints.items():
        try:
            TypeAdapter(hint).json_schema()
        except PydanticUserError as error:
            if name != "return":
                return f"its parameter {name}: {_first_line(error)}"
    return ""


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0].rstrip(".")


def _described(hint: Any) -> str | None:
    """The sentence in ``Annotated[str, "the city"]``; one in ``Field(description=...)`` pydantic reads."""
    if get_origin(hint) is not Annotated:
        return None
    for note in get_args(hint)[1:]:
        if isinstance(note, str):
            return note
        if isinstance(note, FieldInfo) and note.description:
            return note.description
    return None


def _mistake(mistake: Any) -> str:
    where = ".".join(str(part) for part in mistake["loc"])
    return f"{where}: {mistake['msg']}"


def _without_titles(schema: Any) -> None:
    """Titles repeat the names; every word of a schema is paid for in each response."""
    if isinstance(schema, dict):
        if isinstance(schema.get("title"), str):
            del schema["title"]
        for inner in schema.values():
            _without_titles(inner)
    elif isinstance(schema, list):
        for inner in schema:
            _without_titles(inner)
