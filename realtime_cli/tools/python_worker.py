"""The process that Python tools run in: functions of one source, called by frames on stdin.

A frame is four bytes of length and JSON. What functions print goes to stderr; the answers have a pipe
of their own. The process ends when stdin does. It is nicer than the voice: a busy function waits for it.

    in   {"source", "folder", "functions"}                          once
         {"id", "function", "arguments", "limit"}   {"cancel": id}
    out  {"functions": {name: {"description", "parameters"}}} or {"broken": why}
         {"id", "progress"}*   then one of {"id", "output", "total"} {"id", "failed", "at"} {"id", "ended"}
"""

from __future__ import annotations

import asyncio
import importlib
import importlib.util
import json
import os
import sys
import threading
import traceback
from importlib.machinery import (
    BYTECODE_SUFFIXES,
    EXTENSION_SUFFIXES,
    SOURCE_SUFFIXES,
    ExtensionFileLoader,
    FileFinder,
    SourceFileLoader,
    SourcelessFileLoader,
)
from pathlib import Path
from types import CodeType
from typing import Any, BinaryIO

from realtime_cli.tools.function import NOT_A_TOOL, Function, RunningFunction, failure_of, raised_at, text_of
from realtime_cli.user_path import user_path

NICER = 10


class FromSource(SourceFileLoader):
    """Always compiles the source, which is what was trusted: bytecode beside it may be of anybody."""

    def get_code(self, fullname: str) -> CodeType:
        path = self.get_filename(fullname)
        code: CodeType = self.source_to_code(self.get_data(path), path)
        return code


def _take_sources(folder: str) -> None:
    """For all modules of the agent's folder but what is installed there."""
    root, installed = Path(folder).resolve(), Path(sys.prefix).resolve()
    kinds = (EXTENSION_SUFFIXES, SOURCE_SUFFIXES, BYTECODE_SUFFIXES)
    loaders = zip((ExtensionFileLoader, FromSource, SourcelessFileLoader), kinds, strict=True)
    finder = FileFinder.path_hook(*((loader, suffixes) for loader, suffixes in loaders))

    def within(path: str) -> Any:
        place = Path(path).resolve()
        if not place.is_relative_to(root) or place.is_relative_to(installed):
            raise ImportError
        return finder(path)

    sys.path_hooks.insert(0, within)
    sys.path_importer_cache.clear()


def load(source: str, folder: str, names: list[str]) -> dict[str, Function]:
    """The functions of a file or a module. Raises ImportError, TypeError and whatever the source raises."""
    sys.path.insert(0, folder)
    if source.endswith(".py"):
        path = user_path(source, Path(folder))
        sys.path.insert(0, str(path.parent))
        spec = importlib.util.spec_from_file_location(
            path.stem, path, loader=FromSource(path.stem, str(path))
        )
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
        except NOT_A_TOOL as error:
            raise TypeError(f"{name} cannot be a tool: {error}") from error
    return functions


class Worker:
    """Runs calls, and posts their results."""

    def __init__(self, functions: dict[str, Function], out: BinaryIO, folder: str = "") -> None:
        self._functions, self._folder = functions, Path(folder)
        self._out = out
        self._calls: dict[int, RunningFunction] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def post(self, **message: Any) -> None:
        frame = json.dumps(message).encode()
        self._out.write(len(frame).to_bytes(4, "big") + frame)
        self._out.flush()

    def take(self, message: dict[str, Any]) -> None:
        if "cancel" in message:
            if call := self._calls.get(message["cancel"]):
                call.cancel()
            return
        call_id = message["id"]

        def report(value: Any) -> None:
            self.post(id=call_id, progress=text_of(value))

        call = self._functions[message["function"]].call(message["arguments"], report)
        self._calls[call_id] = call
        task = asyncio.get_running_loop().create_task(self._run(call, message))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _run(self, call: RunningFunction, message: dict[str, Any]) -> None:
        call_id = message["id"]
        try:
            data = text_of(await call.result()).encode("utf-8", "replace")
            kept = data[: message["limit"]].decode("utf-8", "ignore")
            self.post(id=call_id, output=kept, total=len(data))
        except asyncio.CancelledError:
            self.post(id=call_id, ended=True)
        except Exception as error:
            traceback.print_exception(error, file=sys.stderr)
            self.post(id=call_id, failed=failure_of(error), at=raised_at(error, self._folder))
        finally:
            self._calls.pop(call_id, None)


def _read(stdin: BinaryIO) -> dict[str, Any] | None:
    head = stdin.read(4)
    if len(head) < 4:
        return None
    message: dict[str, Any] = json.loads(stdin.read(int.from_bytes(head, "big")))
    return message


def _listen(stdin: BinaryIO, worker: Worker, loop: asyncio.AbstractEventLoop) -> None:
    while (message := _read(stdin)) is not None:
        loop.call_soon_threadsafe(worker.take, message)
    os._exit(0)  # whatever still runs is not waited for any more


async def _serve(stdin: BinaryIO, out: BinaryIO) -> None:
    first = _read(stdin)
    if first is None:
        return
    worker = Worker({}, out)
    try:
        _take_sources(first["folder"])
        functions = load(first["source"], first["folder"], first["functions"])
        described = {name: function.described() for name, function in functions.items()}
    except BaseException as error:  # the source is foreign code: whatever it raises is told
        traceback.print_exception(error, file=sys.stderr)
        own = isinstance(error, ImportError | TypeError)
        worker.post(broken=str(error) if own else f"{type(error).__name__}: {error}")
        return
    worker = Worker(functions, out, first["folder"])
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
