"""What the sessions of both protocols have in common."""

from __future__ import annotations

from typing import Any, ClassVar, Literal, Protocol

from realtime_cli.client.connection_policy import Phase, Reconnection
from realtime_cli.client.effect_queue import EffectQueue
from realtime_cli.protocol.rules import Wire


class EventDecoder(Protocol):
    """Reads what comes through one socket."""

    def decode(self, text: str | bytes) -> Any:
        """The event, or None for one that was read already. Raises ``codec.UndecodableEvent``."""


class SessionState:
    """The base of a client session: how far it has come, and what its protocol is like."""

    streams: ClassVar[bool] = False
    """Whether sound flows all the time and no event says who speaks, so that it must be measured."""

    _effects: EffectQueue
    _reconnection: Reconnection

    @property
    def phase(self) -> Phase | Literal["over"]:
        return "over" if self._effects.closed else self._reconnection.phase

    @property
    def ready(self) -> bool:
        """The settings are in force: sound and text may flow."""
        return self.phase == "ready"

    @property
    def settled(self) -> bool:
        """The server has answered every change of settings that was asked for."""
        return self.ready and not self._changes_open

    @property
    def _changes_open(self) -> bool:
        """Whether a change of settings has no answer yet."""
        raise NotImplementedError

    def decoder(self) -> EventDecoder:
        """A reader for a new socket."""
        raise NotImplementedError

    def farewell(self) -> Wire | None:
        """What to send to a server that does not know yet that the session ends."""
        return None
