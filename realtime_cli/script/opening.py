"""From a case to an open session: the agent with the script's layers over it, its tools mocked, recorded."""

from __future__ import annotations

import os
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from realtime_cli.app.attached_agent import attached_agent
from realtime_cli.app.console import echo
from realtime_cli.app.local_servers import LocalServers
from realtime_cli.app.session_factory import OpenSession, SessionFactory
from realtime_cli.app.targets import Target
from realtime_cli.config import LoadedAgent
from realtime_cli.recording import file
from realtime_cli.script.mocks import MockedTools
from realtime_cli.script.parameters import PREFIX, ROW
from realtime_cli.script.permissions import permissions_of_script
from realtime_cli.script.result import Case
from realtime_cli.tools import preflight
from realtime_cli.tools.approval import AllowlistApprover
from realtime_cli.tools.permissions import permissions_of
from realtime_cli.tools.trust import left_out_note, require_trust, unanswered

Recordings = Literal["kept", "temporary", "none"]
"""``temporary``: there for checks, deleted at the end. ``none``: nothing is written at all."""


@dataclass
class CaseOpener:
    """Opens the sessions of cases. ``folder``: where recordings are kept; None is the state folder."""

    target: Target
    servers: LocalServers = field(default_factory=LocalServers)
    recordings: Recordings = "kept"
    folder: Path | None = None
    _temporary: tempfile.TemporaryDirectory[str] | None = None

    def __post_init__(self) -> None:
        self._factory = SessionFactory(self.servers, self.target.replayed, self.target.trust)

    @asynccontextmanager
    async def open(self, case: Case) -> AsyncIterator[OpenSession]:
        """The session of a case. Raises what loading the agent raises, and ConfigError without trust."""
        require_trust(permissions_of_script(case.script), self.target.trust)
        async with self._factory.open(
            agent_of(case, self.target),
            approver=AllowlistApprover(self.target.approve, self.target.approve_option, of_many=True),
            mocks=MockedTools(case.script.script.mocks),
            record_to=self._recording(case),
            with_video=True,
            command="run",
            attached="steer" if case.script.script.call_id else None,
        ) as opened:
            yield opened

    def _recording(self, case: Case) -> Path | None:
        if self.recordings == "none":
            return None
        if self.recordings == "kept":
            return file.new_path(case.title, self.folder)
        if self._temporary is None:
            self._temporary = tempfile.TemporaryDirectory(prefix="realtime-cli-")
        return file.new_path(case.title, Path(self._temporary.name))

    async def close(self) -> None:
        """End the servers, and delete what was recorded for the checks alone."""
        await self.servers.close()
        if self._temporary:
            self._temporary.cleanup()


def agents_of(cases: Sequence[Case], target: Target) -> list[LoadedAgent]:
    """The agent of each case. Says what is left out of those that are not trusted.

    Raises ConfigError for what is wrong in any of them, for an approved tool that none of them has, and for
    a script, or an agent as a whole, that needs trust and has none.
    """
    for script in {case.script.path: case.script for case in cases}.values():
        require_trust(permissions_of_script(script), target.trust)
    agents = [agent_of(case, target) for case in cases]
    for agent in agents:
        require_trust(permissions_of(agent), target.trust)
    preflight.check_approved(
        target.approve, *(agent.config for agent in agents), option=target.approve_option
    )
    notes: dict[str, None] = {}
    for case, agent in zip(cases, agents, strict=True):
        requested = permissions_of(agent)
        unused = unanswered(requested, target.trust)
        mocked = MockedTools(case.script.script.mocks).names
        preflight.require(agent, os.environ, {*unused, *mocked})
        if missed := [name for name in unused if name not in mocked]:
            notes[left_out_note(missed, requested, target.trust, is_asked=False)] = None
    for note in notes:
        echo(f"realtime-cli: {note}")
    return agents


def agent_of(case: Case, target: Target) -> LoadedAgent:
    """The agent of a case, with the layers of script, matrix and command line over its file.

    The path of an agent is relative to its script; the command line's to where we are.
    """
    script, variant = case.script.script, dict(case.variant)
    written = variant.pop("config", None) or script.agent
    agent: Any = target.config or (written if isinstance(written, dict) else case.script.folder / written)
    of_agent = {key: value for key, value in variant.items() if key != ROW and not key.startswith(PREFIX)}
    over: dict[str, Any] = {**script.set, **of_agent}
    if script.history:
        over["conversation.items"] = [entry.model_dump(exclude_unset=True) for entry in script.history]
    if case.text:
        over["session.output_modalities"] = ["text"]
    if script.agent_opens:
        over["conversation.greet"] = True
    loaded = target.load(agent, over, str(case.script.path))
    return attached_agent(loaded, script.call_id) if script.call_id else loaded
