"""The tools that come with the program; each is off unless an agent file names it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

CLOCK_SCHEMA = {
    "type": "function",
    "name": "clock",
    "description": "The current time and date, here or in a time zone.",
    "parameters": {
        "type": "object",
        "properties": {
            "zone": {"type": "string", "description": "IANA time zone such as Europe/Oslo; local if absent"}
        },
    },
}


def clock(zone: str = "") -> dict[str, str]:
    """Time, date and weekday in an IANA zone; ``ValueError`` names an unknown one."""
    try:
        moment = datetime.now(UTC).astimezone(ZoneInfo(zone) if zone else None)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise ValueError(f"There is no time zone named {zone!r}.") from error
    return {
        "time": moment.strftime("%H:%M"),
        "date": moment.date().isoformat(),
        "weekday": moment.strftime("%A"),
        "zone": zone or str(moment.tzname()),
    }


BUILTINS: dict[str, tuple[dict[str, object], Callable[..., object]]] = {"clock": (CLOCK_SCHEMA, clock)}
