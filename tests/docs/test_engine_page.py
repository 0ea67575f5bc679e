"""The page *engine*: its commands are obeyed, and its events have the fields that it lists."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

from tests.docs.test_pages import TEXTS

ROOT = Path(__file__).parents[2]
COMMANDS, EVENTS = (
    TEXTS["engine"].split(f"## {head}")[1].split("\n## ")[0] for head in ("Commands", "Events")
)
FIELDS = {
    row[0]: {"event", *re.findall(r"`(\w+)`", row[1])}
    for row in re.findall(r"(?m)^\| `(\w+)` \| (.*) \|$", EVENTS)
}


def test_a_session_is_reported_as_the_tables_say() -> None:
    command = [sys.executable, "-m", "realtime_cli", "engine", "configs/scripts/greeting.toml", "--text"]
    seen: set[str] = set()
    with subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as engine:
        assert engine.stdin
        assert engine.stdout
        for line in engine.stdout:
            event = json.loads(line)
            seen.add(event["event"])
            assert set(event) == FIELDS[event["event"]] - {"passed", "failed", "unreliable", "stopped"}
            if event["event"] == "ready":
                engine.stdin.write('{"begin": "mine", "script": "greeting"}\nnonsense\n')
                engine.stdin.flush()
            if event["event"] == "over":
                assert event["status"] == "passed"
                engine.stdin.write('{"end": true}\n')
                engine.stdin.flush()
    assert {"ready", "began", "over", "mistake", "ended"} <= seen


def test_every_command_of_the_table_is_json() -> None:
    lines = re.findall(r"(?m)^\| `(\{.*?\})` \|", COMMANDS)
    assert [set(json.loads(line)) for line in lines] == [
        {"begin"},
        {"begin", "script"},
        {"begin"},
        {"stop"},
        {"end"},
    ]
