"""``doctor``: the key, and the way to the server up to its first event and a round trip."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack
from datetime import date
from http.client import HTTPException

from realtime_cli.app.diagnostics import Finding, failure, ok, warning
from realtime_cli.app.installed import installed
from realtime_cli.app.local_server import chat_models, engine_config
from realtime_cli.app.session_factory import SessionFactory
from realtime_cli.app.session_options import socket_options
from realtime_cli.brief_thread import in_brief_thread
from realtime_cli.client.entry import Entry
from realtime_cli.client.inputs import Received
from realtime_cli.config import LoadedAgent, ServerAddress
from realtime_cli.config.address import find_key
from realtime_cli.config.agent import ChatEndpointConfig
from realtime_cli.config.connection import Connection
from realtime_cli.config.lint import models_of, successor
from realtime_cli.config.providers import PROVIDERS, family, for_provider
from realtime_cli.conversation import events as e
from realtime_cli.conversation.live import LiveNarrator
from realtime_cli.conversation.narrated import Narrator
from realtime_cli.conversation.realtime import RealtimeNarrator
from realtime_cli.errors import AuthenticationFailed, ConnectionFailed, RealtimeCliError, SessionFailed
from realtime_cli.protocol import codec
from realtime_cli.protocol.live.client_events import LiveSessionClose
from realtime_cli.protocol.live.codec import decode_live_server_event, session_start
from realtime_cli.protocol.translation_session import translation_update
from realtime_cli.tools.permissions import permissions_of
from realtime_cli.tools.trust import Trust, require_trust
from realtime_cli.wire import probe, websocket
from realtime_cli.wire.model_list import shutdown_dates
from realtime_cli.wire.transport import Closed, Transport

SLOW_ROUND_TRIP_MS = 300
MAX_MODELS_SHOWN = 5
Reported = Sequence[e.ConversationEvent]


def key(connection: Connection, environ: Mapping[str, str] = os.environ) -> Finding:
    """Whether there is a key where one is wanted; never the key."""
    name = connection.api_key_env or PROVIDERS[connection.effective_provider].key_env
    try:
        found = find_key(connection, environ)
    except RealtimeCliError as error:
        return failure("key", error, variable=name)
    if found is None:
        return ok("key", f"{connection.effective_provider} needs none", variable=None)
    return ok("key", f"from {'the agent file' if connection.api_key else name}", variable=name)


async def endpoint_steps(agent: LoadedAgent, trust: Trust) -> AsyncIterator[Finding]:
    """Each step of the way; the first that fails is the last."""
    async with AsyncExitStack() as stack:
        try:
            require_trust(permissions_of(agent), trust)
            config = agent.config
            if config.connection.embedded and config.local.chat_url:
                yield await chat_endpoint(config.local, "local")
            if config.connection.effective_protocol == "live" and config.delegation.chat_url:
                yield await chat_endpoint(config.delegation, "delegation")
            factory = await stack.enter_async_context(SessionFactory())
            async for finding in _steps(agent, await factory.address(agent), stack):
                yield finding
        except AuthenticationFailed as error:
            remedy = error.remedy.partition("; `realtime-cli doctor`")[0].rstrip(".") + "."
            yield failure("key accepted", AuthenticationFailed(error.message, remedy))
        except RealtimeCliError as error:
            yield failure("endpoint", error)


async def chat_endpoint(chat: ChatEndpointConfig, section: str) -> Finding:
    """Whether what answers, or works for a Live agent, is there and has the model."""
    models = await chat_models(engine_config(chat), section)
    name = chat.chat_model or ""
    if models and not {name, f"{name}:latest"} & set(models):
        listed = ", ".join(models[:MAX_MODELS_SHOWN])
        return warning(
            "chat endpoint",
            f"{chat.chat_url} does not list the model {name}; it has {listed}.",
            f"Correct {section}.chat_model, or load it (Ollama: `ollama pull {name}`).",
            models=models,
        )
    return ok("chat endpoint", f"{chat.chat_url} answers", models=models)


async def _steps(agent: LoadedAgent, address: ServerAddress, stack: AsyncExitStack) -> AsyncIterator[Finding]:
    connection = agent.config.connection
    if connection.embedded:
        yield ok("local speech", f"its three models are loaded (onnxruntime {installed('onnxruntime')})")
    else:
        async for finding in _on_the_way(probe.Way.to(address.url, connection.proxy), connection):
            yield finding
    began = time.monotonic()
    transport = await websocket.connect(address.url, address.headers, **socket_options(connection))
    stack.push_async_callback(transport.close)
    yield ok("upgrade", f"{address.shown_url} in {_ms(began)} ms", ms=_ms(began))
    if find_key(connection, os.environ):
        yield ok("key accepted", "yes")
        async for finding in _ends_of_models(agent, address):
            yield finding
    if connection.effective_protocol == "live":
        yield await _live_start(agent, transport)
        return
    first = await _told(transport, connection.first_event_timeout_s)
    yield _first_event(first, _ms(began))
    yield await _round_trip(agent, transport)


async def _ends_of_models(agent: LoadedAgent, address: ServerAddress) -> AsyncIterator[Finding]:
    """The shutdown dates of the agent's models in OpenAI's list; not every key may read that list."""
    connection = agent.config.connection
    if connection.effective_provider != "openai":
        return
    try:
        listed = await in_brief_thread(
            "models",
            shutdown_dates,
            address.url,
            address.headers,
            proxy=connection.proxy,
            ca_file=connection.ca_file,
        )
    except (OSError, ValueError, HTTPException):
        return
    for model in models_of(agent.config):
        day = listed.get(model) or listed.get(family(model))
        if day:
            text = f"{model} {'was' if day < date.today() else 'is'} shut down on {day}, says the server."
            instead = successor(model)
            remedy = f"Use {instead} instead." if instead else "Choose another model."
            yield warning("model", text, remedy, model=model, shutdown_date=str(day))


async def _on_the_way(way: probe.Way, connection: Connection) -> AsyncIterator[Finding]:
    """Check name and TLS; behind a proxy both are up to the proxy."""
    if way.proxy:
        yield ok("proxy", f"{way.host} is looked up through {way.proxy}", proxy=way.proxy)
        return
    began = time.monotonic()
    addresses = await probe.resolve(way)
    yield ok("name", f"{way.host} is {', '.join(addresses[:3])}", addresses=addresses, ms=_ms(began))
    began = time.monotonic()
    agreed = await probe.shake_hands(way, connection.connect_timeout_s, connection.ca_file)
    topic = "TLS" if way.tls else "port"
    yield ok(topic, f"{agreed} on port {way.port} in {_ms(began)} ms", ms=_ms(began), version=agreed)


def _first_event(told: Reported, ms: int) -> Finding:
    if error := _error(told):
        raise SessionFailed(f"The server's first event is an error: {error}.", "Check the model.")
    name = next(one.name for one in told if isinstance(one, e.ServerEventSeen))
    if name != "session.created":
        return warning(
            "first event",
            f"{name} after {ms} ms, not session.created.",
            "It may not support the current version of the protocol.",
            type=name,
            ms=ms,
        )
    return ok("first event", f"session.created after {ms} ms", type=name, ms=ms)


async def _round_trip(agent: LoadedAgent, transport: Transport) -> Finding:
    """Send the agent's own session object, and wait for the server's reply."""
    provider = agent.config.connection.effective_provider
    patch = for_provider(agent.config.session_patch(), provider)
    began = time.monotonic()
    update = translation_update if patch["type"] == "translation" else codec.session_update
    await _send(transport, codec.encode(update(patch)))
    while True:
        told = await _told(transport, agent.config.connection.first_event_timeout_s)
        if why := _error(told):
            error = SessionFailed(
                f"The server refuses the agent's [session]: {why}.", "Correct it in the agent file."
            )
            return failure("session", error, ms=_ms(began))
        if any(isinstance(one, e.SettingsInForce) and not one.defaults for one in told):
            break
    ms = _ms(began)
    said = f"the agent's settings are accepted; round trip {ms} ms"
    if ms > SLOW_ROUND_TRIP_MS:
        remedy = "Every answer is delayed by this much. Use a closer region or a better network."
        return warning("session", f"{said}, which is slow.", remedy, ms=ms)
    return ok("session", said, ms=ms)


async def _live_start(agent: LoadedAgent, transport: Transport) -> Finding:
    """Start the agent's own session and end it at once: a Live server says nothing before that."""
    began = time.monotonic()
    await _send(transport, codec.encode(session_start(agent.config.session_patch())))
    told = await _told(transport, agent.config.connection.first_event_timeout_s, LiveNarrator())
    ms = _ms(began)
    if why := _error(told):
        reason = f"The server refuses the agent's [session]: {why}."
        return failure("session", SessionFailed(reason, "Correct it in the agent file."), ms=ms)
    await _send(transport, codec.encode(LiveSessionClose()))
    return ok("session", f"the agent's Live session starts; {ms} ms", ms=ms)


async def _send(transport: Transport, text: str) -> None:
    try:
        await transport.send(text)
    except Closed as closed:
        raise _gone(closed) from None


async def _told(transport: Transport, timeout_s: float, narrator: Narrator | None = None) -> Reported:
    """What the server's next event says."""
    live = isinstance(narrator, LiveNarrator)
    try:
        async with asyncio.timeout(timeout_s):
            raw = await transport.recv()
        event = decode_live_server_event(raw) if live else codec.decode_server_event(raw)
        return (narrator or RealtimeNarrator()).narrate(Entry(0.0, "received", Received(0.0, event, raw)))
    except TimeoutError:
        remedy = (
            "Is it a Realtime server? Check connection.base_url, or raise connection.first_event_timeout_s."
        )
        raise ConnectionFailed(f"The server sent nothing within {timeout_s:g} s.", remedy) from None
    except codec.UndecodableEvent as error:
        raise ConnectionFailed(
            f"The server sent something that is not a Realtime event ({error.reason}).",
            "Check connection.base_url.",
        ) from None
    except Closed as closed:
        raise _gone(closed) from None


def _gone(closed: Closed) -> ConnectionFailed:
    return ConnectionFailed(
        f"The server hung up (code {closed.code}{', ' + closed.reason if closed.reason else ''}).",
        "The server's log or the account's limits may say why.",
    )


def _error(told: Reported) -> str:
    """The words of the error that was told; empty if there is none."""
    error = next((one for one in told if isinstance(one, e.ErrorReported)), None)
    return (error.message or "no reason given").rstrip(".") if error else ""


def _ms(began_s: float) -> int:
    return round((time.monotonic() - began_s) * 1000)
