"""The figures beside a conversation: waits, tokens, cost, counts."""

from __future__ import annotations

import statistics
from typing import Any

from realtime_cli.client import effects, inputs
from realtime_cli.client.cost import CostFold, Tokens, load_prices
from realtime_cli.client.entry import Entry
from realtime_cli.client.latency import LatencyFold

ENOUGH_FOR_P95 = 20  # fewer samples have no 95th percentile worth the name


class Figures:
    """Fold entries. ``waits_ms``: from the end of the user's turn to the first sound (or text) after it."""

    def __init__(self, cost: CostFold | None = None) -> None:
        self.waits_ms: list[float] = []
        self.tokens = 0
        self.interruptions = 0
        self.tools = 0
        self.tools_failed = 0
        self.reconnects = 0
        self.sound: inputs.SoundState | None = None
        self.last_stop: inputs.PlaybackStopped | None = None
        self._latency = LatencyFold()
        self._cost = cost or CostFold(load_prices())
        self._typed_at: float | None = None
        self._text_waits_ms: list[float] = []

    @property
    def last_ms(self) -> float | None:
        return self.waits_ms[-1] if self.waits_ms else None

    @property
    def median_ms(self) -> float | None:
        return statistics.median(self.waits_ms) if self.waits_ms else None

    @property
    def p95_ms(self) -> float | None:
        if len(self.waits_ms) < ENOUGH_FOR_P95:
            return None
        return statistics.quantiles(self.waits_ms, n=20, method="inclusive")[-1]

    @property
    def cost_usd(self) -> float | None:
        """What was spent by the price table; None when a part of it is unknown, or nothing was used."""
        return self._cost.total_usd if self.tokens else None

    def images_usd(self, tokens: int) -> float | None:
        """What image tokens cost by the price table; None for a model without a price."""
        return self._cost.prices.usd(self._cost.model, Tokens(image_in=tokens))

    def fold(self, entry: Entry) -> None:
        self._latency.fold(entry)
        value: Any = entry.value
        if entry.kind == "received":
            self._cost.fold(entry)
            self._received(entry.at, value.event)
        elif isinstance(value, inputs.Typed):
            self._typed_at = entry.at
        elif isinstance(value, inputs.Played):
            self._typed_at = None
            self._note_waits()
        else:
            self._count(value)

    def _received(self, at: float, event: Any) -> None:
        if event.type == "response.output_text.delta" and self._typed_at is not None:
            self._text_waits_ms.append((at - self._typed_at) * 1000)
            self._typed_at = None
            self._note_waits()
        elif event.type == "response.done":
            usage = getattr(event.response, "usage", None)
            self.tokens += getattr(usage, "total_tokens", None) or 0
            self._note_waits()

    def _note_waits(self) -> None:
        waits_ms = self._latency.waits_ms or self._text_waits_ms
        if len(waits_ms) != len(self.waits_ms) or waits_ms[-1:] != self.waits_ms[-1:]:
            self.waits_ms = list(waits_ms)

    def _count(self, value: Any) -> None:
        if isinstance(value, inputs.PlaybackStopped):
            if any(not item.finished for item in value.items):
                self.interruptions += 1
                self.last_stop = value
        elif isinstance(value, inputs.SoundState):
            self.sound = value
        elif isinstance(value, effects.CallTool):
            self.tools += 1
        elif isinstance(value, inputs.ToolFinished):
            self.tools_failed += value.failed
        elif isinstance(value, inputs.Connected):
            self.reconnects += value.attempt > 0
