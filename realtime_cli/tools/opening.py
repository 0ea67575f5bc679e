"""From ``[[tools]]`` and ``[mcp.NAME]`` to a registry: what may run is started, side by side."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

from realtime_cli.config.tools import (
    BuiltinTool,
    CommandTool,
    HttpTool,
    McpServer,
    PythonTool,
    SchemaTool,
)
from realtime_cli.config.tools import Tool as Written
from realtime_cli.errors import ConfigError
from realtime_cli.notices import Noted
from realtime_cli.protocol.session import FunctionTool, McpTool, SessionTool
from realtime_cli.tools import mcp
from realtime_cli.tools.approval import Approver
from realtime_cli.tools.arguments import schema_mistake
from realtime_cli.tools.builtin import builtin_tool
from realtime_cli.tools.command import command_tool
from realtime_cli.tools.http import http_tool
from realtime_cli.tools.preflight import tool_name
from realtime_cli.tools.python import python_tools
from realtime_cli.tools.registry import Closable, Registry
from realtime_cli.tools.tool import Progress, Rules, Tool, ToolFailed
from realtime_cli.tools.trust import Guard


class NoApprover:
    """The body of a raw schema: its output is asked for, never computed."""

    async def run(self, arguments: dict[str, Any], progress: Progress) -> str:
        raise ToolFailed("There was no answer.")


async def open_registry(
    tools: Sequence[Written],
    servers: Mapping[str, McpServer],
    folder: Path,
    *,
    approver: Approver,
    environ: Mapping[str, str],
    functions: Sequence[SessionTool] = (),
    left_out: Collection[str] = (),
    own: Sequence[Tool] = (),
    guard: Guard | None = None,
) -> Registry:
    """All tools of an agent file, their processes started.

    ``functions``: what stands under ``session.tools``; a function there that no tool answers is asked about.
    ``left_out``: names of tools and servers that are as if they were not there. ``own``: tools of the program
    that holds the session. ``guard`` looks before each call whether what was trusted is still the same.

    ``folder``: what relative paths start from. An MCP server that cannot be used is left out with a note.
    Raises ConfigError for what is wrong in the file: a missing program, file or function, a schema that is
    none, two tools of one name.
    """
    folder = _absolute(folder)
    written = [entry for entry in tools if tool_name(entry) not in left_out]
    used = {name: entry for name, entry in servers.items() if name not in left_out}
    async with AsyncExitStack() as undo:
        made, edges = await _made(written, folder, environ)
        for edge in edges:
            undo.push_async_callback(edge.close)
        found, connected, notes = await _served(used, folder, environ)
        for server in connected:
            undo.push_async_callback(server.close)
        made = [*made, *own]
        found, doubled = _of_new_names(found, {tool.name for tool in made})
        notes += doubled
        hosted = [
            entry.model_dump(mode="json", exclude_unset=True)
            for entry in written
            if isinstance(entry, McpTool)
        ]
        answered = {tool.name for tool in (*made, *found)} | set(left_out)
        asked = [_raw(_as_schema(each)) for each in functions if isinstance(each, FunctionTool)]
        asked = [tool for tool in asked if tool.name not in answered]
        edges += connected
        registry = Registry([*made, *found, *asked], hosted, approver=approver, edges=edges, guard=guard)
        undo.pop_all()

    def warn(text: str) -> None:
        registry.notify(Noted(0.0, "warning", "tools", text))

    for text in notes:
        warn(text)
    for server in connected:
        server.notify = warn
    return registry


def _absolute(folder: Path) -> Path:
    return Path.cwd() / folder


# -- making them ----------------------------------------------------------------------------------


async def _made(
    written: Sequence[Written], folder: Path, environ: Mapping[str, str]
) -> tuple[list[Tool], list[Closable]]:
    """The tools of ``[[tools]]`` in their order, and what must be closed."""
    made: dict[int, Tool] = {}
    edges: list[Closable] = []
    for place, entry in enumerate(written):
        match entry:
            case CommandTool():
                made[place] = command_tool(entry, folder, environ)
            case HttpTool():
                made[place] = http_tool(entry)
                edges.append(made[place].body)  # type: ignore[arg-type]
            case BuiltinTool():
                made[place] = builtin_tool(entry, folder)
            case SchemaTool():
                made[place] = _raw(entry)
    for place, tool in made.items():
        # Our own are tested to be right, and the checker takes 40 ms to import.
        if not isinstance(written[place], BuiltinTool):
            _check_schema(tool)
    functions = {place: entry for place, entry in enumerate(written) if isinstance(entry, PythonTool)}
    tools, sources = await python_tools(list(functions.values()), folder, environ)
    made.update(zip(functions, tools, strict=True))
    return [made[place] for place in sorted(made)], [*edges, *sources]


def _as_schema(function: FunctionTool) -> SchemaTool:
    return SchemaTool.model_validate(function.model_dump(exclude_unset=True))


def _raw(entry: SchemaTool) -> Tool:
    parameters = entry.parameters or {"type": "object", "properties": {}}
    return Tool(
        entry.name, entry.description or "", parameters, NoApprover(), Rules.of(entry, "always"), asks=True
    )


def _check_schema(tool: Tool) -> None:
    if mistake := schema_mistake(tool.parameters):
        raise ConfigError(
            f"The parameters of the tool {tool.name!r} are not a JSON Schema of an object: {mistake}."
        )


def _of_new_names(found: Sequence[Tool], taken: set[str]) -> tuple[list[Tool], list[str]]:
    """The tools of MCP servers whose names are free, and what is to be said of the others."""
    kept: dict[str, Tool] = {}
    notes = []
    for tool in found:
        if tool.name in taken or tool.name in kept:
            notes.append(
                f"The MCP server {tool.group!r} has a tool whose name is taken: {tool.name!r} is not loaded."
            )
        else:
            kept[tool.name] = tool
    return list(kept.values()), notes


async def _served(
    servers: Mapping[str, McpServer], folder: Path, environ: Mapping[str, str]
) -> tuple[list[Tool], list[mcp.Server], list[str]]:
    """The tools of all MCP servers that can be used, those servers, and what is to be said of the others."""
    made = [mcp.Server(name, entry, folder, environ) for name, entry in servers.items()]
    outcomes = await asyncio.gather(*(server.open() for server in made), return_exceptions=True)
    tools: list[Tool] = []
    notes: list[str] = []
    used: list[mcp.Server] = []
    for server, outcome in zip(made, outcomes, strict=True):
        if isinstance(outcome, mcp.Unavailable):
            notes.append(str(outcome))
            await server.close()
        elif isinstance(outcome, BaseException):
            await asyncio.gather(*(one.close() for one in made))
            raise outcome
        else:
            tools += outcome
            used.append(server)
    return tools, used, notes
