"""WebSockets, both ends; the only file that knows the ``websockets`` package.

Compression is off (base64 sound does not shrink), incoming frames may be large (a retrieved item
holds all its sound), keep-alive pings find dead peers.
"""

from __future__ import annotations

import asyncio
import errno
import http
import json
import logging
import re
import socket
import ssl
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Any, Literal, cast
from urllib.parse import urlsplit

from websockets.asyncio import client, server
from websockets.asyncio.connection import Connection
from websockets.datastructures import Headers
from websockets.exceptions import (
    ConnectionClosed,
    InvalidHandshake,
    InvalidMessage,
    InvalidProxyStatus,
    InvalidStatus,
    InvalidUpgrade,
    InvalidURI,
    ProxyError,
)
from websockets.http11 import Request, Response
from websockets.protocol import State
from websockets.typing import Subprotocol

from realtime_cli import __version__
from realtime_cli.errors import ConfigError, ConnectionFailed
from realtime_cli.value import value
from realtime_cli.wire import connect_errors
from realtime_cli.wire.auth import SUBPROTOCOL, ClientAuth, Denial, Opening, is_loopback, opening
from realtime_cli.wire.client_secrets import ClientSecrets
from realtime_cli.wire.plain_http import (
    OpeningReader,
    PlainAnswer,
    PlainRequest,
    RequestReader,
    Respond,
    refusal,
)
from realtime_cli.wire.proxy import proxy_for
from realtime_cli.wire.tls import trusting
from realtime_cli.wire.transport import ABNORMAL, Closed, Transport

MAX_FRAME_BYTES = 64 * 1024 * 1024
MAX_REQUEST_BYTES = 24 * 1024 * 1024  # one append holds at most 15 MiB of sound, as base64 20 MiB
CLOSE_TIMEOUT_S = 2.0
OPEN_TIMEOUT_S = 10.0
SOCKET_BUFFER_BYTES = 256 * 1024
"""Of the kernel, one way: 4 s of sound. What waits there no ping overtakes, so that a server which takes a
file of hours slowly would seem dead; by itself the kernel takes megabytes."""
_METHOD = re.compile(rb"[A-Z]{1,16} ")
_BEGINS_METHOD = re.compile(rb"[A-Z]{1,16}")
MAX_WRITE_STALL_S = 40.0  # a client that takes nothing for this long is gone
GOING_AWAY = 1001
SURE_ROOM_BYTES = 8_192  # in a transport's buffer: one that is full has at least so much to write
USER_AGENT = f"realtime-cli/{__version__}"

# The package logs request headers, and thereby keys, at debug level.
_SILENT = logging.getLogger("realtime_cli.wire")
_SILENT.addHandler(logging.NullHandler())
_SILENT.propagate = False
_SILENT.setLevel(logging.CRITICAL + 1)


class WebSocket:
    """One end of an open WebSocket."""

    def __init__(self, connection: Connection, longest_send_s: float | None = None) -> None:
        self._connection = connection
        self._longest_send_s = longest_send_s
        with suppress(OSError, AttributeError):  # a socket that is no TCP socket, or is gone by now
            line = connection.transport.get_extra_info("socket")
            line.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SOCKET_BUFFER_BYTES)
            line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SOCKET_BUFFER_BYTES)

    async def send(self, text: str) -> None:
        """A line that takes no bytes is dead: behind them no ping gets out that could find it so."""
        if self.send_now(text):
            return
        try:
            async with asyncio.timeout(self._longest_send_s):
                await self._connection.send(text)
        except ConnectionClosed as gone:
            raise _closed(gone) from None
        except TimeoutError:
            self._abort()
            raise Closed(ABNORMAL, "nothing can be sent") from None

    def send_now(self, text: str) -> bool:
        """Send what surely has room, which is most of it, and needs no waiting; False if it has to wait.

        What ``Connection.send`` does, without its locks and contexts: nobody here sends in fragments.
        """
        connection = self._connection
        if len(text) > SURE_ROOM_BYTES or connection.protocol.state is not State.OPEN:
            return False
        data = text.encode()
        if connection.transport.get_write_buffer_size() + len(data) > SURE_ROOM_BYTES:
            return False
        connection.protocol.send_text(data)
        connection.send_data()
        return True

    async def recv(self) -> str:
        try:
            frame = await self._connection.recv()
        except ConnectionClosed as gone:
            raise _closed(gone) from None
        # The protocol has text frames only; some servers write their JSON into binary ones.
        return frame if isinstance(frame, str) else frame.decode("utf-8", "replace")

    async def close(self, code: int = 1000, reason: str = "") -> None:
        if code == ABNORMAL:
            self._abort()
            return
        try:
            await self._connection.close(code, reason)
        except asyncio.CancelledError:  # nobody waits for the other side's goodbye any longer
            self._abort()
            raise

    def _abort(self) -> None:
        """A transport that sent its last bytes after ``close()`` has no loop any more, and fails."""
        with suppress(AttributeError):
            self._connection.transport.abort()


def _closed(gone: ConnectionClosed) -> Closed:
    frame = gone.rcvd or gone.sent
    return Closed(frame.code, frame.reason) if frame else Closed(ABNORMAL)


# -- client -----------------------------------------------------------------------------------


class _Connect(client.connect):
    """Follows no redirect: a key goes to the address that the user gave, and nowhere else."""

    def process_redirect(self, exc: Exception) -> Exception | str:
        return exc


async def connect(
    url: str,
    headers: Mapping[str, str] | None = None,
    *,
    subprotocols: Sequence[str] = (),
    connect_timeout_s: float = 10.0,
    ping_interval_s: float | None = 20.0,
    ping_timeout_s: float | None = 20.0,
    close_timeout_s: float = CLOSE_TIMEOUT_S,
    proxy: str | Literal[False] | None = None,
    ca_file: str | None = None,
) -> Transport:
    """Open a WebSocket to ``url``.

    ``proxy`` None takes the environment's (never for this machine itself), False takes none. ``ca_file``
    has certificates (PEM) to trust besides the system's.
    Raises :class:`AuthenticationFailed` or :class:`ConnectionFailed` with what to do about it (see
    ``connect_errors`` for ``temporary`` and ``retry_after_s``), :class:`ConfigError` for what is no address.
    """
    via = proxy_for(url, proxy)
    trust: Any = {"ssl": trusting(ca_file)} if ca_file and urlsplit(url).scheme == "wss" else {}
    try:
        return WebSocket(
            await _Connect(
                url,
                additional_headers=dict(headers or {}),
                user_agent_header=USER_AGENT,
                subprotocols=[Subprotocol(name) for name in subprotocols] or None,
                compression=None,
                max_size=MAX_FRAME_BYTES,
                open_timeout=connect_timeout_s,
                ping_interval=ping_interval_s,
                ping_timeout=ping_timeout_s,
                close_timeout=close_timeout_s,
                proxy=via.url if via else None,
                logger=_SILENT,
                **trust,
            ),
            longest_send_s=_dead_after_s(ping_interval_s, ping_timeout_s),
        )
    except TimeoutError:
        raise connect_errors.of_silence(url, connect_timeout_s, via.shown if via else "") from None
    except OSError as error:  # ahead of ValueError: a certificate that is not trusted is both
        if via and via.is_socks and isinstance(error, socket.gaierror):
            raise connect_errors.of_name_behind_socks(url, via.shown, via.source) from None
        if via and not isinstance(error, ssl.SSLError):
            raise connect_errors.of_proxy_gone(via.shown, via.source, error) from None
        raise connect_errors.of_os_error(url, error) from None
    except ProxyError as error:
        assert via
        status = error.response.status_code if isinstance(error, InvalidProxyStatus) else None
        raise connect_errors.of_proxy(url, via.shown, via.source, status) from None
    except (InvalidURI, ValueError):
        raise ConfigError(
            f"{connect_errors.shown(url)!r} is not a WebSocket address.",
            "Set connection.base_url to one that begins with ws:// or wss://.",
        ) from None
    except InvalidHandshake as error:
        raise _of_handshake(url, error, headers or {}) from None
    except (EOFError, ConnectionClosed, AssertionError):
        # The last two: it spoke or hung up before the request was sent, which websockets does not expect.
        raise connect_errors.not_a_websocket(url, temporary=True) from None


def _dead_after_s(ping_interval_s: float | None, ping_timeout_s: float | None) -> float | None:
    """How long a line may be silent before pings find it dead."""
    return None if ping_interval_s is None or ping_timeout_s is None else ping_interval_s + ping_timeout_s


def _has_key(url: str, headers: Mapping[str, str]) -> bool:
    named = {name.lower() for name in headers} & {"authorization", "api-key", "x-api-key"}
    return bool(named) or "api-key=" in url


def _of_handshake(url: str, error: InvalidHandshake, headers: Mapping[str, str]) -> ConnectionFailed:
    if isinstance(error, InvalidStatus):
        answer = error.response
        secrets = [
            word for value in headers.values() for word in (value, value.rpartition(" ")[2]) if len(word) > 5
        ]
        return connect_errors.of_status(
            url,
            answer.status_code,
            answer.headers,
            bytes(answer.body or b""),
            secrets,
            keyless=not _has_key(url, headers),
        )
    if isinstance(error, InvalidMessage | InvalidUpgrade):
        return connect_errors.not_a_websocket(url, temporary=isinstance(error.__cause__, EOFError | OSError))
    return connect_errors.Refused(
        f"{connect_errors.shown(url)} did not complete the WebSocket handshake ({type(error).__name__}).",
        "Check connection.base_url.",
    )


# -- server -----------------------------------------------------------------------------------

Handler = Callable[[Transport, Opening], Awaitable[None]]


@value
class Listener:
    """A server that takes connections until it is closed."""

    url: str
    port: int
    _server: server.Server

    async def close(self) -> None:
        """Take no more connections, say 1001 to those that are open, and wait for their handlers."""
        self._server.close(code=GOING_AWAY, reason="server going away")
        await self._server.wait_closed()


async def serve(
    handler: Handler,
    host: str = "127.0.0.1",
    port: int = 0,
    *,
    key: str | None = None,
    max_connections: int = 16,
    allowed_origins: Sequence[str] = (),
    max_message_bytes: int = MAX_REQUEST_BYTES,
    open_timeout_s: float = OPEN_TIMEOUT_S,
    secrets: ClientSecrets | None = None,
    respond: Respond | None = None,
) -> Listener:
    """Listen; ``handler`` gets every connection that is let in, and the socket closes when it returns.

    ``open_timeout_s``: how long a client may take for its request, so that slow ones hold no door open.
    ``secrets``: keys that let in beside ``key``. ``respond`` answers the POST of one who may have such a key;
    every other request that opens nothing is refused, in JSON.
    Raises :class:`ConfigError` if the address cannot be listened on.
    """
    auth = ClientAuth(
        key, frozenset(allowed_origins), is_loopback(host), ClientSecrets() if secrets is None else secrets
    )
    door = ConnectionLimiter(auth, handler, max_connections)
    try:
        listening = await server.serve(
            door.enter,
            host,
            port,
            process_request=door.process_request,
            select_subprotocol=_select_subprotocol,
            compression=None,
            server_header=USER_AGENT,
            max_size=max_message_bytes,
            open_timeout=open_timeout_s,
            close_timeout=CLOSE_TIMEOUT_S,
            logger=_SILENT,
            create_connection=cast(Any, partial(HttpDoor, partial(_answer_of, auth, respond))),
        )
    except UnicodeError as error:  # what cannot be a name at all
        raise _cannot_listen(host, port, OSError(str(error.__cause__ or error))) from None
    except OSError as error:
        raise _cannot_listen(host, port, error) from None
    except OverflowError:
        raise ConfigError(f"Invalid port: {port}.", "Choose one from 0 to 65535.") from None
    bound = next(iter(listening.sockets)).getsockname()[1]
    name = f"[{host}]" if ":" in host else host
    return Listener(f"ws://{name}:{bound}/v1/realtime", bound, listening)


def _answer_of(auth: ClientAuth, respond: Respond | None, request: PlainRequest) -> PlainAnswer:
    """To a request that opens no WebSocket."""
    denial = auth.denial_of_post(request.target, _Headers(Headers(request.headers)))
    if denial is None and request.method != "POST":
        denial = Denial(405, "method_not_allowed", "A client secret is made with POST.")
    if denial is None and respond is not None:
        return respond(request)
    denial = denial or Denial(404, "not_found", "This server makes no client secrets.")
    allow = {"Allow": "POST" if "client_secrets" in request.target else "GET"} if denial.status == 405 else {}
    return replace(refusal(denial.status, denial.code, denial.message), headers=allow)


class HttpDoor(server.ServerConnection):
    """A connection whose first bytes say whether it opens a WebSocket (GET) or asks for something else.

    What is no HTTP at all, such as TLS, is left to ``websockets``, which refuses it.
    """

    def __init__(self, answer: Respond, *arguments: Any, **more: Any) -> None:
        super().__init__(*arguments, **more)
        self._answer = answer
        self._first: bytes | None = b""
        self._reader: RequestReader | OpeningReader | None = None

    def data_received(self, data: bytes) -> None:
        if self._first is not None:
            self._first += data
            method = _METHOD.match(self._first)
            if method is None and _BEGINS_METHOD.fullmatch(self._first):
                return
            if method is not None:
                self._reader = OpeningReader() if method[0] == b"GET " else RequestReader()
            data, self._first = self._first, None
        if self._reader is None:
            super().data_received(data)
        elif not self.transport.is_closing() and (found := self._reader.feed(data)):
            if isinstance(found, bytes):
                self._reader = None
                super().data_received(found)
                return
            answer = found if isinstance(found, PlainAnswer) else self._answer(found)
            self.transport.write(answer.encode())
            self.transport.close()


def _select_subprotocol(
    connection: server.ServerConnection, offered: Sequence[Subprotocol]
) -> Subprotocol | None:
    return Subprotocol(SUBPROTOCOL) if SUBPROTOCOL in offered else None


def _cannot_listen(host: str, port: int, error: OSError) -> ConfigError:
    if error.errno == errno.EADDRINUSE or "in use" in str(error):
        return ConfigError(
            f"Port {port} on {host} is in use.",
            "Stop the program that uses it, or choose another with --port (0 picks a free one).",
        )
    if error.errno == errno.EACCES:
        return ConfigError(f"Port {port} needs more rights than this user has.", "Choose one from 1024 up.")
    return ConfigError(
        f"Cannot listen on {host}:{port} ({error.strerror or error}).",
        "Check --host: 127.0.0.1 is this machine only.",
    )


class ConnectionLimiter:
    """Lets in who may enter, and no more than there is room for."""

    def __init__(self, admission: ClientAuth, handler: Handler, max_connections: int) -> None:
        self._admission = admission
        self._handler = handler
        self._room = max_connections

    def process_request(self, connection: server.ServerConnection, request: Request) -> Response | None:
        denial = self._admission.denial(request.path, _Headers(request.headers))
        if denial:
            answer = connection.respond(http.HTTPStatus(denial.status), denial.body)
            del answer.headers["Content-Type"]
            answer.headers["Content-Type"] = "application/json"
            return answer
        if "Upgrade" not in request.headers:
            content = refusal(426, "upgrade_required", "A session is opened with a WebSocket.").content
            answer = connection.respond(http.HTTPStatus.UPGRADE_REQUIRED, json.dumps(content) + "\n")
            del answer.headers["Content-Type"]
            answer.headers["Content-Type"] = "application/json"
            answer.headers["Upgrade"] = "websocket"
            return answer
        if self._room <= 0:
            answer = connection.respond(http.HTTPStatus.SERVICE_UNAVAILABLE, "All sessions are in use.\n")
            answer.headers["Retry-After"] = "5"
            return answer
        return None

    async def enter(self, connection: server.ServerConnection) -> None:
        request = connection.request
        if request is None or self._room <= 0:  # two may have been let in at once for the last place
            await connection.close(1013, "all sessions are in use")
            return
        self._room -= 1
        try:
            headers = _Headers(request.headers)
            session = self._admission.session_of(request.path, headers)
            await self._handler(
                WebSocket(connection, MAX_WRITE_STALL_S), opening(request.path, headers, session)
            )
        finally:
            self._room += 1


class _Headers(Mapping[str, str]):
    """Request headers without regard to case; of repeated ones the last (``websockets`` would raise)."""

    def __init__(self, headers: Headers) -> None:
        self._headers = headers

    def __getitem__(self, name: str) -> str:
        found = self._headers.get_all(name)
        if not found:
            raise KeyError(name)
        return ", ".join(found) if name.lower() == "sec-websocket-protocol" else found[-1]

    def __iter__(self) -> Any:
        return iter(self._headers)

    def __len__(self) -> int:
        return len(self._headers)
