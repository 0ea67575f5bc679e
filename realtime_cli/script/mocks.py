"""Tools that a script plays: results, errors and delays instead of real calls."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Sequence
from typing import Any

from realtime_cli.notices import ToolNotice
from realtime_cli.ports import ToolsPort
from realtime_cli.script.expectations import is_within
from realtime_cli.script.format import Mock
from realtime_cli.script.turn_metrics import read_arguments
from realtime_cli.tools.result import ToolResult


class MockedTools:
    """The agent's tools, with mocks in front of them."""

    def __init__(self, mocks: Sequence[Mock], real: ToolsPort | None = None) -> None:
        self._mocks = mocks
        self._real = real

    def before(self, real: ToolsPort) -> ToolsPort:
        """The agent's tools with these mocks in front; without mocks the tools themselves."""
        return MockedTools(self._mocks, real) if self._mocks else real

    def schemas(self, known: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
        """What the model is told of mocked tools that the agent does not have itself."""
        names = {tool.get("name") for tool in known}
        added: dict[str, dict[str, Any]] = {}
        for mock in self._mocks:
            if mock.tool not in names and mock.tool not in added:
                added[mock.tool] = _schema(mock)
        return list(added.values())

    def subscribe(self, listener: Callable[[ToolNotice], None]) -> None:
        """The real tools report; a mock has nothing to say beside its result."""
        if self._real is not None:
            self._real.subscribe(listener)

    async def call(self, call_id: str, name: str, arguments: str) -> ToolResult:
        """The first mock that fits answers; a mocked tool without one is an error, never a real call."""
        mocks = [mock for mock in self._mocks if mock.tool == name]
        if not mocks and self._real is not None:
            return await self._real.call(call_id, name, arguments)
        fitting = next((mock for mock in mocks if is_within(mock.when, read_arguments(arguments))), None)
        if fitting is None:
            return ToolResult(f"The script has no result for {name}({arguments}).", failed=True)
        await asyncio.sleep(fitting.delay_ms / 1000)
        if fitting.error is not None:
            return ToolResult(fitting.error, failed=True)
        result = fitting.result
        return ToolResult(result if isinstance(result, str) else json.dumps(result, default=str))

    async def approve(self, call_id: str, name: str, arguments: str) -> None:
        """Calls that the server runs are for the real tools' rules to allow."""
        if self._real is not None:
            await self._real.approve(call_id, name, arguments)

    async def close(self) -> None:
        if self._real is not None:
            await self._real.close()


def _schema(mock: Mock) -> dict[str, Any]:
    parameters = mock.parameters or {"type": "object", "properties": {}}
    described = {"description": mock.description} if mock.description else {}
    return {"type": "function", "name": mock.tool, **described, "parameters": parameters}
