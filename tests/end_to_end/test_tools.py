"""Tools from the command line, against the local server: no key, no network."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

from tests.kit.toolbox import gone

AGENT = Path(__file__).parents[2] / "configs" / "tools.toml"
TEXT = [sys.executable, "-m", "realtime_cli", "text", "--config"]


def text(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*TEXT, str(AGENT), *arguments], capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL
    )


def test_every_kind_of_tool_is_called_and_recorded(tmp_path: Path) -> None:
    recording = tmp_path / "session.jsonl"
    ran = text(
        "--approve", "all", "--record", str(recording), "What is 17 times 23?", "Book a table for 4 guests",
        "List the bookings", "Free disk space of the path /", "Bake bread", "What time is it in Tokyo?",
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    sums, booked, bookings, disk, *rest = ran.stdout.splitlines()
    assert "391" in sums
    assert "guests 4" in booked
    assert "guests 4" in bookings
    assert "disk" in disk
    assert any("Tokyo" in line for line in rest)
    assert "ready" in ran.stdout, "the result that nobody waited for is told before the session ends"
    entries = [json.loads(line) for line in recording.read_text().splitlines()]
    finished = [entry["value"] for entry in entries if entry.get("type") == "ToolFinished"]
    assert len(finished) == 6
    assert all(entry["seconds"] >= 0 for entry in finished)
    kinds = {entry.get("type") for entry in entries}
    assert {
        "CallTool",
        "ToolStarted",
        "ToolProgress",
        "ToolFinished",
        "ApprovalAnswered",
    } <= kinds


def test_without_permission_only_what_is_harmless_runs() -> None:
    ran = text("What is 17 times 23?", "Book a table for 4 guests")
    assert "391" in ran.stdout
    assert "guests 4" not in ran.stdout
    assert "Left out: book_table" in ran.stderr
    assert "--approve" in ran.stderr


async def test_an_interrupt_ends_at_once_and_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "agent.toml").write_text(
        '[connection]\nprovider = "local"\n[[tools]]\nname = "dig"\ndescription = "Dig a hole"\n'
        'command = ["sh", "-c", "echo $$ > digger; sleep 600"]\n'
        '[[tools]]\npython = "own.py:fill"\n'
    )
    (tmp_path / "own.py").write_text(
        "import os\nopen('worker', 'w').write(str(os.getpid()))\ndef fill(): 'Fill it.'\n"
    )
    child = await asyncio.create_subprocess_exec(
        *TEXT, "agent.toml", "--no-record", "--approve", "all", "Dig a hole", cwd=tmp_path, stdin=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL, env={**os.environ, "PYTHONPATH": str(AGENT.parents[1])},
    )  # fmt: skip
    async with asyncio.timeout(40):
        while not (tmp_path / "digger").exists() or not (tmp_path / "digger").read_text().strip():
            await asyncio.sleep(0.05)
    child.send_signal(signal.SIGINT)
    async with asyncio.timeout(10):
        assert await child.wait() == 130
    assert await gone(int((tmp_path / "digger").read_text()))
    assert await gone(int((tmp_path / "worker").read_text()))
