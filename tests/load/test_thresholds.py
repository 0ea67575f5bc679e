"""Conditions under which a load test fails."""

from __future__ import annotations

from collections import Counter

import pytest

from realtime_cli.errors import ConfigError
from realtime_cli.load.figures import Figures
from realtime_cli.load.thresholds import threshold_of

KINDS = {
    "first audio": Figures("first audio", times=Counter({200: 19, 900: 2})),
    "session": Figures("session", times=Counter({5000: 8}), failures=2),
    "cut": Figures("cut", times=Counter({3000: 2})),
}


@pytest.mark.parametrize(
    ("condition", "failed", "found"),
    [
        ("first audio p95 > 800ms", True, "900 ms"),
        ("first audio  p95 > 0.9 s", False, "900 ms"),
        ("first audio p50 >= 200ms", True, "200 ms"),
        ("failures > 25%", False, "25%"),
        ("failures >= 25 %", True, "25%"),
        ("cut > 10%", True, "20%"),
        ("session p95 > 60s", True, "no figure: 8 samples are too few"),
        ("response p50 > 60s", True, "no figure: 0 samples are too few"),
    ],
)
def test_what_holds_or_cannot_be_measured_fails(condition: str, failed: bool, found: str) -> None:
    assert threshold_of(condition).verdict(KINDS) == (failed, found)


@pytest.mark.parametrize(
    "text", ["", "latency p95 > 1s", "first audio > 1s", "first audio p0 > 1s", "cut > 1s"]
)
def test_what_is_no_condition_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match="--fail-if"):
        threshold_of(text)
