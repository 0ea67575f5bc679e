"""Our client against Live servers that do what real ones were seen to do: nothing stalls or gets lost."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from realtime_cli.errors import ExitCode
from realtime_cli.server.engine.ports import EngineCall, EngineText
from tests.kit.cli import run_cli
from tests.kit.live_faults import LiveFaults, faulty_live_server
from tests.kit.scripted_engine import ScriptedEngine

pytestmark = pytest.mark.heavy
ROOT = Path(__file__).parents[2]
ANSWER = [EngineText("It is there.")]
CALL = [EngineCall("find", '{"task": "a"}')]
HANDED_OVER = [EngineCall("delegate", '{"task": "a"}')]
BACKEND = '[session.delegation]\ntype = "responses"\nresponses = { model = "gpt-5" }\n'
AGENT = """
[connection]
base_url = "{url}"
protocol = "live"
auth = "none"
first_event_timeout_s = 2

{delegation}
[[tools]]
name = "find"
description = "Find something."
command = ["python3", "-c", "print('x' * 5000)"]
parameters = {{ type = "object", properties = {{ task = {{ type = "string" }} }} }}
"""


@dataclass
class Trouble:
    """A fault, what the engine says, and how the command line ends."""

    faults: LiveFaults
    answers: Sequence[Iterable[Any]] = field(default_factory=lambda: [ANSWER])
    delegation: str = BACKEND
    code: ExitCode = ExitCode.OK
    out: str = "It is there."
    err: str = ""


TROUBLES = {
    "silent": Trouble(
        LiveFaults(silent_start=True), code=ExitCode.CONNECTION, out="", err="no session.started within 2 s"
    ),
    "late": Trouble(LiveFaults(start_delay_s=1.5)),
    "no money": Trouble(
        LiveFaults(error_then_drop="insufficient_quota"),
        code=ExitCode.SESSION,
        out="",
        err="plan and billing",
    ),
    "overloaded": Trouble(
        LiveFaults(error_then_drop="model_overloaded"), code=ExitCode.SESSION, out="", err="Try again later"
    ),
    "buffer full": Trouble(
        LiveFaults(full_above_bytes=2000), [CALL, ANSWER], err="buffer was full: a result was replaced"
    ),
    "output lost": Trouble(LiveFaults(lose_first_output=True), [CALL, ANSWER]),
    "unspoken": Trouble(
        LiveFaults(unspoken_commentary=True), [HANDED_OVER], delegation="", out="One moment, please."
    ),
    "never closed": Trouble(LiveFaults(no_session_closed=True)),
    "unknown ids": Trouble(LiveFaults(unknown_ids=True), [CALL, ANSWER], err="Not about you. (curious)"),
    "jitter": Trouble(LiveFaults(jitter_s=0.3), [CALL, ANSWER]),
}


@pytest.mark.parametrize("name", TROUBLES)
async def test_nothing_stalls_and_no_word_is_lost(name: str, tmp_path: Path):
    trouble, bugs = TROUBLES[name], list[BaseException]()
    agent, kept = tmp_path / "agent.toml", tmp_path / "talk.jsonl"
    engine = ScriptedEngine(answers=trouble.answers)
    async with faulty_live_server(trouble.faults, engine, report=bugs.append) as url:
        agent.write_text(AGENT.format(url=url, delegation=trouble.delegation), "utf-8")
        options = ("-c", agent, "--trust", agent, "--approve", "find", "--record", kept)
        ended = await asyncio.to_thread(run_cli, "text", *options, "Find it.")
    assert (ended.returncode, ended.stdout.strip()) == (trouble.code, trouble.out), ended.stderr
    assert trouble.err in ended.stderr
    assert "Traceback" not in ended.stderr
    assert bugs == []
    billed = [wire["usage"]["seconds"] for wire in _wires(kept) if wire["type"] == "session.closed"]
    assert sum(billed) < 20  # it was 30 s and more, where an answer was not noticed or never came


async def test_a_talk_whose_end_is_not_confirmed_says_so():
    engine, question = ScriptedEngine(answers=[ANSWER]), ROOT / "realtime_cli" / "clips" / "question.wav"
    async with faulty_live_server(LiveFaults(no_session_closed=True), engine) as url:
        sets = ("--set", "connection.protocol=live", "--set", "conversation.greet=false")
        options = ("--input", question, "--output", "null", "--plain", "--no-record")
        ended = await asyncio.to_thread(run_cli, "talk", "--base-url", url, *sets, *options)
    assert ended.returncode == ExitCode.OK
    assert "No session.closed within 5 s: the cost of the last seconds is not known." in ended.stderr


def _wires(recording: Path) -> list[dict[str, Any]]:
    lines = [json.loads(line) for line in recording.read_text("utf-8").splitlines()]
    return [line["wire"] for line in lines if line.get("kind") == "received"]
