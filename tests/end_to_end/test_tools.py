"""Tools from the command line, against the local server: no key, no network."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

from realtime_cli.audio.wav import WavSpeaker
from realtime_cli.client import effects, inputs
from realtime_cli.server.engine.ports import EngineCall, EngineText
from tests.kit.live_session import live, serving
from tests.kit.scripted_engine import ScriptedEngine
from tests.kit.toolbox import gone, runs, toolbox

AGENT = Path(__file__).parents[2] / "configs" / "tools.toml"
TEXT = [sys.executable, "-m", "realtime_cli", "text", "--config"]


def text(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*TEXT, str(AGENT), *arguments], capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL
    )


def test_every_kind_of_tool_is_called_and_recorded(tmp_path: Path) -> None:
    recording = tmp_path / "session.jsonl"
    ran = text(
        "--trust",
        str(AGENT),
        "--approve",
        "all",
        "--record",
        str(recording),
        "What is 17 times 23?",
        "Book a table for 4 guests",
        "List the bookings",
        "Free disk space of the path /",
        "Bake bread",
        "What time is it in Tokyo?",
    )
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
    assert "Not loaded: book_table" in ran.stderr
    assert "--trust" in ran.stderr


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
        *TEXT,
        "agent.toml",
        "--no-record",
        "--trust",
        ".",
        "--approve",
        "all",
        "Dig a hole",
        cwd=tmp_path,
        stdin=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "PYTHONPATH": str(AGENT.parents[1])},
    )
    async with asyncio.timeout(40):
        while not (tmp_path / "digger").exists() or not (tmp_path / "digger").read_text().strip():
            await asyncio.sleep(0.05)
    child.send_signal(signal.SIGINT)
    async with asyncio.timeout(10):
        assert await child.wait() == 130
    assert await gone(int((tmp_path / "digger").read_text()))
    assert await gone(int((tmp_path / "worker").read_text()))


FUNCTIONS = Path(__file__).parents[1] / "tools" / "functions.py"
STORM = f"""
[[tools]]
builtin = "calculator"
[[tools]]
command = ["sleep", "600"]
timeout_s = 2
[[tools]]
command = ["sh", "-c", "head -c 10485760 /dev/zero | tr '\\\\0' x"]
name = "floods"
[[tools]]
python = "{FUNCTIONS}:spins"
timeout_s = 2
[[tools]]
python = "{FUNCTIONS}:process_id"
[[tools]]
command = ["sh", "-c", "kill -9 $$"]
name = "dies"
"""


async def test_fifty_calls_of_one_answer_stop_neither_its_voice_nor_the_talk(tmp_path: Path) -> None:
    """Good ones and never-ending, flooding, spinning, dying, unknown, unreadable ones, in a talk."""
    calls = [
        *(EngineCall("calculator", json.dumps({"expression": f"{n} + 0"})) for n in range(20)),
        *(EngineCall("process_id", "{}") for _ in range(10)),
        *(EngineCall("sleep", "{}") for _ in range(6)),
        *(EngineCall("floods", "{}") for _ in range(3)),
        *(EngineCall("spins", '{"seconds": 600}') for _ in range(2)),
        *(EngineCall("dies", "{}") for _ in range(4)),
        *(EngineCall("unknown", "{}") for _ in range(3)),
        *(EngineCall("calculator", "{no json") for _ in range(2)),
    ]
    assert len(calls) == 50
    answers: list[list[EngineText | EngineCall]] = [
        [EngineText("word " * 30), *calls],
        [EngineText("All of it is done.")],
        [EngineText("Still here.")],
    ]
    speaker = WavSpeaker(None)
    async with serving(ScriptedEngine(answers=answers)) as server, toolbox(tmp_path, STORM) as box:
        worker = (await box.call("process_id")).output
        edges = {"tools": box.registry, "speaker": speaker}
        recording = tmp_path / "storm.jsonl"
        async with live(server.url, record=recording, edges=edges, patch={"type": "realtime"}) as talk:
            await talk.ready()
            talk.duplex.step(inputs.Typed(talk.duplex.now(), "Go."))
            await talk.until(lambda: talk.session.responses_done == 2 and talk.session.idle, timeout_s=40)
            await talk.say("Are you there?")
            print(f"{speaker.playout.underruns} underruns beside fifty calls")

        asked = [call.call_id for call in talk.values(effects.CallTool)]
        items = [event.item for event in talk.sent("conversation.item.create")]
        outputs = [item for item in items if item.type == "function_call_output"]
        assert len(asked) == 50
        assert [item.call_id for item in outputs] == asked, "outputs go back in call order"
        said = [item.output for item in outputs]
        assert said[:20] == [str(n) for n in range(20)]
        assert set(said[20:30]) == {worker}, "one process for all Python tools"
        assert all("longer than 2 s" in output for output in (*said[30:36], *said[39:41]))
        assert all(output.endswith("[cut: 10485760 bytes in all]") for output in said[36:39])
        assert all("killed by SIGKILL" in output for output in said[41:45])
        assert all("no tool named" in output for output in said[45:48])
        assert all("arguments" in output for output in said[48:])
        assert len(talk.sent("response.create")) == 3, "one for each question and one for all outputs"
        assert not talk.values(inputs.PlaybackStopped)
        (heard_ms, _, _) = {item.item_id: item.heard_ms for item in talk.values(inputs.Played)}.values()
        assert heard_ms >= 3000
    assert not runs(int(worker))
