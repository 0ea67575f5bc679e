"""The figures beside a conversation: waits, tokens, cost, counts."""

from __future__ import annotations

import statistics
from collections import Counter

from realtime_cli.client.cost import Prices, Tokens
from realtime_cli.conversation import events as e
from realtime_cli.conversation.cost import Spending
from realtime_cli.conversation.turns import MIN_FOR_P95, LatencyParts, TurnLog, percentile


class SessionStats:
    """``observe`` events. It is for a session that goes on: of old turns only figures are kept."""

    def __init__(self, prices: Prices, model: str | None = None) -> None:
        self.last_ms: float | None = None
        self.last_parts: LatencyParts | None = None
        self.median_ms: float | None = None
        self.p95_ms: float | None = None
        self.interruptions = 0
        self.calls: Counter[str] = Counter()
        """How often each tool was called."""
        self.tools = 0
        self.tools_failed = 0
        self.tools_refused = 0
        self.reconnects = 0
        self.sound: e.SoundMeasured | None = None
        self.last_stop: e.AgentInterrupted | None = None
        self.last_hold: e.NoticeIssued | None = None
        """Of an interruption that could be taken back: what became of it, and after how many ms."""
        self._refused: set[str] = set()  # calls that the user did not allow
        self._prices = prices
        self._turns = TurnLog(forgets=True)
        self._spending = Spending(model)

    @property
    def tokens(self) -> int:
        return self._spending.total_tokens

    def is_users_turn(self, item_id: str) -> bool:
        """Whether a spoken item is a turn of the user: see ``TurnLog.is_users``."""
        return self._turns.is_users(item_id)

    @property
    def waits_ms(self) -> list[float]:
        """What the user waited in each turn (see ``conversation.turns``)."""
        return self._turns.waits_ms

    @property
    def parts(self) -> list[LatencyParts]:
        """What each of the waits is made of."""
        return [turn.parts for turn in self._turns.answered if turn.parts]

    @property
    def cost_usd(self) -> float | None:
        """What was spent by the price table; None when a part of it is unknown, or nothing was used."""
        usd = self._spending.total_usd
        return usd if self.tokens or usd else None

    def images_usd(self, tokens: int) -> float | None:
        """What image tokens cost by the price table; None for a model without a price."""
        return self._prices.usd(self._spending.model, Tokens(image_in=tokens))

    def observe(self, event: e.ConversationEvent) -> None:
        self._turns.observe(event)
        self._spending.observe(event)
        match event:
            case e.AgentHeard(first=True) | e.AgentResponseEnded() | e.AgentTextPartial(voice=False):
                self._measure()
            case e.AgentInterrupted():
                self.interruptions += 1
                self.last_stop = event
            case e.NoticeIssued(topic="barge_in"):
                self.last_hold = event
            case e.SoundMeasured():
                self.sound = event
            case e.ToolCalled():
                self.calls[event.name] += 1
                self.tools += not event.hosted
            case e.ToolAnswered(verdict="no"):
                self._refused.add(event.call_id)
            case e.ToolEnded(status="failed") if event.call_id in self._refused:
                self.tools_refused += 1
            case e.ToolEnded(status="failed"):
                self.tools_failed += 1
            case e.ConnectionRenewed():
                self.reconnects += 1

    def _measure(self) -> None:
        answered = self._turns.answered
        if not answered:
            return
        waits_ms = [turn.latency_ms for turn in answered]
        self.last_ms = waits_ms[-1]
        self.last_parts = next((turn.parts for turn in reversed(answered) if turn.parts), None)
        self.median_ms = statistics.median(waits_ms)
        self.p95_ms = percentile(waits_ms, 95, min_count=MIN_FOR_P95)
