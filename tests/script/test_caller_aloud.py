"""Calls that are spoken, with the local agent: twice with one seed, and with a planted fault."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from realtime_cli.conversation.narrated import Narrated
from realtime_cli.recording.reader import read
from realtime_cli.script.format import SEMANTIC_EVENTS
from realtime_cli.script.turn_collector import TurnCollector
from tests.kit.cli import run_cli

SCRIPT = Path(__file__).parents[2] / "configs" / "scripts" / "caller.toml"
HABITS = "habits = { hesitates = 1.0 }"

pytestmark = [pytest.mark.heavy, pytest.mark.xdist_group("voice"), pytest.mark.timeout(300)]


def held(script: Path, folder: Path) -> tuple[dict[str, Any], list[list[str]]]:
    """The report of one call, and the order of its events, turn by turn."""
    ended = run_cli(
        "run", str(script), "--record", str(folder), "--json", str(folder / "run.json"), timeout_s=110
    )
    [result] = json.loads((folder / "run.json").read_text())["results"]
    assert ended.returncode == (result["status"] != "passed")
    collected = TurnCollector()
    narrated = Narrated([collected])
    for entry in read(result["recording"]).entries():
        narrated.observe(entry)
    return result, [
        [name for _, name in sorted(t.events) if name in SEMANTIC_EVENTS] for t in collected.turns
    ]


def outcome(result: dict[str, Any]) -> list[Any]:
    told = [(each["name"], each["status"], each["found"]) for each in result["expectations"]]
    return [result["status"], [turn["title"] for turn in result["turns"]], told]


def copy_of(tmp_path: Path, *changes: tuple[str, str]) -> Path:
    text = SCRIPT.read_text().replace('"../local.toml"', json.dumps(str(SCRIPT.parents[1] / "local.toml")))
    for before, after in changes:
        assert before in text
        text = text.replace(before, after)
    script = tmp_path / "call.toml"
    script.write_text(text)
    return script


@pytest.mark.parametrize("habits", [HABITS, "habits = { interrupts = 1.0 }\nseed = 1"])
def test_one_seed_makes_one_order_of_events_and_one_verdict(tmp_path: Path, habits: str) -> None:
    script = copy_of(tmp_path, (HABITS, habits))
    (tmp_path / "again").mkdir()
    one, events = held(script, tmp_path)
    again, events_again = held(script, tmp_path / "again")
    assert outcome(one) == outcome(again)
    assert events == events_again
    assert one["status"] == "passed"


def test_an_agent_that_takes_another_day_is_found_out(tmp_path: Path) -> None:
    """The tool's schema lets the agent book for Monday only."""
    swapped = ('day = { type = "string" }', 'day = { type = "string", const = "Monday" }')
    result, _ = held(copy_of(tmp_path, swapped, ("max_turns = 4", "max_turns = 2")), tmp_path)
    assert result["status"] == "failed"
    assert "day='Monday'" in next(each["found"] for each in result["expectations"] if each["name"] == "calls")
