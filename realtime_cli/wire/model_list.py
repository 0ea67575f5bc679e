"""When a provider's models are shut down, as its own list of models says."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any, Literal

from realtime_cli.wire.rest import ask_rest


def shutdown_dates(
    url: str,
    headers: Mapping[str, str],
    *,
    proxy: str | Literal[False] | None = None,
    ca_file: str | None = None,
    timeout_s: float = 10.0,
) -> dict[str, date | None]:
    """The models that the server at a ws:// or wss:// address lists, each with the day of its end, if any.

    Blocks for up to ``timeout_s``. Raises OSError or ValueError when there is no such list, ConfigError for
    a proxy or certificates that are none.
    """
    listed = ask_rest(url, "/models", headers, proxy=proxy, ca_file=ca_file, timeout_s=timeout_s)
    try:
        return {str(model["id"]): _day(model.get("shutdown_date")) for model in listed["data"]}
    except (TypeError, LookupError, AttributeError) as error:
        raise ValueError("that is not a list of models") from error


def _day(written: Any) -> date | None:
    """A day as 2027-01-20, alone or with a time, or in seconds since 1970."""
    if isinstance(written, str):
        return date.fromisoformat(written[:10])
    if isinstance(written, int | float) and not isinstance(written, bool):
        return datetime.fromtimestamp(written, UTC).date()
    return None
