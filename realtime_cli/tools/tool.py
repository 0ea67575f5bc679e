"""One tool: what the model is told of it, the rules of its calls, and the body that runs them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import field
from typing import Any, Protocol

from realtime_cli.config.tools import Approve, CallRules, McpServer
from realtime_cli.value import value

Progress = Callable[[str], None]


class ToolFailed(Exception):
    """A call that failed, told to the model in one or two sentences."""


class LastWords(str):
    """An output after which the session ends."""


class Body(Protocol):
    """Runs one call. Raises ToolFailed; on cancellation it leaves nothing running."""

    async def run(self, arguments: dict[str, Any], progress: Progress) -> str: ...


@value
class Rules:
    """How calls of a tool are run: times in seconds, output in bytes of UTF-8."""

    approve: Approve = "always"
    timeout_s: float = 30.0
    concurrency: int = 8
    max_output_bytes: int = 32_768
    respond: bool = True
    wait: bool = True
    cancel_on_interrupt: bool = False

    @classmethod
    def of(cls, written: CallRules | McpServer, by_kind: Approve) -> Rules:
        """The rules of an entry of the agent file; ``by_kind`` where it does not say who may run it."""
        names = ("timeout_s", "concurrency", "max_output_bytes", "respond", "wait", "cancel_on_interrupt")
        given = {name: getattr(written, name) for name in names if hasattr(written, name)}
        return cls(approve=written.approve or by_kind, **given)


@value
class Tool:
    """A tool under the name that the model calls it by.

    ``checks_arguments``: the body checks them itself, better than the schema could. ``hangs_up``: the
    session ends after it. ``asks``: its output is asked for, so nobody is asked before. ``group``: a name
    that stands for several tools where they are approved (an MCP server's). ``origin``: where it comes from,
    for the user. ``describe``: what a call would do, in full; raises ToolFailed like the body.
    """

    name: str
    description: str
    parameters: dict[str, Any]
    body: Body
    rules: Rules = field(default_factory=Rules)
    checks_arguments: bool = False
    hangs_up: bool = False
    asks: bool = False
    group: str = ""
    origin: str = ""
    describe: Callable[[dict[str, Any]], str] = lambda arguments: ""

    @property
    def schema(self) -> dict[str, Any]:
        """The entry in ``session.tools``."""
        told = {"type": "function", "name": self.name, "parameters": self.parameters}
        return {**told, "description": self.description} if self.description else told
