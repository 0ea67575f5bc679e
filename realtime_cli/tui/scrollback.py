"""What leaves the live rows for the scrollback, and when: each line once, in conversation order.

A long answer does not wait for its end: a line is written as soon as it was heard and the next one has
begun. Only the first of the unsettled blocks may do so, because nothing can come above it.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from rich.text import Text

from realtime_cli.conversation.blocks import AgentTurn, Block, UserTurn, is_question
from realtime_cli.tui.cell_width import wrap
from realtime_cli.tui.panels import block_text, talk_row, wrapped
from realtime_cli.tui.theme import PRETTY, Theme
from realtime_cli.tui.view import View


@dataclass(slots=True)
class Scrollback:
    """A cursor into a view: ``taken`` blocks, and the beginning of one that is still growing."""

    taken: int = 0
    before: tuple[range, ...] = ()  # blocks that a replay need not write again
    omit_questions: bool = False  # the keyboard shows them
    _flowing: AgentTurn | None = None
    _flowed: int = 0  # how many characters of its paragraph
    _wrote_something: bool = False
    _first: int = field(init=False)

    def __post_init__(self) -> None:
        self._first = self.taken

    @property
    def written(self) -> tuple[range, ...]:
        """The blocks that were written, by this cursor or before it."""
        return (*self.before, range(self._first, self.taken))

    def take(self, view: View, width: int, theme: Theme = PRETTY) -> list[Text]:
        """The lines that are due for the scrollback now."""
        lines: list[Text] = []
        while (place := self.taken - view.forgotten) < view.settled:
            if not is_among(self.taken, self.before):
                lines += self._block(view.blocks[place], width, theme)
            self.taken += 1
        if place < len(view.blocks) and not is_among(self.taken, self.before):
            lines += self._begun(view.blocks[place], width, theme)
        return lines

    def _block(self, block: Block, width: int, theme: Theme) -> list[Text]:
        text = block_text(block, theme)[self._done_of(block) :]
        if not text.plain.strip() or (self.omit_questions and is_question(block)):
            return []
        return [*self._gap(block), *wrapped(text, width)]

    def _gap(self, block: Block) -> list[Text]:
        """An empty line above each turn of the user, so that exchanges stand apart."""
        gap = self._wrote_something and isinstance(block, UserTurn) and not block.late
        self._wrote_something = True
        return [Text()] if gap else []

    def _begun(self, block: Block, width: int, theme: Theme) -> list[Text]:
        """The whole lines of an answer that is still being heard, all but the last."""
        if not isinstance(block, AgentTurn) or block.final:
            return []
        text = block_text(block, theme)[self._done_of(block) :]
        spans = wrap(text.plain, width)
        if len(spans) < 2:
            return []
        lines = wrapped(text, width)[:-1]
        self._flowing, self._flowed = block, self._done_of(block) + spans[-1][0]
        self._wrote_something = True
        return lines

    def talk(self, view: View, width: int, theme: Theme = PRETTY) -> Text:
        """The live row of what is being said."""
        return talk_row(view, width, theme, self._done_of(view.current))

    def _done_of(self, block: Block | None) -> int:
        return self._flowed if block is not None and block is self._flowing else 0


def is_among(number: int, written: tuple[range, ...]) -> bool:
    """Whether the block of this number is one of these."""
    return any(number in numbers for numbers in written)
