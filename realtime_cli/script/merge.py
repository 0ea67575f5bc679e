"""Reports of shards, read again and made one."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from realtime_cli.errors import ConfigError
from realtime_cli.script import reports
from realtime_cli.script.baseline import samples_of
from realtime_cli.script.expectations import CheckResult
from realtime_cli.script.format import Script
from realtime_cli.script.load import LoadedScript
from realtime_cli.script.moments import Moment
from realtime_cli.script.result import Case, CaseResult, TurnResult
from realtime_cli.untrusted_json import parse_json

_INCOMPLETE = (KeyError, TypeError, ValueError, AttributeError)  # what reading a report that is none raises


@dataclass(frozen=True)
class Report:
    """What one run wrote with ``--json``. ``shard``: i/n."""

    path: Path
    shard: str
    seconds: float
    results: tuple[CaseResult, ...]


def merged(paths: Sequence[Path]) -> Report:
    """All of them as one, in the order of the whole; they ran side by side, so the slowest says how long.

    Raises ConfigError for a file that is no report, and for shards that are missing or there twice.
    """
    if not paths:
        raise ConfigError(
            "There is nothing to merge.", "Name reports: realtime-cli run --merge a.json b.json"
        )
    found = sorted((read_report(path) for path in paths), key=lambda report: _shard(report.shard))
    _complete(found)
    return Report(
        paths[0], "1/1", max(report.seconds for report in found), tuple(in_turn([r.results for r in found]))
    )


def in_turn(shards: Iterable[Iterable[CaseResult]]) -> list[CaseResult]:
    """The first of each, the second of each: the order from which the shards were dealt."""
    rounds = itertools.zip_longest(*shards)
    return [result for one_of_each in rounds for result in one_of_each if result is not None]


def read_report(path: Path) -> Report:
    """Raises ConfigError."""
    written = read_json(path)
    try:
        results = tuple(map(result_of, written["results"]))
        shard = str(written.get("shard", "1/1"))
        _shard(shard)
        return Report(path, shard, float(written["summary"]["seconds"]), results)
    except _INCOMPLETE as error:
        raise _incomplete(path, error) from None


def read_baseline(path: Path) -> dict[str, Any]:
    """A report to compare with, as it stands in its file. Raises ConfigError."""
    written = read_json(path)
    try:
        samples_of(written["results"])
    except _INCOMPLETE as error:
        raise _incomplete(path, error) from None
    return written


def _incomplete(path: Path, error: Exception) -> ConfigError:
    return ConfigError(f"{path} is not a complete report: {error!r}.", "Write it again with run --json.")


def read_json(path: Path) -> dict[str, Any]:
    """A report as it stands in its file. Raises ConfigError."""
    try:
        written = parse_json(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ConfigError(f"The report {path} cannot be read: {error}.") from None
    if not isinstance(written, dict) or written.get("format") != reports.FORMAT:
        raise ConfigError(
            f"{path} is not a report of run.", "Write one with: realtime-cli run --json results.json"
        )
    if written.get("version") not in (None, reports.VERSION):
        raise ConfigError(
            f"{path} is a report of version {written['version']}; this program reads {reports.VERSION}.",
            "Update realtime-voice-cli.",
        )
    return written


def result_of(written: Mapping[str, Any]) -> CaseResult:
    """What ``CaseResult.to_dict`` made, as a result again; of its script only name, path and tags."""
    return CaseResult(
        _case(written),
        turns=tuple(_turn(turn) for turn in written["turns"]),
        verdicts=tuple(CheckResult(**verdict) for verdict in written["expectations"]),
        error=written["error"],
        seconds=float(written["seconds"]),
        tokens=int(written["tokens"]),
        usd=written["usd"],
        late_ms=float(written["late_ms"]),
        recording=written["recording"],
        exit_code=written.get("exit_code", 0),
        warnings=tuple(written.get("warnings", ())),
        about=written.get("about", {}),
        moments=tuple(Moment(**moment) for moment in written.get("moments", ())),
    )


def _case(written: Mapping[str, Any]) -> Case:
    variant = tuple(written["variant"].items())
    nameless = Case(LoadedScript(Script.model_construct(name=" ", turns=[], tags=[]), Path()), variant)
    name = written["name"].removesuffix(nameless.name.removeprefix(" "))
    script = LoadedScript(
        Script.model_construct(name=name, turns=[], tags=written["tags"]), Path(written["script"])
    )
    return Case(script, variant, written["repeat"])


def _turn(written: Mapping[str, Any]) -> TurnResult:
    return TurnResult(
        **{**written, "verdicts": tuple(CheckResult(**verdict) for verdict in written["verdicts"])}
    )


def _shard(text: str) -> tuple[int, int]:
    """(n, i) of i/n, so that shards of one run stand together. Raises ValueError."""
    index, _, count = text.partition("/")
    return int(count), int(index)


def _complete(found: Sequence[Report]) -> None:
    """Raise ConfigError for a missing shard: a machine that went down must not look like success."""
    shards = [_shard(report.shard) for report in found]
    for count in {count for count, _ in shards} - {1}:
        indices = [index for of, index in shards if of == count]
        missing = sorted(set(range(1, count + 1)) - set(indices))
        if missing:
            raise ConfigError(
                f"Of {count} shards, {', '.join(map(str, missing))} "
                f"{'is' if len(missing) == 1 else 'are'} missing.",
                "Merge the reports of all shards, or find out why one is missing.",
            )
        if len(set(indices)) < len(indices):
            raise ConfigError(f"One of {count} shards is given twice.", "Merge each report once.")
