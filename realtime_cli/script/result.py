"""The result of a script, and the events while it runs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from realtime_cli.script.expectations import CheckResult, Status
from realtime_cli.script.load import LoadedScript
from realtime_cli.script.moments import Moment
from realtime_cli.script.turn_metrics import TurnMetrics

PARTS = ("end_pointing_ms", "server_ms", "tool_ms", "playout_ms")
TIMINGS = ("within_ms", "done_ms", "interrupted_ms", "dead_air_ms")


@dataclass(frozen=True)
class Case:
    """A script to be run once. ``variant``: the keys of its matrix, dotted; ``repeat`` counts from 1."""

    script: LoadedScript
    variant: tuple[tuple[str, Any], ...] = ()
    repeat: int = 1
    text: bool = False

    @property
    def name(self) -> str:
        """The script with its variant; the same for all repeats."""
        shown = ", ".join(f"{key.rpartition('.')[2]}={value}" for key, value in self.variant)
        return f"{self.script.name} [{shown}]" if shown else self.script.name

    @property
    def title(self) -> str:
        """The name, with the repeat where there are several."""
        return self.name if self.repeat == 1 else f"{self.name} #{self.repeat}"


@dataclass(frozen=True, slots=True)
class TurnResult:
    """One turn's verdicts and figures (ms; None: could not be measured).

    ``details``: what else tells two variants apart, the parts of the latency among it.
    """

    number: int
    title: str
    reply: str
    figures: dict[str, float | None]
    verdicts: tuple[CheckResult, ...]
    details: dict[str, float | None] = field(default_factory=dict)


@dataclass(frozen=True)
class CaseResult:
    """How a case came out. ``error``: what kept it from being judged, such as a refused connection."""

    case: Case
    turns: tuple[TurnResult, ...] = ()
    verdicts: tuple[CheckResult, ...] = ()
    """Those of the conversation as a whole."""
    error: str = ""
    seconds: float = 0.0
    tokens: int = 0
    usd: float | None = None
    late_ms: float = 0.0
    recording: str = ""
    exit_code: int = 0
    warnings: tuple[str, ...] = ()
    """Of tools and hooks that were left out, and of calls that nobody allowed."""
    moments: tuple[Moment, ...] = ()
    """The conversation in lines, where something in it is bad."""
    about: dict[str, str] = field(default_factory=dict)
    """Agent, model, server and seed."""

    @property
    def all_verdicts(self) -> list[CheckResult]:
        return [*(verdict for turn in self.turns for verdict in turn.verdicts), *self.verdicts]

    @property
    def bad(self) -> list[CheckResult]:
        """What failed or is unreliable."""
        return [verdict for verdict in self.all_verdicts if verdict.bad]

    @property
    def status(self) -> Status:
        """unreliable only when nothing really failed."""
        kinds = {verdict.status for verdict in self.bad}
        if self.error or "failed" in kinds:
            return "failed"
        return "unreliable" if kinds else "passed"

    def placed(self) -> CaseResult:
        """The same, each bad verdict with the file and line of what was expected."""

        def checks(results: tuple[CheckResult, ...]) -> tuple[CheckResult, ...]:
            return tuple(
                replace(each, place=self.case.script.place(each.turn, each.name)) if each.bad else each
                for each in results
            )

        turns = (replace(turn, verdicts=checks(turn.verdicts)) for turn in self.turns)
        return replace(self, turns=tuple(turns), verdicts=checks(self.verdicts))

    def redacted(self, redact: Callable[[str], str]) -> CaseResult:
        """The same with what was heard and what went wrong in it redacted."""

        def checks(results: tuple[CheckResult, ...]) -> tuple[CheckResult, ...]:
            return tuple(
                replace(each, expected=redact(each.expected), found=redact(each.found)) for each in results
            )

        turns = (
            replace(turn, reply=redact(turn.reply), verdicts=checks(turn.verdicts)) for turn in self.turns
        )
        return replace(
            self,
            error=redact(self.error),
            turns=tuple(turns),
            verdicts=checks(self.verdicts),
            warnings=tuple(map(redact, self.warnings)),
            moments=tuple(replace(moment, text=redact(moment.text)) for moment in self.moments),
        )

    def to_dict(self) -> dict[str, Any]:
        """For JSON reports and baselines."""
        return {
            "name": self.case.name,
            "script": str(self.case.script.path),
            "tags": self.case.script.script.tags,
            "variant": dict(self.case.variant),
            "repeat": self.case.repeat,
            "status": self.status,
            "error": self.error,
            "seconds": round(self.seconds, 3),
            "tokens": self.tokens,
            "usd": self.usd,
            "late_ms": self.late_ms,
            "recording": self.recording,
            "exit_code": self.exit_code,
            "warnings": list(self.warnings),
            "turns": [asdict(turn) for turn in self.turns],
            "expectations": [asdict(verdict) for verdict in self.verdicts],
            "about": self.about,
            "moments": [asdict(moment) for moment in self.moments],
        }


def figures(metrics: TurnMetrics) -> dict[str, float | None]:
    """A turn's timings, rounded."""
    return {name: None if (value := getattr(metrics, name)) is None else round(value, 1) for name in TIMINGS}


def details(metrics: TurnMetrics) -> dict[str, float | None]:
    """What a comparison of variants needs beside the figures: ms, and counts."""
    known: dict[str, float | None] = {
        "talk_over_ms": metrics.talk_over_ms,
        "interrupted": float(metrics.interrupted),
        "calls": float(len(metrics.calls)),
    }
    if parts := metrics.parts:
        known |= {name: getattr(parts, name) for name in PARTS}
    return {name: None if value is None else round(value, 1) for name, value in known.items()}


# -- notified while it runs ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class CaseBegan:
    """A conversation is being opened."""

    case: Case


@dataclass(frozen=True, slots=True)
class TurnBegan:
    """A turn begins."""

    case: Case
    number: int
    title: str


@dataclass(frozen=True, slots=True)
class TurnOver:
    """A turn was held, or cut with its session; ``figures`` in ms, None: not measured."""

    case: Case
    number: int
    figures: dict[str, float | None]


@dataclass(frozen=True, slots=True)
class CaseOver:
    """A conversation was held and judged."""

    result: CaseResult


Progress = CaseBegan | TurnBegan | TurnOver | CaseOver
