"""A person's own checks of a recording."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import pytest

from realtime_cli.script.checks import CheckRunner, run_check
from tests.recording.sample import received, record

CHECKS = """
def fine(told): pass
def agrees(told): return True
def says_no(told): return False
def explains(told): return f"only {len(told.said)} said"
def of_a_turn(told, turn): return f"turn {turn}, {type(told).__name__}"
def breaks(told): raise ValueError("no such word")
def breaks_without_a_word(told): raise KeyError
def ends_the_program(told): raise SystemExit(3)
async def waits(told): return "waited"
def sleeps(told):
    import time
    time.sleep(3)
def spins(told):
    import time
    until = time.monotonic() + 3
    while time.monotonic() < until: pass
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "checks.py").write_text(CHECKS, encoding="utf-8")
    record(tmp_path / "session.jsonl", [received(0.1, "session.created", session={"type": "realtime"})])
    return tmp_path


def checked(folder: Path, check: str, turn: int = 3) -> str:
    return run_check(check, folder, folder / "session.jsonl", turn)


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("fine", ""),
        ("agrees", ""),
        ("says_no", "it says no"),
        ("explains", "only 0 said"),
        ("of_a_turn", "turn 3, Timeline"),
        ("breaks", "ValueError: no such word (checks.py:7)"),
        ("breaks_without_a_word", "KeyError (checks.py:8)"),
        ("ends_the_program", "SystemExit: 3 (checks.py:9)"),
        ("waits", "waited"),
    ],
)
def test_what_a_function_returns_or_raises_is_its_verdict(folder: Path, name: str, wrong: str) -> None:
    assert checked(folder, f"checks.py:{name}") == wrong


@pytest.mark.parametrize(
    ("check", "wrong"),
    [
        ("checks.py:nothing", "checks.py has no function nothing"),
        ("gone.py:fine", "FileNotFoundError"),
        ("no_such_module:fine", "No module named"),
    ],
)
def test_a_check_that_is_not_there_is_a_failed_check(folder: Path, check: str, wrong: str) -> None:
    assert wrong in checked(folder, check)


def test_a_check_may_be_in_a_module_that_python_finds(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "installed_checks.py").write_text(CHECKS, encoding="utf-8")
    monkeypatch.syspath_prepend(str(folder))
    monkeypatch.delitem(sys.modules, "installed_checks", raising=False)
    assert checked(folder, "installed_checks:says_no") == "it says no"


def test_a_recording_that_cannot_be_read_is_a_failed_check(folder: Path) -> None:
    wrong = run_check("checks.py:fine", folder, folder / "gone.jsonl", 1)
    assert "gone.jsonl" in wrong


async def test_a_check_that_does_not_return_is_left_behind_and_the_next_runs(folder: Path) -> None:
    runner = CheckRunner(0.5)
    recording = folder / "session.jsonl"
    slept, spun = await asyncio.gather(
        *(runner(f"checks.py:{name}", folder, recording, 1) for name in ("sleeps", "spins"))
    )
    assert slept == "it took longer than 0.5 s (checks.py:13)"
    assert spun == "it took longer than 0.5 s (checks.py:17)"
    runner._limit_s = 60.0
    assert await runner("checks.py:explains", folder, recording, 1) == "only 0 said"
