"""Recordings made by version 0.1: they replay as they were recorded, and tell the same conversation."""

from __future__ import annotations

from pathlib import Path

import pytest

from realtime_cli.recording.reader import read
from realtime_cli.recording.verify import verify
from tests.kit.cli import run_cli

KEPT = Path(__file__).parents[1] / "data" / "recordings"
NAMES = sorted(path.stem for path in KEPT.glob("*.jsonl"))


@pytest.mark.parametrize("name", NAMES)
def test_the_session_does_today_what_it_did_then(name: str) -> None:
    result = verify(read(KEPT / f"{name}.jsonl"))

    assert result.different == ()
    assert result.steps > 40


@pytest.mark.parametrize("name", NAMES)
def test_the_conversation_reads_as_it_did(name: str) -> None:
    exported = run_cli("export", str(KEPT / f"{name}.jsonl"), "--format", "md", "--output", "-").stdout
    conversation = exported[exported.index("**") : exported.index("## Turns")]

    assert conversation.split() == (KEPT / f"{name}.md").read_text().split()
