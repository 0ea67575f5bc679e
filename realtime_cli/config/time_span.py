"""Spans of time as people write them; the one grammar for all options."""

from __future__ import annotations

import re

from realtime_cli.errors import ConfigError

_NUMBER = r"\d{1,9}(?:\.\d{1,9})?"
_UNITS = re.compile(
    rf"(?:(?P<h>{_NUMBER})h)?(?:(?P<m>{_NUMBER})m(?!s))?(?:(?P<s>{_NUMBER})s)?(?:(?P<ms>{_NUMBER})ms)?",
    re.ASCII,
)
_CLOCK = re.compile(rf"(?:(?:(?P<h>\d{{1,9}}):)?(?P<m>\d{{1,9}}):)?(?P<s>{_NUMBER})", re.ASCII)
_SECONDS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}


def seconds_of(text: str, option: str) -> float:
    """``90``, ``1.5s``, ``500ms``, ``1m30s``, ``1h``, ``1:30`` or ``1:02:03.5`` in seconds.

    Raises ConfigError that names the option for anything else.
    """
    written = text.strip()
    found = _CLOCK.fullmatch(written) or (_UNITS.fullmatch(written) if written else None)
    if not found:
        raise ConfigError(
            f"{option} {text} is not a valid time.", "Write for example 90, 1.5s, 1m30s, 1h or 1:30."
        )
    return sum(_SECONDS[unit] * float(part) for unit, part in found.groupdict().items() if part)
