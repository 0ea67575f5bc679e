"""Who may run what: questions, answers, and those who give them."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal, Protocol

from realtime_cli.client.inputs import Verdict

ALL = "all"


@dataclass(frozen=True, slots=True)
class Question:
    """May this call run (``run``), what is its output (``output``), may this folder's tools run (``trust``)?

    ``arguments`` is the JSON text in full, with control characters made visible. ``group``: another name
    that the tool can be approved by.
    """

    call_id: str
    name: str
    arguments: str
    kind: Literal["run", "output", "trust"] = "run"
    group: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """``text``: the reason that the model hears, or the output that was asked for."""

    verdict: Verdict
    text: str = ""


class Approver(Protocol):
    """Answers one question at a time. ``approves``: what was allowed beforehand, by name."""

    def approves(self, question: Question) -> bool: ...

    async def ask(self, question: Question) -> Answer: ...


class Named:
    """Nobody to ask: what is named on the command line may run, everything else is refused."""

    def __init__(self, names: Collection[str] = ()) -> None:
        self._names = frozenset(names)

    def approves(self, question: Question) -> bool:
        return bool(self._names & {ALL, question.name, question.group or question.name})

    async def ask(self, question: Question) -> Answer:
        if question.kind == "output":
            return Answer("no", "There is nobody here who could give its result.")
        if self.approves(question):
            return Answer("session")
        remedy = f"--approve {question.name}" if question.kind == "run" else "--approve all"
        return Answer("no", f"Nobody is here to allow it; {remedy} on the command line would.")


class Desk:
    """Questions lie here until a key or a command answers the oldest.

    ``named``: what was allowed on the command line is not asked about.
    """

    def __init__(self, named: Collection[str] = ()) -> None:
        self._named = Named(named)
        self._open: deque[tuple[Question, asyncio.Future[Answer]]] = deque()

    @property
    def question(self) -> Question | None:
        """The one to answer now."""
        return self._open[0][0] if self._open else None

    def approves(self, question: Question) -> bool:
        return self._named.approves(question)

    async def ask(self, question: Question) -> Answer:
        if question.kind != "output" and self._named.approves(question):
            return Answer("session")
        answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._open.append((question, answer))
        try:
            return await answer
        finally:
            self._open.remove((question, answer))

    def answer(self, verdict: Verdict, text: str = "") -> bool:
        """Answer the oldest question; False if there is none."""
        for _, answer in self._open:
            if not answer.done():
                answer.set_result(Answer(verdict, text))
                return True
        return False
