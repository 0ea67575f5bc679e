"""Tools that are commands: an argument template, no shell, JSON on stdin, an environment by permission."""

from __future__ import annotations

import asyncio
import json
import math
import re
import shlex
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from realtime_cli.config.tools import CommandTool
from realtime_cli.errors import ConfigError
from realtime_cli.tools import process
from realtime_cli.tools.output import fitted, last_lines, read_capped, read_tail, text_of
from realtime_cli.tools.tool import Progress, Rules, Tool, ToolFailed

PLACE = re.compile(r"\{([A-Za-z_][A-Za-z0-9_]*)\}")


def command_tool(written: CommandTool, folder: Path, environ: Mapping[str, str]) -> Tool:
    """The tool of an entry with ``command``. Raises ConfigError if there is no such program."""
    seen = process.seen(environ, written.env)
    where = folder / written.cwd if written.cwd else folder
    if not where.is_dir():
        raise ConfigError(f"The command {written.command[0]!r} should run in {where}, which is not a folder.")
    program = process.found(written.command[0], folder, seen["PATH"])
    if program is None:
        raise ConfigError(
            f"There is no program {written.command[0]!r} to run as a tool.",
            "Install it, or write its path (relative to the agent file).",
        )
    parameters = written.parameters or _parameters(written.command[1:])
    template = (program, *written.command[1:])
    runner = CommandRunner(template, frozenset(parameters.get("properties", ())), where, seen, written)
    return Tool(
        written.name or name_of(written.command[0]),
        written.description or f"Runs {' '.join(written.command)}.",
        parameters,
        runner,
        Rules.of(written, "ask"),
        origin=f"command in {where}",
        describe=runner.describe,
    )


def name_of(program: str) -> str:
    """The program's name as a tool's name."""
    return re.sub(r"[^a-zA-Z0-9_-]", "_", Path(program).stem)[:64]


def _parameters(template: list[str]) -> dict[str, Any]:
    """Every ``{name}`` of the template as a text that is needed."""
    names = list(dict.fromkeys(name for part in template for name in PLACE.findall(part)))
    return {
        "type": "object",
        "properties": {name: {"type": "string"} for name in names},
        "required": names,
        "additionalProperties": False,
    }


class CommandRunner:
    """Runs the command of a template, in a session of its own that ends with the call."""

    def __init__(
        self,
        template: tuple[str, ...],
        names: frozenset[str],
        folder: Path,
        environ: dict[str, str],
        written: CommandTool,
    ) -> None:
        self._template, self._names = template, names
        self._folder, self._environ = folder, environ
        self._stdin, self._limit = written.stdin, written.max_output_bytes

    def describe(self, arguments: dict[str, Any]) -> str:
        """The command line as a shell would take it, though none does."""
        return shlex.join(filled(self._template, arguments, self._names))

    async def run(self, arguments: dict[str, Any], progress: Progress) -> str:
        words = filled(self._template, arguments, self._names)
        pipe = asyncio.subprocess.PIPE
        try:
            child = await process.started(
                *process.tied(words),
                stdin=pipe if self._stdin else asyncio.subprocess.DEVNULL,
                stdout=pipe,
                stderr=pipe,
                cwd=self._folder,
                env=self._environ,
            )
        except OSError as error:
            raise ToolFailed(f"{words[0]} cannot be run: {error.strerror}.") from error
        try:
            return await self._finished(child, json.dumps(arguments))
        finally:
            await process.end(child)

    async def _finished(self, child: asyncio.subprocess.Process, given: str) -> str:
        assert child.stdout
        assert child.stderr
        (out, total), complaints, _ = await asyncio.gather(
            read_capped(child.stdout, self._limit), read_tail(child.stderr), _feed(child.stdin, given)
        )
        code = await child.wait()
        said = last_lines(complaints)
        if code:
            tail = text_of(out, total).strip() if out else ""
            parts = [f"It failed ({process.how_it_ended(code)}).", said, tail]
            raise ToolFailed(fitted("\n".join(part for part in parts if part), self._limit))
        return fitted(text_of(out, total), self._limit, total) or said or "(no output)"


def filled(template: tuple[str, ...], arguments: dict[str, Any], names: frozenset[str]) -> list[str]:
    """The words of the command line; a word that is only ``{name}`` is left out if the argument is.

    Raises ToolFailed for a value that the program would take for an option, since the person who wrote the
    template chose the options.
    """
    words = [template[0]]
    for part in template[1:]:
        whole = PLACE.fullmatch(part)
        if whole and whole[1] in names and arguments.get(whole[1]) is None:
            continue
        word = PLACE.sub(lambda m: _word(arguments.get(m[1])) if m[1] in names else m[0], part)
        if word.startswith("-") and not part.startswith("-") and not _number(word):
            raise ToolFailed(f"The argument {word!r} must not begin with '-'.")
        if "\0" in word:
            raise ToolFailed("An argument must not contain a NUL character.")
        words.append(word)
    return words


def _word(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value)


def _number(word: str) -> bool:
    with suppress(ValueError):
        return math.isfinite(float(word))  # "-inf" and "-nan" are options to a program
    return False


async def _feed(stdin: asyncio.StreamWriter | None, text: str) -> None:
    """Give the arguments; a command need not read them."""
    if stdin is None:
        return
    with suppress(BrokenPipeError, ConnectionResetError):
        stdin.write(text.encode())
        await stdin.drain()
    stdin.close()  # not waited for: asyncio cannot bear that this wait is cancelled
