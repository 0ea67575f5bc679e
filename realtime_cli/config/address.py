"""Where to connect, and with which credentials: URL and headers of the WebSocket."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import field
from typing import Any
from urllib.parse import SplitResult, parse_qsl, quote, unquote, urlencode, urlsplit, urlunsplit

from realtime_cli.config.connection import AuthStyle, Connection
from realtime_cli.config.header_value import sendable_key
from realtime_cli.config.providers import DEFAULT_MODEL, DEFAULT_TRANSLATOR, PROVIDERS
from realtime_cli.errors import AuthenticationFailed, ConfigError
from realtime_cli.protocol.routes import AZURE_HOME, LIVE_PATH, REALTIME_PATH, TRANSLATIONS
from realtime_cli.value import value

MASK = "***"

_SECRET_PARAMETER = re.compile(r"key|token|secret|password|signature|^sig$", re.IGNORECASE)


@value
class ServerAddress:
    """``url`` and ``headers`` may carry the key and stay out of ``repr``; ``shown_url`` is for people."""

    shown_url: str
    url: str = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)


def endpoint(
    connection: Connection,
    environ: Mapping[str, str],
    *,
    base_url: str | None = None,
    model: str | None = None,
    kind: str = "realtime",
) -> ServerAddress:
    """The place to connect to.

    ``base_url`` and ``model`` go over the connection's own (the embedded server's address is known
    only when it runs). ``kind``: the session's type; the URL of a transcription names no model, that of a
    translation has a path of its own.
    Raises ConfigError when there is no address and AuthenticationFailed when a key is needed and missing.
    """
    provider = PROVIDERS[connection.effective_provider]
    key = find_key(connection, environ)
    auth = connection.auth or provider.auth
    live = connection.effective_protocol == "live"
    home = AZURE_HOME if connection.effective_provider == "azure" else ""
    translates = kind == "translation"
    address = _split(base_url or address_of(connection), home, live=live, translates=translates)
    query = parse_qsl(address.query, keep_blank_values=True) + list(connection.query.items())
    requested = model or connection.model or provider.model
    if kind == "translation" and not (model or connection.model) and requested == DEFAULT_MODEL:
        requested = DEFAULT_TRANSLATOR
    if kind == "transcription":
        query.append(("intent", "transcription"))
    elif requested and not live and not {"model", "call_id", "deployment"} & {name for name, _ in query}:
        query.append(("model", requested))
    if key and auth == "query":
        query.append(("api-key", key))
    url = urlunsplit(address._replace(query=urlencode(query, quote_via=quote, safe=":")))
    return ServerAddress(shown_url=masked(url), url=url, headers=_headers(connection, key, auth))


def find_key(connection: Connection, environ: Mapping[str, str]) -> str | None:
    """The API key; None where none is needed.

    Raises AuthenticationFailed with the variable's name where it is missing, ConfigError where no
    header can carry it.
    """
    provider = PROVIDERS[connection.effective_provider]
    if (connection.auth or provider.auth) == "none":
        return None
    if connection.api_key is not None:
        return sendable_key(connection.api_key.get_secret_value().strip(), "in connection.api_key")
    name = connection.api_key_env or provider.key_env
    if name is None:
        return None
    key = environ.get(name, "").strip()
    if key:
        return sendable_key(key, f"in {name}")
    raise AuthenticationFailed(
        f"There is no API key: the environment variable {name} is not set.",
        f"Set it (export {name}=...), or use the local server without one: --set connection.provider=local",
    )


def masked(url: str) -> str:
    """The URL with user information and secret-looking parameters hidden."""
    try:
        parts = urlsplit(url)
        host = parts.netloc.rpartition("@")[2]
    except ValueError:
        return MASK
    pairs = [
        (name, MASK if _SECRET_PARAMETER.search(name) else value)
        for name, value in parse_qsl(parts.query, keep_blank_values=True)
    ]
    return urlunsplit(parts._replace(netloc=host, query=urlencode(pairs, quote_via=quote, safe=":*")))


def secrets_in(url: str) -> Iterator[str]:
    """What :func:`masked` hides of a URL, decoded: a server may say it back by itself."""
    try:
        parts = urlsplit(url)
        told = [parts.password] if parts.password else []
    except ValueError:
        return
    told += [value for name, value in parse_qsl(parts.query) if _SECRET_PARAMETER.search(name)]
    for secret in told:
        yield unquote(secret)


def address_of(connection: Connection) -> str:
    """The server as the connection names it. Raises ConfigError when it has none."""
    if connection.base_url:
        return connection.base_url
    provider = connection.effective_provider
    if provider == "azure" and connection.resource:
        return f"wss://{connection.resource}.openai.azure.com{AZURE_HOME}{REALTIME_PATH}"
    known = PROVIDERS[provider].base_url
    if known:
        return known
    requested = "connection.resource or connection.base_url" if provider == "azure" else "connection.base_url"
    raise ConfigError(f"The provider {provider} has no address.", f"Set {requested}.")


def own_host(connection: Any) -> str:
    """The host that a file's ``[connection]`` (as it is written) is about; nothing where it names none."""
    if not isinstance(connection, dict):
        return ""
    named = connection.get("provider", "openai")
    provider = next((known for name, known in PROVIDERS.items() if name == named), None)
    if url := connection.get("base_url") or (provider.base_url if provider else None):
        with suppress(ValueError):
            return urlsplit(str(url)).hostname or ""
    return f"{connection['resource']}.openai.azure.com" if connection.get("resource") else ""


def _split(address: str, home: str, *, live: bool, translates: bool) -> SplitResult:
    """The address as a WebSocket one; a bare host, or what ends in ``/v1``, gets the rest of the path.

    ``home``: where the paths of this provider's hosts begin. ``live``: where the path is that of Realtime,
    Live's stands in its place (its model is no part of the URL). ``translates``: translations stand below it.
    """
    try:
        parts = urlsplit(address)
        _ = parts.port
    except ValueError as error:
        raise ConfigError(f"The address {masked(address)} is not a URL: {error}.") from None
    scheme = {"http": "ws", "https": "wss"}.get(parts.scheme, parts.scheme)
    if scheme not in ("ws", "wss") or not parts.hostname:
        remedy = "Write for example ws://127.0.0.1:8765/v1/realtime"
        raise ConfigError(f"The address {masked(address)} is not a ws:// or wss:// URL.", remedy)
    path = parts.path.rstrip("/")
    full = parts.path
    if not path or path.endswith("/v1"):
        full = (path.removesuffix("/v1") or home) + REALTIME_PATH
    if live and full.rstrip("/").endswith(REALTIME_PATH):
        full = full.rstrip("/").removesuffix(REALTIME_PATH) + LIVE_PATH
    if translates and full.rstrip("/").endswith(REALTIME_PATH):
        full = full.rstrip("/") + TRANSLATIONS
    return parts._replace(scheme=scheme, path=full, fragment="")


def _headers(connection: Connection, key: str | None, auth: AuthStyle) -> dict[str, str]:
    headers: dict[str, str] = {}
    if key and auth == "bearer":
        headers["Authorization"] = f"Bearer {key}"
    elif key and auth == "api-key":
        headers["api-key"] = key
    named = {
        "OpenAI-Organization": connection.organization,
        "OpenAI-Project": connection.project,
        "OpenAI-Safety-Identifier": connection.safety_identifier,
    }
    headers |= {name: value for name, value in named.items() if value}
    return headers | {name: value.get_secret_value() for name, value in connection.headers.items()}
