"""Tools that are Python functions, each source in a process of its own.

In this process a busy function would hold the interpreter and the voice would stutter, and one that
crashes would take the talk with it. A call that cannot be ended (a thread that spins) makes its process
retire: new calls get a fresh one, and the old one is killed as soon as its other calls have ended.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from realtime_cli.config.tools import PythonTool
from realtime_cli.errors import ConfigError
from realtime_cli.own_python import own_python
from realtime_cli.tools import process
from realtime_cli.tools.output import fitted, last_lines
from realtime_cli.tools.tool import Progress, Rules, Tool, ToolFailed
from realtime_cli.untrusted_json import parse_json

START_TIMEOUT_S = 20.0
RETIRE_AFTER_S = 0.5  # how long a cancelled call may take to end by itself


class Broken(Exception):
    """The source cannot be used."""


class PythonWorker:
    """One process and the calls that are open in it."""

    def __init__(self, child: asyncio.subprocess.Process) -> None:
        self._child = child
        self._calls: dict[int, tuple[asyncio.Future[dict[str, Any]], Progress]] = {}
        self._ending: set[int] = set()
        self._count = 0
        self._complaints = b""
        self._tasks: list[asyncio.Task[None]] = []
        self.retired = False
        self.described: dict[str, Any] = {}

    @classmethod
    async def start(
        cls, source: str, folder: Path, functions: list[str], environ: Mapping[str, str]
    ) -> PythonWorker:
        """A process that has loaded the source. Raises Broken with the reason if it cannot."""
        pipe = asyncio.subprocess.PIPE
        child = await process.started(
            *own_python("-m", "realtime_cli.tools.python_worker"),
            stdin=pipe,
            stdout=pipe,
            stderr=pipe,
            env=dict(environ),
        )
        worker = cls(child)
        worker._tasks.append(asyncio.create_task(worker._complain(), name="tool complaints"))
        try:
            worker._post({"source": source, "folder": str(folder), "functions": functions})
            async with asyncio.timeout(START_TIMEOUT_S):
                answer = await worker._frame()
        except TimeoutError as error:
            await worker.end()
            raise Broken(f"it was not loaded within {START_TIMEOUT_S:g} s") from error
        except BaseException:
            await worker.end()
            raise
        if answer is None or "broken" in answer:
            await worker.end()
            raise Broken(
                answer["broken"] if answer else worker._last_words("its process ended while loading it")
            )
        worker.described = answer["functions"]
        worker._tasks.append(asyncio.create_task(worker._listen(), name="tool answers"))
        return worker

    async def call(
        self, function: str, arguments: dict[str, Any], limit: int, progress: Progress
    ) -> dict[str, Any]:
        """The last frame of a call. Raises ToolFailed if the process ends meanwhile."""
        self._count += 1
        call_id = self._count
        answer: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self._calls[call_id] = answer, progress
        try:
            self._post({"id": call_id, "function": function, "arguments": arguments, "limit": limit})
            return await answer
        except asyncio.CancelledError:
            self._cancel(call_id)
            raise
        finally:
            self._calls.pop(call_id, None)
            self._leave_if_done()

    def _cancel(self, call_id: int) -> None:
        if self._child.returncode is None:
            self._post({"cancel": call_id})
            self._ending.add(call_id)
            asyncio.get_running_loop().call_later(RETIRE_AFTER_S, self._retire, call_id)

    def _retire(self, call_id: int) -> None:
        if call_id in self._ending:
            self.retired = True
            self._leave_if_done()

    def _leave_if_done(self) -> None:
        if self.retired and not self._calls:
            process.kill_group(self._child.pid)

    def _post(self, message: dict[str, Any]) -> None:
        assert self._child.stdin
        frame = json.dumps(message).encode()
        self._child.stdin.write(len(frame).to_bytes(4, "big") + frame)

    async def _frame(self) -> dict[str, Any] | None:
        assert self._child.stdout
        try:
            size = int.from_bytes(await self._child.stdout.readexactly(4), "big")
            frame: dict[str, Any] = parse_json(await self._child.stdout.readexactly(size))
        except (asyncio.IncompleteReadError, ConnectionResetError):
            return None
        return frame

    async def _listen(self) -> None:
        while (frame := await self._frame()) is not None:
            answer, progress = self._calls.get(frame["id"], (None, None))
            if "progress" in frame:
                if progress:
                    progress(frame["progress"])
                continue
            self._ending.discard(frame["id"])
            if answer and not answer.done():
                answer.set_result(frame)
        self.retired = True
        await self._child.wait()
        with suppress(TimeoutError):  # its last words are often still on their way
            await asyncio.wait_for(asyncio.shield(self._tasks[0]), 0.2)
        why = self._last_words(
            f"The process of the tool ended ({process.how_it_ended(self._child.returncode)})"
        )
        for answer, _ in list(self._calls.values()):
            if not answer.done():
                answer.set_exception(ToolFailed(f"{why}. The next call starts a new one."))

    def _last_words(self, what: str) -> str:
        said = last_lines(self._complaints, 1)
        return f"{what}: {said}" if said else what

    async def _complain(self) -> None:
        assert self._child.stderr
        while chunk := await self._child.stderr.read(65_536):
            self._complaints = (self._complaints + chunk)[-4096:]

    async def end(self) -> None:
        """Kill it, with whatever it started."""
        self.retired = True
        await process.end(self._child)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


class Source:
    """A file or module with tools, and the process that serves it now."""

    def __init__(self, source: str, folder: Path, functions: list[str], environ: Mapping[str, str]) -> None:
        self._start = (source, folder, functions, environ)
        self._worker: PythonWorker | None = None
        self._workers: list[PythonWorker] = []
        self._starting = asyncio.Lock()

    async def open(self) -> dict[str, Any]:
        """Descriptions and schemas by function. Raises ConfigError if the source cannot be used."""
        try:
            return (await self._serving()).described
        except Broken as error:
            source, folder, *_ = self._start
            place = folder / source if source.endswith(".py") else source
            raise ConfigError(f"Tools of {place} cannot be used: {error}.") from error

    async def call(
        self, function: str, arguments: dict[str, Any], limit: int, progress: Progress
    ) -> dict[str, Any]:
        try:
            worker = await self._serving()
        except Broken as error:
            raise ToolFailed(f"It cannot be started again: {error}.") from error
        return await worker.call(function, arguments, limit, progress)

    async def _serving(self) -> PythonWorker:
        async with self._starting:
            if self._worker is None or self._worker.retired:
                self._worker = await PythonWorker.start(*self._start)
                self._workers.append(self._worker)
            return self._worker

    async def close(self) -> None:
        await asyncio.gather(*(worker.end() for worker in self._workers))


class PythonFunction:
    """Calls one function of a source."""

    def __init__(self, source: Source, function: str, limit: int) -> None:
        self._source, self._function, self._limit = source, function, limit

    async def run(self, arguments: dict[str, Any], progress: Progress) -> str:
        answer = await self._source.call(self._function, arguments, self._limit, progress)
        if "failed" in answer:
            raise ToolFailed(answer["failed"])
        return fitted(answer.get("output", ""), self._limit, answer.get("total"))


def is_function(written: str) -> bool:
    """Whether it is ``file.py:name`` or ``module:name``, and no command line."""
    return re.fullmatch(r"[\w./~-]+:[A-Za-z_]\w*", written) is not None


def function_of(written: str) -> tuple[str, str]:
    """Source and function of ``file.py:name``."""
    source, _, function = written.rpartition(":")
    return source, function


async def python_tools(
    written: list[PythonTool], folder: Path, environ: Mapping[str, str]
) -> tuple[list[Tool], list[Source]]:
    """The tools of all entries with ``python``, in order, and the sources to close."""
    functions: dict[str, dict[str, None]] = {}
    for entry in written:
        source, function = function_of(entry.python)
        functions.setdefault(source, {})[function] = None
    sources = {source: Source(source, folder, list(names), environ) for source, names in functions.items()}
    opened = await asyncio.gather(*(source.open() for source in sources.values()), return_exceptions=True)
    for outcome in opened:
        if isinstance(outcome, BaseException):
            await asyncio.gather(*(source.close() for source in sources.values()))
            raise outcome
    described: dict[str, Any] = dict(zip(sources, opened, strict=True))
    tools = []
    for entry in written:
        source, function = function_of(entry.python)
        about = described[source][function]
        tools.append(
            Tool(
                entry.name or function,
                entry.description or about["description"],
                about["parameters"],
                PythonFunction(sources[source], function, entry.max_output_bytes),
                Rules.of(entry, "always"),
                checks_arguments=True,
                origin=f"Python function {function} of {source}",
            )
        )
    return tools, list(sources.values())
