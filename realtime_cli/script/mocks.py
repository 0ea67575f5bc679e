"""Tools that a script plays: results, errors and delays instead of real calls."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from realtime_cli.config.validation_errors import checked_table
from realtime_cli.notices import ToolNotice
from realtime_cli.pattern import PatternTooSlow
from realtime_cli.ports import ToolsPort
from realtime_cli.script.expectations import is_within
from realtime_cli.script.format import Mock
from realtime_cli.script.turn_metrics import read_arguments
from realtime_cli.tools.function import Function
from realtime_cli.tools.own_function import function_as_tool
from realtime_cli.tools.result import ToolResult


def mocks_of(tools: Mapping[str, Any] | Sequence[Mapping[str, Any]]) -> list[Mock]:
    """Mocks as Python writes them: what each name gives back, or the tables of a script's ``[[mocks]]``.

    A result may be a function, sync or async, that is called with the arguments; its signature and docstring
    describe the tool. Raises ConfigError for what can be no mock.
    """
    if isinstance(tools, Mapping):
        tools = [{"tool": name, "result": result} for name, result in tools.items()]
    return [_mock(entry, f"mocks[{place}]") for place, entry in enumerate(tools)]


def _mock(entry: Mapping[str, Any], name: str) -> Mock:
    mock = checked_table(Mock, entry, name)
    if callable(mock.result):
        function_as_tool(mock.result, mock.tool)
    return mock


class MockedTools:
    """The agent's tools, with mocks in front of them."""

    def __init__(self, mocks: Sequence[Mock], real: ToolsPort | None = None) -> None:
        self._mocks = mocks
        self._real = real

    def before(self, real: ToolsPort) -> ToolsPort:
        """The agent's tools with these mocks in front; without mocks the tools themselves."""
        return MockedTools(self._mocks, real) if self._mocks else real

    @property
    def names(self) -> set[str]:
        return {mock.tool for mock in self._mocks}

    def schemas(self, known: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
        """What the model is told of mocked tools that the agent does not have itself."""
        names = {tool.get("name") for tool in known}
        added: dict[str, dict[str, Any]] = {}
        for mock in self._mocks:
            if mock.tool not in names and mock.tool not in added:
                added[mock.tool] = _schema(mock)
        return list(added.values())

    def subscribe(self, listener: Callable[[ToolNotice], None]) -> None:
        """Pass on the real tools' reports; a mock only has its result."""
        if self._real is not None:
            self._real.subscribe(listener)

    async def call(self, call_id: str, name: str, arguments: str) -> ToolResult:
        """The first mock that fits answers; a mocked tool without one is an error, never a real call."""
        mocks = [mock for mock in self._mocks if mock.tool == name]
        if not mocks and self._real is not None:
            return await self._real.call(call_id, name, arguments)
        try:
            fitting = next((mock for mock in mocks if is_within(mock.when, read_arguments(arguments))), None)
        except PatternTooSlow as error:
            return ToolResult(f"The script's when cannot be used: {error}", failed=True)
        if fitting is None:
            return ToolResult(f"The script has no result for {name}({arguments}).", failed=True)
        await asyncio.sleep(fitting.delay_ms / 1000)
        if fitting.error is not None:
            return ToolResult(fitting.error, failed=True)
        try:
            result = await _result(fitting.result, read_arguments(arguments))
        except Exception as error:  # the caller's own function: whatever it raises is the tool's failure
            return ToolResult(f"{name} failed: {type(error).__name__}: {error}", failed=True)
        return ToolResult(result if isinstance(result, str) else json.dumps(result, default=str))

    async def approve(self, call_id: str, name: str, arguments: str) -> None:
        """Calls that the server runs are for the real tools' rules to allow."""
        if self._real is not None:
            await self._real.approve(call_id, name, arguments)

    async def close(self) -> None:
        if self._real is not None:
            await self._real.close()


async def _result(result: Any, arguments: dict[str, Any]) -> Any:
    """The result itself, or what a function makes of the arguments."""
    if not callable(result):
        return result
    return await Function(result).call(arguments, lambda step: None).result()


def _schema(mock: Mock) -> dict[str, Any]:
    own = function_as_tool(mock.result, mock.tool).described() if callable(mock.result) else {}
    parameters = mock.parameters or own.get("parameters") or {"type": "object", "properties": {}}
    description = mock.description or own.get("description")
    described = {"description": description} if description else {}
    return {"type": "function", "name": mock.tool, **described, "parameters": parameters}
