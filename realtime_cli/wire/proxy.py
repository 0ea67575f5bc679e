"""Which proxy stands between us and a server: the agent file's, the environment's, or none."""

from __future__ import annotations

import os
from dataclasses import field
from importlib.util import find_spec
from typing import Literal
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from realtime_cli.errors import ConfigError
from realtime_cli.install_hint import install
from realtime_cli.value import value
from realtime_cli.wire.auth import is_loopback
from realtime_cli.wire.connect_errors import shown

# In the order in which they are asked, by the scheme of the server's address (RFC 6455 §4.1: SOCKS first).
_SOURCES = {"wss": ("wss", "socks", "https", "all"), "ws": ("ws", "socks", "https", "http", "all")}
_SCHEMES = ("http", "https", "socks4", "socks4a", "socks5", "socks5h")


@value
class Proxy:
    """``source``: the key or variable that names it; ``shown``: the address without its password."""

    url: str = field(repr=False)
    source: str

    @property
    def shown(self) -> str:
        return shown(self.url)

    @property
    def is_socks(self) -> bool:
        return self.url.startswith("socks")


def proxy_for(url: str, configured: str | Literal[False] | None = None) -> Proxy | None:
    """The proxy on the way to ``url``; False for ``configured`` means none, None the environment's.

    This machine is always reached without one. Raises ConfigError for an address that is none, and for a
    SOCKS proxy where the package for it is missing.
    """
    parts = urlsplit(url)
    host = parts.hostname or ""
    if configured:
        return _checked(configured, "connection.proxy")
    if configured is False or is_loopback(host) or proxy_bypass(host):
        return None
    known = getproxies()
    name = next((name for name in _SOURCES.get(parts.scheme, ()) if known.get(name)), None)
    return _checked(known[name], _variable(name)) if name else None


def _variable(name: str) -> str:
    """How the user has spelled it; a system's settings have no variable."""
    spellings = (f"{name}_proxy", f"{name}_proxy".upper())
    return next((each for each in spellings if each in os.environ), "the system's proxy settings")


def _checked(written: str, source: str) -> Proxy:
    written = written.strip()
    url = written if "://" in written else f"http://{written}"
    if url.startswith("socks://"):
        url = f"socks5h{url[5:]}"
    parts = urlsplit(url)
    try:
        fits = parts.scheme in _SCHEMES and bool(parts.hostname) and parts.port != 0
    except ValueError:
        fits = False
    if not fits or parts.path not in ("", "/") or parts.query or parts.fragment:
        raise ConfigError(
            f"{source} is not a valid proxy: {_without_user(written)!r}.",
            "Write it like http://127.0.0.1:3128 or socks5://127.0.0.1:1080.",
        )
    if parts.username is not None and parts.password is None:
        url = url.replace("@", ":@", 1)
    proxy = Proxy(url, source)
    if proxy.is_socks and find_spec("python_socks") is None:
        raise ConfigError(
            f"{source} is a SOCKS proxy, but python-socks is not installed.",
            f"Install it with: {install('python-socks[asyncio]')}. "
            "To use no proxy, set connection.proxy = false.",
        )
    return proxy


def _without_user(written: str) -> str:
    before, at, after = written.rpartition("@")
    return f"***@{after}" if at and before else written
