"""Tools of an agent file, open for a test; and processes, seen from outside."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from textwrap import dedent
from typing import Any

from realtime_cli.config import load_agent
from realtime_cli.notices import ToolNotice
from realtime_cli.tools import trusted_folders
from realtime_cli.tools.approval import AllowlistApprover, Approver
from realtime_cli.tools.opening import open_registry
from realtime_cli.tools.permissions import permissions_of
from realtime_cli.tools.registry import Registry
from realtime_cli.tools.result import ToolResult
from realtime_cli.tools.trust import Trust, left_out


class Toolbox:
    """A registry, and all that it told."""

    def __init__(self, registry: Registry) -> None:
        self.registry = registry
        self.told: list[ToolNotice] = []
        registry.subscribe(self.told.append)
        self._count = 0

    async def call(self, name: str, /, _raw: str | None = None, **arguments: Any) -> ToolResult:
        self._count += 1
        text = json.dumps(arguments) if _raw is None else _raw
        async with asyncio.timeout(60):
            return await self.registry.call(f"call_{self._count}", name, text)

    def heard(self, kind: type) -> list[Any]:
        return [told for told in self.told if isinstance(told, kind)]

    @property
    def names(self) -> list[str]:
        return [schema["name"] for schema in self.registry.schemas if schema["type"] == "function"]


def trusting(folder: Path, agent: str) -> Path:
    """An agent file to which a person has said yes."""
    path = folder / "agent.toml"
    path.write_text(dedent(agent), encoding="utf-8")
    trusted_folders.trust(permissions_of(load_agent(path)))
    return path


@asynccontextmanager
async def toolbox(
    folder: Path,
    agent: str,
    approver: Approver | None = None,
    *,
    approve: Sequence[str] = ("all",),
    trusted: bool = True,
) -> AsyncIterator[Toolbox]:
    """The tools of an agent file in ``folder``; closed when the test is done with them.

    ``trusted``: without an approver, who is asked instead.
    """
    path = folder / "agent.toml"
    path.write_text(dedent(agent), encoding="utf-8")
    loaded, approver = load_agent(path), approver or AllowlistApprover(approve)
    trust = Trust((str(folder),) if trusted and isinstance(approver, AllowlistApprover) else ())
    out = await left_out(permissions_of(loaded), approver, trust)
    registry = await open_registry(
        loaded.config.tools,
        loaded.config.mcp,
        folder,
        approver=approver,
        environ=os.environ,
        left_out=out,
    )
    try:
        yield Toolbox(registry)
    finally:
        await registry.close()


def runs(pid: int) -> bool:
    """Whether a process, or with ``-pid`` any of its group, still runs.

    One that has ended counts as gone though nobody has asked for its exit code: a container's first process
    inherits such orphans, and only an init reaps them.
    """
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    states = list(_states(pid))
    return not states or any(state not in "ZX" for state in states)


def _states(pid: int) -> Iterator[str]:
    """The states of the processes meant, as proc(5) spells them; none where the system does not tell."""
    paths = [Path(f"/proc/{pid}/stat")] if pid > 0 else Path("/proc").glob("[0-9]*/stat")
    for path in paths:
        with suppress(OSError):
            state, _, group = path.read_text().rpartition(") ")[2].split()[:3]
            if pid > 0 or int(group) == -pid:
                yield state


async def gone(pid: int) -> bool:
    """Whether a process ends within 5 s: one that was killed may stay listed for a moment."""
    for _ in range(250):
        if not runs(pid):
            return True
        await asyncio.sleep(0.02)
    return False
