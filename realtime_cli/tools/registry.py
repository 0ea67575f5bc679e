"""Every tool of an agent by name: what the model is told of it, and how a call is run.

A call is checked, asked about if it must be, waits for its turn, runs with a time limit, and always has
an answer: whatever goes wrong is told to the model in words. Nothing here raises for a bad call.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from typing import Any, Literal, Protocol

from realtime_cli.errors import ConfigError
from realtime_cli.notices import (
    ApprovalAnswered,
    ApprovalAsked,
    Noted,
    ToolNotice,
    ToolProgress,
    ToolStarted,
)
from realtime_cli.tools import arguments as args
from realtime_cli.tools.approval import AllowlistApprover, ApprovalAnswer, Approver, Question
from realtime_cli.tools.output import fitted, visible
from realtime_cli.tools.result import ToolResult
from realtime_cli.tools.tool import LastWords, Tool, ToolFailed
from realtime_cli.tools.trust import Guard

ANSWER_TIMEOUT_S = 120.0
CLOSE_TIMEOUT_S = 1.5


class Closable(Protocol):
    """A process, a client, a connection."""

    async def close(self) -> None: ...


class Registry:
    """Runs calls side by side. Whoever ``subscribe``s hears of questions, starts and progress."""

    def __init__(
        self,
        tools: Iterable[Tool] = (),
        hosted: Sequence[dict[str, Any]] = (),
        *,
        approver: Approver | None = None,
        edges: Sequence[Closable] = (),
        guard: Guard | None = None,
    ) -> None:
        self._tools = _by_name(tools)
        self._hosted = list(hosted)
        self._approver = approver or AllowlistApprover()
        self._edges = list(edges)
        self._guard = guard
        self._slots = {name: asyncio.Semaphore(tool.rules.concurrency) for name, tool in self._tools.items()}
        self._allowed: set[str] = set()
        self._asking = asyncio.Lock()
        self._running: dict[str, asyncio.Task[Any]] = {}
        self._listener: Callable[[ToolNotice], None] | None = None
        self._pending: list[ToolNotice] = []
        self._closed = False

    # -- what the session is told -------------------------------------------------------------

    @property
    def schemas(self) -> list[dict[str, Any]]:
        """What goes into ``session.tools``: functions, and MCP servers that the API calls itself."""
        return [*(tool.schema for tool in self._tools.values()), *self._hosted]

    @property
    def not_awaited(self) -> tuple[str, ...]:
        """Tools with ``wait = false``."""
        return tuple(name for name, tool in self._tools.items() if not tool.rules.wait)

    @property
    def cut_by_interruption(self) -> tuple[str, ...]:
        """Tools with ``cancel_on_interrupt``."""
        return tuple(name for name, tool in self._tools.items() if tool.rules.cancel_on_interrupt)

    def subscribe(self, listener: Callable[[ToolNotice], None]) -> None:
        """From now on ``listener`` gets every notice, and at once those that waited for it."""
        self._listener = listener
        pending, self._pending = self._pending, []
        for notice in pending:
            listener(notice)

    def notify(self, notice: ToolNotice) -> None:
        if self._listener:
            self._listener(notice)
        else:
            self._pending.append(notice)

    def report(self, level: Any, topic: str, text: str) -> None:
        """Notify of something beside the calls."""
        self.notify(Noted(0.0, level, topic, text))

    # -- calls --------------------------------------------------------------------------------

    async def call(self, call_id: str, name: str, arguments: str) -> ToolResult:
        """The result of one call; only cancellation leaves it without one."""
        tool = self._tools.get(name)
        if tool is None:
            there = ", ".join(self._tools) or "none"
            return ToolResult(f"There is no tool named {visible(name)!r}. There are: {there}.", failed=True)
        task = asyncio.current_task()
        assert task
        self._running[call_id] = task
        began: list[float] = []
        try:
            output, failed = await self._run(call_id, tool, arguments, began), False
        except ToolFailed as failure:
            output, failed = str(failure), True
        except Exception as error:  # a body calls foreign code: whatever escapes it is reported, too
            output, failed = f"{name} failed: {type(error).__name__}: {error}", True
        finally:
            self._running.pop(call_id, None)
        return ToolResult(
            fitted(visible(output), tool.rules.max_output_bytes),
            failed,
            tool.rules.respond or failed,
            time.monotonic() - began[0] if began else 0.0,
            (tool.hangs_up or isinstance(output, LastWords)) and not failed,
        )

    async def _run(self, call_id: str, tool: Tool, arguments: str, began: list[float]) -> str:
        given = args.without_nulls(args.parsed(arguments), tool.parameters)
        if not tool.checks_arguments:
            args.check(given, tool.parameters)
        if tool.asks:
            began.append(time.monotonic())
            return await self._asked_for(call_id, tool, arguments)
        await self._permission(call_id, tool, arguments, given)
        async with self._slots[tool.name]:
            if self._guard and self._guard.covers(tool.group or tool.name):
                await self._guard.check()
            began.append(time.monotonic())
            self.notify(ToolStarted(0.0, call_id))
            return await self._within_time(call_id, tool, given)

    async def _within_time(self, call_id: str, tool: Tool, given: dict[str, Any]) -> str:
        def progress(text: str) -> None:
            self.notify(ToolProgress(0.0, call_id, visible(fitted(text, 500))))

        limit_s = tool.rules.timeout_s
        try:
            async with asyncio.timeout(limit_s) as limit:
                return await tool.body.run(given, progress)
        except TimeoutError as error:
            if not limit.expired():
                raise
            raise ToolFailed(f"{tool.name} took longer than {limit_s:g} s and was stopped.") from error

    def cancel(self, call_id: str) -> None:
        """End a running call; its caller gets no result."""
        if task := self._running.get(call_id):
            task.cancel()

    # -- permission ---------------------------------------------------------------------------

    async def _permission(self, call_id: str, tool: Tool, arguments: str, given: dict[str, Any]) -> None:
        if tool.rules.approve == "never":
            raise ToolFailed(f"The agent file does not allow {tool.name} to run.")
        if tool.rules.approve == "always" or tool.name in self._allowed:
            return
        action = tool.describe(given)
        question = Question(
            call_id, tool.name, arguments, group=tool.group, action=action, origin=tool.origin
        )
        answer = await self._ask(question)
        if answer.verdict == "no":
            raise ToolFailed(f"The user did not allow this call. {answer.text}".rstrip())

    async def _asked_for(self, call_id: str, tool: Tool, arguments: str) -> str:
        question = Question(call_id, tool.name, arguments, "output")
        answer = await self._ask(question, tool.rules.timeout_s)
        if answer.verdict == "no":
            if answer.text:
                self.notify(Noted(0.0, "warning", "tools", f"{tool.name}() was not answered. {answer.text}"))
            raise ToolFailed(answer.text or "The user gave no result.")
        return answer.text

    async def approve(self, call_id: str, name: str, arguments: str) -> None:
        """Ask about a call that the server runs itself (hosted MCP, ``label.tool``)."""
        label = name.partition(".")[0]
        origin = f"MCP server {label}, run by the service"
        await self._ask(Question(call_id, name, arguments, group=label, origin=origin))

    async def _ask(self, question: Question, timeout_s: float = ANSWER_TIMEOUT_S) -> ApprovalAnswer:
        """Ask one question at a time; its time limit is for the user, not the tool."""
        async with self._asking:
            if question.name in self._allowed and question.kind == "run":
                answer = ApprovalAnswer("session")  # allowed for the session while this one waited
            else:
                if question.kind == "output" or not self._approver.approves(question):
                    self._announce(question)  # nothing is asked about what was allowed beforehand
                answer = await self._answer(question, timeout_s)
            if answer.verdict == "session" and question.kind == "run":
                self._allowed.add(question.name)
            self.notify(ApprovalAnswered(0.0, question.call_id, answer.verdict, answer.text))
            return answer

    def _announce(self, question: Question) -> None:
        kind: Literal["run", "output"] = "output" if question.kind == "output" else "run"
        arguments, action, origin = map(visible, (question.arguments, question.action, question.origin))
        self.notify(ApprovalAsked(0.0, question.call_id, question.name, arguments, kind, action, origin))

    async def _answer(self, question: Question, timeout_s: float) -> ApprovalAnswer:
        try:
            async with asyncio.timeout(timeout_s):
                return await self._approver.ask(question)
        except TimeoutError:
            return ApprovalAnswer("no", f"No answer within {timeout_s:g} s.")
        except asyncio.CancelledError:
            withdrawn = ApprovalAnswered(0.0, question.call_id, "no", "No longer needed.")
            self.notify(withdrawn)
            raise

    # -- the end ------------------------------------------------------------------------------

    async def close(self) -> None:
        """End every process and connection; may be called twice. Takes ``CLOSE_TIMEOUT_S`` at most."""
        if self._closed:
            return
        self._closed = True
        for task in list(self._running.values()):
            task.cancel()
        closing = [asyncio.ensure_future(edge.close()) for edge in self._edges]
        if closing:
            await asyncio.wait(closing, timeout=CLOSE_TIMEOUT_S)
        for late in closing:
            late.cancel()
        with suppress(asyncio.CancelledError):
            await asyncio.gather(*closing, return_exceptions=True)


def _by_name(tools: Iterable[Tool]) -> dict[str, Tool]:
    named: dict[str, Tool] = {}
    for tool in tools:
        if tool.name in named:
            raise ConfigError(f"Two tools are named {tool.name!r}.", "Give one of them another name.")
        named[tool.name] = tool
    return named
