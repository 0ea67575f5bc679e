"""The order of a transcript: blocks, and how many of them will never change again.

``blocks[:settled]`` are final and stand still: a face may write them into the scrollback, once.
Everything behind may still change and move.
"""

from __future__ import annotations

from realtime_cli.client.bounded_dict import BoundedDict
from realtime_cli.conversation.blocks import AgentTurn, Block, Level, Notice, ToolCard, UserTurn

TRANSCRIPT_TIMEOUT_S = 10.0  # how long a turn without transcript may hold up what comes behind it
COMMIT_TIMEOUT_S = 5.0
URGENT = ("warning", "error")


class BlockOrder:
    """The blocks. ``at`` is the time of the entry being folded; ``paced``: text follows the sound heard."""

    def __init__(self) -> None:
        self.at = 0.0
        self.paced = False
        self.blocks: list[Block] = []
        self.settled = 0
        self.forgotten = 0
        """How many stood before the first of ``blocks``."""
        self.turns: BoundedDict[str, UserTurn | AgentTurn] = BoundedDict()  # by item id

    @property
    def open(self) -> list[Block]:
        """What may still change."""
        return self.blocks[self.settled :]

    def append(self, block: Block) -> None:
        self.blocks.append(block)

    def forget_first(self) -> Block:
        """Take the first block away, which is settled."""
        self.settled -= 1
        self.forgotten += 1
        return self.blocks.pop(0)

    def place(self, block: Block, previous_item_id: str | None) -> None:
        """Place a block after the item that the server names, unless that place has been written already."""
        previous = self.turns.get(previous_item_id or "")
        place = self.blocks.index(previous) + 1 if previous in self.blocks else len(self.blocks)
        while place < len(self.blocks) and isinstance(self.blocks[place], Notice):
            place += 1
        self.blocks.insert(max(place, self.settled), block)

    def notice(self, level: Level, topic: str, text: str, *, at_once: bool = False) -> None:
        """Place a notice after all that began before it, so that it breaks no sentence.

        For urgent ones see ``pending``.
        """
        place = self.settled if at_once else len(self.blocks)
        self.blocks.insert(place, Notice(self.at, level, topic, text))
        self.settle()

    @property
    def pending(self) -> list[Notice]:
        """Warnings and errors that stand behind something that is still going on."""
        return [block for block in self.open if isinstance(block, Notice) and block.level in URGENT]

    def settle(self) -> None:
        """Count the blocks at the head that are final, or have held up the others long enough."""
        while self.settled < len(self.blocks) and self._may_settle(self.blocks[self.settled]):
            self.blocks[self.settled].final = True
            self.settled += 1

    def _may_settle(self, block: Block) -> bool:
        if block.final:
            return True
        if isinstance(block, UserTurn):
            return self._waited_long_enough(block)
        if isinstance(block, ToolCard):
            block.left_running = self._talk_went_on()
            return block.left_running
        return False

    def _waited_long_enough(self, turn: UserTurn) -> bool:
        if turn.committed_at is not None:
            if self.at - turn.committed_at > TRANSCRIPT_TIMEOUT_S:
                turn.missing = turn.missing or "no transcript came"
                return True
            return False
        return turn.stopped_at is not None and self.at - turn.stopped_at > COMMIT_TIMEOUT_S

    def _talk_went_on(self) -> bool:
        """A turn after the head is over; a tool that still runs must not hold it back."""
        return any(block.final and isinstance(block, UserTurn | AgentTurn) for block in self.open[1:])

    def close(self) -> None:
        """The session is over: every block is final as it is."""
        for block in self.open:
            if isinstance(block, AgentTurn) and not block.final:
                block.stop_here(paced=self.paced)
            elif isinstance(block, UserTurn) and not (block.text or block.images or block.missing):
                block.missing = "no transcript"
            elif isinstance(block, ToolCard) and block.state == "running":
                block.state = "cancelled"
            block.final = True
        self.settle()
