"""The HTTP side of a Realtime server: its list of models, its client secrets."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Mapping
from typing import Any, Literal
from urllib.parse import urlsplit, urlunsplit

from realtime_cli.untrusted_json import parse_json
from realtime_cli.wire.proxy import proxy_for
from realtime_cli.wire.tls import trusting

MAX_ANSWER_BYTES = 5_000_000
SCHEMES = {"ws": "http", "wss": "https"}


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """The key goes to the server that was named, and nowhere else."""

    def redirect_request(self, *_: Any) -> None:
        return None


def ask_rest(
    url: str,
    beside: str,
    headers: Mapping[str, str],
    body: Mapping[str, Any] | None = None,
    *,
    proxy: str | Literal[False] | None = None,
    ca_file: str | None = None,
    timeout_s: float = 10.0,
) -> Any:
    """The JSON that the server at a ws:// or wss:// address answers to a GET, or to the POST of ``body``.

    ``beside``: a path in place of the ``/realtime`` at the end of the address. Blocks, at most for
    ``timeout_s``. Raises OSError (HTTPError with the server's answer) or ValueError for what is no JSON,
    ConfigError for a proxy or certificates that are none.
    """
    way = proxy_for(url, proxy)
    if way and way.is_socks:
        raise ValueError("HTTP requests do not go through SOCKS")
    through = {"http": way.url, "https": way.url} if way else {}
    opener = urllib.request.build_opener(
        urllib.request.ProxyHandler(through),
        urllib.request.HTTPSHandler(context=trusting(ca_file)),
        _NoRedirect(),
    )
    parts = urlsplit(url)
    path = parts.path.rstrip("/").removesuffix("/realtime") + beside
    address = urlunsplit((SCHEMES[parts.scheme], parts.netloc, path, "", ""))
    data = None if body is None else json.dumps(body).encode()
    more = {} if body is None else {"Content-Type": "application/json"}
    request = urllib.request.Request(address, data, {**headers, **more})
    with opener.open(request, timeout=timeout_s) as response:
        return parse_json(response.read(MAX_ANSWER_BYTES))
