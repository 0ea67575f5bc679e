"""Who allows the agent's real tools to run: names, all of them, or a function of the program."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Collection

from realtime_cli.config.validation_errors import found_instead
from realtime_cli.script.turn_metrics import ToolCall, read_arguments
from realtime_cli.tools.approval import AllowlistApprover, ApprovalAnswer, Approver, Question

OPTION = 'approve=["NAME"]'
Approve = str | Collection[str] | Approver | Callable[[ToolCall], bool | Awaitable[bool]]


class CallableApprover:
    """Asks a function, sync or async, about each call."""

    option = OPTION
    named: frozenset[str] = frozenset()

    def __init__(self, allows: Callable[[ToolCall], bool | Awaitable[bool]]) -> None:
        self._allows = allows

    def approves(self, question: Question) -> bool:
        return False  # each call is a question of its own

    async def ask(self, question: Question) -> ApprovalAnswer:
        if question.kind != "run":
            return await AllowlistApprover((), OPTION).ask(question)
        allowed = self._allows(ToolCall(question.name, read_arguments(question.arguments)))
        allowed = await allowed if inspect.isawaitable(allowed) else allowed
        return ApprovalAnswer(
            "once" if allowed else "no", "" if allowed else "The program does not allow it."
        )


def approver_of(approve: Approve) -> Approver:
    """Whoever a program names."""
    if isinstance(approve, str):
        return AllowlistApprover([approve], OPTION)
    if isinstance(approve, Collection):
        return AllowlistApprover(approve, OPTION)
    if callable(approve):
        return CallableApprover(approve)
    if not hasattr(approve, "ask"):
        raise found_instead("approve", approve, 'names of tools, "all", or a function')
    return approve
