"""The soak in short (``python -m tests.bench.soak`` is the long one): nothing is left, all verifies."""

from __future__ import annotations

from pathlib import Path

from tests.bench.soak import soak


async def test_a_talk_with_everything_by_chance_leaves_nothing_and_verifies(tmp_path: Path):
    seen = await soak(sound_minutes=1.5, factor=12, seed=7, folder=tmp_path)
    assert seen.counts["connections"] >= 2, "the line was cut once"
    assert seen.counts["interruptions"] >= 2
    assert seen.counts["response.done"] >= 10
    assert seen.files_left == 0
    assert seen.tasks_left == []
    assert seen.steps > 4000
    assert seen.differing == 0
