"""Where sessions are held, whatever their agents say: another agent, keys over it, another server."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from realtime_cli.config import LoadedAgent, load_agent
from realtime_cli.config.interpolation import referred
from realtime_cli.errors import ConfigError
from realtime_cli.tools.approval import APPROVE_OPTION
from realtime_cli.tools.trust import Trust
from realtime_cli.wire.auth import is_loopback

INSIDE: Mapping[str, Any] = {
    "provider": "local",
    "base_url": None,
    "resource": None,
    "auth": "none",
    "headers": {},
    "query": {},
    "proxy": None,
}  # only the model's name and the time limits of the agent's own server are kept
_FILES_AND_TOOLS = ("session.instructions", "session.tools")


@dataclass(frozen=True)
class Target:
    """What the command line says about all of its sessions.

    ``against``: ``local``, a ws:// address, the path of a recording, or None for the agent's own server.
    ``headers`` go with an address. ``approve``: real tools that may run unasked, or ``all``, and how one
    names them there. ``trust``: agents that are not asked about.
    """

    config: Path | None = None
    sets: tuple[str, ...] = ()
    against: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    approve: tuple[str, ...] = ()
    approve_option: str = APPROVE_OPTION
    trust: Trust = field(default_factory=Trust)

    @property
    def replayed(self) -> Path | None:
        """The recording that answers instead of a server."""
        return Path(self.against) if self.against and self.against.endswith((".jsonl", ".jsonl.gz")) else None

    def load(
        self, agent: Path | Mapping[str, Any] | None, over: Mapping[str, Any], place: str = ""
    ) -> LoadedAgent:
        """An agent, from its file or from keys, with ``over`` and this target's keys over it.

        ``place`` is where ``over`` and keys stand. The command line's ``sets`` win over all.
        Raises ConfigError for what is wrong in any of them, and for an ``against`` that is no server.
        """
        file = agent if isinstance(agent, Path) else None
        written = agent if isinstance(agent, Mapping) else None
        script = {**over, **self._connection()}
        if written and self.trust.of_caller:
            script = {**_key_for_there(written), **script}
        loaded = load_agent(file, self.sets, os.environ, written=written, script=script, place=place)
        if place and (written or any(map(_may_do_more, over.items()))):
            loaded = replace(loaded, script=Path(place))
        return loaded

    def _connection(self) -> Mapping[str, Any]:
        """``[connection]`` for another server: the agent's model is kept, its key is not sent there."""
        if self.against is None:
            return {}
        if self.replayed:
            self._can_answer(self.replayed)
        if self.against == "local" or self.replayed:
            return _dotted(INSIDE)
        if not self.against.startswith(("ws://", "wss://", "http://", "https://")):
            raise ConfigError(
                f"{self.against!r} is not a valid server.",
                "Use local, a ws:// address, or a recording.",
            )
        if is_loopback(urlsplit(self.against).hostname or ""):
            return _dotted({"provider": "local", "base_url": self.against, "headers": dict(self.headers)})
        headers = {"headers": dict(self.headers)} if self.headers else {}
        return _dotted({"base_url": self.against, **headers})

    def _can_answer(self, recording: Path) -> None:
        from realtime_cli.recording.reader import read

        if recording.exists() and read(recording).header.options().protocol == "live":
            raise ConfigError(
                f"{recording.name} was recorded with the Live protocol: it cannot answer instead of a server."
            )


def _may_do_more(setting: tuple[str, Any]) -> bool:
    """Whether a key that a script sets can change what its agent may do."""
    key, value = setting
    harmless = key.startswith(("session.", "conversation.", "limits."))
    return not harmless or key.startswith(_FILES_AND_TOOLS) or any(referred(value))


def _key_for_there(written: Mapping[str, Any]) -> Mapping[str, Any]:
    """The key of an agent that names no server: it is meant for the server that the caller names."""
    connection = written.get("connection")
    if not isinstance(connection, Mapping) or {"provider", "base_url", "resource"} & connection.keys():
        return {}
    return _dotted({key: connection[key] for key in ("api_key", "api_key_env") if key in connection})


def _dotted(connection: Mapping[str, Any]) -> Mapping[str, Any]:
    return {f"connection.{key}": value for key, value in connection.items()}
