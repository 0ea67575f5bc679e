"""What is wrong with the tools of an agent file, as far as it shows without running any of them."""

from __future__ import annotations

import ast
import importlib.util
import shlex
import sys
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path

from realtime_cli.config import LoadedAgent
from realtime_cli.config.agent import AgentConfig
from realtime_cli.config.load import config_error
from realtime_cli.config.toml_file import KeyPath
from realtime_cli.config.tools import CommandTool, PythonTool, Tool
from realtime_cli.config.validation_errors import ConfigProblem
from realtime_cli.errors import ConfigError
from realtime_cli.protocol.session import McpTool, SessionTool
from realtime_cli.tools import process
from realtime_cli.tools.approval import ALL, APPROVE_OPTION
from realtime_cli.tools.command import name_of
from realtime_cli.tools.mcp import namespaced
from realtime_cli.tools.python import function_of, is_function


def require(agent: LoadedAgent, environ: Mapping[str, str], left_out: Collection[str] = ()) -> None:
    """Raises one ConfigError with all that is wrong with the tools and hooks that a session would use.

    An MCP server that cannot be used is no mistake here: the session goes on without it, and says so.
    """
    found = [
        problem
        for problem in problems(agent.config, agent.folder, environ, left_out)
        if problem.path[0] != "mcp"
    ]
    if found:
        raise config_error(found, agent.origins)


def problems(
    config: AgentConfig, folder: Path, environ: Mapping[str, str], left_out: Collection[str] = ()
) -> Iterator[ConfigProblem]:
    """Two tools of one name; files, functions and programs that are not there. Paths start at ``folder``.

    ``left_out``: names of tools, servers and hooks that are not looked at.
    """
    yield from _doubled("tools", [tool_name(tool) for tool in config.tools])
    yield from _doubled("session.tools", [_session_name(tool) for tool in config.session.tools or ()])
    for index, tool in enumerate(config.tools):
        path: KeyPath = ("tools", index)
        if tool_name(tool) in left_out:
            continue
        match tool:
            case PythonTool():
                yield from _of_function(*function_of(tool.python), folder, (*path, "python"))
            case CommandTool():
                yield from _of_program(tool.command[0], tool.cwd, folder, environ, (*path, "command"))
    for label, server in config.mcp.items():
        if server.command and label not in left_out:
            path = ("mcp", label, "command")
            yield from _of_program(server.command[0], server.cwd, folder, environ, path)
    for key, hook in config.hooks.model_dump(exclude_none=True).items():
        if key.startswith("on_") and key not in left_out:
            yield from _of_hook(hook, folder, environ, ("hooks", key))


def _doubled(table: str, names: Sequence[str]) -> Iterator[ConfigProblem]:
    first: dict[str, int] = {}
    for index, name in enumerate(names):
        if name and name in first:
            path: KeyPath = (*table.split("."), index)
            yield ConfigProblem(path, f"is the second tool named {name}; {table}[{first[name]}] is the first")
        first.setdefault(name, index)


def _session_name(tool: SessionTool) -> str:
    """Of a server's tools the label, which the API wants to be different for each."""
    return str(tool.server_label) if isinstance(tool, McpTool) else str(getattr(tool, "name", None) or "")


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
            return tool.name or function_of(tool.python)[1]
        case CommandTool():
            return tool.name or name_of(tool.command[0])
    return tool.name or str(getattr(tool, "builtin", ""))


def _of_hook(
    hook: str | list[str], folder: Path, environ: Mapping[str, str], path: KeyPath
) -> Iterator[ConfigProblem]:
    if isinstance(hook, str) and is_function(hook):
        yield from _of_function(*function_of(hook), folder, path)
    elif words := shlex.split(hook) if isinstance(hook, str) else hook:
        yield from _of_program(words[0], None, folder, environ, path)


def _of_function(source: str, function: str, folder: Path, path: KeyPath) -> Iterator[ConfigProblem]:
    if source.endswith(".py"):
        file = folder / Path(source).expanduser()
        if not file.is_file():
            yield ConfigProblem(path, f"there is no file {file}")
            return
    else:
        spec = _module(source, folder)
        if spec is None:
            yield ConfigProblem(path, f"there is no module {source}")
            return
        if not spec.origin or not spec.origin.endswith(".py"):
            return  # built in, or compiled: only running it would tell
        file = Path(spec.origin)
    try:
        tree = ast.parse(file.read_bytes())
    except (SyntaxError, ValueError) as error:
        yield ConfigProblem(path, f"{file} is not Python: {getattr(error, 'msg', error)}")
        return
    if not _may_define(tree, function):
        yield ConfigProblem(path, f"there is no function {function} in {file}")


def _module(name: str, folder: Path) -> ModuleSpec | None:
    """Where a tool's process would find a module. Nothing is imported, packages above it neither."""
    places: Sequence[str] | None = [str(folder), str(Path.cwd()), *sys.path]
    spec = None
    for depth, part in enumerate(name.split(".")):
        if places is None:  # the one above is no package
            places = ()
        whole = ".".join(name.split(".")[: depth + 1])
        spec = PathFinder.find_spec(whole, places)
        if spec is None and not depth:  # built in, or found by what an editable installation put there
            with suppress(ValueError):
                spec = importlib.util.find_spec(part)
        if spec is None:  # os.path has no file of its own
            return getattr(sys.modules.get(name), "__spec__", None)
        places = spec.submodule_search_locations
    return spec


def _may_define(tree: ast.Module, name: str) -> bool:
    """Whether the module may have the name; one with a star import or ``__getattr__`` may have any."""
    for node in _outermost(tree):
        match node:
            case ast.FunctionDef(name=found) | ast.AsyncFunctionDef(name=found) | ast.ClassDef(name=found):
                if found in (name, "__getattr__"):
                    return True
            case ast.Name(id=found, ctx=ast.Store()) if found == name:
                return True
            case ast.alias(name=found, asname=known) if name in (known or found) or found == "*":
                return True
    return any(isinstance(node, ast.Global) and name in node.names for node in ast.walk(tree))


def _outermost(node: ast.AST) -> Iterator[ast.AST]:
    """All below a node but what is inside functions and classes."""
    for below in ast.iter_child_nodes(node):
        yield below
        if not isinstance(below, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda):
            yield from _outermost(below)


def _of_program(
    program: str, cwd: str | None, folder: Path, environ: Mapping[str, str], path: KeyPath
) -> Iterator[ConfigProblem]:
    if cwd and not (folder / cwd).is_dir():
        yield ConfigProblem((*path[:-1], "cwd"), f"there is no folder {folder / cwd}")
    if process.found(program, folder, process.seen(environ, [])["PATH"]) is None:
        yield ConfigProblem(path, f"there is no program {program}")
