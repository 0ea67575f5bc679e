"""Tool calls as cards, whoever runs them; shown twice if they take long."""

from __future__ import annotations

from realtime_cli.conversation import events as e
from realtime_cli.conversation.block_order import BlockOrder
from realtime_cli.conversation.blocks import ToolCard


class ToolCards:
    """The cards by call id, in the order of the conversation."""

    def __init__(self, order: BlockOrder) -> None:
        self._order = order
        self._cards: dict[str, ToolCard] = {}  # of calls that have not ended
        self._asked: dict[str, str] = {}  # what the user is asked about a call

    def observe(self, event: e.ConversationEvent) -> None:
        match event:
            case e.ToolCalled():
                made = ToolCard(event.at, event.call_id, event.name, event.arguments)
                made.waits = bool(self._asked)  # one question after the other, until it runs
                self._cards[event.call_id] = made
                self._order.append(made)
            case e.ToolWaiting():
                self._asked[event.call_id] = event.question
                if card := self._running(event.call_id):
                    card.waits = True
            case e.ToolAnswered():
                self._answered(event)
            case e.ToolRunning() if card := self._running(event.call_id):
                card.at = event.at  # the waiting for a permission is over: the call itself begins
                card.waits = False
            case e.ToolProgressed() if card := self._running(event.call_id):
                card.progress = event.text
            case e.ToolEnded() if card := self._running(event.call_id):
                self._finish(card, event)

    def _answered(self, event: e.ToolAnswered) -> None:
        question = self._asked.pop(event.call_id, "")
        if question == "run" and event.verdict == "no" and (card := self._running(event.call_id)):
            card.refused = event.text
        over = [self._cards.get(event.call_id)] if self._asked else list(self._cards.values())
        for card in over:
            if card:
                card.waits = False

    def _running(self, call_id: str) -> ToolCard | None:
        card = self._cards.get(call_id)
        return card if card and card.state == "running" else None

    def _finish(self, card: ToolCard, event: e.ToolEnded) -> None:
        del self._cards[event.call_id]
        if card.left_running:  # it is in the scrollback as running
            card = ToolCard(card.at, card.call_id, card.name, card.arguments, refused=card.refused)
            self._order.append(card)
        card.output, card.state, card.seconds, card.final = event.output, event.status, event.seconds, True
