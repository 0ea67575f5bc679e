"""What the user said: a place kept from the first sound on, filled when the transcript comes."""

from __future__ import annotations

from realtime_cli.conversation import events as e
from realtime_cli.conversation.block_order import BlockOrder
from realtime_cli.conversation.blocks import UserTurn


class UserTurns:
    """Puts the events of spoken and typed turns into blocks."""

    def __init__(self, order: BlockOrder) -> None:
        self._order = order

    def observe(self, event: e.ConversationEvent) -> None:
        match event:
            case e.UserSpeechBegan(by="server" | "sound"):
                self._turn(event.item_id)
            case e.UserSpeechEnded(by="server" | "sound"):
                self._turn(event.item_id).stopped_at = event.at
            case e.UserTurnCommitted(by="voice"):
                self._committed(event)
            case e.UserSpeechDiscarded():
                self._discarded()
            case e.UserTextPartial():
                turn = self._turn(event.item_id)
                turn.text = turn.text if turn.final else event.text
            case e.UserTextFinal(spoken=True):
                self._understood(event)
            case e.UserTextFinal():
                self._written(event)
            case e.UserTextMissing():
                turn = self._turn(event.item_id)
                if not turn.final:
                    turn.missing, turn.final = event.why, True

    def _committed(self, event: e.UserTurnCommitted) -> None:
        unnamed = self._order.turns.pop("", None)  # speech may begin before it has an id
        if isinstance(unnamed, UserTurn) and event.item_id not in self._order.turns:
            unnamed.item_id = event.item_id
            self._order.turns[event.item_id] = unnamed
        self._turn(event.item_id, event.previous_item_id).committed_at = event.at

    def _discarded(self) -> None:
        """The server discarded what was being said."""
        for block in self._order.open:
            if isinstance(block, UserTurn) and block.spoken and block.committed_at is None:
                self._order.blocks.remove(block)
                self._order.turns.pop(block.item_id, None)

    def _understood(self, event: e.UserTextFinal) -> None:
        turn = self._turn(event.item_id)
        if turn.final and turn.missing:
            self._order.append(UserTurn(event.at, turn.item_id, event.text, late=True, final=True))
        else:
            turn.text, turn.final, turn.missing = event.text, True, ""

    def _written(self, event: e.UserTextFinal) -> None:
        turn = UserTurn(
            event.at, event.item_id, event.text, spoken=False, images=len(event.images), final=True
        )
        if event.item_id:
            self._order.turns[event.item_id] = turn
        if event.previous_item_id:
            self._order.place(turn, event.previous_item_id)
        else:
            self._order.append(turn)

    def _turn(self, item_id: str, previous_item_id: str | None = None) -> UserTurn:
        known = self._order.turns.get(item_id)
        if isinstance(known, UserTurn):
            return known
        turn = UserTurn(self._order.at, item_id)
        self._order.turns[item_id] = turn
        self._order.place(turn, previous_item_id)
        return turn
