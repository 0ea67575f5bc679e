"""Everything that leaves the session: effects are collected here, and events get their ids here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from realtime_cli.client.effects import Close, Effect, Note, Send
from realtime_cli.errors import ExitCode

if TYPE_CHECKING:
    from realtime_cli.protocol.client_events import ClientEvent
    from realtime_cli.protocol.live.client_events import LiveClientEvent
    from realtime_cli.protocol.translation import TranslationClientEvent


class EffectQueue:
    """Collects the effects of one input, in the order to perform them."""

    def __init__(self) -> None:
        self.closed = False
        self._effects: list[Effect] = []
        self._events = 0

    def take(self) -> list[Effect]:
        """The effects since the last call."""
        effects, self._effects = self._effects, []
        return effects

    def do(self, *effects: Effect) -> None:
        self._effects.extend(effects)

    def send(self, event: ClientEvent | LiveClientEvent | TranslationClientEvent) -> str:
        """Send an event under an id of ours, so that an error can be matched; returns the id."""
        self._events += 1
        event_id = event.event_id or f"c{self._events}"
        self.do(Send(event.model_copy(update={"event_id": event_id})))
        return event_id

    def note(self, level: Literal["debug", "info", "warning", "error"], topic: str, text: str) -> None:
        self.do(Note(level, topic, text))

    def close(self, exit_code: ExitCode, reason: str = "", remedy: str = "") -> None:
        """End the session: no further input is handled."""
        self.closed = True
        self.do(Close(exit_code, reason, remedy))
