"""``text`` with servers that do not answer as they should: each says over a real socket what it says."""

from __future__ import annotations

import asyncio
import subprocess

import pytest

from realtime_cli.errors import ExitCode
from tests.kit.answering_server import CLOSES, Move, answer, answering, begins, ends, refusal, says
from tests.kit.cli import run_cli


async def ask(url: str, *messages: str, **settings: float) -> subprocess.CompletedProcess[str]:
    """``text`` with these messages."""
    more = [word for name, value in settings.items() for word in ("--set", f"connection.{name}={value}")]
    return await asyncio.to_thread(run_cli, "text", "--base-url", url, "--no-record", *more, *messages)


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
    async with answering(moves) as server:
        ended = await ask(server.url, "What time is it?", progress_timeout_s=1)
    assert f"Message 1 was not answered. {why}" in ended.stderr
    assert ended.returncode == ExitCode.SESSION
    assert ended.stdout in ("", "It is\n"), "a cut answer ends its line"


async def test_the_messages_behind_one_without_an_answer_are_sent() -> None:
    cut: list[Move] = [begins(1), says(1, "It is")]
    async with answering(cut, answer(2, "Noon.")) as server:
        ended = await ask(server.url, "One?", "Two?", progress_timeout_s=1)
    assert ended.stdout == "It is\nNoon.\n"
    assert "Message 1 was not answered." in ended.stderr
    assert "Message 2" not in ended.stderr
    assert ended.returncode == ExitCode.SESSION


@pytest.mark.parametrize("code", CLOSES)
async def test_an_answer_cut_by_the_wire_is_asked_for_again_on_a_line_of_its_own(code: int) -> None:
    async with answering([begins(1), says(1, "It is"), (code, "gone")], answer(2, "It is noon.")) as server:
        ended = await ask(server.url, "What time is it?", reconnect_first_s=0.1)
    assert (ended.stdout, ended.returncode) == ("It is\nIt is noon.\n", ExitCode.OK), ended.stderr


async def test_messages_that_were_not_sent_are_counted() -> None:
    async with answering(answer(1, "Yes."), [(1000, "")]) as server:
        ended = await ask(server.url, "One?", "Two?", "Three?", "Four?")
    assert ended.stdout == "Yes.\n"
    assert "Message 2 was not answered. The server closed the connection (1000)" in ended.stderr
    assert "2 further messages were not sent." in ended.stderr
    assert ended.returncode == ExitCode.SESSION


async def test_an_answer_at_its_limit_is_one_with_a_warning() -> None:
    async with answering(
        [begins(1), says(1, "It is"), ends(1, "incomplete", reason="max_output_tokens")]
    ) as server:
        ended = await ask(server.url, "What time is it?")
    assert (ended.stdout, ended.returncode) == ("It is\n", ExitCode.OK)
    assert "incomplete (max_output_tokens)" in ended.stderr
