"""A chat endpoint that works for a Live agent: on a real HTTP server, and in a whole session."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from realtime_cli.app.chat_delegate import ChatDelegate
from realtime_cli.config.agent import DelegationConfig
from realtime_cli.errors import ConfigError
from realtime_cli.notices import BackendCalled, BackendCallEnded
from realtime_cli.recording.reader import read
from realtime_cli.recording.verify import verify
from realtime_cli.tools.tool import LastWords, ToolFailed
from tests.kit.chat_server import Answer, ChatServer, call, failure, text
from tests.kit.cli import run_cli
from tests.kit.toolbox import toolbox

TOOLS = '[[tools]]\nbuiltin = "calculator"\n[[tools]]\nbuiltin = "hang_up"\n'
SUM = {"index": 0, "id": "c1", "function": {"name": "calculator", "arguments": '{"expression": "17 * 23"}'}}
BYE = {"index": 1, "id": "c2", "function": {"name": "hang_up", "arguments": "{}"}}
ASKED = {"task": "What is 17 times 23?", "transcript": "User: What is 17 times 23?"}


@asynccontextmanager
async def delegate(
    folder: Path, answers: Sequence[Answer], rounds: int = 3, **written: Any
) -> AsyncIterator[tuple[ChatDelegate, ChatServer, list[Any]]]:
    """A delegate with two tools, the endpoint that it asks, and what it tells of its calls."""
    async with ChatServer(answers) as server, toolbox(folder, TOOLS) as box:
        config = DelegationConfig(chat_url=server.url, chat_model="small", **written)
        made = ChatDelegate(config, rounds)
        told: list[Any] = []
        made.tools, made.functions, made.notify = box.registry, box.registry.schemas, told.append
        yield made, server, told


async def run(made: ChatDelegate) -> str:
    return await made.run(ASKED, lambda progress: None)


async def test_the_endpoint_calls_our_tools_and_its_answer_is_the_result(tmp_path: Path):
    async with delegate(tmp_path, [call(SUM), text("It is ", "391.")]) as (made, server, told):
        assert await run(made) == "It is 391."
    first, second = [asked.body for asked in server.asked]
    assert [tool["function"]["name"] for tool in first["tools"]] == ["calculator", "hang_up"]
    assert "What is 17 times 23?" in first["messages"][-1]["content"]
    assert second["messages"][-1] == {"role": "tool", "tool_call_id": "delegate_1", "content": "391"}
    called, ended = told
    assert isinstance(called, BackendCalled)
    assert isinstance(ended, BackendCallEnded)
    assert (called.name, called.call_id, ended.call_id) == ("calculator", "delegate_1", "delegate_1")
    assert (ended.output, ended.failed) == ("391", False)


async def test_the_session_ends_if_the_endpoint_hangs_up(tmp_path: Path):
    async with delegate(tmp_path, [call(SUM, BYE), text("Goodbye.")]) as (made, _, _):
        assert isinstance(await run(made), LastWords)


async def test_an_endpoint_that_never_stops_calling_is_stopped(tmp_path: Path):
    async with delegate(tmp_path, [call(SUM)], rounds=2) as (made, server, told):
        with pytest.raises(ToolFailed, match="cannot be done right now"):
            await run(made)
    assert len(server.asked) == 3
    assert "more than limits.tool_rounds = 2 rounds" in told[-1].text


async def test_what_the_endpoint_refuses_is_read_and_not_said(tmp_path: Path):
    async with delegate(tmp_path, [failure(503, "out of memory")]) as (made, _, told):
        with pytest.raises(ToolFailed, match="cannot be done right now"):
            await run(made)
    assert told[-1].text.endswith("failed (HTTP 503): out of memory.")


async def test_instructions_and_key_of_the_agent_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("MY_CHAT_KEY", "sk-chat")
    more: dict[str, Any] = {"chat_key_env": "MY_CHAT_KEY", "instructions": "Rhyme."}
    async with delegate(tmp_path, [text("Yes.")], **more) as (made, server, _):
        await run(made)
    assert server.asked[0].headers["authorization"] == "Bearer sk-chat"
    assert server.asked[0].body["messages"][0] == {"role": "system", "content": "Rhyme."}


def test_a_tool_and_an_endpoint_exclude_each_other():
    with pytest.raises(ValueError, match="tool and chat_url exclude each other"):
        DelegationConfig(tool="x", chat_url="http://127.0.0.1:1/v1", chat_model="m")


def test_a_missing_key_is_found_before_the_session(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("NO_SUCH_KEY", raising=False)
    config = DelegationConfig(chat_url="http://127.0.0.1:1/v1", chat_model="m", chat_key_env="NO_SUCH_KEY")
    with pytest.raises(ConfigError, match="NO_SUCH_KEY"):
        ChatDelegate(config, 3)


@pytest.mark.heavy
async def test_a_whole_session_says_the_answer_and_shows_the_calls(tmp_path: Path):
    agent, kept = tmp_path / "agent.toml", tmp_path / "talk.jsonl"
    async with ChatServer([call(SUM), text("The book says 391.")]) as server:
        agent.write_text(
            '[connection]\nprovider = "local"\nprotocol = "live"\n'
            f'{TOOLS}[delegation]\nchat_url = "{server.url}"\nchat_model = "small"\n',
            "utf-8",
        )
        words = "Look up the answer in the book"
        ended = await asyncio.to_thread(run_cli, "text", "-c", agent, "--record", kept, words)
    assert ended.returncode == 0, ended.stderr
    assert "The book says 391." in ended.stdout
    shown = run_cli("export", kept, "--format", "md", "--output", "-").stdout
    assert 'calculator({"expression": "17 * 23"})\n→ 391' in shown
    assert "delegate, calculator" in shown
    assert verify(read(kept)).different == ()
    types = {json.loads(line).get("type") for line in kept.read_text("utf-8").splitlines()}
    assert {"BackendCalled", "BackendCallEnded"} <= types
