"""What the agent says: text and sound as they arrive, and as they are heard."""

from __future__ import annotations

from typing import Any

from realtime_cli.client import effects, inputs
from realtime_cli.tui.block_order import BlockOrder
from realtime_cli.tui.blocks import AgentTurn
from realtime_cli.tui.reveal import RevealedPart
from realtime_cli.tui.wire_facts import audio_ms


class AgentTurns:
    """Folds the events of answers, and the playout's reports of them, into an order."""

    def __init__(self, order: BlockOrder) -> None:
        self._order = order
        self._responses: dict[str, list[AgentTurn]] = {}
        self._asides_asked = 0
        self._asides: set[str] = set()

    # -- responses ----------------------------------------------------------------------------

    def asked(self, event: Any) -> None:
        """An out-of-band answer is no part of the conversation; clones tell it only by our asking."""
        self._asides_asked += getattr(event.response, "conversation", None) == "none"

    def created(self, event: Any) -> None:
        response = event.response
        if response and self._asides_asked and response.conversation_id is None:
            self._asides_asked -= 1
            self._asides.add(response.id or "")

    def is_aside(self, response_id: str | None) -> bool:
        return (response_id or "") in self._asides

    def response_done(self, response: Any) -> None:
        for turn in self._responses.pop(response.id or "", []):
            turn.done = True
            turn.cancelled = turn.cancelled or response.status == "cancelled"
            turn.settle(paced=self._order.paced)

    # -- items --------------------------------------------------------------------------------

    def item(self, item: Any, response_id: str, previous_item_id: str | None) -> None:
        """An assistant's message has begun, or is told again with its response."""
        turn = self._order.turns.get(item.id or "")
        if turn is None:
            self._new(item.id or "", response_id, previous_item_id)
        elif isinstance(turn, AgentTurn) and response_id and not turn.response_id:
            turn.response_id = response_id
            self._responses.setdefault(response_id, []).append(turn)

    def item_done(self, item: Any) -> None:
        """The end of a message; servers may leave out the deltas and send the finished text alone."""
        turn = self._order.turns.get(item.id or "")
        if not isinstance(turn, AgentTurn) or turn.final:
            return
        for index, content in enumerate(item.content or ()):
            part = turn.part(index)
            text = getattr(content, "transcript", None) or getattr(content, "text", None) or ""
            if not part.text and text:
                part.text, part.voice = text, "audio" in content.type
            self._show(part)
        turn.done = True
        turn.cancelled = turn.cancelled or item.status == "incomplete"
        turn.settle(paced=self._order.paced)

    def _new(self, item_id: str, response_id: str, previous_item_id: str | None) -> AgentTurn:
        turn = AgentTurn(self._order.at, item_id, response_id)
        self._order.turns[item_id] = turn
        self._responses.setdefault(response_id, []).append(turn)
        self._order.place(turn, previous_item_id)
        return turn

    # -- text and sound -----------------------------------------------------------------------

    def text_delta(self, event: Any) -> None:
        self._spoke(event, event.delta or "", voice=False)

    def transcript_delta(self, event: Any) -> None:
        self._spoke(event, event.delta or "", voice=True)

    def text_done(self, event: Any) -> None:
        self._spoke(event, event.text or "", voice=False, whole=True)

    def transcript_done(self, event: Any) -> None:
        self._spoke(event, event.transcript or "", voice=True, whole=True)

    def audio_delta(self, event: Any) -> None:
        part = self._part(event)
        if part:
            part.voice = True
            part.wire_ms += audio_ms(len(event.delta or "") * 3 / 4)  # base64

    def audio_done(self, event: Any) -> None:
        part = self._part(event)
        if part:
            part.audio_complete = True

    def _part(self, event: Any) -> RevealedPart | None:
        """The part that an event is about; None if nothing of it will be shown."""
        if self.is_aside(event.response_id):
            return None
        turn = self._order.turns.get(event.item_id or "")
        if turn is None:
            turn = self._new(event.item_id or "", event.response_id or "", None)
        if not isinstance(turn, AgentTurn) or turn.final:
            return None
        return turn.part(event.content_index or 0)

    def _spoke(self, event: Any, text: str, *, voice: bool, whole: bool = False) -> None:
        part = self._part(event)
        if part is None or not text:
            return
        part.voice = part.voice or voice
        if not whole:
            part.text += text
        elif len(text) >= part.shown:
            part.text = text
        self._show(part)

    def _show(self, part: RevealedPart) -> None:
        if part.voice and self._order.paced:
            part.reach()
        else:
            part.shown = len(part.text)

    # -- the listener -------------------------------------------------------------------------

    def play(self, play: effects.Play) -> None:
        part = self._sounding(play)
        if part:
            part.voice = True
            part.played_ms += audio_ms(len(play.audio), play.format)

    def play_end(self, end: effects.PlayEnd) -> None:
        part = self._sounding(end)
        if part:
            part.audio_complete = True

    def played(self, played: inputs.Played) -> None:
        part = self._sounding(played)
        turn = self._order.turns.get(played.item_id)
        if part and isinstance(turn, AgentTurn):
            self._hear(part, played.heard_ms, to_end=played.finished)
            self._earlier_were_heard(turn)
            turn.settle(paced=True)

    def stopped(self, stopped: inputs.PlaybackStopped) -> None:
        for heard in stopped.items:
            part = self._sounding(heard)
            turn = self._order.turns.get(heard.item_id)
            if part and isinstance(turn, AgentTurn):
                self._hear(part, heard.heard_ms, to_end=heard.finished)
                if not heard.finished:
                    turn.cut_ms = turn.heard_ms
                turn.settle(paced=True)

    def _sounding(self, sound: Any) -> RevealedPart | None:
        turn = self._order.turns.get(sound.item_id)
        if not isinstance(turn, AgentTurn) or turn.final:
            return None
        return turn.part(sound.content_index)

    def _hear(self, part: RevealedPart, heard_ms: float, *, to_end: bool) -> None:
        part.heard_ms, part.heard_to_end = heard_ms, to_end
        part.audio_complete = part.audio_complete or to_end
        part.reach()

    def _earlier_were_heard(self, now: AgentTurn) -> None:
        """Parts are heard in order: whoever is heard now, those before it are over."""
        for block in self._order.open:
            if block is now:
                return
            if isinstance(block, AgentTurn) and block.done and not block.final:
                block.show_all()
                block.final = True
