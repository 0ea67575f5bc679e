"""One grammar for spans of time, wherever one is written."""

from __future__ import annotations

import pytest

from realtime_cli.config.time_span import seconds_of
from realtime_cli.errors import ConfigError


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("90", 90), ("0s", 0), ("90s", 90), ("1.5s", 1.5), (" 1.5 ", 1.5), ("500ms", 0.5), ("10m", 600),
        ("1m30s", 90), ("1h30m", 5400), ("1.5h", 5400), ("2m500ms", 120.5), ("1:30", 90),
        ("1:02:03.5", 3723.5),
    ],
)  # fmt: skip
def test_times_as_people_write_them(text: str, seconds: float) -> None:
    assert seconds_of(text, "--from") == seconds


@pytest.mark.parametrize("text", ["", "soon", "-3", "1:2:3:4", "s", "30s1m", "1,5s", "²s", "1e3", "1:30s"])
def test_what_is_not_a_time_names_its_option(text: str) -> None:
    with pytest.raises(ConfigError, match=r"^--duration .*is not a valid time\. Write for example"):
        seconds_of(text, "--duration")
