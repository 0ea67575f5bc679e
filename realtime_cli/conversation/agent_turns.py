"""What the agent says: text and sound as they arrive, and as they are heard. Out-of-band is left out."""

from __future__ import annotations

from collections.abc import Sequence

from realtime_cli.conversation import events as e
from realtime_cli.conversation.block_order import BlockOrder
from realtime_cli.conversation.blocks import AgentTurn, UserTurn
from realtime_cli.conversation.reveal import RevealedPart


class AgentTurns:
    """Puts the events of answers, and of what was heard of them, into blocks."""

    def __init__(self, order: BlockOrder) -> None:
        self._order = order
        self._responses: dict[str, list[AgentTurn]] = {}

    def observe(self, event: e.ConversationEvent) -> None:
        match event:
            case e.AgentMessageBegan(out_of_band=False):
                self._begun(event)
            case e.AgentTextPartial():
                self._text(event, event.delta, whole=False)
            case e.AgentTextFinal():
                self._text(event, event.text, whole=True)
            case e.AgentMessageEnded():
                self._ended([self._order.turns.get(event.item_id)], cancelled=event.cut)
            case e.AgentResponseEnded():
                turns = self._responses.pop(event.response_id, [])
                self._ended(turns, cancelled=event.status == "cancelled")
            case e.AgentSoundReceived() | e.AgentSoundQueued() | e.AgentSoundComplete():
                self._sound(event)
            case e.AgentHeard():
                self._heard(event)
            case e.AgentInterrupted():
                self._interrupted(event)

    def _begun(self, event: e.AgentMessageBegan) -> None:
        turn = AgentTurn(event.at, event.item_id, event.response_id)
        self._order.turns[event.item_id] = turn
        self._responses.setdefault(event.response_id, []).append(turn)
        self._order.place(turn, event.previous_item_id)

    def _ended(self, turns: Sequence[UserTurn | AgentTurn | None], *, cancelled: bool) -> None:
        """The server has ended these turns."""
        for turn in turns:
            if isinstance(turn, AgentTurn) and not turn.final:
                turn.done = True
                turn.cancelled = turn.cancelled or cancelled
                turn.settle(paced=self._order.paced)

    def _part(self, item_id: str, index: int) -> RevealedPart | None:
        """A part of a message that may still change."""
        turn = self._order.turns.get(item_id)
        return None if not isinstance(turn, AgentTurn) or turn.final else turn.part(index)

    def _text(self, event: e.AgentTextPartial | e.AgentTextFinal, text: str, *, whole: bool) -> None:
        part = self._part(event.item_id, event.part)
        if part is None:
            return
        part.voice = part.voice or event.voice
        if not whole:
            part.text += text
        elif len(text) >= part.shown:
            part.text = text
        if part.voice and self._order.paced:
            part.reach()
        else:
            part.shown = len(part.text)

    # -- the listener -------------------------------------------------------------------------

    def _sound(self, event: e.AgentSoundReceived | e.AgentSoundQueued | e.AgentSoundComplete) -> None:
        part = self._part(event.item_id, event.part)
        match event:
            case e.AgentSoundReceived() if part:
                part.voice = True
                part.wire_ms += event.ms
            case e.AgentSoundQueued() if part:
                part.voice = True
                part.played_ms += event.ms
            case e.AgentSoundComplete() if part:
                part.audio_complete = True

    def _heard(self, event: e.AgentHeard) -> None:
        part = self._part(event.item_id, event.part)
        turn = self._order.turns.get(event.item_id)
        if part and isinstance(turn, AgentTurn):
            self._hear(part, event.heard_ms, to_end=event.finished)
            self._earlier_were_heard(turn)
            turn.settle(paced=True)

    def _interrupted(self, event: e.AgentInterrupted) -> None:
        """Without a cause nothing is known of the loudspeaker, so all of the text is kept."""
        for heard in event.parts if event.cause else ():
            part = self._part(heard.item_id, heard.part)
            turn = self._order.turns.get(heard.item_id)
            if part and isinstance(turn, AgentTurn) and not heard.finished:
                self._hear(part, heard.heard_ms, to_end=False)
                turn.cut_ms = turn.heard_ms
                turn.cut_written()
                turn.settle(paced=True)

    def _hear(self, part: RevealedPart, heard_ms: float, *, to_end: bool) -> None:
        part.heard_ms, part.heard_to_end = heard_ms, to_end
        part.audio_complete = part.audio_complete or to_end
        part.reach()

    def _earlier_were_heard(self, now: AgentTurn) -> None:
        """Parts are heard in order: whoever is heard now, those before it are over."""
        for block in self._order.open:
            if block is now:
                return
            if not isinstance(block, AgentTurn) or block.final:
                continue
            if block.done or block.response_id != now.response_id:  # the end of an answer may never be told
                block.show_all()
                block.final = True
