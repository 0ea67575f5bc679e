"""Who may run what: questions, answers, and those who give them."""

from __future__ import annotations

import asyncio
import sys
import threading
from collections import deque
from collections.abc import Collection
from contextlib import suppress
from typing import Literal, Protocol

from realtime_cli.notices import Verdict
from realtime_cli.tools.output import visible
from realtime_cli.value import value

ALL = "all"
APPROVE_OPTION = "--approve NAME"


@value
class Question:
    """May this call run (``run``), what is its output (``output``), may this agent do all that (``trust``)?

    ``arguments`` is the JSON text in full, with control characters made visible. ``group``: another name
    that the tool can be approved by. ``action`` and ``origin``: what would be done, and where the tool
    comes from.
    """

    call_id: str
    name: str
    arguments: str
    kind: Literal["run", "output", "trust"] = "run"
    group: str = ""
    action: str = ""
    origin: str = ""


@value
class ApprovalAnswer:
    """``text``: the reason that the model hears, or the output that was asked for."""

    verdict: Verdict
    text: str = ""


class Approver(Protocol):
    """Answers one question at a time. ``approves``: what was allowed beforehand, by name."""

    def approves(self, question: Question) -> bool: ...

    async def ask(self, question: Question) -> ApprovalAnswer: ...


async def asked_in_terminal(question: Question) -> ApprovalAnswer:
    """A question of trust, in plain lines on stderr and stdin; the answer is remembered if it is yes."""
    answer: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    def give(line: str) -> None:
        if not answer.done():
            answer.set_result(line)

    def read() -> None:
        sys.stderr.write(
            f"The agent of {visible(question.name)} does more than talk:\n"
            f"{visible(question.arguments)}\n"
            "Do you trust it, as long as none of this changes? [y/N] "
        )
        sys.stderr.flush()
        line = sys.stdin.readline()
        with suppress(RuntimeError):  # the loop is gone: the user ended the program instead
            answer.get_loop().call_soon_threadsafe(give, line)

    threading.Thread(target=read, name="trust", daemon=True).start()
    return ApprovalAnswer("session" if (await answer).strip().lower() in ("y", "yes") else "no")


class AllowlistApprover:
    """For sessions without a user to ask: named tools may run, everything else is refused.

    ``option``: how one names a tool, called NAME in it. ``of_many``: the names are for several agents, of
    which each has only some.
    """

    def __init__(
        self, names: Collection[str] = (), option: str = APPROVE_OPTION, *, of_many: bool = False
    ) -> None:
        self.named = frozenset(names)
        self.option = option
        self.of_many = of_many

    def approves(self, question: Question) -> bool:
        return bool(self.named & {ALL, question.name, question.group or question.name})

    async def ask(self, question: Question) -> ApprovalAnswer:
        if question.kind == "output":
            return ApprovalAnswer("no", "There is no user to give its result.")
        if question.kind == "trust":
            return ApprovalAnswer("no", "There is no user to ask.")
        if self.approves(question):
            return ApprovalAnswer("session")
        remedy = self.option.replace("NAME", question.name)
        return ApprovalAnswer("no", f"There is no user to allow it. To allow it, pass {remedy}.")


class InteractiveApprover:
    """Holds questions until a key or a command answers the oldest.

    ``named``: what was allowed on the command line is not asked about.
    """

    def __init__(self, named: Collection[str] = ()) -> None:
        self._named = AllowlistApprover(named)
        self.named = self._named.named
        self._open: deque[tuple[Question, asyncio.Future[ApprovalAnswer]]] = deque()

    @property
    def question(self) -> Question | None:
        """The one to answer now."""
        return self._open[0][0] if self._open else None

    def approves(self, question: Question) -> bool:
        return self._named.approves(question)

    async def ask(self, question: Question) -> ApprovalAnswer:
        if question.kind == "run" and self._named.approves(question):
            return ApprovalAnswer("session")
        if question.kind == "trust":  # asked before there is a screen
            return await asked_in_terminal(question)
        answer: asyncio.Future[ApprovalAnswer] = asyncio.get_running_loop().create_future()
        self._open.append((question, answer))
        try:
            return await answer
        finally:
            self._open.remove((question, answer))

    def answer(self, verdict: Verdict, text: str = "") -> bool:
        """Answer the oldest question; False if there is none."""
        for _, answer in self._open:
            if not answer.done():
                answer.set_result(ApprovalAnswer(verdict, text))
                return True
        return False
