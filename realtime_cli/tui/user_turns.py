"""What the user said: a place kept from the first sound on, filled when the transcript comes."""

from __future__ import annotations

from typing import Any

from realtime_cli.client import inputs
from realtime_cli.tui.block_order import BlockOrder
from realtime_cli.tui.blocks import UserTurn
from realtime_cli.tui.wire_facts import error_text, image_count, message_text

NO_TRANSCRIPTION = "spoken; this session has no transcription"


class UserTurns:
    """Folds the events of spoken and typed turns into an order."""

    def __init__(self, order: BlockOrder) -> None:
        self._order = order
        self._transcribes = True

    def session(self, event: Any) -> None:
        """Without transcription nobody need wait for the text of what was said."""
        hearing = getattr(getattr(event.session, "audio", None), "input", None)
        given = "transcription" in getattr(hearing, "model_fields_set", ())
        self._transcribes = not given or getattr(hearing, "transcription", None) is not None

    def speech_started(self, event: Any) -> None:
        self._turn(event.item_id)

    def speech_stopped(self, event: Any) -> None:
        self._turn(event.item_id).stopped_at = self._order.at

    def committed(self, event: Any) -> None:
        turn = self._turn(event.item_id, event.previous_item_id)
        turn.committed_at = self._order.at
        self._give_up_on_text(turn)

    def cleared(self, event: Any) -> None:
        """The server threw away what was being said."""
        for block in self._order.open:
            if isinstance(block, UserTurn) and block.spoken and block.committed_at is None:
                self._order.blocks.remove(block)
                self._order.turns.pop(block.item_id, None)

    def delta(self, event: Any) -> None:
        turn = self._turn(event.item_id)
        if not turn.final:
            turn.text += event.delta or ""

    def completed(self, event: Any) -> None:
        turn = self._turn(event.item_id)
        text = (event.transcript or "").strip()
        if turn.final and turn.missing and text:
            self._order.append(UserTurn(self._order.at, turn.item_id, text, late=True, final=True))
        elif not turn.final:
            turn.text, turn.final = text, True
            turn.missing = "" if text else "nothing was understood"

    def failed(self, event: Any) -> None:
        turn = self._turn(event.item_id)
        if not turn.final:
            turn.missing, turn.final = error_text(event.error) or "the transcription failed", True

    def typed(self, typed: inputs.Typed) -> None:
        self.written(typed.text, len(typed.images))

    def written(self, text: str, images: int) -> None:
        turn = UserTurn(self._order.at, text=text, spoken=False, images=images, final=True)
        self._order.append(turn)

    def item(self, item: Any, previous_item_id: str | None) -> None:
        """A user's message that the server told of first."""
        turn = self._turn(item.id, previous_item_id)
        turn.text, turn.images = message_text(item), image_count(item)
        turn.spoken = any(part.type == "input_audio" for part in item.content or ())
        turn.committed_at = self._order.at
        turn.final = bool(turn.text or turn.images) or not turn.spoken
        self._give_up_on_text(turn)

    def _turn(self, item_id: str | None, previous_item_id: str | None = None) -> UserTurn:
        known = self._order.turns.get(item_id or "")
        if isinstance(known, UserTurn):
            return known
        turn = UserTurn(self._order.at, item_id or "")
        self._order.turns[turn.item_id] = turn
        self._order.place(turn, previous_item_id)
        return turn

    def _give_up_on_text(self, turn: UserTurn) -> None:
        if not (self._transcribes or turn.final or turn.text):
            turn.missing, turn.final = NO_TRANSCRIPTION, True
