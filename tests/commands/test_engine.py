"""``engine`` as another program has it: JSON lines into a process of its own, JSON lines out."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from realtime_cli.app.local_server import ServeOptions, listen
from realtime_cli.commands import engine as engine_command
from realtime_cli.script.clips import LocalSpeechSource
from realtime_cli.script.format import Script
from realtime_cli.script.load import LoadedScript
from realtime_cli.script.result import Case
from realtime_cli.script.runner import RunContext
from realtime_cli.script.session_pool import SessionPool
from tests.kit.scripts import GOOD
from tests.kit.threads import loop_in_a_thread
from tests.script.stage import connecting, opens

BAD = GOOD.replace('contains = "one"', 'contains = "two"')


class Talking:
    """The process, line by line."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process

    def tell(self, line: str) -> None:
        assert self.process.stdin
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def told(self, wanted: str) -> dict[str, Any]:
        """The next event of this name."""
        assert self.process.stdout
        for line in self.process.stdout:
            event: dict[str, Any] = json.loads(line)
            if event["event"] == wanted:
                return event
        raise AssertionError(f"it ended without {wanted}")

    def rest(self) -> list[dict[str, Any]]:
        assert self.process.stdout
        return [json.loads(line) for line in self.process.stdout]


@contextmanager
def engine(*arguments: str | Path) -> Iterator[Talking]:
    command = [sys.executable, "-m", "realtime_cli", "engine", *map(str, arguments)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield Talking(process)
        finally:
            process.kill()


@pytest.fixture
def scripts(tmp_path: Path) -> Path:
    (tmp_path / "good.toml").write_text(GOOD, encoding="utf-8")
    (tmp_path / "bad.toml").write_text(BAD, encoding="utf-8")
    return tmp_path


def test_sessions_are_held_on_request_and_told_with_their_figures(scripts: Path) -> None:
    with engine(scripts) as talking:
        assert talking.told("ready")["scripts"] == ["bad", "good"]
        talking.tell('{"begin": "mine", "script": "good"}')
        assert talking.told("began") == {"event": "began", "id": "mine", "script": "good"}
        over = talking.told("over")
        assert (over["id"], over["status"], over["kind"]) == ("mine", "passed", "")
        assert over["open_ms"] > 0
        assert over["turns"][0]["within_ms"] > 0
        talking.tell('{"begin": 2}')
        first, second = talking.told("over"), talking.told("over")
        assert {first["script"], second["script"]} == {"bad", "good"}  # they take turns
        failed = first if first["script"] == "bad" else second
        assert failed["kind"] == "failed: contains"
        talking.tell('{"end": true}')
        assert talking.rest()[-1] == {"event": "ended"}
        assert talking.process.wait(10) == 0


def test_what_it_cannot_do_is_a_mistake_and_no_end(scripts: Path) -> None:
    lines = [
        "gibberish",
        '{"begin": -1}',
        '{"begin": "a", "script": "nosuch"}',
        '{"begin": "a", "script": 5}',
        "[]",
    ]
    with engine(scripts / "good.toml") as talking:
        talking.told("ready")
        for line in lines:
            talking.tell(line)
            assert talking.told("mistake")["error"]
        talking.tell('{"stop": "nobody"}')
        talking.tell('{"begin": "a"}')
        assert talking.told("over")["status"] == "passed"


def test_the_end_of_its_input_is_its_end(scripts: Path) -> None:
    with engine(scripts / "good.toml") as talking:
        talking.told("ready")
        assert talking.process.stdin
        talking.process.stdin.close()
        assert talking.rest()[-1] == {"event": "ended"}
        assert talking.process.wait(10) == 0


@pytest.mark.skipif(os.name == "nt", reason="signals as POSIX has them")
def test_a_signal_breaks_off_what_runs_and_tells_so(scripts: Path) -> None:
    (scripts / "good.toml").write_text(GOOD + "[[turns]]\nsilence_ms = 60000\n", encoding="utf-8")
    with engine(scripts / "good.toml") as talking:
        talking.told("ready")
        talking.tell('{"begin": "long"}')
        talking.told("began")
        talking.process.send_signal(signal.SIGTERM)
        assert talking.told("over")["status"] == "stopped"
        assert talking.told("ended")
        assert talking.process.wait(10) == 0


PRICED = """
mode = "text"
agent.connection = { provider = "custom", base_url = "URL", model = "dear" }
agent.prices.dear = { text_in = 1000.0, text_cached = 1000.0, text_out = 1000.0 }
[[turns]]
user = "Say after me: one"
[[turns]]
timeout_ms = 60000
"""


def test_what_a_session_spends_is_told_while_it_runs_and_when_it_is_broken_off(tmp_path: Path) -> None:
    with loop_in_a_thread() as loop:
        server = asyncio.run_coroutine_threadsafe(listen(ServeOptions(port=0), warm=False), loop).result(60)
        script = tmp_path / "dear.toml"
        script.write_text(PRICED.replace("URL", server.url), encoding="utf-8")
        with engine(script) as talking:
            talking.told("ready")
            talking.tell('{"begin": "mine"}')
            spent = talking.told("spent")
            talking.tell('{"stop": "mine"}')
            over = talking.told("over")
        asyncio.run_coroutine_threadsafe(server.close(), loop).result(10)
    assert spent["id"] == "mine"
    assert spent["usd"] == pytest.approx(over["usd"])
    assert over["status"] == "stopped"


# -- the lines themselves, in this process --------------------------------------------------------


async def told_of(*lines: str) -> list[dict[str, Any]]:
    """What a crowd tells when it obeys these lines, and ends."""
    told: list[dict[str, Any]] = []
    script = LoadedScript(
        Script.model_validate({"turns": [{"user": "hello"}], "quiet_ms": 20}), Path("call.toml")
    )
    async with connecting() as connect:
        crowd = SessionPool(
            [Case(script, text=True)],
            RunContext(opens(connect), LocalSpeechSource()),
            lambda event: told.append(dict(event)),
        )
        queue: asyncio.Queue[str] = asyncio.Queue()
        for line in (*lines, ""):
            queue.put_nowait(line)
        await engine_command._obey(crowd, queue)
        await asyncio.sleep(0)
        await crowd.end()
    return told


@pytest.mark.parametrize(
    ("lines", "began"),
    [
        (['{"begin": "mine"}', '{"begin": "other", "script": "call"}'], ["mine", "other"]),
        (['{"begin": 2}', "", '{"begin": 1}'], ["s1", "s2"]),  # an empty line is the end of the input
        (['{"begin": 2}', "\n", '{"begin": 1}'], ["s1", "s2", "s3"]),
        (['{"begin": 0}', '{"begin": 1}', '{"end": true}', '{"begin": 5}'], ["s1"]),
        (['{"stop": "nobody"}'], []),
    ],
)
async def test_lines_begin_sessions_until_the_end(lines: list[str], began: list[str]) -> None:
    told = await told_of(*lines)
    assert [event["id"] for event in told if event["event"] == "began"] == began


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("gibberish", "'gibberish' is not an engine command."),
        ("[]", "'[]' is not an engine command"),
        ('{"begin": -1}', "is not an engine command"),
        ('{"begin": 10001}', "is not an engine command"),
        ('{"begin": 1.5}', "is not an engine command"),
        ('{"begin": "a", "script": 5}', "5 is not a valid script name."),
        ('{"begin": "a", "script": "nosuch"}', "no script 'nosuch'"),
        ("x" * 5000, "x" * 80 + "' is not an engine command"),
    ],
)
async def test_a_line_that_cannot_be_obeyed_is_a_mistake_and_the_next_is_read(
    line: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    told = await told_of(line, '{"begin": "next"}')
    [mistake] = [json.loads(row) for row in capsys.readouterr().out.splitlines()]
    assert mistake["event"] == "mistake"
    assert said in mistake["error"]
    assert [event["id"] for event in told if event["event"] == "began"] == ["next"]


def test_a_reader_that_has_gone_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with open(writing, "w", encoding="utf-8", buffering=1) as nobody:
        monkeypatch.setattr(sys, "stdout", nobody)
        engine_command.emit({"event": "pace"})
        monkeypatch.undo()
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, writing)  # what is left in the buffer goes nowhere
        os.close(null)
