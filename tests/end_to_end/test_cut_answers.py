"""Answers that break off, fail or are spoken unasked: over a real socket, for every way to hold a session."""

from __future__ import annotations

import asyncio
import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from realtime_cli.errors import ExitCode, SessionFailed
from realtime_cli.session_api import Session
from tests.kit.answering_server import (
    CLOSES,
    Move,
    answer,
    answering,
    begins,
    ends,
    refusal,
    says,
    sounds,
)
from tests.kit.cli import run_cli

QUICK: dict[str, Any] = {"reconnect_first_s": 0.05, "progress_timeout_s": 1}
SCRIPT = """mode = "text"
agent = {{ connection = {{ base_url = "{url}", reconnect_first_s = 0.05, progress_timeout_s = 1 }} }}
[[turns]]
user = "What time is it?"
[turns.expect]
equals = "It is noon."
"""


def torso(number: int, *end: Move) -> list[Move]:
    return [begins(number), says(number, "It is"), *end]


def session(url: str) -> Session:
    return Session({"connection": {"base_url": url, **QUICK}}, text=True, timeout_s=20)


async def run(url: str, folder: Path) -> subprocess.CompletedProcess[str]:
    script = folder / "script.toml"
    script.write_text(SCRIPT.format(url=url), encoding="utf-8")
    return await asyncio.to_thread(run_cli, "run", script, "--no-record")


async def json_lines(url: str) -> tuple[int, str]:
    more = [f"--set=connection.{name}={value}" for name, value in QUICK.items()]
    ended = await asyncio.to_thread(
        run_cli, "text", "--json", "--base-url", url, "--no-record", *more, "What time is it?"
    )
    for line in ended.stdout.splitlines():
        json.loads(line)
    return ended.returncode, ended.stdout


@pytest.mark.parametrize("code", CLOSES)
@pytest.mark.parametrize("second", [1, 2], ids=["ids again", "new ids"])
async def test_an_answer_that_is_asked_for_again_does_not_follow_its_torso(code: int, second: int) -> None:
    async with answering(torso(1, (code, "gone")), answer(second, "It is noon.")) as server:
        async with session(server.url) as talk:
            reply = await talk.say("What time is it?")
        assert (reply.text, reply.interrupted) == ("It is noon.", False)
        told = [event["item"]["role"] for event in server.heard_of("conversation.item.create")]
        assert told == ["user", "user"], "the torso is no part of the history"


async def test_a_script_and_json_lines_get_the_whole_answer_after_a_reconnect(tmp_path: Path) -> None:
    cut = torso(1, (1006, ""))
    async with answering(cut, answer(1, "It is noon."), cut, answer(2, "It is noon.")) as server:
        ended = await run(server.url, tmp_path)
        code, lines = await json_lines(server.url)
    assert ended.returncode == ExitCode.OK, ended.stdout
    assert code == ExitCode.OK
    assert "None" not in lines


@pytest.mark.parametrize(
    ("moves", "why"),
    [
        ([refusal("bad", "I will not.")], "I will not."),
        ([{"type": "error", "message": "I will not."}], "No progress in the answer"),
        (torso(1), "No progress in the answer"),
        ([begins(1), ends(1, "failed", error={"message": "Too hot."})], "The answer failed: Too hot."),
        (torso(1, ends(1, "cancelled")), "The answer was cancelled."),
        (torso(1, (1000, "")), "The server closed the connection (1000)"),
    ],
    ids=["refused", "flat error", "no end", "failed", "cancelled", "closed"],
)
async def test_a_script_and_json_lines_say_which_answer_is_missing_and_why(
    moves: list[Move], why: str, tmp_path: Path
) -> None:
    async with answering(moves, moves) as server:
        ended = await run(server.url, tmp_path)
        code, lines = await json_lines(server.url)
    assert why in ended.stdout
    assert ended.returncode != ExitCode.OK
    assert why in lines
    assert code == ExitCode.SESSION
    assert "None" not in ended.stdout + lines


async def test_a_script_whose_session_ended_says_so_beside_the_turn(tmp_path: Path) -> None:
    async with answering([(1000, "")]) as server:
        ended = await run(server.url, tmp_path)
    assert "timeout: expected an answer within" in ended.stdout
    assert "found The session had ended." in ended.stdout


async def test_a_session_waits_for_no_answer_that_was_refused_or_given_up() -> None:
    refused: list[Move] = [refusal("bad", "I will not.")]
    async with answering(refused, torso(2), answer(3, "Noon.")) as server, session(server.url) as talk:
        for why in ("I will not", "No progress"):
            with pytest.raises(SessionFailed, match=f"There was no reply. {why}"):
                await talk.say("What time is it?")
        assert (await talk.say("And now?")).text == "Noon."


async def test_a_session_tells_of_an_answer_that_failed() -> None:
    failed: list[Move] = [begins(1), ends(1, "failed", error={"message": "Too hot."})]
    async with answering(failed) as server, session(server.url) as talk:
        assert (await talk.say("What time is it?")).errors == (("failed", "Too hot."),)


async def test_a_server_that_always_speaks_ends_every_turn(tmp_path: Path) -> None:
    """Also after a reconnect in mid-answer, and where it never says that the sound is over."""
    spoken: list[Move] = [begins(2), *sounds(2, "It is noon."), ends(2)]
    cut: list[Move] = [begins(1), *sounds(1, "It is"), (1006, "")]
    async with answering(cut, spoken, spoken, cut, spoken) as server:
        async with session(server.url) as talk:
            assert (await talk.say("What time is it?")).text == "It is noon."
        ended = await run(server.url, tmp_path)
        code, _ = await json_lines(server.url)
    assert (ended.returncode, code) == (ExitCode.OK, ExitCode.OK)
