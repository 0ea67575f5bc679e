"""From a case to an opened session: what ``run``, the pytest plugin and the Python interface share."""

from __future__ import annotations

import asyncio
import os
import secrets
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from realtime_cli.app import session_factory
from realtime_cli.client.session import ClientSession
from realtime_cli.config import LoadedAgent, load_agent
from realtime_cli.config.agent import LocalConfig
from realtime_cli.errors import ConfigError
from realtime_cli.recording import file
from realtime_cli.script.mocks import MockedTools, added_schemas
from realtime_cli.script.result import Case
from realtime_cli.script.runner import SessionHandle
from realtime_cli.tools.approval import AllowlistApprover
from realtime_cli.wire.auth import is_loopback

if TYPE_CHECKING:
    from realtime_cli.commands.serve import LocalServer
    from realtime_cli.wire.websocket import Listener

ROOM_FOR_MORE = 2  # connections beside those that were asked for: one may still be closing


@dataclass
class LocalServers:
    """The local servers of a run: one for each kind of ``[local]``, shared by all of its sessions.

    ``warm``: with all models loaded before the first session, which sessions in text do not need.
    """

    connections: int = 16
    warm: bool = True
    _running: dict[str, LocalServer] = field(default_factory=dict)
    _served: dict[Path, Listener] = field(default_factory=dict)
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def recording(self, path: Path) -> str:
        """The address at which a recording is served, to every session from its beginning."""
        from realtime_cli.commands.replay_serve import Service
        from realtime_cli.recording.reader import read
        from realtime_cli.wire import websocket

        async with self._lock:
            if path not in self._served:
                service = Service(read(path), strict=False, pace=1.0)
                self._served[path] = await websocket.serve(service.handle, "127.0.0.1", 0)
            return self._served[path].url

    async def server(self, config: LocalConfig) -> LocalServer:
        """The server for this configuration; started when it is first asked for."""
        from realtime_cli.commands import serve

        key = config.model_dump_json()
        async with self._lock:
            if key not in self._running:
                options = replace(
                    serve.of_config(config, os.environ),
                    host="127.0.0.1", port=0, key=secrets.token_urlsafe(24),
                    max_connections=self.connections + ROOM_FOR_MORE,
                )  # fmt: skip
                self._running[key] = await serve.listen(options, warm=self.warm)
            return self._running[key]

    async def close(self) -> None:
        """Stop whatever runs."""
        await asyncio.gather(
            *(server.close() for server in self._running.values()),
            *(listener.close() for listener in self._served.values()),
        )


@dataclass(frozen=True)
class Target:
    """Where sessions run, whatever the agents say: another agent, keys over it, another server.

    ``against``: ``local``, a ws:// address, the path of a recording, or None for the agent's own server.
    ``headers`` go with an address. ``approve``: real tools that may run unasked, or ``all``.
    """

    config: Path | None = None
    sets: tuple[str, ...] = ()
    against: str | None = None
    record: Path | None = None
    keep_recordings: bool = True
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    approve: tuple[str, ...] = ()
    records: bool = True
    """Without, nothing is written at all, and hooks have nothing to look at."""


@dataclass
class SessionFactory:
    """Opens the sessions of cases."""

    place: Target
    servers: LocalServers = field(default_factory=LocalServers)
    warned: set[str] = field(default_factory=set)
    _folder: Path | None = None
    _temporary: tempfile.TemporaryDirectory[str] | None = None

    @asynccontextmanager
    async def open(self, case: Case) -> AsyncIterator[SessionHandle]:
        """The session of a case, its tools mocked, recorded. Raises what loading the agent raises."""
        agent = await self._connected(case)
        async with session_factory.opened(
            agent, greet=True, approver=AllowlistApprover(self.place.approve)
        ) as opened:
            mocks = case.script.script.mocks
            session = _with_tools(opened.session, added_schemas(mocks, agent_tools(opened.session)))
            options = session_factory.AgentOptions(
                record=self._recording(case) if self.place.records else None, no_record=not self.place.records
            )
            recorder = session_factory.recorder_for(agent, options, session, opened.secrets, "run")
            aloud = agent.config.session.output_modalities != ["text"]
            tools = MockedTools(opened.tools, mocks)
            yield SessionHandle(session, opened.connect, tools, aloud, recorder, observers=(opened.hooks,))

    async def _connected(self, case: Case) -> LoadedAgent:
        """The agent, with the address of the shared local server or of the served recording."""
        if is_recording(self.place.against):
            url = await self.servers.recording(Path(str(self.place.against)))
            return agent_of(case, replace(self.place, against=url))
        agent = agent_of(case, self.place)
        if not agent.config.connection.embedded:
            return agent
        server = await self.servers.server(agent.config.local)
        return agent_of(case, replace(self.place, against=server.url, headers=server.headers))

    def _recording(self, case: Case) -> Path:
        return file.new_path(case.title, self.folder)

    @property
    def folder(self) -> Path:
        """Where recordings go; one that is deleted at the end when nothing shall be kept."""
        if self._folder is None:
            if self.place.keep_recordings:
                self._folder = self.place.record or file.folder()
            else:
                self._temporary = tempfile.TemporaryDirectory(prefix="realtime-cli-")
                self._folder = Path(self._temporary.name)
        return self._folder

    async def close(self) -> None:
        await self.servers.close()
        if self._temporary:
            self._temporary.cleanup()


def agent_of(case: Case, place: Target) -> LoadedAgent:
    """The agent of a case, with the layers of script, matrix and command line over its file."""
    script, variant = case.script.script, dict(case.variant)
    wanted = variant.pop("config", None)
    agent: Any = place.config or wanted or script.agent
    over: dict[str, Any] = dict(agent) if isinstance(agent, dict) else {}
    path = None if isinstance(agent, dict) else _path(agent, case, place)
    over |= {**script.set, **variant}
    if case.text:
        over["session.output_modalities"] = ["text"]
    if script.turns[0].kind == "nothing":
        over["conversation.greet"] = True
    over |= _connection(place)
    chosen = {text.partition("=")[0].strip() for text in place.sets}
    kept = {key: value for key, value in over.items() if key not in chosen}
    return load_agent(path, place.sets, os.environ, kept)


def _path(agent: str | Path, case: Case, place: Target) -> Path:
    """An agent's path is relative to its script; the command line's to where we are."""
    return Path(agent) if agent == place.config else case.script.folder / agent


def is_recording(against: str | None) -> bool:
    """Whether ``against`` names a recording."""
    return against is not None and against.endswith((".jsonl", ".jsonl.gz"))


def _connection(place: Target) -> Mapping[str, Any]:
    """The agent's ``[connection]``, where another server was named; no key goes to it."""
    against = place.against
    if against is None:
        return {}
    if against == "local" or is_recording(against):
        return {"connection": {"provider": "local"}}
    if against.startswith(("ws://", "wss://", "http://", "https://")):
        local = {"provider": "local", "base_url": against, "headers": dict(place.headers)}
        return {"connection": local} if _on_this_machine(against) else {"connection.base_url": against}
    raise ConfigError(f"--against {against} is no server.", "Say local, a ws:// address, or a recording.")


def _on_this_machine(url: str) -> bool:
    return is_loopback(urlsplit(url).hostname or "")


def agent_tools(session: ClientSession) -> list[dict[str, Any]]:
    """The tools that the session tells the model of."""
    return list(session.options.patch.get("tools") or ())


def _with_tools(session: ClientSession, added: list[dict[str, Any]]) -> ClientSession:
    if not added:
        return session
    patch = {**session.options.patch, "tools": [*agent_tools(session), *added]}
    return ClientSession(replace(session.options, patch=patch))
