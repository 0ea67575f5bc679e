"""Whatever goes wrong in a call, the model gets an answer and the others go on."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from realtime_cli.errors import ConfigError
from realtime_cli.tools.registry import Registry
from realtime_cli.tools.tool import Progress, Rules, Tool, ToolFailed
from tests.kit.toolbox import Toolbox, toolbox

ANY = {"type": "object"}


class Body:
    """A body that a test writes in a line."""

    def __init__(self, run: Any) -> None:
        self._run = run

    async def run(self, arguments: dict[str, Any], progress: Progress) -> str:
        return await self._run(**arguments)


def box_of(run: Any, **rules: Any) -> Toolbox:
    return Toolbox(Registry([Tool("tool", "", ANY, Body(run), Rules(**rules))]))


async def test_an_unknown_tool_is_told_with_those_there_are() -> None:
    async def run() -> str:
        return ""

    result = await box_of(run).call("fly\x1b")
    assert result.output == "There is no tool named 'fly␛'. There are: tool."
    assert result.failed


@pytest.mark.parametrize("raw", ["{", "[]", "nope"])
async def test_arguments_that_are_no_object_are_told(raw: str) -> None:
    async def run() -> str:
        raise AssertionError("must not run")

    result = await box_of(run).call("tool", _raw=raw)
    assert result.failed
    assert "arguments" in result.output


@pytest.mark.parametrize(
    "error", [ToolFailed("no soup"), KeyError("x"), TimeoutError("own"), RecursionError()]
)
async def test_whatever_a_body_raises_is_told(error: Exception) -> None:
    async def run() -> str:
        raise error

    result = await box_of(run).call("tool")
    assert result.failed
    assert result.output in ("no soup", f"tool failed: {type(error).__name__}: {error}")


async def test_rules_are_carried_to_the_session() -> None:
    async def run() -> str:
        return "x"

    assert not (await box_of(run, respond=False).call("tool")).respond
    assert box_of(run, wait=False).registry.not_awaited == ("tool",)
    assert box_of(run, cancel_on_interrupt=True).registry.cut_by_interruption == ("tool",)


async def test_no_more_calls_at_a_time_than_allowed() -> None:
    now, most = 0, 0

    async def run() -> str:
        nonlocal now, most
        now += 1
        most = max(most, now)
        await asyncio.sleep(0.01)
        now -= 1
        return "x"

    box = box_of(run, concurrency=3)
    await asyncio.gather(*(box.call("tool") for _ in range(12)))
    assert most == 3


async def test_the_time_of_a_call_does_not_count_its_wait_for_a_turn() -> None:
    async def run() -> str:
        await asyncio.sleep(0.2)
        return "x"

    box = box_of(run, concurrency=1, timeout_s=0.5)
    results = await asyncio.gather(*(box.call("tool") for _ in range(4)))
    assert not any(result.failed for result in results)


async def test_what_there_is_to_tell_waits_for_a_listener(tmp_path: Path) -> None:
    async with toolbox(tmp_path, '[mcp.x]\nurl = "http://127.0.0.1:9/"') as box:
        assert len(box.told) == 1
        again: list[Any] = []
        box.registry.subscribe(again.append)
        assert again == []


async def test_two_tools_of_one_name(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="Two tools are named 'clock'"):
        async with toolbox(tmp_path, '[[tools]]\nbuiltin = "clock"\n[[tools]]\nbuiltin = "clock"'):
            pass


async def test_hosted_servers_are_passed_on(tmp_path: Path) -> None:
    agent = """
    [[tools]]
    type = "mcp"
    server_label = "wiki"
    server_url = "https://example.org/mcp"
    require_approval = "always"
    """
    async with toolbox(tmp_path, agent) as box:
        assert box.registry.schemas == [
            {
                "type": "mcp",
                "server_label": "wiki",
                "server_url": "https://example.org/mcp",
                "require_approval": "always",
            }
        ]
