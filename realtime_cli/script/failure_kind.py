"""A few words for all failures of one kind: for load tests, repeats and JUnit."""

from __future__ import annotations

from realtime_cli.errors import ExitCode
from realtime_cli.script.result import CaseResult

_KINDS = {
    ExitCode.CONNECTION: "connection",
    ExitCode.SESSION: "session",
    ExitCode.USAGE: "configuration",
    ExitCode.LIMIT: "limit",
}


def kind_of(result: CaseResult, http_status: int | None = None) -> str:
    """A few words for all failures of one kind; nothing for what passed."""
    if result.error:
        kind = _KINDS.get(ExitCode(result.exit_code), "session")
        return f"{kind} (HTTP {http_status})" if http_status else kind
    names = sorted({verdict.name for verdict in result.bad})
    return f"{result.status}: {', '.join(names)}" if names else ""
