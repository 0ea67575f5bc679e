"""The cost of a Live session: the server reports the seconds used; between reports they are counted."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from realtime_cli.client.cost import CostFold, FeeMeter
from realtime_cli.client.entry import Entry
from realtime_cli.client.inputs import Received
from realtime_cli.protocol.live import server_events as s


@dataclass(slots=True)
class LiveFeeMeter(FeeMeter):
    """Folds entries of Live into what fees are charged for."""

    _before_s: float = 0.0  # in earlier sessions

    def observe(self, entry: Entry) -> None:
        FeeMeter.observe(self, entry)
        match entry.value:
            case Received(event=s.LiveSessionStarted()):
                self._connected_at, self._before_s = entry.at, self.connected_s
            case Received(event=s.LiveUsageUpdated(usage=usage)) if usage and usage.seconds is not None:
                self.connected_s = self._before_s + usage.seconds
            case Received(event=s.LiveSessionClosed(usage=usage)):
                self._connected_at = None
                if usage and usage.seconds is not None:
                    self.connected_s = self._before_s + usage.seconds


@dataclass(slots=True)
class LiveCostFold(CostFold):
    """Folds entries of Live into cost: mostly time."""

    _fees: FeeMeter = field(default_factory=LiveFeeMeter)

    def _received(self, event: Any) -> None:
        if isinstance(event, s.LiveSessionStarted):
            self.model = self.model or getattr(event.session, "model", None)
