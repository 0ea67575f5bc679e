"""What ``doctor`` finds: a line each, the remedy, and further facts for reports and programs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from realtime_cli.errors import ExitCode, RealtimeCliError

Status = Literal["ok", "warning", "failure"]


@dataclass(frozen=True, slots=True)
class Finding:
    """``facts`` are for ``--json``; ``exit_code`` counts only where the status is ``failure``."""

    topic: str
    status: Status
    said: str
    remedy: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)
    exit_code: ExitCode = ExitCode.USAGE
    group: str = ""

    def as_json(self) -> dict[str, Any]:
        return {
            "group": self.group,
            "topic": self.topic,
            "status": self.status,
            "said": self.said,
            "remedy": self.remedy,
            "facts": dict(self.facts),
        }


def ok(topic: str, said: str, **facts: Any) -> Finding:
    """Nothing to do here."""
    return Finding(topic, "ok", said, facts=facts)


def warning(topic: str, said: str, remedy: str, **facts: Any) -> Finding:
    """The program works without it, or may not work as well."""
    return Finding(topic, "warning", said, remedy, facts)


def failure(topic: str, error: RealtimeCliError, **facts: Any) -> Finding:
    """A failure, in the same words with which ``talk`` would end."""
    return Finding(topic, "failure", error.message, error.remedy, facts, error.exit_code)


def exit_code(findings: Iterable[Finding]) -> ExitCode:
    """The exit code of the first failure; warnings do not count."""
    failures = (finding.exit_code for finding in findings if finding.status == "failure")
    return next(failures, ExitCode.OK)
