"""Where everything leaves the session: events get their ids here, and the test switches act here."""

from __future__ import annotations

from typing import Any

from realtime_cli.protocol import codec
from realtime_cli.server.effects import CloseSocket, Effect, Emit
from realtime_cli.server.ids import NewId
from realtime_cli.server.switches import Quirks

SESSION_OVER = "Your session hit the maximum duration of 60 minutes."
_TOLD_WITH_A_STRANGER = frozenset({"session.created", "session.updated", "response.created"})


class EventQueue:
    """Collects the effects of one input, in order. After a ``CloseSocket`` nothing leaves any more."""

    def __init__(self, new_id: NewId, switches: Quirks) -> None:
        self.new_id = new_id
        self.switches = switches
        self.closed = False
        self._effects: list[Effect] = []
        self._events = 0

    def do(self, *effects: Effect) -> None:
        if not self.closed:
            self._effects.extend(effects)

    def emit(self, type: str, **fields: Any) -> None:
        """Send an event; ``fields`` as on the wire."""
        if self.closed:
            return
        if self.switches.text_status_details and type == "response.done":
            fields["response"] = _with_text_details(fields["response"])
        ids = {} if self.switches.no_event_ids else {"event_id": self.new_id("event")}
        self.do(Emit(codec.server_event({"type": type, **ids, **fields})))
        self._events += 1
        self._act_on_count()
        if self.switches.unknown_events and type in _TOLD_WITH_A_STRANGER:
            self.emit("server.curiosity", about=type, nested={"anything": [1, None, True]})

    def _act_on_count(self) -> None:
        if self._events == self.switches.drop_after_events:
            self.shut(1006)
        elif self._events == self.switches.close_after_events:
            fatal = self.switches.close_code == 4000
            self.shut(
                self.switches.close_code, "invalid_request_error.invalid_value" if fatal else SESSION_OVER
            )

    def error(
        self,
        code: str | None,
        message: str,
        param: str | None = None,
        event_id: str | None = None,
        type: str = "invalid_request_error",
    ) -> None:
        detail = {"type": type, "code": code, "message": message, "param": param, "event_id": event_id}
        self.emit("error", error=detail)

    def shut(self, code: int, reason: str = "") -> None:
        self.do(CloseSocket(code, reason))
        self.closed = True

    def take(self) -> list[Effect]:
        """The effects since the last call."""
        effects, self._effects = self._effects, []
        return effects


def _with_text_details(response: dict[str, Any]) -> dict[str, Any]:
    details = response.get("status_details")
    if not isinstance(details, dict):
        return response
    return {**response, "status_details": details.get("reason") or details.get("type")}
