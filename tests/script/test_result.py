"""What came of a script."""

from __future__ import annotations

from pathlib import Path

from realtime_cli.script.expectations import CheckResult
from realtime_cli.script.format import Script
from realtime_cli.script.load import LoadedScript
from realtime_cli.script.result import Case, CaseResult, TurnResult

SECRET = "correct horse battery"


def test_a_result_is_masked_in_replies_verdicts_and_errors() -> None:
    script = LoadedScript(Script.model_validate({"turns": [{"user": "hi"}]}), Path("a.toml"))
    verdict = CheckResult(1, "contains", "failed", f"not {SECRET}", f"found {SECRET}")
    turn = TurnResult(1, "user: hi", f"It is {SECRET}.", {}, (verdict,))
    shown = CaseResult(Case(script), (turn,), (verdict,), error=f"lost {SECRET}", usd=0.5).redacted(
        lambda text: text.replace(SECRET, "***")
    )
    assert SECRET not in repr(shown)
    assert (shown.turns[0].reply, shown.error, shown.usd) == ("It is ***.", "lost ***", 0.5)
    assert [each.status for each in shown.all_verdicts] == ["failed", "failed"]
