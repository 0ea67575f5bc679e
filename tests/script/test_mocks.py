"""Tools that a script plays, in front of those that the agent has."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from realtime_cli.notices import ToolNotice
from realtime_cli.script.format import Mock
from realtime_cli.script.mocks import MockedTools
from realtime_cli.tools.result import ToolResult


class RealTools:
    """Those of the agent; they note what is asked of them."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def subscribe(self, listener: Callable[[ToolNotice], None]) -> None:
        self.asked.append("tell")

    async def call(self, call_id: str, name: str, arguments: str) -> ToolResult:
        self.asked.append(f"call {name}")
        return ToolResult("the real one")

    async def approve(self, call_id: str, name: str, arguments: str) -> None:
        self.asked.append(f"approve {name}")

    async def close(self) -> None:
        self.asked.append("close")


def mock(tool: str = "book", **fields: Any) -> Mock:
    return Mock.model_validate({"tool": tool, **fields})


async def test_the_first_mock_that_fits_answers() -> None:
    tools = MockedTools(
        [mock(when={"people": 4}, result="by the window"), mock(result={"table": None}, delay_ms=1)]
    )
    assert await tools.call("c", "book", '{"people": 4, "day": "Friday"}') == ToolResult("by the window")
    assert await tools.call("c", "book", '{"people": 2}') == ToolResult('{"table": null}')


@pytest.mark.parametrize("arguments", ["", "{", '{"people": 4}'])
async def test_a_mocked_tool_is_never_a_real_call(arguments: str) -> None:
    real = RealTools()
    result = await MockedTools([mock(when={"people": 5})], real).call("c", "book", arguments)
    assert (result.failed, real.asked) == (True, [])
    assert f"no result for book({arguments})" in result.output


async def test_a_mock_may_fail() -> None:
    tools = MockedTools([mock(error="The kitchen is closed.", result="ignored")])
    assert await tools.call("c", "book", "{}") == ToolResult("The kitchen is closed.", failed=True)


async def test_everything_else_is_for_the_real_tools() -> None:
    real = RealTools()
    tools = MockedTools([mock()], real)
    tools.subscribe(lambda told: None)
    assert (await tools.call("c", "weather", "{}")).output == "the real one"
    await tools.approve("c", "wiki.ask", "{}")
    await tools.close()
    assert real.asked == ["tell", "call weather", "approve wiki.ask", "close"]


async def test_without_real_tools_there_is_nobody_to_ask() -> None:
    tools = MockedTools([])
    tools.subscribe(lambda told: None)
    await tools.approve("c", "wiki.ask", "{}")
    assert (await tools.call("c", "weather", "{}")).failed
    await tools.close()


def test_the_model_is_told_once_of_tools_that_the_agent_has_not() -> None:
    parameters = {"type": "object", "properties": {"people": {"type": "integer"}}}
    mocks = [
        mock("book", description="Book a table", parameters=parameters),
        mock("book"),
        mock("weather"),
        mock("plain"),
    ]
    assert MockedTools(mocks).schemas([{"type": "function", "name": "weather"}]) == [
        {"type": "function", "name": "book", "description": "Book a table", "parameters": parameters},
        {"type": "function", "name": "plain", "parameters": {"type": "object", "properties": {}}},
    ]
