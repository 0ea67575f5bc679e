"""One hook: a Python function in a process of its own, or a command that gets JSON on stdin."""

from __future__ import annotations

import asyncio
import json
import shlex
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Protocol

from realtime_cli.conversation.events import ItemCreated, ItemUpdated
from realtime_cli.errors import ConfigError
from realtime_cli.tools import process
from realtime_cli.tools.output import last_lines, read_tail
from realtime_cli.tools.python import Source, function_of, is_function
from realtime_cli.tools.tool import ToolFailed

ANSWER_BYTES = 4096


ItemEvent = ItemCreated | ItemUpdated


class HookFailed(Exception):
    """The hook raised, or ended with an exit code other than 0."""


class Hook(Protocol):
    """Told one event at a time. ``run`` raises HookFailed."""

    async def run(self, event: ItemEvent) -> None: ...

    async def close(self) -> None: ...


async def open_hook(key: str, written: str | list[str], folder: Path, environ: Mapping[str, str]) -> Hook:
    """The hook of a key in ``[hooks]``. Raises ConfigError if there is no such function or program."""
    seen = process.seen(environ)
    if isinstance(written, str) and is_function(written):
        return await PythonHook.open(key, written, folder, seen)
    words = shlex.split(written) if isinstance(written, str) else list(written)
    program = process.found(words[0], folder, seen["PATH"]) if words else None
    if program is None:
        raise ConfigError(
            f"hooks.{key}: {written!r} is neither module:function nor a program.",
            'Write "checks.py:on_item", or a command such as ["notify", "--title", "item"].',
        )
    return CommandHook([program, *words[1:]], folder, seen)


class PythonHook:
    """Calls ``function(item_id, item)``, sync or async."""

    def __init__(self, source: Source, function: str, names: list[str]) -> None:
        self._source, self._function, self._names = source, function, names

    @classmethod
    async def open(cls, key: str, written: str, folder: Path, environ: dict[str, str]) -> PythonHook:
        module, function = function_of(written)
        source = Source(module, folder, [function], environ)
        try:
            parameters = (await source.open())[function]["parameters"]
        except ConfigError as error:
            await source.close()
            raise ConfigError(f"hooks.{key}: {error.message.replace('Tools of', 'Hooks of', 1)}") from error
        names = list(parameters["properties"])[:2]
        if len(names) < 2 or set(parameters.get("required", ())) - set(names):
            await source.close()
            raise ConfigError(f"hooks.{key}: {written} must take two arguments: the item's id and the item.")
        return cls(source, function, names)

    async def run(self, event: ItemEvent) -> None:
        arguments = dict(zip(self._names, (event.item_id, event.item), strict=True))
        try:
            answer = await self._source.call(self._function, arguments, ANSWER_BYTES, lambda _: None)
        except ToolFailed as failure:
            raise HookFailed(str(failure)) from failure
        if "failed" in answer:
            place = f" ({answer['at']})" if answer.get("at") else ""
            raise HookFailed(f"{answer['failed']}{place}")

    async def close(self) -> None:
        await self._source.close()


class CommandHook:
    """Runs a command for each event; what it prints is dropped."""

    def __init__(self, words: list[str], folder: Path, environ: dict[str, str]) -> None:
        self._words, self._folder, self._environ = words, folder, environ

    async def run(self, event: ItemEvent) -> None:
        try:
            child = await process.started(
                *process.tied(self._words),
                cwd=self._folder,
                env=self._environ,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.DEVNULL,
                stderr=asyncio.subprocess.PIPE,
            )
        except OSError as error:
            raise HookFailed(f"{self._words[0]} cannot be run: {error.strerror}") from error
        try:
            await self._finished(child, _payload(event))
        finally:
            await process.end(child)

    async def _finished(self, child: asyncio.subprocess.Process, payload: Any) -> None:
        assert child.stdin
        assert child.stderr
        with suppress(BrokenPipeError, ConnectionResetError):  # it need not read
            child.stdin.write(json.dumps(payload).encode() + b"\n")
            await child.stdin.drain()
        child.stdin.close()
        complaints = await read_tail(child.stderr)
        if code := await child.wait():
            said = last_lines(complaints, 1)
            raise HookFailed(f"{process.how_it_ended(code)}{': ' if said else ''}{said}")

    async def close(self) -> None:
        """Do nothing: no process stays between calls."""


def _payload(event: ItemEvent) -> dict[str, Any]:
    return {"event": f"conversation.item.{what(event)}", "item_id": event.item_id, "item": event.item}


def what(event: ItemEvent) -> str:
    """What happened to the item, in the words of ``[hooks]``: ``created`` or ``updated``."""
    return "created" if isinstance(event, ItemCreated) else "updated"
