"""The local server inside this process: for ``serve``, and for sessions whose agent names no other."""

from __future__ import annotations

import asyncio
import os
import sys
import traceback
from collections.abc import Mapping
from dataclasses import field, fields
from typing import TYPE_CHECKING

from realtime_cli.config.header_value import sendable_key
from realtime_cli.errors import ConfigError, ConnectionFailed
from realtime_cli.server.secret_requests import answer_secret_request
from realtime_cli.server.session import ServerSession
from realtime_cli.server.settings import Defaults
from realtime_cli.server_runner import EngineWorkers, ServedSession, SessionRunner
from realtime_cli.value import value
from realtime_cli.wire import websocket
from realtime_cli.wire.auth import Opening
from realtime_cli.wire.client_secrets import ClientSecrets
from realtime_cli.wire.transport import Transport

if TYPE_CHECKING:
    from realtime_cli.config.agent import ChatEndpointConfig, LocalConfig
    from realtime_cli.server.engine.config import EngineConfig


@value
class ServeOptions:
    """What ``serve`` is told. Without a ``key`` everybody who reaches the port may talk."""

    host: str = "127.0.0.1"
    port: int = 8765
    key: str | None = field(default=None, repr=False)
    engine: EngineConfig | None = None
    defaults: Defaults = field(default_factory=Defaults)
    max_connections: int = 16
    allowed_origins: tuple[str, ...] = ()


@value
class LocalServer:
    """A server that listens inside this process."""

    url: str
    headers: Mapping[str, str] = field(repr=False)
    _listener: websocket.Listener
    _workers: EngineWorkers

    async def close(self) -> None:
        """Say goodbye to every client, then stop the engine's threads."""
        await self._listener.close()
        self._workers.close()


def serve_options(config: LocalConfig, environ: Mapping[str, str]) -> ServeOptions:
    """The agent file's ``[local]`` as options. Raises :class:`ConfigError` if the key's variable is unset."""
    key = environ.get(config.key_env, "").strip() if config.key_env else None
    if config.key_env and not key:
        raise ConfigError(
            f"The environment variable {config.key_env} (local.key_env) is not set.",
            "Set it to the key that clients must send, or remove local.key_env.",
        )
    if key:
        sendable_key(key, f"in {config.key_env}")
    return ServeOptions(
        host=config.host,
        port=config.port,
        key=key,
        engine=engine_config(config),
        defaults=Defaults(
            silence_duration_ms=config.silence_duration_ms,
            transcription={"model": "whisper-1"} if config.transcription else None,
            session_limit_s=config.max_session_minutes * 60,
        ),
        max_connections=config.max_connections,
    )


async def listen(options: ServeOptions, *, warm: bool = True) -> LocalServer:
    """Take the port, load the engine, listen. ``warm`` loads every model first, else each when it is needed.

    Raises :class:`ConfigError` when the port cannot be had, or a part of the engine is missing.

    A client that comes while the engine loads is let in and waits.
    """
    loaded: asyncio.Future[EngineWorkers] = asyncio.get_running_loop().create_future()

    async def converse(transport: Transport, opening: Opening) -> None:
        session = _session(opening, options.defaults)
        await SessionRunner(transport, await asyncio.shield(loaded), session).run(opening)

    listener = await _listener(options, converse)  # first, because it fails at once if it fails at all
    try:
        workers = await _engine_workers(options, warm)
    except BaseException:
        loaded.cancel()
        await listener.close()
        raise
    loaded.set_result(workers)
    headers = {"Authorization": f"Bearer {options.key}"} if options.key else {}
    return LocalServer(listener.url, headers, listener, workers)


def _session(opening: Opening, defaults: Defaults) -> ServedSession:
    if opening.translates:
        from realtime_cli.server.translation import ServedTranslation

        return ServedTranslation(defaults=defaults)
    if not opening.is_live:
        return ServerSession(defaults=defaults)
    from realtime_cli.server.live.session import LiveSession  # not loaded for those who speak Realtime

    return LiveSession(defaults=defaults)


def engine_config(config: ChatEndpointConfig) -> EngineConfig:
    """What ``[local]``, or another section that names a chat endpoint, says about the engine."""
    from realtime_cli.server.engine.config import EngineConfig

    names = [known.name for known in fields(EngineConfig)]
    return EngineConfig(**{name: getattr(config, name) for name in names if hasattr(config, name)})


async def chat_models(engine: EngineConfig, section: str) -> tuple[str, ...]:
    """The models that the chat endpoint of this section lists; none where there is no list.

    Raises ConnectionFailed when the endpoint cannot be reached or refuses the key, ConfigError when its
    settings do not fit.
    """
    from realtime_cli.server.engine.chat import Chat
    from realtime_cli.server.engine.ports import EngineError

    try:
        return await Chat.from_config(engine).models()
    except EngineError as error:
        remedy = (
            f"Start it (Ollama: `ollama serve`), or correct {section}.chat_url and {section}.chat_key_env."
        )
        raise ConnectionFailed(error.message, remedy) from None


async def _engine_workers(options: ServeOptions, warm: bool) -> EngineWorkers:
    from realtime_cli.server.engine.engine import Engine

    engine = await Engine.load(options.engine) if warm else Engine(options.engine)
    return EngineWorkers(engine, _report)


async def _listener(options: ServeOptions, handler: websocket.Handler) -> websocket.Listener:
    secrets = ClientSecrets()
    return await websocket.serve(
        handler,
        options.host,
        options.port,
        key=options.key,
        max_connections=options.max_connections,
        allowed_origins=options.allowed_origins,
        secrets=secrets,
        respond=lambda request: answer_secret_request(
            request.body, secrets, options.defaults, translates="/translations/" in request.target
        ),
    )


def _report(error: BaseException) -> None:
    """Report a bug in one session to the server's operator; the other sessions go on."""
    where = traceback.extract_tb(error.__traceback__)[-1:]
    place = f" ({os.path.basename(where[0].filename)}:{where[0].lineno})" if where else ""
    print(f"realtime-cli: internal error: {error!r}{place}", file=sys.stderr, flush=True)
