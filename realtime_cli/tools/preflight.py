"""What is wrong with the tools of an agent file, as far as it shows without running any of them."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

from realtime_cli.config.agent import AgentConfig
from realtime_cli.config.toml_file import KeyPath
from realtime_cli.config.tools import CommandTool, McpServer, PythonTool, Tool
from realtime_cli.config.validation_errors import ConfigProblem
from realtime_cli.errors import ConfigError
from realtime_cli.protocol.session import McpTool
from realtime_cli.tools import process
from realtime_cli.tools.approval import ALL, APPROVE_OPTION
from realtime_cli.tools.command import name_of
from realtime_cli.tools.mcp import namespaced
from realtime_cli.tools.python import function_of


def problems(config: AgentConfig, folder: Path, environ: Mapping[str, str]) -> Iterator[ConfigProblem]:
    """Two tools of one name; files, functions and programs that are not there. Paths start at ``folder``."""
    named: dict[str, int] = {}
    for index, tool in enumerate(config.tools):
        path: KeyPath = ("tools", index)
        name = tool_name(tool)
        if name and name in named:
            yield ConfigProblem(path, f"is the second tool named {name}; tools[{named[name]}] is the first")
        named.setdefault(name, index)
        match tool:
            case PythonTool():
                yield from _of_python(tool, folder, (*path, "python"))
            case CommandTool():
                yield from _of_program(tool.command[0], tool.cwd, folder, environ, (*path, "command"))
    for label, server in config.mcp.items():
        yield from _of_server(server, folder, environ, ("mcp", label, "command"))


def check_approved(approved: Collection[str], *configs: AgentConfig, option: str = APPROVE_OPTION) -> None:
    """Raises ConfigError for a name that no tool, server or hook of the agents has."""
    known: dict[str, None] = {}
    beginnings: tuple[str, ...] = ()
    for config in configs:
        names, prefixes = _approvable(config)
        known |= dict.fromkeys(names)
        beginnings += prefixes
    for name in approved:
        if name not in (ALL, *known) and not name.startswith(beginnings):
            there = ", ".join(known) or "none"
            raise ConfigError(f"{option.replace('NAME', name)}: no such tool.", f"There are: {there}.")


def _approvable(config: AgentConfig) -> tuple[list[str], tuple[str, ...]]:
    """Names that can be approved, and how the names of servers' tools begin."""
    hosted = [*config.tools, *(config.session.tools or ())]
    labels = [str(tool.server_label) for tool in hosted if isinstance(tool, McpTool)]
    tools = [name for tool in config.tools if (name := tool_name(tool))]
    hooks = [key for key in config.hooks.model_dump(exclude_none=True) if key.startswith("on_")]
    known = [*tools, *config.mcp, *labels, *hooks]
    beginnings = (*(namespaced(name, "") for name in config.mcp), *(f"{label}." for label in labels))
    return known, beginnings


def tool_name(tool: Tool) -> str:
    """What the model calls it; empty for one that the service calls itself."""
    match tool:
        case McpTool():
            return ""  # has a label, and its tools have their own names
        case PythonTool():
            return tool.name or function_of(tool)[1]
        case CommandTool():
            return tool.name or name_of(tool.command[0])
    return tool.name or str(getattr(tool, "builtin", ""))


def _of_python(tool: PythonTool, folder: Path, path: KeyPath) -> Iterator[ConfigProblem]:
    source, function = function_of(tool)
    if not source.endswith(".py"):
        return  # a module: finding it would run what lies around it
    file = folder / source
    if not file.is_file():
        yield ConfigProblem(path, f"there is no file {file}")
        return
    try:
        tree = ast.parse(file.read_bytes())
    except (SyntaxError, ValueError) as error:
        yield ConfigProblem(path, f"{file} is not Python: {getattr(error, 'msg', error)}")
        return
    if not _may_define(tree, function):
        yield ConfigProblem(path, f"there is no function {function} in {file}")


def _may_define(tree: ast.Module, name: str) -> bool:
    """Whether the module may have the name; one with a star import may have any."""
    for node in ast.walk(tree):
        match node:
            case ast.FunctionDef(name=found) | ast.AsyncFunctionDef(name=found) if found == name:
                return True
            case ast.Name(id=found, ctx=ast.Store()) if found == name:
                return True
            case ast.alias(name=found, asname=known) if name in (known or found) or found == "*":
                return True
    return False


def _of_program(
    program: str, cwd: str | None, folder: Path, environ: Mapping[str, str], path: KeyPath
) -> Iterator[ConfigProblem]:
    if cwd and not (folder / cwd).is_dir():
        yield ConfigProblem((*path[:-1], "cwd"), f"there is no folder {folder / cwd}")
    if process.found(program, folder, process.seen(environ, [])["PATH"]) is None:
        yield ConfigProblem(path, f"there is no program {program}")


def _of_server(
    server: McpServer, folder: Path, environ: Mapping[str, str], path: KeyPath
) -> Iterator[ConfigProblem]:
    if server.command:
        yield from _of_program(server.command[0], server.cwd, folder, environ, path)
