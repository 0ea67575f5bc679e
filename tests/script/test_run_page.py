"""The page of a run: its verdicts, charts and failures; whole in itself, and fit for everybody."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from realtime_cli.script.baseline import compare
from realtime_cli.script.result import CaseResult
from realtime_cli.script.run_page import run_page
from tests.recording.export.browser import needs_browser, violations
from tests.script.runs import run_of


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    before = [run_of("sums", "passed", within_ms=300.0 + n, repeat=n) for n in range(1, 5)]
    now = [run_of("sums", "passed", within_ms=900.0 + n, repeat=n) for n in range(1, 4)]
    now += [run_of("<b>", "failed", within_ms=500.0), run_of("<b>", "unreliable", within_ms=None, repeat=2)]
    now = [replace(one, recording=f"{one.case.title}.jsonl", about={"model": "m"}) for one in now]
    path = tmp_path_factory.mktemp("page") / "run.html"
    path.write_text(made(now, before), encoding="utf-8")
    return path


def made(now: Sequence[CaseResult], before: Sequence[CaseResult]) -> str:
    baseline = {"results": [result.to_dict() for result in before]}
    worse = compare(now, baseline, 0.2)
    sessions = {result.recording: f"run.sessions/{n}.html" for n, result in enumerate(now)}
    return run_page(now, "3 passed of 5", "2026-11-29", worse, baseline, sessions)


def test_it_has_verdicts_by_repeat_figures_charts_the_difference_and_what_went_wrong(written: Path) -> None:
    text = written.read_text(encoding="utf-8")
    assert re.findall(r'<td class=(\w+)><a href="(run.sessions/\d.html)"', text) == [
        (status, f"run.sessions/{n}.html")
        for n, status in enumerate(["passed"] * 3 + ["failed", "unreliable"])
    ]
    assert "worse: sums: turn 1 within_ms is 902 ms over 3, was 302 ms over 4" in text
    assert "pass^2" in text
    assert text.count("<circle class=now") == 4
    assert text.count("<circle class=before") == 4
    assert "1 x failed: contains, 1 x unreliable: contains" in text
    assert "&lt;b&gt;: failed" in text
    assert "<b>" not in text
    assert " · model m" in text


def test_a_name_cannot_turn_what_stands_behind_it() -> None:
    now = [run_of("\u202egnp\x1b[31m", "failed", within_ms=500.0)]
    text = made(now, now)
    assert "&lt;U+202E&gt;gnp" in text
    assert not set(text) & set("\u202e\x1b")


def test_nothing_in_it_points_outside(written: Path) -> None:
    text = written.read_text(encoding="utf-8")
    assert "default-src 'none'" in text
    assert set(re.findall(r'(?:src|href)="([^"]*)"', text)) <= {
        "data:,",
        *(f"run.sessions/{n}.html" for n in range(5)),
    }
    assert "<script" not in text


@needs_browser
@pytest.mark.xdist_group("browser")
@pytest.mark.parametrize("dark", [False, True])
def test_axe_finds_nothing(written: Path, tmp_path: Path, dark: bool) -> None:
    assert violations(written, tmp_path / "profile", dark=dark) == {}
