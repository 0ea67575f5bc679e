"""From an agent file to a session that can be run: what ``talk``, ``text`` and ``run`` share."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from realtime_cli import __version__
from realtime_cli.app.console import echo
from realtime_cli.client.inputs import Noted
from realtime_cli.client.session import ClientSession, SessionOptions
from realtime_cli.config import LoadedAgent, ServerAddress, endpoint, load_agent
from realtime_cli.config.address import secrets_in
from realtime_cli.config.connection import Connection
from realtime_cli.errors import RealtimeCliError
from realtime_cli.hooks.hooks import Hooks, names_of, open_hooks
from realtime_cli.ports import Connect
from realtime_cli.recording import file
from realtime_cli.recording.format import Header
from realtime_cli.tools.approval import AllowlistApprover, Approver
from realtime_cli.tools.opening import open_registry, trusted_of, why_left_out
from realtime_cli.tools.registry import Registry
from realtime_cli.wire import websocket
from realtime_cli.wire.transport import Transport


@dataclass(frozen=True, slots=True)
class AgentOptions:
    """The options that every command with an agent has."""

    config: Path | None = None
    sets: tuple[str, ...] = ()
    base_url: str | None = None
    record: Path | None = None
    no_record: bool = False


@dataclass(frozen=True, slots=True)
class OpenSession:
    """A session and its edges, ready to be run."""

    session: ClientSession
    connect: Connect
    tools: Registry
    place: ServerAddress
    secrets: tuple[str, ...]
    hooks: Hooks
    """An observer: what ``[hooks]`` asks for."""


def load(options: AgentOptions, more: Mapping[str, Any] | None = None) -> LoadedAgent:
    """The agent with the command's options over it; its warnings are said."""
    over = dict(more or {})
    if options.base_url:
        over["connection.base_url"] = options.base_url
    agent = load_agent(options.config, options.sets, os.environ, over)
    for warning in agent.warnings:
        echo(f"realtime-cli: {warning}")
    return agent


def require_address(agent: LoadedAgent) -> None:
    """Raises AuthenticationFailed or ConfigError if it is clear by now that no server can be reached."""
    if not agent.config.connection.embedded:
        endpoint(agent.config.connection, os.environ)


@asynccontextmanager
async def opened(
    agent: LoadedAgent,
    *,
    greet: bool,
    warm: bool = True,
    approver: Approver | None = None,
    seed: Sequence[dict[str, Any]] = (),
) -> AsyncIterator[OpenSession]:
    """The session of an agent; the embedded server, if it is the agent's, runs as long as this is open.

    ``warm``: with every model of it loaded, which takes a second; a session in text needs none.
    ``approver``: who allows tools that ask; without one they are refused. ``seed``: items to begin with,
    behind those of the agent file.
    Raises AuthenticationFailed when a key is missing, ConfigError when there is no address.
    """
    config = agent.config
    server = None
    tools: Registry | None = None
    hooks: Hooks | None = None
    if config.connection.embedded:
        from realtime_cli.commands.serve import start_local_server

        server = await start_local_server(config.local, warm=warm)
    try:
        place = endpoint(config.connection, os.environ, base_url=server.url if server else None)
        headers = {**place.headers, **(server.headers if server else {})}
        tools = await open_registry(
            config.tools,
            config.mcp,
            agent.folder,
            approver=approver or AllowlistApprover(),
            environ=os.environ,
        )
        hooks = await _hooks(agent, tools, approver or AllowlistApprover())
        session = ClientSession(session_options(agent, tools, greet=greet and not seed, seed=seed))
        connection = config.connection

        async def connect() -> Transport:
            return await websocket.connect(place.url, headers, **socket_options(connection))

        yield OpenSession(session, connect, tools, place, secrets_of(agent, place), hooks)
    finally:
        if hooks:
            await hooks.close()
        if tools:
            await tools.close()
        if server:
            await server.close()


async def _hooks(agent: LoadedAgent, tools: Registry, approver: Approver) -> Hooks:
    """The hooks of an agent, which need the same trust as its tools."""
    written = agent.config.hooks
    wanted = names_of(written)
    trusted = await trusted_of(list(wanted), Path.cwd() / agent.folder, approver)
    if left_out := [name for name in wanted if name not in trusted]:
        text = f"Left out: {', '.join(left_out)}. {why_left_out(agent.folder, 'hooks')}"
        tools.notify(Noted(0.0, "warning", "hooks", text))
        written = written.model_copy(update=dict.fromkeys(left_out))
    return await open_hooks(written, agent.folder, os.environ, tools.notify)


def session_options(
    agent: LoadedAgent, tools: Registry, *, greet: bool, seed: Sequence[dict[str, Any]] = ()
) -> SessionOptions:
    """What the agent file decides for the session."""
    config = agent.config
    patch = config.session_patch()
    if tools.schemas:
        patch["tools"] = [*(patch.get("tools") or ()), *tools.schemas]
    return SessionOptions(
        patch=patch,
        provider=config.connection.effective_provider,
        seed=(*config.seed(), *seed),
        greet=greet and (config.conversation.greet or bool(config.conversation.greeting)),
        greeting=config.conversation.greeting,
        push_to_talk=config.audio.push_to_talk,
        start_muted=config.audio.start_paused,
        pre_roll_ms=config.audio.pre_roll_ms,
        tool_rounds=config.limits.tool_rounds,
        tools_not_awaited=tools.not_awaited,
        tools_cut_by_interruption=tools.cut_by_interruption,
        limit_cost_usd=config.limits.cost,
        limit_minutes=config.limits.minutes,
        limit_idle_minutes=config.limits.idle_minutes,
        prices=prices_of(agent),
        model=config.connection.model,
        video_when=config.video.when if config.video.source else None,
        video_detail=config.video.detail,
        video_start_paused=config.video.start_paused,
        video_keep=config.video.keep,
        video_respond=config.video.respond,
        barge_in=config.audio.barge_in,
        barge_in_after_ms=config.audio.barge_in_ms,
        first_event_timeout_s=config.connection.first_event_timeout_s,
        progress_timeout_s=config.connection.progress_timeout_s,
        reconnect_tries=config.connection.reconnect_tries,
        reconnect_first_s=config.connection.reconnect_first_s,
        reconnect_longest_s=config.connection.reconnect_longest_s,
    )


def prices_of(agent: LoadedAgent) -> dict[str, Any]:
    """The agent file's prices in the shape of the package's table: USD per million tokens by modality."""
    names = {"in": "input", "cached": "cached", "out": "output"}
    table: dict[str, Any] = {}
    for model, price in agent.config.prices.items():
        parts: dict[str, dict[str, float]] = {}
        for key, usd in price.model_dump(exclude_none=True).items():
            kind, way = key.split("_")
            parts.setdefault(kind, {})[names[way]] = usd
        table[model] = parts
    return table


def socket_options(connection: Connection) -> dict[str, Any]:
    """What ``[connection]`` says about the socket, as arguments of ``websocket.connect``."""
    return {
        "ca_file": connection.ca_file,
        "close_timeout_s": connection.close_timeout_s,
        "connect_timeout_s": connection.connect_timeout_s,
        "ping_interval_s": connection.ping_interval_s,
        "ping_timeout_s": connection.ping_timeout_s,
        "proxy": connection.proxy or True,
    }


def secrets_of(agent: LoadedAgent, place: ServerAddress) -> tuple[str, ...]:
    """Every secret that the session knows, so that the recorder can keep them out."""
    values = [*place.headers.values(), *secrets_in(place.url), *agent.secrets(os.environ)]
    values += [value.removeprefix("Bearer ") for value in values]
    return tuple(value for value in values if len(value) >= 6)


def known_secrets(agents: Iterable[LoadedAgent]) -> set[str]:
    """The secrets of all these agents, as far as they are there: one without its key has none to tell."""
    found: set[str] = set()
    for agent in agents:
        found.update(agent.secrets(os.environ))
        with suppress(RealtimeCliError):
            found.update(secrets_of(agent, endpoint(agent.config.connection, os.environ)))
    return found


def recorder_for(
    agent: LoadedAgent, options: AgentOptions, session: ClientSession, secrets: tuple[str, ...], command: str
) -> file.Recorder | None:
    """The recorder that options and agent file ask for; None when nothing is to be recorded."""
    wanted = agent.config.recording
    if options.no_record or not (wanted.enabled or options.record):
        return None
    name = agent.path.stem if agent.path else "session"
    named = options.record or (Path(wanted.path).expanduser() if wanted.path else None)
    if named:
        path = file.path_for(named, name)
    else:
        path = file.new_path(name, Path(wanted.folder).expanduser() if wanted.folder else None)
    header = Header(
        tool=f"realtime-cli {__version__}",
        started=datetime.now().astimezone().isoformat(timespec="milliseconds"),
        command=command,
        config=agent.shown(),
        session=asdict(session.options),
    )
    return file.Recorder(
        path,
        header,
        secrets=secrets,
        on_trouble=lambda message: echo(f"realtime-cli: {message}"),
        input_format=session.input_format,
        output_format=session.output_format,
    )
