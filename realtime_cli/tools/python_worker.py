"""The process that Python tools run in: functions of one source, called by frames on stdin.

A frame is four bytes of length and JSON. What functions print goes to stderr; the answers have a pipe
of their own. The process ends when stdin does. It is nicer than the voice: a busy function waits for it.

    in   {"source", "folder", "functions"}                          once
         {"id", "function", "arguments", "limit"}   {"cancel": id}
    out  {"functions": {name: {"description", "parameters"}}} or {"broken": why}
         {"id", "progress"}*   then one of {"id", "output", "total"} {"id", "failed"} {"id", "ended"}
"""

from __future__ import annotations

import asyncio
import importlib
import importlib.util
import inspect
import json
import os
import sys
import threading
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO, get_type_hints

from pydantic import BaseModel, ConfigDict, Field, PydanticUserError, ValidationError, create_model
from pydantic_core import to_json

from realtime_cli.user_path import user_path

NICER = 10


class Function:
    """One function, its schema, and a model that checks and converts the arguments of a call."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function = function
        self._names: dict[str, str] = {}
        self._model = self._arguments_model()

    def _arguments_model(self) -> type[BaseModel]:
        hints = get_type_hints(self.function, include_extras=True)
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
            fields[f"p{place}"] = (hints.get(parameter.name, Any), Field(default, alias=parameter.name))
        return create_model("Arguments", __config__=ConfigDict(extra=extra), **fields)

    def described(self) -> dict[str, Any]:
        parameters = self._model.model_json_schema(by_alias=True)
        _without_titles(parameters)
        parameters.setdefault("properties", {})
        return {"description": inspect.getdoc(self.function) or "", "parameters": parameters}

    def convert(self, arguments: dict[str, Any]) -> dict[str, Any]:
        """Arguments as the types of the hints. Raises ValueError that says what does not fit."""
        try:
            made = self._model.model_validate(arguments)
        except ValidationError as error:
            raise ValueError("; ".join(_mistake(mistake) for mistake in error.errors())) from error
        given = {self._names[key]: getattr(made, key) for key in made.model_fields_set if key in self._names}
        return {**given, **(made.model_extra or {})}


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


def load(source: str, folder: str, names: list[str]) -> dict[str, Function]:
    """The functions of a file or a module. Raises ImportError, TypeError and whatever the source raises."""
    sys.path.insert(0, folder)
    if source.endswith(".py"):
        path = user_path(source, Path(folder))
        sys.path.insert(0, str(path.parent))
        spec = importlib.util.spec_from_file_location(path.stem, path)
        if spec is None or spec.loader is None or not path.is_file():
            raise ImportError(f"there is no file {path}")
        module = importlib.util.module_from_spec(spec)
        sys.modules[path.stem] = module
        spec.loader.exec_module(module)
    else:
        module = importlib.import_module(source)
    functions = {}
    for name in names:
        function = getattr(module, name, None)
        if not callable(function):
            raise ImportError(f"it has no function {name}")
        try:
            functions[name] = Function(function)
        except (TypeError, NameError, PydanticUserError) as error:
            raise TypeError(f"{name} cannot be a tool: {error}") from error
    return functions


class Worker:
    """Runs calls: async functions on the loop, others in a thread each."""

    def __init__(self, functions: dict[str, Function], out: BinaryIO) -> None:
        self._functions = functions
        self._out = out
        self._writing = threading.Lock()
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self._cancelled: set[int] = set()

    def post(self, **message: Any) -> None:
        frame = json.dumps(message).encode()
        with self._writing:
            self._out.write(len(frame).to_bytes(4, "big") + frame)
            self._out.flush()

    def take(self, message: dict[str, Any]) -> None:
        if "cancel" in message:
            self._cancelled.add(message["cancel"])
            if task := self._tasks.get(message["cancel"]):
                task.cancel()
            return
        function, call_id = self._functions[message["function"]], message["id"]
        target = inspect.unwrap(function.function)
        if inspect.iscoroutinefunction(target) or inspect.isasyncgenfunction(target):
            task = asyncio.get_running_loop().create_task(self._run_async(function, message))
            self._tasks[call_id] = task
            task.add_done_callback(lambda _: self._tasks.pop(call_id, None))
        else:
            threading.Thread(target=self._run, args=(function, message), daemon=True).start()

    def _run(self, function: Function, message: dict[str, Any]) -> None:
        call_id = message["id"]
        try:
            result = function.function(**function.convert(message["arguments"]))
            if inspect.isgenerator(result):
                result = self._drain(call_id, result)
            self._finish(message, result)
        except BaseException as error:  # also SystemExit: a thread would swallow it
            self._fail(call_id, error)

    def _drain(self, call_id: int, steps: Any) -> Any:
        """Every yield is progress; the result is what the generator returns, or else its last yield."""
        last = None
        try:
            while call_id not in self._cancelled:
                last = next(steps)
                self.post(id=call_id, progress=_text(last))
        except StopIteration as stop:
            return last if stop.value is None else stop.value
        steps.close()
        return None

    async def _run_async(self, function: Function, message: dict[str, Any]) -> None:
        call_id = message["id"]
        try:
            running = function.function(**function.convert(message["arguments"]))
            if inspect.isasyncgen(running):
                result = None
                async for result in running:
                    self.post(id=call_id, progress=_text(result))
            else:
                result = await running
            self._finish(message, result)
        except asyncio.CancelledError:
            self.post(id=call_id, ended=True)
        except BaseException as error:
            self._fail(call_id, error)

    def _finish(self, message: dict[str, Any], result: Any) -> None:
        data = _text(result).encode("utf-8", "replace")
        kept = data[: message["limit"]].decode("utf-8", "ignore")
        self.post(id=message["id"], output=kept, total=len(data))

    def _fail(self, call_id: int, error: BaseException) -> None:
        traceback.print_exception(error, file=sys.stderr)
        words = f"{type(error).__name__}: {error}" if not isinstance(error, ValueError) else str(error)
        self.post(id=call_id, failed=words[:2000] or type(error).__name__)


def _text(value: Any) -> str:
    if value is None:
        return "done"
    return value if isinstance(value, str) else to_json(value, fallback=str, inf_nan_mode="strings").decode()


def _read(stdin: BinaryIO) -> dict[str, Any] | None:
    head = stdin.read(4)
    if len(head) < 4:
        return None
    message: dict[str, Any] = json.loads(stdin.read(int.from_bytes(head, "big")))
    return message


def _listen(stdin: BinaryIO, worker: Worker, loop: asyncio.AbstractEventLoop) -> None:
    while (message := _read(stdin)) is not None:
        loop.call_soon_threadsafe(worker.take, message)
    os._exit(0)  # whatever still runs: nobody waits for it any more


async def _serve(stdin: BinaryIO, out: BinaryIO) -> None:
    first = _read(stdin)
    if first is None:
        return
    worker = Worker({}, out)
    try:
        functions = load(first["source"], first["folder"], first["functions"])
        described = {name: function.described() for name, function in functions.items()}
    except BaseException as error:  # the source is foreign code: whatever it raises is told
        traceback.print_exception(error, file=sys.stderr)
        own = isinstance(error, ImportError | TypeError)
        worker.post(broken=str(error) if own else f"{type(error).__name__}: {error}")
        return
    worker = Worker(functions, out)
    worker.post(functions=described)
    loop = asyncio.get_running_loop()
    threading.Thread(target=_listen, args=(stdin, worker, loop), daemon=True).start()
    await asyncio.Event().wait()


def main() -> None:
    """Serve on stdin and stdout, after giving stdout's place to stderr."""
    if hasattr(os, "nice"):
        os.nice(NICER)
    out = os.fdopen(os.dup(1), "wb")
    stdin = os.fdopen(os.dup(0), "rb")
    os.dup2(2, 1)
    with open(os.devnull, "rb") as nothing:
        os.dup2(nothing.fileno(), 0)
    asyncio.run(_serve(stdin, out))


if __name__ == "__main__":
    main()
