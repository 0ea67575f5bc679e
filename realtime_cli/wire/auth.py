"""Who may open a session on our server: path, browser origin, key."""

from __future__ import annotations

import hmac
import ipaddress
import json
from collections.abc import Mapping
from dataclasses import field
from typing import Any
from urllib.parse import parse_qs, urlsplit

from realtime_cli.protocol.routes import AZURE_LIVE_PATH, LIVE_PATH, REALTIME_PATH
from realtime_cli.value import value
from realtime_cli.wire.client_secrets import PREFIX, ClientSecrets

PATHS = frozenset({"/v1/realtime", "/openai/v1/realtime"})
TRANSLATION_PATHS = frozenset(f"{path}/translations" for path in PATHS)
SECRET_PATHS = frozenset(f"{path}/client_secrets" for path in PATHS | TRANSLATION_PATHS)
LIVE_PATHS = frozenset({LIVE_PATH, AZURE_LIVE_PATH})
SESSION_PATHS = PATHS | TRANSLATION_PATHS | LIVE_PATHS
KEY_SUBPROTOCOL = "openai-insecure-api-key."  # how browsers, which cannot set headers, pass a key
SUBPROTOCOL = "realtime"


@value
class Opening:
    """What a client said when it opened the socket."""

    path: str = "/v1/realtime"
    query: Mapping[str, str] = field(default_factory=dict, repr=False)
    beta_header: bool = False
    session: Mapping[str, Any] | None = field(default=None, repr=False)
    """The settings of the client secret that opened it."""

    @property
    def model(self) -> str:
        return self.query.get("model", "")

    @property
    def is_live(self) -> bool:
        """Whether the client wants to speak Live."""
        return self.path.rstrip("/") in LIVE_PATHS

    @property
    def translates(self) -> bool:
        """Whether the client wants to have its sound translated."""
        return self.path.rstrip("/") in TRANSLATION_PATHS

    @property
    def transcribes(self) -> bool:
        """``?intent=transcription`` opens a session that only writes down."""
        if self.session is not None:
            return self.session.get("type") == "transcription"
        return self.query.get("intent") == "transcription"


@value
class Denial:
    """The HTTP answer to an upgrade that is not let in."""

    status: int
    code: str
    message: str

    @property
    def body(self) -> str:
        error = {"type": "invalid_request_error", "code": self.code, "message": self.message, "param": None}
        return json.dumps({"error": error}) + "\n"


@value
class ClientAuth:
    """The rules of one listening server. Without a ``key`` everybody who reaches the port may talk."""

    key: str | None = field(default=None, repr=False)
    allowed_origins: frozenset[str] = frozenset()
    loopback_only: bool = False
    """The server listens on loopback: a foreign name in ``Host`` is a DNS rebinding attack."""
    secrets: ClientSecrets = field(default_factory=ClientSecrets, repr=False)
    """Short-lived keys that open sessions as well."""

    def denial(self, target: str, headers: Mapping[str, str]) -> Denial | None:
        """Why this upgrade is refused; None lets it in. ``headers`` must ignore case."""
        try:
            return self._denial(target, headers)
        except ValueError:  # brackets without an IPv6 address, bytes that are no UTF-8
            return Denial(400, "bad_request", "The address, Host or Origin of this request cannot be read.")

    def _denial(self, target: str, headers: Mapping[str, str]) -> Denial | None:
        parts = urlsplit(target)
        headers.get("Sec-WebSocket-Protocol", "").encode()  # it would be sent back
        if parts.path.rstrip("/") in SECRET_PATHS:
            return Denial(405, "method_not_allowed", "A client secret is made with POST.")
        if parts.path.rstrip("/") not in SESSION_PATHS:
            return Denial(404, "not_found", _what_is_here(parts.path))
        if parts.path.rstrip("/") in PATHS and "call_id" in parse_qs(parts.query):
            return Denial(404, "not_found", "This server takes no calls, so none can be attached to.")
        return (
            self._stranger(headers)
            or self._without_key(parts.query, headers, may_be_secret=True)
            or self._of_other_kind(target, headers)
        )

    def _of_other_kind(self, target: str, headers: Mapping[str, str]) -> Denial | None:
        """A client secret opens the kind of session that it was made for."""
        session = self.session_of(target, headers)
        translates = urlsplit(target).path.rstrip("/") in TRANSLATION_PATHS
        if session is None or (session.get("type") == "translation") == translates:
            return None
        return Denial(403, "forbidden", "This client secret is for another kind of session.")

    def denial_of_post(self, target: str, headers: Mapping[str, str]) -> Denial | None:
        """The same for a request that opens nothing: only a client secret can be asked for, with the key."""
        try:
            parts = urlsplit(target)
            if parts.path.rstrip("/") in SESSION_PATHS:
                return Denial(405, "method_not_allowed", "A session is opened with a WebSocket (GET).")
            if parts.path.rstrip("/") not in SECRET_PATHS:
                return Denial(404, "not_found", _what_is_here(parts.path))
            return self._stranger(headers) or self._without_key(parts.query, headers, may_be_secret=False)
        except ValueError:
            return Denial(400, "bad_request", "The address, Host or Origin of this request cannot be read.")

    def session_of(self, target: str, headers: Mapping[str, str]) -> Mapping[str, Any] | None:
        """The settings of the client secret in this request, if it has one."""
        found = map(self.secrets.find, _offered(urlsplit(target).query, headers))
        return next((secret.session for secret in found if secret), None)

    def _stranger(self, headers: Mapping[str, str]) -> Denial | None:
        if self.loopback_only and not self._host_is_ours(headers.get("Host", "")):
            text = "This server accepts only names of this machine, such as localhost."
            return Denial(403, "host_not_allowed", text)
        if not self._origin_is_ours(headers.get("Origin"), headers.get("Host", "")):
            text = "This server accepts no connections from that web page unless its origin is allowed."
            return Denial(403, "origin_not_allowed", text)
        return None

    def _without_key(self, query: str, headers: Mapping[str, str], *, may_be_secret: bool) -> Denial | None:
        secrets = [offered for offered in _offered(query, headers) if offered.startswith(PREFIX)]
        if secrets and may_be_secret:
            if any(map(self.secrets.find, secrets)):
                return None
            return Denial(
                401, "invalid_api_key", "This client secret has expired, or was not made by this server."
            )
        if self.key is not None and not self._knows_key(query, headers):
            return Denial(401, "invalid_api_key", "Incorrect or missing API key.")
        return None

    def _host_is_ours(self, host: str) -> bool:
        """A page may point its own name at 127.0.0.1, to be of the same origin; ``Host`` has that name."""
        if host in {urlsplit(origin).netloc for origin in self.allowed_origins}:
            return True
        return is_loopback(urlsplit(f"//{host}").hostname or "")

    def _origin_is_ours(self, origin: str | None, host: str) -> bool:
        """Browsers send ``Origin``: without this check any web page could talk to a loopback server."""
        if not origin or origin in self.allowed_origins:
            return True
        there = urlsplit(origin)
        return there.netloc == host or is_loopback(there.hostname or "")

    def _knows_key(self, query: str, headers: Mapping[str, str]) -> bool:
        requested = (self.key or "").encode()
        matches = [
            hmac.compare_digest(offered.encode("utf-8", "surrogateescape"), requested)
            for offered in _offered(query, headers)
        ]
        return any(matches)


def _what_is_here(path: str) -> str:
    if path.startswith(tuple(f"{base}/" for base in LIVE_PATHS)):
        return "This server attaches nothing to a Live session, forks none and takes no calls."
    return f"There is nothing at {path}. Realtime is at {REALTIME_PATH}, Live at {LIVE_PATH}."


def _offered(query: str, headers: Mapping[str, str]) -> list[str]:
    scheme, _, token = headers.get("Authorization", "").partition(" ")
    offered = [token.strip()] if scheme.lower() == "bearer" else []
    offered += [headers[name] for name in ("api-key", "X-API-Key") if name in headers]
    fields = parse_qs(query)
    offered += [*fields.get("api-key", []), *fields.get("api_key", [])]
    for name in headers.get("Sec-WebSocket-Protocol", "").split(","):
        if name.strip().startswith(KEY_SUBPROTOCOL):
            offered.append(name.strip().removeprefix(KEY_SUBPROTOCOL))
    return offered


def is_loopback(host: str) -> bool:
    """Whether a host name or address means this machine."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def opening(target: str, headers: Mapping[str, str], session: Mapping[str, Any] | None = None) -> Opening:
    """What an upgrade request says about the session; ``session`` are settings of its client secret."""
    parts = urlsplit(target)
    query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
    return Opening(parts.path, query, "realtime=v1" in headers.get("OpenAI-Beta", ""), session)
