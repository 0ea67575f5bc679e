"""Reports of shards read again: nothing is lost, and nothing that is missing goes unnoticed."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from realtime_cli.errors import ConfigError
from realtime_cli.script import merge, reports
from realtime_cli.script.expectations import CheckResult
from realtime_cli.script.format import Script
from realtime_cli.script.load import LoadedScript
from realtime_cli.script.result import Case, CaseResult, TurnResult


def result(name: str, *, variant: tuple[tuple[str, Any], ...] = (), repeat: int = 1) -> CaseResult:
    turns = [{"user": "hello"}]
    script = LoadedScript(Script.model_validate({"turns": turns, "tags": ["calls"]}), Path(f"in/{name}.toml"))
    verdict = CheckResult(1, "contains", "failed", "yes", "no")
    turn = TurnResult(1, "user: hello", "no", {"within_ms": 12.5, "done_ms": None}, (verdict,))
    return CaseResult(
        Case(script, variant, repeat),
        (turn,),
        (CheckResult(0, "max_cost", "passed"),),
        "",
        1.25,
        30,
        0.5,
        3.0,
        "r.jsonl",
        1,
    )


def write(path: Path, *results: CaseResult, shard: str = "1/1", seconds: float = 2.0) -> Path:
    path.write_text(reports.to_json(results, seconds, (), shard), encoding="utf-8")
    return path


@pytest.mark.parametrize("variant", [(), (("connection.model", "a"), ("audio.echo", "off"))])
def test_a_result_survives_its_report(variant: tuple[tuple[str, Any], ...]) -> None:
    one = result("call", variant=variant, repeat=2)
    again = merge.result_of(json.loads(json.dumps(one.to_dict())))
    assert again.to_dict() == one.to_dict()
    assert again.case.title == one.case.title
    assert reports.junit([again], 1.0) == reports.junit([one], 1.0)


def test_shards_in_any_order_come_out_in_the_order_of_the_whole(tmp_path: Path) -> None:
    one = write(tmp_path / "1.json", result("a"), result("c"), shard="1/2", seconds=3.0)
    two = write(tmp_path / "2.json", result("b"), shard="2/2", seconds=9.0)
    whole = merge.merged([two, one])
    assert [result.case.name for result in whole.results] == ["a", "b", "c"]
    assert whole.seconds == 9.0


def test_reports_that_are_no_shards_are_put_together(tmp_path: Path) -> None:
    one, two = write(tmp_path / "1.json", result("a")), write(tmp_path / "2.json", result("a", repeat=2))
    assert len(merge.merged([one, two]).results) == 2


def test_a_shard_that_is_missing_or_there_twice_is_no_success(tmp_path: Path) -> None:
    one = write(tmp_path / "1.json", result("a"), shard="1/4")
    two = write(tmp_path / "2.json", result("b"), shard="2/4")
    with pytest.raises(ConfigError, match="Of 4 shards, 3, 4 are missing"):
        merge.merged([one, two])
    only = write(tmp_path / "only.json", result("a"), shard="1/1")
    halves = [write(tmp_path / f"h{n}.json", result("a"), shard=f"{n}/2") for n in (1, 2, 2)]
    with pytest.raises(ConfigError, match="twice"):
        merge.merged([*halves, halves[0], only])


@pytest.mark.parametrize("text", ["", "[]", '{"format": "else"}', "nonsense"])
def test_what_is_no_report_is_said_to_be_none(text: str, tmp_path: Path) -> None:
    path = tmp_path / "odd.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match=r"odd\.json"):
        merge.merged([path])


@pytest.mark.parametrize(
    "change", [{"results": 5}, {"results": [{}]}, {"shard": "x"}, {"summary": {}}, {"results": [7]}]
)
def test_a_report_that_was_tampered_with_is_no_bug_of_ours(change: dict[str, Any], tmp_path: Path) -> None:
    told = json.loads(write(tmp_path / "odd.json", result("a")).read_text(encoding="utf-8")) | change
    (tmp_path / "odd.json").write_text(json.dumps(told), encoding="utf-8")
    with pytest.raises(ConfigError, match="not a complete report"):
        merge.merged([tmp_path / "odd.json"])


def test_nothing_to_merge_is_said() -> None:
    with pytest.raises(ConfigError, match="nothing to merge"):
        merge.merged([])


def test_results_are_dealt_back_in_turn() -> None:
    a, b, c = (replace(result(name), seconds=n) for n, name in enumerate("abc"))
    assert merge.in_turn([[a, c], [b]]) == [a, b, c]


@pytest.mark.parametrize(
    "change",
    [
        {"results": 5},
        {"results": [5, None, {}]},
        {"results": [{"name": "a", "status": "passed", "turns": None}]},
        {"results": [{"name": "a", "status": "passed", "turns": [{"number": 1, "figures": {"x": "fast"}}]}]},
        {"results": [{"name": "a", "status": "passed", "turns": [{"number": 1, "figures": {"x": "NaN"}}]}]},
        {"version": 99},
    ],
)
def test_a_baseline_that_is_none_is_told(change: dict[str, Any], tmp_path: Path) -> None:
    path = tmp_path / "before.json"
    path.write_text(
        json.dumps({"format": reports.FORMAT, "version": reports.VERSION, "results": [], **change})
    )
    with pytest.raises(ConfigError, match=r"before\.json is (not a complete report|a report of version 99)"):
        merge.read_baseline(path)
