"""Everything that a screen shows, folded from conversation events, live or recorded."""

from __future__ import annotations

from typing import Any

from realtime_cli.client.cost import Prices, load_prices
from realtime_cli.conversation import events as e
from realtime_cli.conversation.blocks import AgentTurn, Block, Notice, ToolCard, UserTurn
from realtime_cli.conversation.status import Status
from realtime_cli.conversation.transcript import Transcript
from realtime_cli.tui.meters import Meters
from realtime_cli.tui.stats import SessionStats
from realtime_cli.tui.video_panel import VideoPanel

KEPT_BLOCKS = 100  # of those that were written: what comes late may still belong behind one of them


class View:
    """``observe`` events in order; drawing reads and changes nothing. All time is session time.

    ``model``: the model whose prices apply; taken from the session when not given.
    """

    def __init__(
        self,
        *,
        push_to_talk: bool = False,
        muted: bool = False,
        prices: Prices | None = None,
        model: str | None = None,
    ) -> None:
        prices = prices or load_prices()
        self._options: dict[str, Any] = {
            "push_to_talk": push_to_talk,
            "muted": muted,
            "prices": prices,
            "model": model,
        }
        self.at = 0.0
        self.transcript = Transcript()
        self.state = Status(push_to_talk=push_to_talk, muted=muted)
        self.meters = Meters()
        self.video = VideoPanel()
        self.figures = SessionStats(prices, model)
        self.last_call: ToolCard | None = None
        """Of the calls that are no longer in ``blocks``, the last."""
        self._turns_before = [0, 0]  # of the user and of the agent, in blocks that are forgotten
        self.session: e.Json = {}
        """The settings in force, in the shape of the API's session object."""

    def observe(self, event: e.ConversationEvent) -> None:
        self.at = max(self.at, event.at)
        self.transcript.observe(event)
        if isinstance(event, e.LevelsMeasured):  # ten of these come a second, and no other part reads them
            self.meters.observe(event)
            return
        self.state.observe(event)
        self.figures.observe(event)
        self.video.observe(event)
        if isinstance(event, e.SettingsInForce) and not event.defaults:
            self.session = event.session

    def forget_written(self, taken: int) -> None:
        """The first ``taken`` blocks were written, and are not drawn again: count those that are old."""
        while self.forgotten + KEPT_BLOCKS < taken:
            block = self.transcript.order.forget_first()
            self._turns_before[0] += self._is_users_turn(block)
            self._turns_before[1] += _is_agents_turn(block)
            if isinstance(block, ToolCard) and block.state != "running":
                self.last_call = block

    def _is_users_turn(self, block: Block) -> bool:
        if not isinstance(block, UserTurn) or block.late:
            return False
        return not block.spoken or self.figures.is_users_turn(block.item_id)

    @property
    def turn_counts(self) -> tuple[int, int]:
        """How many turns the user and the agent took so far."""
        users, agents = self._turns_before
        return users + sum(map(self._is_users_turn, self.blocks)), agents + sum(
            map(_is_agents_turn, self.blocks)
        )

    def empty_copy(self) -> View:
        """An empty view with the same options and prices."""
        return View(**self._options)

    def close(self) -> None:
        """The session is over: show unfinished blocks as they are."""
        self.transcript.order.close()

    @property
    def blocks(self) -> list[Block]:
        """The last ones; ``forgotten`` others stood before them."""
        return self.transcript.order.blocks

    @property
    def forgotten(self) -> int:
        return self.transcript.order.forgotten

    @property
    def pending(self) -> list[Notice]:
        """Warnings and errors that are not in ``blocks[:settled]`` yet."""
        return self.transcript.order.pending

    @property
    def settled(self) -> int:
        """``blocks[:settled]`` are final and in order: they may flow into the scrollback, once."""
        return self.transcript.order.settled

    @property
    def running(self) -> ToolCard | None:
        """The tool that is running."""
        cards = (b for b in self.blocks[self.settled :] if isinstance(b, ToolCard) and not b.final)
        return next(cards, None)

    def text_of(self, item_id: str) -> str:
        """What is shown of a message of the agent."""
        turn = self.transcript.order.turns.get(item_id)
        return turn.shown_text if isinstance(turn, AgentTurn) else ""

    @property
    def current(self) -> UserTurn | AgentTurn | None:
        """The turn that is going on: what the user says now, else what the agent does."""
        open_turns = [b for b in self.blocks[self.settled :] if isinstance(b, UserTurn | AgentTurn)]
        for turn in reversed(open_turns):
            if isinstance(turn, UserTurn) and not turn.final and turn.committed_at is None:
                return turn
        for turn in open_turns:
            if isinstance(turn, AgentTurn) and (turn.shown_text or turn.begun) and not turn.final:
                return turn
        return open_turns[0] if open_turns else None


def _is_agents_turn(block: Block) -> bool:
    return isinstance(block, AgentTurn) and block.begun
