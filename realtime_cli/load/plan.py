"""A load test's plan, from the command line to Locust's processes: JSON in one environment variable."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass

from realtime_cli.load.shapes import LoadStage

VARIABLE = "REALTIME_CLI_LOAD"


@dataclass(frozen=True)
class LoadPlan:
    """``engine``: the arguments of the engines; ``auto``: find how many sessions this machine carries."""

    engine: tuple[str, ...] = ()
    host: str = ""
    """Where the sessions go, for the web page."""
    stages: tuple[LoadStage, ...] = ()
    duration_s: float | None = None
    """From when the first sessions are prepared; None for shapes, the web page and without an end."""
    auto: bool = False
    max_usd: float | None = None
    finish_s: float = 0.0
    summary: str | None = None
    """The file for the summary as JSON."""
    page: str | None = None
    """The file for the report as HTML."""
    tables: str | None = None
    """How the names of the files of tables begin."""
    fail_if: tuple[str, ...] = ()
    """Conditions under which the load fails, checked already."""

    def to_environ(self) -> dict[str, str]:
        return {VARIABLE: json.dumps(asdict(self))}


def from_environ(environ: Mapping[str, str] = os.environ) -> LoadPlan:
    """The plan that ``to_environ`` wrote; an empty one without."""
    given = json.loads(environ.get(VARIABLE, "{}"))
    stages = tuple(LoadStage(**stage) for stage in given.get("stages", ()))
    lists = {key: tuple(given.get(key, ())) for key in ("engine", "fail_if")}
    return LoadPlan(**{**given, **lists, "stages": stages})
