"""The way to a server one step at a time, for a diagnosis: name, then TLS. ``websocket`` does the rest."""

from __future__ import annotations

import asyncio
import socket
from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlsplit

from realtime_cli.wire import connect_errors
from realtime_cli.wire.proxy import proxy_for
from realtime_cli.wire.tls import trusting

PORTS = {"ws": 80, "wss": 443}


@dataclass(frozen=True, slots=True)
class Way:
    """What lies between us and a server. ``proxy``: the environment's, without its password."""

    host: str
    port: int
    tls: bool
    proxy: str = ""

    @classmethod
    def to(cls, url: str, proxy: str | Literal[False] | None = None) -> Way:
        """The way to a ws:// or wss:// address; ``proxy`` as for ``proxy_for``."""
        parts = urlsplit(url)
        host = parts.hostname or ""
        through = proxy_for(url, proxy)
        shown = through.shown if through else ""
        return cls(host, parts.port or PORTS.get(parts.scheme, 443), parts.scheme == "wss", shown)


async def resolve(way: Way, timeout_s: float = 5.0) -> list[str]:
    """The addresses of the server's name. Raises :class:`ConnectionFailed`."""
    url = _url(way)
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(timeout_s):
            found = await loop.getaddrinfo(way.host, way.port, type=socket.SOCK_STREAM)
    except TimeoutError:
        raise connect_errors.of_silence(url, timeout_s) from None
    except OSError as error:
        raise connect_errors.of_os_error(url, error) from None
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


async def shake_hands(way: Way, timeout_s: float = 10.0, ca_file: str | None = None) -> str:
    """Connect and, for wss, agree on TLS; returns its version (``TCP`` without). Raises ConnectionFailed."""
    url = _url(way)
    try:
        context = trusting(ca_file) if way.tls else None
        async with asyncio.timeout(timeout_s):
            _, writer = await asyncio.open_connection(way.host, way.port, ssl=context)
    except TimeoutError:
        raise connect_errors.of_silence(url, timeout_s) from None
    except OSError as error:
        raise connect_errors.of_os_error(url, error) from None
    agreed = writer.get_extra_info("ssl_object")
    writer.transport.abort()
    return str(agreed.version()) if agreed else "TCP"


def _url(way: Way) -> str:
    host = f"[{way.host}]" if ":" in way.host else way.host
    return f"{'wss' if way.tls else 'ws'}://{host}:{way.port}"
