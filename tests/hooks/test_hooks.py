"""Hooks as they are written in the agent file: functions and commands, good ones and bad ones."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from realtime_cli.client import inputs
from realtime_cli.config.agent import HooksConfig as Written
from realtime_cli.conversation.events import ItemCreated
from realtime_cli.errors import ConfigError, ExitCode
from realtime_cli.hooks.hooks import open_hooks
from tests.kit.cli import run_cli

MODULE = """
import asyncio, json, pathlib, time

def write(item_id, item):
    with open(pathlib.Path(__file__).with_name("told.jsonl"), "a") as file:
        print(json.dumps([item_id, item["role"]]), file=file)

async def write_async(item_id: str, item: dict):
    await asyncio.sleep(0)
    write(item_id, item)

def fail(item_id, item):
    write(item_id, item)
    raise RuntimeError("no luck")

def crash(item_id, item):
    import os
    os._exit(3)

def spin(item_id, item):
    time.sleep(60)

def alone(item_id):
    pass
"""


def added(item_id: str) -> ItemCreated:
    return ItemCreated(0, item_id, {"id": item_id, "type": "message", "role": "user", "content": []})


def told(folder: Path) -> list[list[str]]:
    path = folder / "told.jsonl"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


async def tell(folder: Path, hook: str | list[str], items: Sequence[str], timeout_s: float = 10) -> list[str]:
    """Tell a hook of new items; returns what was reported of it."""
    (folder / "watch.py").write_text(MODULE)
    reports: list[inputs.Noted] = []
    written = Written(on_conversation_item_created=hook, timeout_s=timeout_s)
    hooks = await open_hooks(written, folder, os.environ, reports.append)
    for item_id in items:
        hooks.observe(added(item_id))
    await asyncio.wait_for(hooks.settled(), 20)
    await hooks.close()
    return [report.text for report in reports]


@pytest.mark.parametrize("hook", ["watch.py:write", "watch.py:write_async", "watch:write"])
async def test_a_function_gets_id_and_item_in_order(tmp_path: Path, hook: str):
    assert await tell(tmp_path, hook, ["A", "B", "C"]) == []
    assert told(tmp_path) == [["A", "user"], ["B", "user"], ["C", "user"]]


@pytest.mark.parametrize("as_text", [False, True])
async def test_a_command_gets_json_on_stdin(tmp_path: Path, as_text: bool):
    program = "import json,sys; print(sys.stdin.read(), file=open('told.jsonl','a'), end='')"
    (tmp_path / "hook.py").write_text(program)
    words = [sys.executable, "hook.py"]
    assert await tell(tmp_path, " ".join(words) if as_text else words, ["A"]) == []
    assert told(tmp_path) == [
        {
            "event": "conversation.item.created",
            "item_id": "A",
            "item": {"id": "A", "type": "message", "role": "user", "content": []},
        }
    ]


async def test_a_failing_hook_is_reported_once_and_goes_on_being_told(tmp_path: Path):
    reports = await tell(tmp_path, "watch.py:fail", ["A", "B"])
    line = MODULE[: MODULE.index("no luck")].count("\n") + 1
    text = f"The hook on_conversation_item_created failed: RuntimeError: no luck (watch.py:{line})."
    assert reports == [f"{text} It is not reported again."]
    assert [item_id for item_id, _ in told(tmp_path)] == ["A", "B"]


@pytest.mark.parametrize(
    ("hook", "why"),
    [
        ("watch.py:crash", "exit code 3"),
        ([sys.executable, "-c", "import sys; sys.exit('no such list')"], "exit code 1: no such list"),
        (["false"], "exit code 1"),
    ],
)
async def test_a_hook_whose_process_ends_badly(tmp_path: Path, hook: str | list[str], why: str):
    [report] = await tell(tmp_path, hook, ["A", "B"])
    assert why in report


async def test_a_slow_hook_is_ended(tmp_path: Path):
    reports = await tell(tmp_path, "watch.py:spin", ["A", "B"], timeout_s=0.2)
    assert reports == [
        "The hook on_conversation_item_created failed: it took longer than 0.2 s. It is not reported again."
    ]


@pytest.mark.parametrize(
    ("hook", "said"),
    [
        ("watch.py:nothing", "it has no function nothing"),
        ("gone.py:f", "there is no file"),
        ("watch.py:alone", "must take two arguments"),
        ("no-such-program -x", "neither module:function nor a program"),
    ],
)
async def test_a_hook_that_is_none_is_refused_in_a_sentence(tmp_path: Path, hook: str, said: str):
    with pytest.raises(ConfigError) as refused:
        await tell(tmp_path, hook, [])
    assert said in refused.value.message
    assert "on_conversation_item_created" in refused.value.message


def test_a_talk_tells_its_hooks_and_survives_a_bad_one(tmp_path: Path):
    (tmp_path / "watch.py").write_text(MODULE)
    agent = tmp_path / "agent.toml"
    agent.write_text(
        '[connection]\nprovider = "local"\n[recording]\nenabled = false\n'
        '[hooks]\non_conversation_item_created = "watch.py:write"\n'
        'on_conversation_item_updated = "watch.py:fail"\n'
    )
    without = run_cli("text", "--config", agent, "Hello.")
    assert "Not loaded: on_conversation_item_created" in without.stderr
    assert told(tmp_path) == []
    ended = run_cli("text", "--config", agent, "--trust", agent, "Hello.")
    assert ended.returncode == ExitCode.OK
    assert ended.stdout.strip()
    assert "on_conversation_item_updated failed: RuntimeError: no luck" in ended.stderr
    assert [role for _, role in told(tmp_path)] == ["user", "assistant", "assistant"]
