"""Why no connection could be had, in words that help: one sentence, and what to do about it."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterable, Mapping
from urllib.parse import parse_qs, urljoin, urlsplit

from realtime_cli.errors import AuthenticationFailed, ConnectionFailed
from realtime_cli.untrusted_json import parse_json

DETAIL_CHARS = 200
REDIRECTS = frozenset({300, 301, 302, 303, 307, 308})


class Refused(ConnectionFailed):
    """No connection; ``temporary`` when another try may help, ``retry_after_s`` when the server said so."""

    def __init__(
        self,
        message: str,
        remedy: str = "",
        *,
        temporary: bool = False,
        status: int | None = None,
        retry_after_s: float | None = None,
    ) -> None:
        super().__init__(message, remedy)
        self.temporary = temporary
        self.status = status
        self.retry_after_s = retry_after_s


class KeyRefused(AuthenticationFailed):
    """The server knows us not: another try with the same key will not help."""

    temporary = False

    def __init__(self, message: str, remedy: str = "", *, status: int | None = None) -> None:
        super().__init__(message, remedy)
        self.status = status


def shown(url: str) -> str:
    """The address as it may be shown: without user, password and query, which may hold a key."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    host = f"[{host}]" if ":" in host else host
    try:
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        port = ""
    return f"{parts.scheme}://{host}{port}{parts.path}"


def of_status(
    url: str,
    status: int,
    headers: Mapping[str, str],
    body: bytes,
    secrets: Iterable[str] = (),
    *,
    keyless: bool = False,
) -> Refused | KeyRefused:
    """The server answered the upgrade with HTTP ``status`` instead of 101; ``keyless``: no key was sent."""
    where = shown(url)
    detail = _detail(body, secrets)
    if status in (401, 403):
        return _unknown_here(where, status, detail, keyless=keyless)
    if status == 404 and "call_id" in parse_qs(urlsplit(url).query):
        return Refused(
            f"There is no such call at {where} (HTTP 404){detail}.",
            "Check its id; a call can be joined only while it goes on.",
            status=status,
        )
    if status == 404:
        return Refused(
            f"There is no Realtime endpoint at {where} (HTTP 404){detail}.",
            "Check connection.base_url: its path usually ends in /v1/realtime.",
            status=status,
        )
    if status == 429:
        wait_s = _seconds(headers.get("Retry-After"))
        pause = f"Wait {wait_s:g} s" if wait_s is not None else "Wait a while"
        return Refused(
            f"{where} is at its limit (HTTP 429){detail}.",
            f"{pause} and try again; check the quota of the account.",
            temporary=True,
            status=status,
            retry_after_s=wait_s,
        )
    if status >= 500:
        return Refused(
            f"{where} has a problem (HTTP {status}){detail}.",
            "Try again in a moment; the provider's status page may say more.",
            temporary=True,
            status=status,
            retry_after_s=_seconds(headers.get("Retry-After")),
        )
    if status in REDIRECTS:
        target = shown(urljoin(url, headers.get("Location", "")))
        return Refused(
            f"{where} redirects to {target} (HTTP {status}).",
            "If you trust that address, set connection.base_url to it; a key is never sent there by itself.",
            status=status,
        )
    if status < 300:
        return not_a_websocket(url)
    return Refused(
        f"{where} refused the connection (HTTP {status}){detail}.",
        "Check connection.base_url and connection.model.",
        status=status,
    )


def _unknown_here(where: str, status: int, detail: str, *, keyless: bool) -> KeyRefused:
    if status == 401 and keyless:
        return KeyRefused(
            f"{where} requires an API key, but none was sent (HTTP 401).",
            "Name the variable that holds one: --set connection.api_key_env=NAME.",
            status=status,
        )
    if status == 401:
        return KeyRefused(
            f"{where} does not accept the API key (HTTP 401).",
            "Check that it is correct and for this service; `realtime-cli doctor` says which key is used.",
            status=status,
        )
    return KeyRefused(
        f"{where} refused access (HTTP 403){detail}.",
        "The account, its region or the network may not be allowed to use this model.",
        status=status,
    )


def _detail(body: bytes, secrets: Iterable[str]) -> str:
    """What the server says about it, in one line: ``: no such deployment``."""
    try:
        told = parse_json(body)
        error = told.get("error", told)
        text = error.get("message") if isinstance(error, dict) else error
    except (ValueError, AttributeError):
        return ""
    if not isinstance(text, str):
        return ""
    for secret in secrets:
        text = text.replace(secret, "***")
    return f": {' '.join(text.split())[:DETAIL_CHARS].rstrip('.')}" if text.strip() else ""


def _seconds(text: str | None) -> float | None:
    try:
        return max(0.0, float(text or ""))
    except ValueError:
        return None


def not_a_websocket(url: str, *, temporary: bool = False) -> Refused:
    """``temporary``: it hung up without a word, which a server also does when it is being restarted."""
    return Refused(
        f"What answers at {shown(url)} is not a WebSocket server.",
        "Check host, port and path of connection.base_url.",
        temporary=temporary,
    )


def of_proxy(url: str, proxy: str, source: str, status: int | None) -> Refused:
    """The proxy (``proxy``: as shown, ``source``: what names it) did not let us through; it may say why."""
    without = "or set connection.proxy = false to connect directly."
    if status == 407:
        text = f"The proxy {proxy} refused our user name and password (HTTP 407)."
        return Refused(text, f"Write them into {source} like http://USER:PASSWORD@HOST:PORT, {without}")
    if status is not None and status >= 500:
        text = f"The proxy {proxy} cannot reach {shown(url)} (HTTP {status})."
        return Refused(text, f"Check connection.base_url, {without}", temporary=True)
    said = f" (HTTP {status})" if status else ""
    return Refused(
        f"The proxy {proxy} refused to connect to {shown(url)}{said}.", f"Check {source}, {without}"
    )


def of_proxy_gone(proxy: str, source: str, error: OSError) -> Refused:
    """The proxy itself cannot be reached."""
    unresolved = isinstance(error.__cause__ or error, socket.gaierror)
    reason = "its name cannot be resolved" if unresolved else _network_reason(error)
    return Refused(
        f"The proxy {proxy} does not respond ({reason}).",
        f"Check {source}, or set connection.proxy = false to connect directly.",
        temporary=True,
    )


def of_name_behind_socks(url: str, proxy: str, source: str) -> Refused:
    """A socks4:// or socks5:// proxy is given an address, so the server's name is resolved here."""
    return Refused(
        f"{urlsplit(url).hostname} cannot be resolved here, as the proxy {proxy} wants it.",
        f"Write socks5h:// into {source} to let the proxy resolve names.",
        temporary=True,
    )


def _network_reason(error: OSError) -> str:
    if isinstance(error, ConnectionRefusedError) or "Connect call failed" in str(error):
        return "nothing listens there"
    return error.strerror or type(error).__name__


def of_silence(url: str, timeout_s: float, proxy: str = "") -> Refused:
    """The opening handshake took too long."""
    through = f" through the proxy {proxy}" if proxy else ""
    return Refused(
        f"{shown(url)} did not respond within {timeout_s:g} s{through}.",
        "Check the network and a proxy on the way, or raise connection.connect_timeout_s.",
        temporary=True,
    )


def of_os_error(url: str, error: OSError) -> Refused:
    """The network, or TLS upon it, said no."""
    where = shown(url)
    if isinstance(error, ssl.SSLCertVerificationError):
        return Refused(
            f"The certificate of {where} is not trusted ({error.verify_message}).",
            "Check the clock and connection.base_url; "
            "behind an inspecting proxy set connection.ca_file or SSL_CERT_FILE.",
        )
    if isinstance(error, ssl.SSLError) or (isinstance(error, ConnectionResetError) and url.startswith("wss")):
        return Refused(f"The TLS handshake with {where} failed.", "Did you mean ws://?")
    if isinstance(error, socket.gaierror):
        host = urlsplit(url).hostname
        return Refused(
            f"The name {host!r} cannot be resolved.",
            "Check connection.base_url and the network's name server.",
            temporary=True,
        )
    if isinstance(error, ConnectionRefusedError) or "Connect call failed" in str(error):
        return Refused(
            f"Nothing is listening at {where}.",
            "Start the server (`realtime-cli serve` starts the local one) or correct connection.base_url.",
            temporary=True,
        )
    return Refused(
        f"{where} cannot be reached ({error.strerror or type(error).__name__}).",
        "Check the network.",
        temporary=True,
    )
