"""Every tool of an agent by name: what the model is told of it, and how a call is run."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from typing import Any

from realtime_cli.tools.result import ToolResult

TIME_LIMIT_S = 30.0


class Registry:
    """Runs calls, each in a thread of its own with a time limit; a failure is an answer, never an error."""

    def __init__(self, tools: Mapping[str, tuple[dict[str, Any], Callable[..., object]]]) -> None:
        self._tools = dict(tools)

    @property
    def schemas(self) -> list[dict[str, Any]]:
        """What goes into ``session.tools``."""
        return [schema for schema, _ in self._tools.values()]

    async def call(self, call_id: str, name: str, arguments: str) -> ToolResult:
        """The result of one call, as text for the model."""
        if name not in self._tools:
            return ToolResult(f"There is no tool named {name!r}. There are: {', '.join(self._tools)}.", True)
        try:
            given = json.loads(arguments or "{}")
            async with asyncio.timeout(TIME_LIMIT_S):
                result = await asyncio.to_thread(self._tools[name][1], **given)
        except TimeoutError:
            return ToolResult(f"{name} took longer than {TIME_LIMIT_S:g} s and was stopped.", True)
        except Exception as error:  # a tool is foreign code: whatever it raises is told to the model
            return ToolResult(f"{name} failed: {type(error).__name__}: {error}", True)
        return ToolResult(result if isinstance(result, str) else json.dumps(result, default=str))

    async def close(self) -> None:
        """Nothing is kept open."""
