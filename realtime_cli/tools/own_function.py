"""Functions of the program that holds the session, as tools: they run in it, and nobody is asked."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from typing import Any

from realtime_cli.errors import ConfigError
from realtime_cli.tools.function import NOT_A_TOOL, Function, failure_of, text_of
from realtime_cli.tools.tool import Progress, Rules, Tool, ToolFailed

NAME = r"[a-zA-Z0-9_-]{1,64}"  # API reference, session.tools


class OwnFunction:
    """Calls a function: an async one on the loop, any other one in a thread of its own."""

    def __init__(self, function: Function) -> None:
        self._function = function

    async def run(self, arguments: dict[str, Any], progress: Progress) -> str:
        call = self._function.call(arguments, lambda step: progress(text_of(step)))
        try:
            return text_of(await call.result())
        except asyncio.CancelledError:
            call.cancel()
            raise
        except Exception as error:
            raise ToolFailed(failure_of(error)) from error


def function_as_tool(function: Callable[..., Any], name: str) -> Function:
    """Raises ConfigError for a function that cannot be a tool."""
    try:
        return Function(function)
    except NOT_A_TOOL as error:
        raise ConfigError(f"{name or function!r} cannot be a tool: {error}.") from None


def tool(
    function: Callable[..., Any],
    *,
    name: str | None = None,
    description: str | None = None,
    timeout_s: float = 30.0,
    concurrency: int = 8,
    max_output_bytes: int = 32_768,
    respond: bool = True,
    wait: bool = True,
    cancel_on_interrupt: bool = False,
) -> Tool:
    """A function as a tool, with rules of its own; the function alone is a tool with these defaults.

    Hints and docstring make the schema. ``timeout_s``: a call that takes longer is ended. ``respond``
    false: the agent is told the result and says nothing about it. ``wait`` false: the conversation goes on
    meanwhile. ``cancel_on_interrupt``: a user who interrupts ends the call.
    Raises ConfigError for a function that cannot be a tool.
    """
    name = str(name or getattr(function, "__name__", ""))
    made = function_as_tool(function, name)
    if not re.fullmatch(NAME, name):
        raise ConfigError(
            f"{name or function!r} cannot be the name of a tool.", "Give one: tool(function, name=...)."
        )
    described = made.described()
    rules = Rules("always", timeout_s, concurrency, max_output_bytes, respond, wait, cancel_on_interrupt)
    return Tool(
        name,
        description or described["description"],
        described["parameters"],
        OwnFunction(made),
        rules,
        checks_arguments=True,
        origin="function of this program",
    )
