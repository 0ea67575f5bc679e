"""When a provider's models are shut down, as its own list of models says."""

from __future__ import annotations

import urllib.request
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any, Literal
from urllib.parse import urlsplit, urlunsplit

from realtime_cli.untrusted_json import parse_json
from realtime_cli.wire.proxy import proxy_for
from realtime_cli.wire.tls import trusting

MAX_LIST_BYTES = 5_000_000
SCHEMES = {"ws": "http", "wss": "https"}


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """The key goes to the server that was named, and nowhere else."""

    def redirect_request(self, *_: Any) -> None:
        return None


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
    way = proxy_for(url, proxy)
    if way and way.is_socks:
        raise ValueError("a list of models is not asked for through SOCKS")
    through = {"http": way.url, "https": way.url} if way else {}
    opener = urllib.request.build_opener(
        urllib.request.ProxyHandler(through),
        urllib.request.HTTPSHandler(context=trusting(ca_file)),
        _NoRedirect(),
    )
    parts = urlsplit(url)
    path = f"{parts.path.removesuffix('/realtime')}/models"
    address = urlunsplit((SCHEMES[parts.scheme], parts.netloc, path, "", ""))
    request = urllib.request.Request(address, headers=dict(headers))
    with opener.open(request, timeout=timeout_s) as response:
        listed = parse_json(response.read(MAX_LIST_BYTES))
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
