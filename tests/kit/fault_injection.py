"""The local server made odd in the ways of other servers, and broken in the ways of networks: for tests.

The product's session knows nothing of it: what goes in and what comes out is changed on the way.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from realtime_cli.protocol import codec, legacy
from realtime_cli.protocol.server_events import ServerEvent
from realtime_cli.server import effects, inputs
from realtime_cli.server.conversation import StoredItem
from realtime_cli.server.event_queue import NewId, random_ids
from realtime_cli.server.response import ResponseRun
from realtime_cli.server.session import ServerSession
from realtime_cli.server.settings import Defaults
from realtime_cli.wire.transport import Transport

Json = dict[str, Any]
SESSION_OVER = "Your session hit the maximum duration of 60 minutes."
FOLLOWED_BY_UNKNOWN = frozenset({"session.created", "session.updated", "response.created"})
LATE = "late transcription"


@dataclass(frozen=True, slots=True)
class Quirks:
    """All off: the server behaves as the reference does."""

    output_item_done_first: bool = False
    """``response.output_item.done`` before ``conversation.item.done``, as many compatible servers have it."""
    no_event_ids: bool = False
    """Leave ``event_id`` out."""
    unknown_events: bool = False
    """An event that no reference knows behind every ``session.*`` and ``response.created``."""
    text_status_details: bool = False
    """``status_details`` as a plain string."""
    null_conversation_ids: bool = False
    """``conversation_id`` is null in every response, out-of-band or not."""
    two_messages: bool = False
    """The first sentence of an answer is an item of its own (``phase`` commentary)."""
    drop_after_events: int | None = None
    """Cut the socket without a word after so many events."""
    close_after_events: int | None = None
    """Close after so many events with ``close_code``."""
    close_code: int = 1001
    """1001: as if the session had expired; 4000: as after a fatal request error."""
    refuse_model: bool = False
    """Answer the opening with ``invalid_model`` and close 4000."""
    transcription_delay_s: float = 0.0
    """Transcription events come this much later, maybe behind ``response.done``."""


class QuirkySession(ServerSession):
    """A session whose effects are changed as the ``quirks`` say."""

    def __init__(
        self, quirks: Quirks | None = None, *, defaults: Defaults | None = None, new_id: NewId | None = None
    ) -> None:
        self._quirks = quirks or Quirks()
        self._make_id = new_id or random_ids()
        self._told = 0
        self._closed = False
        self._late: list[tuple[float, effects.Emit]] = []
        if self._quirks.two_messages:
            self.response_class = TwoMessages
        super().__init__(defaults=defaults, new_id=self._make_id)

    def handle(self, happened: inputs.Input) -> list[effects.Effect]:
        if self._closed:
            return []
        if isinstance(happened, inputs.DeadlineReached) and happened.name == LATE:
            found = self._due(happened.at)
        elif self._quirks.refuse_model and isinstance(happened, inputs.ClientConnected):
            found = self._refusal(happened.model)
        else:
            found = self._delayed(happened.at, super().handle(happened))
        if self._quirks.output_item_done_first:
            _swap_the_dones(found)
        out: list[effects.Effect] = []
        for effect in found:
            out += self._odd(effect)
            if any(isinstance(effect, effects.CloseSocket) for effect in out[-3:]):
                self._closed = True
                break
        return out

    def _event(self, type: str, **fields: Any) -> effects.Emit:
        return effects.Emit(codec.server_event({"type": type, "event_id": self._make_id("event"), **fields}))

    def _refusal(self, model: str) -> list[effects.Effect]:
        detail = {
            "type": "invalid_request_error",
            "code": "invalid_model",
            "param": "model",
            "event_id": None,
            "message": f"Model '{model}' is not supported in realtime mode.",
        }
        close = effects.CloseSocket(4000, "invalid_request_error.invalid_model")
        return [self._event("error", error=detail), close]

    # -- later --------------------------------------------------------------------------------------

    def _delayed(self, at: float, found: list[effects.Effect]) -> list[effects.Effect]:
        if not self._quirks.transcription_delay_s:
            return found
        kept: list[effects.Effect] = []
        for effect in found:
            if isinstance(effect, effects.Emit) and "input_audio_transcription." in effect.event.type:
                self._late.append((at + self._quirks.transcription_delay_s, effect))
                kept.append(effects.SetDeadline(self._late[0][0], LATE))
            else:
                kept.append(effect)
        return kept

    def _due(self, at: float) -> list[effects.Effect]:
        due: list[effects.Effect] = []
        while self._late and self._late[0][0] <= at + 1e-6:
            due.append(self._late.pop(0)[1])
        return [*due, effects.SetDeadline(self._late[0][0], LATE)] if self._late else due

    # -- otherwise ----------------------------------------------------------------------------------

    def _odd(self, effect: effects.Effect) -> list[effects.Effect]:
        """What becomes of one effect: an event may change its looks, get company, or be the last."""
        if not isinstance(effect, effects.Emit):
            return [effect]
        out: list[effects.Effect] = [effects.Emit(self._changed(effect.event))]
        out += self._close()
        if self._quirks.unknown_events and effect.event.type in FOLLOWED_BY_UNKNOWN:
            about = {"about": effect.event.type, "nested": {"anything": [1, None, True]}}
            out.append(effects.Emit(self._changed(self._event("server.curiosity", **about).event)))
            out += self._close()
        return out

    def _close(self) -> list[effects.Effect]:
        """Called once for each event that leaves."""
        self._told += 1
        if self._told == self._quirks.drop_after_events:
            return [effects.CloseSocket(1006)]
        if self._told == self._quirks.close_after_events:
            fatal = self._quirks.close_code == 4000
            reason = "invalid_request_error.invalid_value" if fatal else SESSION_OVER
            return [effects.CloseSocket(self._quirks.close_code, reason)]
        return []

    def _changed(self, event: effects.Emittable) -> ServerEvent:
        quirks = self._quirks
        fields = event.model_dump(mode="json", exclude_unset=True)
        if quirks.no_event_ids:
            fields.pop("event_id", None)
        if quirks.null_conversation_ids and event.type in ("response.created", "response.done"):
            fields["response"]["conversation_id"] = None
        if quirks.text_status_details and event.type == "response.done":
            details = fields["response"].get("status_details")
            if isinstance(details, dict):
                fields["response"]["status_details"] = details.get("reason") or details.get("type")
        return codec.server_event(fields)


class TwoMessages(ResponseRun):
    """The first piece of the answer is a message of its own."""

    def _next_message(self) -> None:
        if self._open is not None and len(self._output) == 1:
            self._close_message("completed")
        super()._next_message()

    def _add(self, record: StoredItem) -> StoredItem:
        if record.wire["type"] == "message":
            record.wire["phase"] = "final_answer" if self._output else "commentary"
        return super()._add(record)


def _swap_the_dones(found: list[effects.Effect]) -> None:
    """Exchange each neighbouring pair, in place."""
    for at in range(len(found) - 1):
        first, second = found[at], found[at + 1]
        if (
            isinstance(first, effects.Emit)
            and isinstance(second, effects.Emit)
            and first.event.type == "conversation.item.done"
            and second.event.type == "response.output_item.done"
        ):
            found[at], found[at + 1] = second, first


# -- a server of the protocol's beta ----------------------------------------------------------------

OLD_EVENTS = {new: old for old, new in legacy.EVENTS.items() if not old.startswith("transcription")}
OLD_CONTENT = {new: old for old, new in legacy.CONTENT.items()}
OLD_FORMATS = {new["type"]: old for old, new in legacy.FORMATS.items()}


class OldWire:
    """A transport that sends the server's events in the words of the beta."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self.recv, self.close = transport.recv, transport.close

    async def send(self, text: str) -> None:
        await self._transport.send(json.dumps(to_legacy(json.loads(text))))

    def send_now(self, text: str) -> bool:
        return False


def to_legacy(event: Json) -> Json:
    """The event as the beta wrote it."""
    kind = event["type"]
    event = {**event, "type": OLD_EVENTS.get(kind, kind)}
    if isinstance(event.get("session"), dict):
        event["session"] = _old_object(event["session"], legacy.SESSION)
    if isinstance(event.get("response"), dict):
        event["response"] = _old_object(event["response"], legacy.RESPONSE)
        output = event["response"].get("output")
        if isinstance(output, list):
            event["response"]["output"] = [_old_item(item) for item in output]
    if isinstance(event.get("item"), dict):
        event["item"] = _old_item(event["item"])
    return event


def _old_object(new: Json, names: dict[str, tuple[str, ...] | None]) -> Json:
    old = {key: value for key, value in new.items() if key not in ("audio", "output_modalities", "type")}
    old.pop("max_output_tokens", None)
    for key, path in names.items():
        value: Any = new
        for name in path or ("",):
            value = value.get(name, ...) if isinstance(value, dict) else ...
        if value is not ...:
            old[key] = _old_value(key, value)
    return old


def _old_value(key: str, value: Any) -> Any:
    if key.endswith("_audio_format") and isinstance(value, dict):
        return OLD_FORMATS.get(value.get("type", ""), value.get("type"))
    if key == "modalities":
        return ["text", "audio"] if value == ["audio"] else value
    return value


def _old_item(item: Any) -> Any:
    if not isinstance(item, dict) or item.get("role") != "assistant":
        return item
    content = [
        {**part, "type": OLD_CONTENT.get(part.get("type"), part.get("type"))} for part in item["content"]
    ]
    return {**item, "content": content}
