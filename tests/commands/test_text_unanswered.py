"""``text`` with servers that do not answer as they should: each says over a real socket what it says."""

from __future__ import annotations

import asyncio
import json
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from realtime_cli.errors import ExitCode
from realtime_cli.wire import websocket
from realtime_cli.wire.auth import Opening
from realtime_cli.wire.transport import Closed, Transport
from tests.kit.cli import run_cli

Event = dict[str, Any]
Move = Event | tuple[int, str]  # an event, or the close of the socket


def begins(number: int) -> Event:
    return {"type": "response.created", "response": {"id": f"r{number}", "conversation_id": "c"}}


def says(number: int, text: str) -> Event:
    ids = {"response_id": f"r{number}", "item_id": f"a{number}", "content_index": 0, "output_index": 0}
    return {"type": "response.output_text.delta", "delta": text, **ids}


def ends(number: int, status: str = "completed", **details: Any) -> Event:
    response = {"id": f"r{number}", "status": status, "status_details": details or None}
    return {"type": "response.done", "response": response}


def answer(number: int, text: str) -> list[Move]:
    return [begins(number), says(number, text), ends(number)]


@asynccontextmanager
async def server(*answers: list[Move]) -> AsyncIterator[str]:
    """Makes one list of moves for each ``response.create``, over all connections; then it is silent."""
    waiting = list(answers)

    async def converse(transport: Transport, opening: Opening) -> None:
        async def tell(event: Event) -> None:
            await transport.send(json.dumps({"event_id": "e", **event}))

        session = {"type": "realtime", "output_modalities": ["text"]}
        await tell({"type": "session.created", "session": session})
        try:
            while True:
                asked = json.loads(await transport.recv())
                if asked["type"] == "session.update":
                    await tell({"type": "session.updated", "session": session})
                if asked["type"] != "response.create" or not waiting:
                    continue
                for move in waiting.pop(0):
                    if isinstance(move, tuple):
                        await transport.close(*move)
                        return
                    if move["type"] == "error":
                        move["error"]["event_id"] = asked["event_id"]
                    await tell(move)
        except Closed:
            pass

    listener = await websocket.serve(converse)
    try:
        yield listener.url
    finally:
        await listener.close()


async def ask(url: str, *messages: str, **settings: float) -> subprocess.CompletedProcess[str]:
    """``text`` with these messages."""
    more = [word for name, value in settings.items() for word in ("--set", f"connection.{name}={value}")]
    return await asyncio.to_thread(run_cli, "text", "--base-url", url, "--no-record", *more, *messages)


def refusal(code: str, message: str) -> Event:
    return {"type": "error", "error": {"type": "invalid_request_error", "code": code, "message": message}}


COLLISION = "conversation_already_has_active_response"


@pytest.mark.parametrize(
    ("moves", "why"),
    [
        ([refusal("bad", "I will not.")], "I will not."),
        ([refusal(COLLISION, "Another one runs.")], "No progress in the answer"),
        ([begins(1), says(1, "It is")], "No progress in the answer"),
        ([begins(1), ends(1, "failed", error={"message": "Too hot."})], "The answer failed: Too hot.\n"),
        ([begins(1), says(1, "It is"), ends(1, "cancelled")], "The answer was cancelled."),
        ([begins(1), says(1, "It is"), (1000, "")], "The server closed the connection (1000)"),
    ],
    ids=["refused", "collision", "no end", "failed", "cancelled", "closed"],
)
async def test_what_is_not_answered_is_told_and_the_exit_code_is_not_0(moves: list[Move], why: str) -> None:
    async with server(moves) as url:
        ended = await ask(url, "What time is it?", progress_timeout_s=1)
    assert f"Message 1 was not answered. {why}" in ended.stderr
    assert ended.returncode == ExitCode.SESSION
    assert ended.stdout in ("", "It is\n"), "a cut answer ends its line"


async def test_the_messages_behind_one_without_an_answer_are_sent() -> None:
    cut: list[Move] = [begins(1), says(1, "It is")]
    async with server(cut, answer(2, "Noon.")) as url:
        ended = await ask(url, "One?", "Two?", progress_timeout_s=1)
    assert ended.stdout == "It is\nNoon.\n"
    assert "Message 1 was not answered." in ended.stderr
    assert "Message 2" not in ended.stderr
    assert ended.returncode == ExitCode.SESSION


@pytest.mark.parametrize("code", [1001, 1011, 1012])
async def test_an_answer_cut_by_the_wire_is_asked_for_again_on_a_line_of_its_own(code: int) -> None:
    async with server([begins(1), says(1, "It is"), (code, "gone")], answer(2, "It is noon.")) as url:
        ended = await ask(url, "What time is it?", reconnect_first_s=0.1)
    assert (ended.stdout, ended.returncode) == ("It is\nIt is noon.\n", ExitCode.OK), ended.stderr


async def test_messages_that_were_not_sent_are_counted() -> None:
    async with server(answer(1, "Yes."), [(1000, "")]) as url:
        ended = await ask(url, "One?", "Two?", "Three?", "Four?")
    assert ended.stdout == "Yes.\n"
    assert "Message 2 was not answered. The server closed the connection (1000)" in ended.stderr
    assert "2 further messages were not sent." in ended.stderr
    assert ended.returncode == ExitCode.SESSION


async def test_an_answer_at_its_limit_is_one_with_a_warning() -> None:
    async with server(
        [begins(1), says(1, "It is"), ends(1, "incomplete", reason="max_output_tokens")]
    ) as url:
        ended = await ask(url, "What time is it?")
    assert (ended.stdout, ended.returncode) == ("It is\n", ExitCode.OK)
    assert "incomplete (max_output_tokens)" in ended.stderr
