"""A question about a tool call, in a box: what would run, in full, and the answers to choose from."""

from __future__ import annotations

from typing import NamedTuple

from rich.text import Text

from realtime_cli.conversation.events import ToolWaiting
from realtime_cli.notices import Verdict
from realtime_cli.safe_text import one_line
from realtime_cli.tui.cell_width import cells, wrap
from realtime_cli.tui.panels import arguments_line
from realtime_cli.tui.theme import DIM, PRETTY, WARNING, Theme

MIN_ROWS = 4  # the border, one line of the call, and all answers on another


class AnswerChoice(NamedTuple):
    """An answer: its key, its words, its verdict. With a ``prompt``, the user writes a text first."""

    key: str
    words: str
    verdict: Verdict
    prompt: str = ""


CHOICES = {
    "run": (
        AnswerChoice("y", "yes, this once", "once"),
        AnswerChoice("a", "always, in this session", "session"),
        AnswerChoice("n", "no", "no"),
        AnswerChoice("b", "no, because ...", "no", "no, because"),
    ),
    "output": (
        AnswerChoice("a", "answer: write its result", "once", "result"),
        AnswerChoice("n", "no result", "no"),
        AnswerChoice("b", "no result, because ...", "no", "no, because"),
    ),
}
_TITLES = {"run": "May this run?", "output": "What is the result of this call?"}


class QuestionBox:
    """The box of one question. ``selected`` is set once an arrow key has been pressed."""

    def __init__(self, question: ToolWaiting) -> None:
        self.question = question
        self.choices = CHOICES[question.question]
        self.selected: int | None = None

    def choice(self, key: str) -> AnswerChoice | None:
        """The one that a letter or a number stands for."""
        for number, choice in enumerate(self.choices, 1):
            if key.lower() in (choice.key, str(number)):
                return choice
        return None

    def select(self, step: int) -> None:
        before = self.selected if self.selected is not None else (-1 if step > 0 else len(self.choices))
        self.selected = (before + step) % len(self.choices)

    def fits(self, width: int, room: int) -> bool:
        """Whether the whole call can be read in the box."""
        return len(self._spans(width)) + MIN_ROWS - 1 <= room

    def _spans(self, width: int) -> list[tuple[int, int]]:
        return wrap(self.whole.plain, width - 4, whole_addresses=False)

    @property
    def whole(self) -> Text:
        """The call in the notation of the tool's card, what it would do, and where the tool comes from."""
        return Text("\n").join(
            Text(line, style)
            for line, style in zip(call_lines(self.question), ("bold", "bold", DIM), strict=True)
            if line
        )

    def rows(self, width: int, room: int, theme: Theme = PRETTY) -> list[Text]:
        """The box: with one answer a line where there is room, else all answers on one."""
        whole = self.whole
        spans = self._spans(width)
        listed = len(spans) + 2 + len(self.choices) <= room
        answers = self._listed(theme) if listed else [self._in_one_row(width - 4)]
        shown = max(1, room - 2 - len(answers))
        lines = [whole[start:end] for start, end in spans[:shown]]
        if len(spans) > shown:
            lines[-1] = Text(f"({len(spans) - shown + 1} more lines: see above)", DIM)
        return _boxed(_TITLES[self.question.question], [*lines, *answers], width, theme)

    def _listed(self, theme: Theme) -> list[Text]:
        rows = []
        for place, choice in enumerate(self.choices):
            mark = theme.prompt if place == self.selected else " "
            row = Text.assemble(f"{mark} {place + 1} ", (choice.key, "bold"), f"  {choice.words}")
            row.stylize("reverse" if place == self.selected else "")
            rows.append(row)
        return rows

    def _in_one_row(self, width: int) -> Text:
        row = Text()
        for place, choice in enumerate(self.choices):
            words = choice.words.partition(",")[0] if place < len(self.choices) - 1 else "no, because"
            if row.cell_len + cells(words) + 5 <= width:
                row.append("  " if place else "").append(choice.key, "bold")
                row.append(f" {words}", "reverse" if place == self.selected else "")
        return row


def call_lines(question: ToolWaiting) -> tuple[str, str, str]:
    """Call, action and origin in words; action and origin may be empty."""
    call = f"{one_line(question.name)}({arguments_line(question.arguments)})"
    action = f"runs: {one_line(question.action)}" if question.action else ""
    return call, action, f"from: {one_line(question.origin)}" if question.origin else ""


def _boxed(title: str, lines: list[Text], width: int, theme: Theme) -> list[Text]:
    left, right, low_left, low_right, across, down = tuple(theme.box)
    style = WARNING
    top = f"{left}{across} {title} "
    rows = [Text(top + across * (width - cells(top) - 1) + right, style)]
    for line in lines:
        line.truncate(width - 4)
        row = Text.assemble((f"{down} ", style), line, " " * (width - 4 - line.cell_len), (f" {down}", style))
        rows.append(row)
    return [*rows, Text(low_left + across * (width - 2) + low_right, style)]
