"""Plain sentences, one a line, nothing repainted: for pipes, logs, screen readers and small terminals.

The conversation goes to ``out``; notes, warnings and the end card go to ``err``.
"""

from __future__ import annotations

from types import TracebackType
from typing import Self, TextIO

from realtime_cli.conversation.blocks import AgentTurn, Block, Notice, ToolCard, UserTurn, is_question
from realtime_cli.conversation.events import ConversationEvent, ToolWaiting
from realtime_cli.safe_text import for_encoding, one_line
from realtime_cli.tui.amounts import plural, seconds
from realtime_cli.tui.end_summary import EndSummary
from realtime_cli.tui.key_events import PanelName
from realtime_cli.tui.panel_contents import panel_lines
from realtime_cli.tui.panels import arguments_line, end_lines, interruption, reason_of
from realtime_cli.tui.question_box import call_lines
from realtime_cli.tui.questions import OpenQuestions
from realtime_cli.tui.view import View

_ANNOUNCED = {"muted": "Muted.", "paused": "Paused.", "reconnecting": "The connection was lost."}


class PlainFrontend:
    """A frontend that writes a sentence for each finished turn."""

    def __init__(self, out: TextIO, err: TextIO, view: View | None = None) -> None:
        self.view = view or View()
        self._out, self._err = out, err
        self._taken = 0
        self._word = ""
        self._warned: list[Notice] = []  # already written, ahead of the unfinished turn before them
        self._questions = OpenQuestions()
        self._why_over: Notice | None = None  # the reason of the end, which the caller may tell by itself

    @property
    def question(self) -> ToolWaiting | None:
        """The question that waits for the user, if there is one."""
        return self._questions.first

    def panel_text(self, name: PanelName) -> str:
        """What the live screen shows in a panel, as lines."""
        encoding = getattr(self._err, "encoding", None) or "utf-8"
        return "\n".join(for_encoding(line.plain, encoding) for line in panel_lines(name, self.view, 80))

    def observe(self, event: ConversationEvent) -> None:
        self.view.observe(event)
        self._questions.observe(event)
        if isinstance(event, ToolWaiting):
            self._write(self._err, question_sentence(event))
        self._announce()
        self._write_settled()

    def end(self, ending: EndSummary) -> None:
        self.view.close()
        self._write_settled()
        self._tell_why_over(by_caller=ending.tells_reason)
        if not ending.connected:
            return
        for name, value in end_lines(self.view, ending.recording, ending.replay):
            self._write(self._err, f"{name.capitalize()}: {value}")

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.view.close()
        self._write_settled()
        self._tell_why_over(by_caller=False)

    def _tell_why_over(self, *, by_caller: bool) -> None:
        notice, self._why_over = self._why_over, None
        if notice and not by_caller:
            self._write(self._err, sentence(notice))

    def _announce(self) -> None:
        word = self.view.state.word
        if word == self._word:
            return
        if word == "reconnecting" and self._word in ("", "connecting"):
            return  # there was no connection to lose; a notice says what is being tried
        if word in _ANNOUNCED:
            self._write(self._err, _ANNOUNCED[word])
        elif self._word in ("", "connecting", "reconnecting") and word in ("listening", "ready"):
            self._write(self._err, "Connected.")
        elif self._word in ("muted", "paused"):
            self._write(self._err, "Listening again.")
        self._word = word

    def _write_settled(self) -> None:
        while self._taken < self.view.forgotten + self.view.settled:
            block = self.view.blocks[self._taken - self.view.forgotten]
            self._taken += 1
            line = sentence(block)
            if isinstance(block, Notice) and (block.level, block.topic) == ("error", "session"):
                self._why_over = block
            elif line and not is_question(block) and not any(block is warned for warned in self._warned):
                self._write(self._err if isinstance(block, Notice) else self._out, line)
        self.view.forget_written(self._taken)
        self._warn()

    def _warn(self) -> None:
        """Write warnings at once: turns are written whole, so they cannot come into the middle of one."""
        pending = [
            notice
            for notice in self.view.pending
            if not is_question(notice) and (notice.level, notice.topic) != ("error", "session")
        ]
        for notice in pending:
            if not any(notice is warned for warned in self._warned):
                self._write(self._err, sentence(notice))
        self._warned = pending

    def _write(self, stream: TextIO, line: str) -> None:
        stream.write(for_encoding(line, getattr(stream, "encoding", None) or "utf-8") + "\n")
        stream.flush()


def question_sentence(question: ToolWaiting) -> str:
    """The call in full, and how a typed line answers."""
    call, *more = call_lines(question)
    if question.question == "output":
        return f"Question: What is the result of {call}? Write /approve RESULT, or n and a reason."
    about = f" ({', '.join(filter(None, more))})" if any(more) else ""
    answers = "y (this once), a (always, in this session), n, or n and a reason"
    return f"Question: May {call} run?{about} Answer {answers}."


def sentence(block: Block) -> str:
    """One line for a finished block; empty if there is nothing to show."""
    match block:
        case UserTurn():
            return _user(block)
        case AgentTurn():
            return _agent(block)
        case ToolCard():
            return _tool(block)
        case Notice():
            word = block.level if block.level in ("warning", "error") else block.topic or "note"
            return f"{one_line(word).capitalize()}: {one_line(block.text)}"


def _user(turn: UserTurn) -> str:
    said = one_line(turn.text)
    images = f"[{plural(turn.images, 'image')}]" if turn.images else ""
    missing = f"({one_line(turn.missing)})" if turn.missing else ""
    words = " ".join(filter(None, (said, images, missing)))
    who = "You, earlier" if turn.late else "You"
    return f"{who}: {words}" if words else ""


def _agent(turn: AgentTurn) -> str:
    said = one_line(turn.shown_text)
    if turn.cut_ms is not None:
        return f"Agent ({interruption(turn)}): {said}" if said else f"Agent ({interruption(turn)})."
    return f"Agent: {said}" if said else ""


def _tool(card: ToolCard) -> str:
    call = f"Tool {one_line(card.name)}({arguments_line(card.arguments)})"
    took = f" after {seconds(card.seconds)}" if card.seconds is not None else ""
    if card.state == "failed" and card.refused is not None:
        return f"{call} was not allowed{f': {one_line(card.refused)}' if card.refused else '.'}"
    match card.state:
        case "running":
            return f"{call} is {'waiting for your approval' if card.waits else 'running'}."
        case "cancelled":
            return f"{call} was cancelled."
        case "failed":
            return f"{call} failed{took}: {reason_of(card.output)}"
        case _:
            return f"{call} answered{took}: {one_line(card.output)}"
