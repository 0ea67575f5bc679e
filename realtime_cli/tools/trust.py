"""The question of trust: may this agent file do what it wants to do with this machine and its secrets?"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from realtime_cli.errors import ConfigError
from realtime_cli.tools import trusted_folders
from realtime_cli.tools.approval import Approver, Question
from realtime_cli.tools.permissions import HASH_DIGITS, Permissions
from realtime_cli.tools.tool import ToolFailed
from realtime_cli.value import value

TRUST_OPTION = "--trust HASH"
_HASH = re.compile(rf"[0-9a-f]{{{HASH_DIGITS}}}")


@dataclass(frozen=True, slots=True)
class Trust:
    """What is trusted without a question: hashes, agent files, or folders with all below them.

    ``option``: how one says it, with HASH for what is said. ``of_caller``: all that has no file of its own.
    Raises ConfigError for what is none of these.
    """

    given: tuple[str, ...] = ()
    option: str = TRUST_OPTION
    of_caller: bool = False

    def __post_init__(self) -> None:
        for each in self.given:
            if not _HASH.fullmatch(each) and not Path(each).exists():
                raise ConfigError(
                    f"{self.option.replace('HASH', each)}: there is no such file, and a hash has "
                    f"{HASH_DIGITS} digits.",
                    "Print it: realtime-cli config trust AGENT.toml",
                )

    def covers(self, requested: Permissions) -> bool:
        if self.of_caller and requested.path.is_dir():
            return True
        paths = [Path(each).resolve() for each in self.given if not _HASH.fullmatch(each)]
        files = [file for file in (requested.path, requested.script) if file]
        all_below = all(any(file.is_relative_to(path) for path in paths) for file in files)
        return requested.hash in self.given or all_below


async def left_out(
    requested: Permissions, approver: Approver, trust: Trust = Trust(), mocked: Collection[str] = ()
) -> list[str]:
    """The names of the tools, servers, hooks and settings to go without; none if a person trusts the agent.

    Raises ConfigError where the session as a whole needs trust and has none.
    """
    if not requested.demands or trust.covers(requested) or trusted_folders.is_trusted(requested):
        return []
    if any(demand.name not in mocked for demand in requested.demands):
        answer = await approver.ask(Question("trust", str(requested.path), _question(requested), "trust"))
        if answer.verdict == "session":
            trusted_folders.trust(requested)
        if answer.verdict != "no":
            return []
        _require_no_more(requested, trust, is_asked=not answer.text)
    return [demand.name for demand in requested.demands]


@value
class Guard:
    """Looks before each use whether the agent's files are still those that were trusted.

    ``now``: what the agent may do, read again. ``requested``: what was asked about.
    """

    requested: Permissions
    now: Callable[[], Permissions]
    trust: Trust = Trust()

    def covers(self, name: str) -> bool:
        """Whether a tool, server or hook runs files."""
        return bool(self.requested.files) and any(name == each.name for each in self.requested.demands)

    def changed(self) -> list[str]:
        """The files that are others now; none where the agent is trusted whatever it becomes."""
        now = self.now()
        if now.hash == self.requested.hash or self.trust.covers(now):
            return []
        before = self.requested.files
        names = [name for name in {**before, **now.files} if before.get(name) != now.files.get(name)]
        return sorted(names) or [now.path.name]

    async def check(self) -> None:
        """Raises ToolFailed where something has changed."""
        if changed := await asyncio.to_thread(self.changed):
            raise ToolFailed(
                f"It was not run: {', '.join(changed)} changed after the agent was trusted. "
                "The next session asks again."
            )


def unanswered(requested: Permissions, trust: Trust) -> list[str]:
    """The names of what is left out where nobody is there to ask."""
    if trust.covers(requested) or trusted_folders.is_trusted(requested):
        return []
    return [demand.name for demand in requested.demands]


def require_trust(requested: Permissions, trust: Trust = Trust()) -> None:
    """Raises ConfigError where a session as a whole needs trust and has none; nobody is asked."""
    if not trust.covers(requested) and not trusted_folders.is_trusted(requested):
        _require_no_more(requested, trust, is_asked=False)


def _require_no_more(requested: Permissions, trust: Trust, *, is_asked: bool) -> None:
    if whole := [demand.text for demand in requested.demands if not demand.name]:
        subject = requested.subject
        why = _why_not(f"this {subject}" if is_asked else f"This {subject}", is_asked=is_asked)
        remedy = "" if is_asked else _remedy(requested, trust)
        raise ConfigError(f"The {subject} of {requested.path} {'; it '.join(whole)}. {why}", remedy)


def left_out_note(names: Sequence[str], requested: Permissions, trust: Trust, *, is_asked: bool) -> str:
    """What the user is told of all that an agent without trust goes without."""
    begin = f"Not loaded: {', '.join(names)}. {_why_not(str(requested.path), is_asked=is_asked)}"
    return begin if is_asked else f"{begin} {_remedy(requested, trust)}"


def _why_not(what: str, *, is_asked: bool) -> str:
    if is_asked:
        return f"You did not trust {what}."
    return f"{what} is not trusted yet, and there is no terminal to ask."


def _remedy(requested: Permissions, trust: Trust) -> str:
    if requested.path.is_dir() or requested.script:
        return f"Pass {trust.option.replace('HASH', requested.hash)}."
    given = f"pass {trust.option} (`realtime-cli config trust {requested.path}` prints it)."
    if requested.subject == "agent":
        return f"Run `realtime-cli talk -c {requested.path}` once and answer y, or {given}"
    return f"P{given[1:]}"


def _question(requested: Permissions) -> str:
    lines = [f"  it {demand.text}" for demand in requested.demands]
    if changed := trusted_folders.changes(requested):
        lines += ["Since you last said yes:", *(f"  {change}" for change in changed)]
    return "\n".join(lines)
