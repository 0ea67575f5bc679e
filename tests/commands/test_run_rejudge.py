"""``run --rejudge``: recorded runs against what their scripts expect today; and the page of a run."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from realtime_cli.commands.run import RunOptions, run
from realtime_cli.errors import ConfigError, ExitCode

SCRIPT = """
mode = "text"
agent = { connection = { provider = "local" } }
[[mocks]]
tool = "book_table"
description = "Book a table in the restaurant"
parameters = { type = "object", properties = { people = { type = "integer" } }, required = ["people"] }
result = "booked by the window"
[[turns]]
user = "Book a table for four people"
[turns.expect]
calls = [{ name = "book_table", args = { people = 4 } }]
within_ms = 15000
"""


def held(script: Path, folder: Path, **more: Any) -> tuple[ExitCode, dict[str, Any]]:
    path = folder / "results.json"
    code = run(RunOptions((script,), quiet=True, json=path, **more))
    return code, json.loads(path.read_text(encoding="utf-8"))


def without_what_only_a_run_has(result: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in result.items() if key not in ("seconds", "moments")}


def test_recordings_are_judged_again_alike_and_by_other_expectations(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    script, kept = tmp_path / "book.toml", tmp_path / "kept"
    script.write_text(SCRIPT, encoding="utf-8")
    code, first = held(script, tmp_path, repeat=2, record=kept)
    assert code == ExitCode.OK
    files = sorted(kept.iterdir())

    code, again = held(script, tmp_path, repeat=2, rejudge=kept)
    assert code == ExitCode.OK
    assert [without_what_only_a_run_has(result) for result in again["results"]] == [
        without_what_only_a_run_has(result) for result in first["results"]
    ]

    script.write_text(SCRIPT + 'contains = "door"\n', encoding="utf-8")
    code, other = held(script, tmp_path, rejudge=kept, html=tmp_path / "run.html")
    assert code == ExitCode.EXPECTATION_FAILED
    assert [result["status"] for result in other["results"]] == ["failed", "failed"]
    out = capsys.readouterr().out
    assert 'contains: expected a reply with "door"; found "The result of book_table' in out
    assert f"[book.toml:{SCRIPT.count(chr(10)) + 1}]" in out
    assert sorted(kept.iterdir()) == files, "nothing was held"

    page = (tmp_path / "run.html").read_text(encoding="utf-8")
    links = set(re.findall(r'href="(run.sessions/[^"]+)"', page))
    assert len(links) == 2
    for link in links:
        assert "Book a table for four people" in (tmp_path / link).read_text(encoding="utf-8")


def test_a_recording_that_cannot_be_read_has_failed_and_the_others_are_judged(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    script, kept = tmp_path / "book.toml", tmp_path / "kept"
    script.write_text(SCRIPT, encoding="utf-8")
    assert held(script, tmp_path, repeat=5, record=kept)[0] == ExitCode.OK
    cut, empty, noise, other, _ = sorted(kept.glob("*.jsonl"), key=lambda path: (len(path.name), path.name))
    cut.write_bytes(cut.read_bytes()[:2500])
    empty.write_bytes(b"")
    noise.write_bytes(bytes(range(256)) * 9)
    lines = [line for line in other.read_text(encoding="utf-8").splitlines() if '"mark"' not in line]
    other.write_text("\n".join(lines), encoding="utf-8")
    reports = {
        "junit": tmp_path / "junit.xml",
        "markdown": tmp_path / "run.md",
        "html": tmp_path / "run.html",
    }
    code, again = held(script, tmp_path, rejudge=kept, **reports)
    assert code == ExitCode.EXPECTATION_FAILED
    assert sorted(result["status"] for result in again["results"]) == ["failed"] * 4 + ["passed"]
    told = capsys.readouterr().out
    for path, why in (
        (cut, "not JSON"),
        (empty, "is empty"),
        (noise, ""),
        (other, "was not recorded by a script"),
    ):
        assert re.search(rf"{re.escape(path.name)}\b.*{why}", told)


def test_a_folder_without_recordings_of_the_script_is_told(tmp_path: Path) -> None:
    script = tmp_path / "book.toml"
    script.write_text(SCRIPT, encoding="utf-8")
    (tmp_path / "2026-11-29_01-00-00_bookkeeping.jsonl").write_text("", encoding="utf-8")
    with pytest.raises(ConfigError, match="has no recording of these scripts"):
        held(script, tmp_path, rejudge=tmp_path)
