"""``--fail-if "first audio p95 > 800ms"``: conditions under which a load test fails. Pure."""

from __future__ import annotations

import operator
import re
from collections.abc import Mapping
from dataclasses import dataclass

from realtime_cli.errors import ConfigError
from realtime_cli.load.figures import Figures

_TIMES = ("open", "first audio", "response", "interruption stop", "tool", "session")
_SHARES = ("failures", "cut")
_TIME = re.compile(rf"({'|'.join(_TIMES)}) p(\d{{1,2}}(?:\.\d+)?) (<=|>=|<|>) (\d+(?:\.\d+)?) ?(ms|s)")
_SHARE = re.compile(rf"({'|'.join(_SHARES)}) (<=|>=|<|>) (\d+(?:\.\d+)?) ?%")
_COMPARED = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}


@dataclass(frozen=True)
class Threshold:
    """``percent`` is None for a share of the sessions, whose ``limit`` is in percent; else it is in ms."""

    text: str
    what: str
    percent: float | None
    comparison: str
    limit: float

    def verdict(self, kinds: Mapping[str, Figures]) -> tuple[bool, str]:
        """Whether the load fails by it, and what was found. What cannot be measured fails."""
        found = self._found(kinds)
        if found is None:
            count = kinds[self.what].count if self.what in kinds else 0
            return True, f"no figure: {count} samples are too few"
        unit = "%" if self.percent is None else " ms"
        return _COMPARED[self.comparison](found, self.limit), f"{found:.4g}{unit}"

    def _found(self, kinds: Mapping[str, Figures]) -> float | None:
        if self.percent is not None:
            return kinds[self.what].percentile_ms(self.percent) if self.what in kinds else None
        sessions, cut = kinds.get("session", Figures("session")), kinds.get("cut", Figures("cut"))
        counted, whole = (
            (sessions.failures, sessions.count)
            if self.what == "failures"
            else (cut.count, sessions.count + cut.count)
        )
        return 100 * counted / whole if whole else None


def threshold_of(text: str) -> Threshold:
    """The condition that a text means. Raises ConfigError if it is none."""
    plain = " ".join(text.split())
    if found := _TIME.fullmatch(plain):
        what, percent, comparison, limit, unit = found.groups()
        if not 0 < float(percent) < 100:
            raise ConfigError(
                f"--fail-if {text!r}: p{percent} is not a valid percentile.", "Write for example p95."
            )
        return Threshold(plain, what, float(percent), comparison, float(limit) * (1000 if unit == "s" else 1))
    if found := _SHARE.fullmatch(plain):
        what, comparison, limit = found.groups()
        return Threshold(plain, what, None, comparison, float(limit))
    raise ConfigError(
        f"--fail-if {text!r} is not a valid condition.",
        f'Write for example "first audio p95 > 800ms" or "failures > 1%". '
        f"Times: {', '.join(_TIMES)}; shares: {', '.join(_SHARES)}.",
    )
