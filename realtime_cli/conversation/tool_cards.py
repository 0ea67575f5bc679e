"""Tool calls as cards, whoever runs them; shown twice if they take long."""

from __future__ import annotations

from realtime_cli.conversation import events as e
from realtime_cli.conversation.block_order import BlockOrder
from realtime_cli.conversation.blocks import ToolCard


class ToolCards:
    """The cards by call id, in the order of the conversation."""

    def __init__(self, order: BlockOrder) -> None:
        self._order = order
        self._cards: dict[str, ToolCard] = {}

    def observe(self, event: e.ConversationEvent) -> None:
        match event:
            case e.ToolCalled():
                made = ToolCard(event.at, event.call_id, event.name, event.arguments)
                self._cards[event.call_id] = made
                self._order.append(made)
            case e.ToolWaiting() | e.ToolAnswered() if card := self._running(event.call_id):
                card.waits = isinstance(event, e.ToolWaiting)
            case e.ToolRunning() if card := self._running(event.call_id):
                card.at = event.at  # the waiting for a permission is over: the call itself begins
            case e.ToolProgressed() if card := self._running(event.call_id):
                card.progress = event.text
            case e.ToolEnded() if card := self._running(event.call_id):
                self._finish(card, event)

    def _running(self, call_id: str) -> ToolCard | None:
        card = self._cards.get(call_id)
        return card if card and card.state == "running" else None

    def _finish(self, card: ToolCard, event: e.ToolEnded) -> None:
        if card.left_running:  # it is in the scrollback as running
            card = ToolCard(card.at, card.call_id, card.name, card.arguments)
            self._cards[event.call_id] = card
            self._order.append(card)
        card.output, card.state, card.seconds, card.final = event.output, event.status, event.seconds, True
