"""Responses delegation: the backend's answers as a nested stream, and the gate in front of each.

All of the backend is one chain: as long as a call is open nothing goes on, whatever its delegation.
"""

from __future__ import annotations

import json
from typing import Any

from realtime_cli.protocol.live.limits import (
    BUFFER_FULL,
    INVALID_VALUE,
    MAX_BACKEND_BYTES,
    MAX_BACKEND_ITEMS,
    OUTPUTS_REQUIRED,
)
from realtime_cli.server import tokens
from realtime_cli.server.api_error import ApiError
from realtime_cli.server.event_queue import EventQueue
from realtime_cli.server.live.context import LiveContext

Json = dict[str, Any]
OUTPUTS = frozenset({"function_call_output", "custom_tool_call_output"})
INPUTS = OUTPUTS | {"message"}


class BackendResponse:
    """One response of the backend, sent event by event in the order of the Responses API."""

    def __init__(
        self, events: EventQueue, settings: Json, unix_s: int, response_id: str, delegation_id: str | None
    ) -> None:
        self._events = events
        self._settings = settings
        self._created_at = unix_s
        self.id = response_id
        self.delegation_id = delegation_id
        self.calls: list[Json] = []
        self._sequence = 0
        self._outputs = 0
        self._message_id: str | None = None
        self._text = ""
        self._output_tokens = 0
        self._emit("response.created", response=self._snapshot("in_progress"))
        self._emit("response.in_progress", response=self._snapshot("in_progress"))

    def _emit(self, type: str, **fields: Any) -> None:
        event = {"type": type, "sequence_number": self._sequence, **fields}
        self._sequence += 1
        about = {"delegation_id": self.delegation_id} if self.delegation_id else {}
        self._events.emit("response.event", **about, event=event)

    def _snapshot(self, status: str, error: Json | None = None, usage: Json | None = None) -> Json:
        """As Live shows it: without input, and with instructions, tools and output emptied."""
        return {
            "id": self.id,
            "object": "response",
            "created_at": self._created_at,
            "status": status,
            "error": error,
            "incomplete_details": None,
            "instructions": None,
            "metadata": {},
            "model": self._settings["model"],
            "output": [],
            "parallel_tool_calls": True,
            "tool_choice": self._settings.get("tool_choice") or "auto",
            "tools": [],
            "usage": usage,
        }

    def add_text(self, text: str) -> None:
        """A sentence of the answer."""
        if self._message_id is None:
            self._message_id = self._events.new_id("msg")
            item = {**self._message("in_progress"), "content": []}
            self._emit("response.output_item.added", output_index=self._outputs, item=item)
            self._emit_part("response.content_part.added", part=_text_part(""))
        delta = f" {text}" if self._text else text
        self._text += delta
        self._emit_part("response.output_text.delta", delta=delta, logprobs=[])

    def _emit_part(self, type: str, **fields: Any) -> None:
        place = {"item_id": self._message_id, "output_index": self._outputs, "content_index": 0}
        self._emit(type, **place, **fields)

    def _message(self, status: str) -> Json:
        kind = {"id": self._message_id, "type": "message", "role": "assistant"}
        return {**kind, "status": status, "content": [_text_part(self._text)]}

    def _close_message(self) -> None:
        if self._message_id is None:
            return
        self._emit_part("response.output_text.done", text=self._text, logprobs=[])
        self._emit_part("response.content_part.done", part=_text_part(self._text))
        done = self._message("completed")
        self._emit("response.output_item.done", output_index=self._outputs, item=done)
        self._output_tokens += tokens.of_text(self._text)
        self._outputs += 1
        self._message_id, self._text = None, ""

    def add_call(self, name: str, arguments: str) -> Json:
        """A function that the client is asked to call; returns the call."""
        self._close_message()
        call_id = self._events.new_id("call")
        kind = {"id": self._events.new_id("fc"), "type": "function_call", "call_id": call_id, "name": name}
        place: Json = {"output_index": self._outputs}
        item = {**kind, "arguments": "", "status": "in_progress"}
        self._emit("response.output_item.added", **place, item=item)
        place["item_id"] = kind["id"]
        self._emit("response.function_call_arguments.delta", **place, delta=arguments)
        self._emit("response.function_call_arguments.done", **place, name=name, arguments=arguments)
        done = {**kind, "arguments": arguments, "status": "completed"}
        self._emit("response.output_item.done", output_index=self._outputs, item=done)
        self._output_tokens += tokens.of_text(name) + tokens.of_text(arguments)
        self.calls.append(done)
        self._outputs += 1
        return done

    def complete(self, input_tokens: int) -> None:
        self._close_message()
        usage = {
            "input_tokens": input_tokens,
            "input_tokens_details": {"cache_write_tokens": 0, "cached_tokens": 0},
            "output_tokens": self._output_tokens,
            "output_tokens_details": {"reasoning_tokens": 0},
            "total_tokens": input_tokens + self._output_tokens,
        }
        self._emit("response.completed", response=self._snapshot("completed", usage=usage))

    def fail(self, message: str) -> None:
        error = {"code": "server_error", "message": message}
        self._emit("response.failed", response=self._snapshot("failed", error=error))


def _text_part(text: str) -> Json:
    return {"type": "output_text", "text": text, "annotations": [], "logprobs": []}


class BackendChain:
    """What the client has sent and still owes: the input buffer, and open calls."""

    def __init__(self, context: LiveContext) -> None:
        self._context = context
        self._buffer: list[Json] = []
        self._open: dict[str, str | None] = {}  # call id to delegation
        self._delegation_id: str | None = None  # of the call that was made last

    @property
    def waits_for_client(self) -> bool:
        """Whether a call is open, or answers lie in the buffer that no ``response.create`` has taken."""
        return bool(self._open or self._buffer)

    def open_call(self, call: Json, delegation_id: str | None) -> None:
        """A call was sent: it is open until its output has come."""
        self._delegation_id = delegation_id
        self._open[call["call_id"]] = delegation_id
        self._context.add(call)

    def drop_calls(self, calls: list[Json]) -> None:
        """Their response failed: outputs for them are refused from now on."""
        for call in calls:
            self._open.pop(call["call_id"], None)

    def add(self, item: Json) -> None:
        """``response.item.create``. Raises :class:`ApiError`."""
        kind = item.get("type", "message")
        if kind not in INPUTS:
            text = f"Invalid value: '{kind}'. This server takes {', '.join(sorted(INPUTS))}."
            raise ApiError(INVALID_VALUE, text, "item.type")
        if kind in OUTPUTS and item.get("call_id") not in self._open:
            text = f"No open function call found for call_id '{item.get('call_id')}'."
            raise ApiError(INVALID_VALUE, text, "item.call_id")
        held = sum(_bytes_of(each) for each in self._buffer)
        if len(self._buffer) >= MAX_BACKEND_ITEMS or held + _bytes_of(item) > MAX_BACKEND_BYTES:
            text = (
                f"The backend input buffer holds at most {MAX_BACKEND_ITEMS} items and {MAX_BACKEND_BYTES} "
                "bytes; send a shorter item."
            )
            raise ApiError(BUFFER_FULL, text, "item")
        if kind in OUTPUTS:
            del self._open[item["call_id"]]
        self._buffer.append({**item, "type": kind, **_plain(item)})

    def take(self) -> None:
        """``response.create``: the buffer becomes context. Raises :class:`ApiError` while calls are open."""
        if self._open:
            missing = ", ".join(self._open)
            text = f"Function call outputs are required before response.create: {missing}."
            raise ApiError(OUTPUTS_REQUIRED, text)
        for item in self._buffer:
            self._context.add(item)
        self._buffer.clear()

    def take_delegation(self) -> str | None:
        """Whose work the next response continues; None for a new one."""
        delegation_id, self._delegation_id = self._delegation_id, None
        return delegation_id


def _plain(item: Json) -> Json:
    """Content and output in the one form that the engine reads."""
    plain: Json = {}
    if isinstance(item.get("content"), str):
        plain["content"] = [{"type": "input_text", "text": item["content"]}]
    if isinstance(item.get("output"), list):
        plain["output"] = " ".join(str(part.get("text") or "") for part in item["output"])
    return plain


def _bytes_of(item: Json) -> int:
    return len(json.dumps(item, ensure_ascii=False).encode("utf-8", "surrogatepass"))
