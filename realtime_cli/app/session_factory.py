"""From an agent file to a session that can be held: for commands, scripts and the Python interface."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Callable, Collection, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol, Self

from realtime_cli import __version__
from realtime_cli.app.console import echo
from realtime_cli.app.local_servers import LocalServers
from realtime_cli.app.session_options import require_price, session_options, socket_options
from realtime_cli.client.any_session import AnyClientSession, client_session
from realtime_cli.client.inputs import Noted
from realtime_cli.config import LoadedAgent, ServerAddress, endpoint, load_agent
from realtime_cli.config.address import secrets_in
from realtime_cli.config.agent import AgentConfig
from realtime_cli.config.layers import ENVIRONMENT_PREFIX
from realtime_cli.config.providers import likely_provider
from realtime_cli.conversation.narrated import ConversationReader
from realtime_cli.errors import ConfigError, ExitCode, RealtimeCliError
from realtime_cli.hooks.hooks import names_of, open_hooks
from realtime_cli.ports import Connect, Observer, ToolsPort, VideoSource
from realtime_cli.recording import file
from realtime_cli.recording.format import Header
from realtime_cli.tools import preflight
from realtime_cli.tools.approval import APPROVE_OPTION, AllowlistApprover, Approver
from realtime_cli.tools.opening import open_registry
from realtime_cli.tools.permissions import SETTINGS, permissions_of
from realtime_cli.tools.tool import Tool
from realtime_cli.tools.trust import Guard, Trust, left_out, left_out_note
from realtime_cli.user_path import user_path
from realtime_cli.value import value
from realtime_cli.wire import websocket
from realtime_cli.wire.transport import Transport

if TYPE_CHECKING:
    from realtime_cli.app.chat_delegate import ChatDelegate

TRIES = 3  # questions about an agent whose files change while one is open


@value
class AgentOptions:
    """The options that every command with an agent has."""

    config: Path | None = None
    sets: tuple[str, ...] = ()
    base_url: str | None = None
    record: Path | None = None
    no_record: bool = False


@value
class OpenSession:
    """A session and its edges, ready to be held."""

    session: AnyClientSession
    connect: Connect
    tools: ToolsPort | None = None
    recorder: file.Recorder | None = None
    observers: Sequence[Observer] = ()
    readers: Sequence[ConversationReader] = ()
    """What ``[hooks]`` asks for."""
    secrets: tuple[str, ...] = field(default=(), repr=False)
    """Secrets that must not be shown."""
    eyes: VideoSource | None = None


@value
class Granted:
    """What an agent file may do.

    ``left_out``: tools, servers, hooks and settings that are not allowed; ``note`` tells the user about them.
    """

    agent: LoadedAgent
    left_out: Sequence[str] = ()
    note: str = ""
    guard: Guard | None = None


class ToolMocks(Protocol):
    """Tools that replace an agent's own."""

    @property
    def names(self) -> set[str]:
        """Those that are mocked."""

    def schemas(self, known: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
        """The schemas of those that are not among the agent's ``known`` tools."""

    def before(self, real: ToolsPort) -> ToolsPort:
        """The agent's tools with these in front."""


def names_a_provider(options: AgentOptions) -> bool:
    """Whether the command line or the environment says which server is meant."""
    keys = ("connection.provider", "connection.base_url")
    said = any(text.partition("=")[0].strip() in keys for text in options.sets)
    variables = (f"{ENVIRONMENT_PREFIX}{key.upper().replace('.', '__')}" for key in keys)
    return bool(options.config or options.base_url or said or any(name in os.environ for name in variables))


def provider_by_key(options: AgentOptions) -> dict[str, Any]:
    """The provider to use when none is named: the one whose key is set, or ``local``."""
    return {} if names_a_provider(options) else {"connection.provider": likely_provider(os.environ)}


def load(options: AgentOptions, more: Mapping[str, Any] | None = None) -> LoadedAgent:
    """Load the agent file, apply the command's options, and print its warnings."""
    over = dict(more or {})
    if options.base_url:
        over["connection.base_url"] = options.base_url
    if (found := provider_by_key(options)) != {"connection.provider": "local"}:  # which is offered, not taken
        over |= found
    agent = load_agent(options.config, options.sets, os.environ, over)
    for warning in agent.warnings:
        echo(f"realtime-cli: {warning}")
    return agent


def require_address(agent: LoadedAgent) -> None:
    """Raise AuthenticationFailed or ConfigError if it is already clear that no server can be reached."""
    if not agent.config.connection.embedded:
        endpoint(agent.config.connection, os.environ)


@dataclass
class SessionFactory:
    """Opens sessions of agents; the local servers that they need run until it is closed.

    ``replayed``: a recording that answers instead of the server that the agent names. ``trust``: agents that
    are not asked about.
    """

    servers: LocalServers = field(default_factory=LocalServers)
    replayed: Path | None = None
    trust: Trust = field(default_factory=Trust)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.servers.close()

    async def granted(
        self, agent: LoadedAgent, approver: Approver, mocks: ToolMocks | None = None
    ) -> Granted:
        """What the agent file may do; asks the user for trust if that is needed and somebody can answer.

        Raises ConfigError if the session as a whole needs trust and does not get it, for an approved tool
        that does not exist, and for a cost limit that could not be enforced.
        """
        require_price(agent)
        if not getattr(approver, "of_many", False):
            option = getattr(approver, "option", APPROVE_OPTION)
            preflight.check_approved(getattr(approver, "named", ()), agent.config, option=option)
        mocked = mocks.names if mocks else set()
        guard, out = await self._trusted(agent, approver, mocked)
        preflight.require(agent, os.environ, {*out, *mocked})
        missed, note = [name for name in out if name not in mocked], ""
        if missed:
            is_asked = not getattr(approver, "option", "")
            note = left_out_note(missed, guard.requested, self.trust, is_asked=is_asked)
        return Granted(_without(agent, out), out, note, guard)

    async def _trusted(
        self, agent: LoadedAgent, approver: Approver, mocked: Collection[str]
    ) -> tuple[Guard, list[str]]:
        """What is trusted, and what is left out. Files that change under the question are asked about."""
        for _ in range(TRIES):
            guard = Guard(permissions_of(agent), partial(permissions_of, agent), self.trust)
            out = await left_out(guard.requested, approver, self.trust, mocked)
            if not guard.requested.files or not guard.changed():
                return guard, out
        raise ConfigError(f"The files of {guard.requested.path} change all the time: they cannot be trusted.")

    @asynccontextmanager
    async def connecting(self, granted: Granted) -> AsyncIterator[Connect | None]:
        """A connection that begins at once, for :meth:`open`.

        It is made while devices open and modules load. None where a server must be started first. Raises
        what :meth:`address` raises.
        """
        if self.replayed or granted.agent.config.connection.embedded:
            yield None
            return
        way = _way(granted.agent, await self.address(granted.agent))
        begun: asyncio.Future[Transport] | None = asyncio.ensure_future(way())

        async def connect() -> Transport:
            nonlocal begun
            first, begun = begun, None
            return await (first or way())

        try:
            yield connect
        finally:
            if begun:
                begun.cancel()
                for made in await asyncio.gather(begun, return_exceptions=True):
                    if not isinstance(made, BaseException):
                        await made.close(1000, "")

    @asynccontextmanager
    async def open(
        self,
        agent: LoadedAgent | Granted,
        *,
        greet: bool = True,
        approver: Approver | None = None,
        seed: Sequence[dict[str, Any]] = (),
        mocks: ToolMocks | None = None,
        own_tools: Sequence[Tool] = (),
        record_to: Path | None = None,
        with_video: bool = False,
        command: str = "",
        attached: Literal["look_on", "steer"] | None = None,
        connect: Connect | None = None,
    ) -> AsyncIterator[OpenSession]:
        """The session of an agent. Its tools, hooks and recording are closed behind it.

        ``agent``: about one that was granted nobody is asked again. ``approver``: who allows tools that ask;
        without one they are refused. ``seed``: items to begin with, behind those of the agent file.
        ``own_tools``: of the program that holds the session. ``with_video``: frames of ``video.source`` are
        shown. ``command`` is named in the recording. ``attached``: to the call that the address names.
        ``connect``: of :meth:`connecting`.
        Raises AuthenticationFailed when a key is missing, ConfigError when there is no address or a tool,
        a hook or the recording cannot be had, and what :meth:`granted` raises.
        """
        approver = approver or AllowlistApprover()
        granted = agent if isinstance(agent, Granted) else await self.granted(agent, approver, mocks)
        agent, out = granted.agent, granted.left_out
        config = agent.config
        async with AsyncExitStack() as stack:
            address = await self.address(agent)
            delegate = _delegate(config)
            registry = await open_registry(
                config.tools,
                config.mcp,
                agent.folder,
                approver=approver,
                environ=os.environ,
                functions=config.session.tools or (),
                left_out=out,
                own=(*own_tools, *((delegate.tool(),) if delegate else ())),
                guard=granted.guard,
            )
            stack.push_async_callback(registry.close)
            if granted.note:
                registry.notify(Noted(0.0, "warning", "tools", granted.note))
            written = config.hooks.model_copy(update=dict.fromkeys(set(out) & set(names_of(config.hooks))))
            hooks = await open_hooks(written, agent.folder, os.environ, registry.notify, granted.guard)
            stack.push_async_callback(hooks.close)
            known = [*(config.session_patch().get("tools") or ()), *registry.schemas]
            mocked = mocks.schemas(known) if mocks else ()
            tools = mocks.before(registry) if mocks else registry
            if delegate:
                delegate.tools, delegate.notify = tools, registry.notify
                delegate.functions = [tool for tool in (*registry.schemas, *mocked) if not delegate.is_(tool)]
            session = client_session(
                session_options(
                    agent, registry, greet=greet and not seed, seed=seed, mocked=mocked, attached=attached
                )
            )
            secrets = secrets_of(agent, address)
            recorder = None
            if record_to:
                recorder = recorder_at(record_to, agent, session, secrets, command)
                stack.callback(recorder.break_off, ExitCode.BUG, "The conversation ended early.")
            eyes = video_source(agent, registry.report) if with_video else None
            yield OpenSession(
                session, connect or _way(agent, address), tools, recorder, (), (hooks,), secrets, eyes
            )

    async def address(self, agent: LoadedAgent) -> ServerAddress:
        """Where the agent's sessions are held; starts the local server if it is there.

        Raises AuthenticationFailed when a key is missing, ConfigError when there is no address.
        """
        connection = agent.config.connection
        kind = agent.config.session.type
        if self.replayed:
            return endpoint(connection, os.environ, base_url=await self.servers.replaying(self.replayed))
        if not connection.embedded:
            return endpoint(connection, os.environ, kind=kind)
        server = await self.servers.server(agent.config.local)
        address = endpoint(connection, os.environ, base_url=server.url, kind=kind)
        return replace(address, headers={**address.headers, **server.headers})


def _delegate(config: AgentConfig) -> ChatDelegate | None:
    """The chat endpoint that works for a Live agent. Raises ConfigError where its key is missing."""
    delegation = config.session_patch().get("delegation") or {}
    live = config.connection.effective_protocol == "live"
    if not config.delegation.chat_url or not live or delegation.get("type", "client") != "client":
        return None
    from realtime_cli.app.chat_delegate import ChatDelegate  # loads the engine's chat

    return ChatDelegate(config.delegation, config.limits.tool_rounds)


def _without(agent: LoadedAgent, names: Collection[str]) -> LoadedAgent:
    """The agent without those settings, as if they had not been written."""
    over: dict[str, dict[str, Any]] = {}
    for name in names:
        if name in SETTINGS:
            section, _, key = name.partition(".")
            over.setdefault(section, {})[key] = type(getattr(agent.config, section)).model_fields[key].default
    parts = {key: getattr(agent.config, key).model_copy(update=update) for key, update in over.items()}
    return replace(agent, config=agent.config.model_copy(update=parts)) if parts else agent


def video_source(agent: LoadedAgent, report: Callable[[Any, str, str], None]) -> VideoSource | None:
    """The camera, screen or file that the agent file names."""
    if not agent.config.video.source:
        return None
    from realtime_cli.video import sources
    from realtime_cli.video.capture import BackgroundCapture

    sources.load()
    return BackgroundCapture(agent.config.video, agent.folder, report, sys.platform, os.environ)


def _way(agent: LoadedAgent, address: ServerAddress) -> Connect:
    options = socket_options(agent.config.connection)

    async def connect() -> Transport:
        return await websocket.connect(address.url, address.headers, **options)

    return connect


def secrets_of(agent: LoadedAgent, place: ServerAddress) -> tuple[str, ...]:
    """Every secret of the session, so that the recorder can mask them."""
    values = [*place.headers.values(), *secrets_in(place.url), *agent.secrets(os.environ)]
    values += [value.removeprefix("Bearer ") for value in values]
    return tuple(value for value in values if len(value) >= 6)


def known_secrets(agents: Iterable[LoadedAgent]) -> set[str]:
    """The secrets of all these agents; an agent whose key is missing has none."""
    found: set[str] = set()
    for agent in agents:
        found.update(agent.secrets(os.environ))
        with suppress(RealtimeCliError):
            found.update(secrets_of(agent, endpoint(agent.config.connection, os.environ)))
    return found


def recording_path(agent: LoadedAgent, options: AgentOptions) -> Path | None:
    """Where to record the session; None if it is not recorded."""
    requested = agent.config.recording
    if options.no_record or not (requested.enabled or options.record):
        return None
    name = agent.path.stem if agent.path else "session"
    if named := options.record or (user_path(requested.path) if requested.path else None):
        return file.path_for(named, name)
    return file.new_path(name, user_path(requested.folder) if requested.folder else None)


def recorder_at(
    path: Path, agent: LoadedAgent, session: AnyClientSession, secrets: tuple[str, ...], command: str
) -> file.Recorder:
    """A recorder of this session. Raises ConfigError when the file cannot be made."""
    header = Header(
        tool=f"realtime-cli {__version__}",
        started=datetime.now().astimezone().isoformat(timespec="milliseconds"),
        command=command,
        agent=agent.path.name if agent.path else "",
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
