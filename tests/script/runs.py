"""Results as a run leaves them."""

from __future__ import annotations

from pathlib import Path

from realtime_cli.script.expectations import CheckResult
from realtime_cli.script.format import Script
from realtime_cli.script.load import LoadedScript
from realtime_cli.script.result import Case, CaseResult, TurnResult


def run_of(name: str, *statuses: str, within_ms: float | None = None, repeat: int = 1) -> CaseResult:
    """A run of a script with one turn, whose expectations came out so."""
    script = LoadedScript(Script.model_validate({"turns": [{"user": "hi"}]}), Path(f"{name}.toml"))
    verdicts = tuple(CheckResult(1, "contains", status) for status in statuses)  # type: ignore[arg-type]
    turn = TurnResult(1, "user: hi", "Hello", {"within_ms": within_ms, "done_ms": None}, verdicts)
    return CaseResult(Case(script, repeat=repeat), (turn,))
