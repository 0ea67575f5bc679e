"""The backend of Responses delegation: its calls of our functions, and one ``response.create`` behind them.

The gate is the session's, not a delegation's: while any call is open the backend goes on with nothing. What
we give it waits in a buffer of few items and bytes; a buffer that is full is freed by a short answer in
place of the one that was refused. Calls of a response that failed are dropped: outputs for them would be
refused.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from realtime_cli.client.effect_queue import EffectQueue
from realtime_cli.client.effects import CallTool, RequestApproval
from realtime_cli.client.inputs import ApprovalAnswered, ToolFinished
from realtime_cli.client.options import SessionOptions
from realtime_cli.errors import ExitCode
from realtime_cli.protocol.live import client_events as c
from realtime_cli.protocol.live.limits import (
    BUFFER_FULL,
    MAX_BACKEND_BYTES,
    MAX_BACKEND_ITEMS,
    OUTPUTS_REQUIRED,
)

ITEM_BYTES = 200  # what an item needs beside its text
TOO_LONG = " … (The rest is left out: the service takes no more at once.)"
PLACEHOLDER = "The result could not be given."
Json = dict[str, Any]


@dataclass(slots=True)
class BackendCall:
    """A call that is unanswered, or whose answer the backend has not used yet."""

    call_id: str
    response_id: str
    output: str | None = None
    sent: bool = False


class Backend:
    """Follows the nested stream. ``busy``: it answers, or waits for us."""

    def __init__(self, effects: EffectQueue, options: SessionOptions) -> None:
        self._effects = effects
        self._options = options
        self._calls: dict[str, BackendCall] = {}
        self._seen: set[str] = set()
        self._approvals: set[str] = set()
        self._running: set[str] = set()  # responses
        self._open_response = ""  # the current one: few of its events name it
        self._asked = False  # response.create is out, and its response has not begun
        self._requested = False  # the user's typed words wait for the gate
        self._bytes = self._items = 0  # in the service's buffer
        self._sent_as: dict[str, str] = {}  # our event id -> call id
        self._rounds = 0

    @property
    def busy(self) -> bool:
        return bool(self._calls or self._running or self._asked or self._requested or self._approvals)

    def user_spoke(self) -> None:
        self._rounds = 0

    # -- the nested stream ------------------------------------------------------------------------

    def event(self, event: Json) -> None:
        """One event of the Responses API."""
        kind = event.get("type")
        response = event.get("response")
        response_id = str(response.get("id") or "") if isinstance(response, dict) else self._open_response
        match kind:
            case "response.created":
                self._asked = False
                self._open_response = response_id
                self._running.add(response_id)
            case "response.output_item.done" if isinstance(event.get("item"), dict):
                self._item(event["item"], response_id)
            case "response.completed" | "response.incomplete":
                self._running.discard(response_id)
            case "response.failed" | "error":
                self._failed(response_id, response if isinstance(response, dict) else event)

    def _item(self, item: Json, response_id: str) -> None:
        """Only this event has the whole call; the two before it have parts of it."""
        call_id, name = item.get("call_id"), item.get("name")
        if item.get("type") == "function_call" and call_id and name and call_id not in self._seen:
            self._seen.add(call_id)
            self._calls[call_id] = BackendCall(call_id, response_id)
            self._effects.do(CallTool(call_id, name, item.get("arguments") or "{}"))
        elif item.get("type") == "mcp_approval_request" and item.get("id"):
            self._approvals.add(item["id"])
            label = f"{item.get('server_label')}.{name}"
            self._effects.do(RequestApproval(item["id"], label, item.get("arguments") or "{}"))

    def _failed(self, response_id: str, fault: Json) -> None:
        self._running.discard(response_id)
        self._asked = False
        for call in [call for call in self._calls.values() if call.response_id == response_id]:
            del self._calls[call.call_id]
        error = fault.get("error")
        message = error.get("message") if isinstance(error, dict) else fault.get("message")
        text = f"The backend failed: {str(message or 'no reason given').rstrip('.')}."
        self._effects.note("error", "response", text)

    # -- answers ----------------------------------------------------------------------------------

    def finished(self, happened: ToolFinished) -> bool:
        """A tool ended; False if its call is not the backend's."""
        call = self._calls.get(happened.call_id)
        if call is not None and call.output is None:
            call.output = happened.output
        return call is not None or happened.call_id in self._seen

    def answered(self, happened: ApprovalAnswered) -> None:
        if happened.call_id not in self._approvals:
            return
        self._approvals.discard(happened.call_id)
        approve = happened.verdict != "no"
        item: Json = {"type": "mcp_approval_response", "approval_request_id": happened.call_id}
        self._put({**item, "approve": approve})
        self._requested = True

    def user_message(self, text: str, images: tuple[str, ...], detail: str | None, *, respond: bool) -> None:
        """Typed words go to the backend, with images where there are any."""
        parts: list[Json] = [{"type": "input_text", "text": text}] if text else []
        parts += [{"type": "input_image", "image_url": url, "detail": detail or "auto"} for url in images]
        self._put({"type": "message", "role": "user", "content": parts})
        self._requested = self._requested or respond

    def go_on(self) -> None:
        """Called after every input: send what is ready, and let the backend continue once no call is open."""
        for call in self._calls.values():
            if call.output is not None and not call.sent:
                call.sent = True
                self._send_output(call, self._cut(call.output))
        answered = bool(self._calls) and all(call.sent for call in self._calls.values())
        waits = self._running or self._asked or self._approvals
        if waits or not (answered or (self._requested and not self._calls)):
            return
        if answered:
            self._rounds += 1
            if self._rounds > self._options.tool_rounds:
                most = self._options.tool_rounds
                reason = f"Limit reached: more than limits.tool_rounds = {most} rounds of tool calls."
                self._effects.close(ExitCode.LIMIT, reason, "To go on, raise it under [limits].")
                return
        self._calls.clear()
        self._requested, self._asked = False, True
        self._bytes = self._items = 0
        self._effects.send(c.LiveBackendResponseCreate())

    def _send_output(self, call: BackendCall, output: str) -> None:
        item = {"type": "function_call_output", "call_id": call.call_id, "output": output}
        self._sent_as[self._put(item)] = call.call_id

    def _put(self, item: Json) -> str:
        self._items += 1
        self._bytes += len(str(item).encode("utf-8", "replace"))
        if self._items > MAX_BACKEND_ITEMS:
            self._effects.note("warning", "tools", "The backend's buffer is full: more than 128 items.")
        return self._effects.send(c.LiveBackendItemCreate(item=item))

    def _cut(self, output: str) -> str:
        """As much of an output as still fits the buffer, leaving room for the other open calls."""
        open_calls = sum(not call.sent for call in self._calls.values())
        room = MAX_BACKEND_BYTES - self._bytes - ITEM_BYTES * (open_calls + 1)
        data = output.encode("utf-8", "replace")
        if len(data) <= room:
            return output
        kept = data[: max(0, room - len(TOO_LONG.encode()))].decode("utf-8", "ignore")
        text = f"A result of {len(data)} bytes was cut: the backend takes {MAX_BACKEND_BYTES} at once."
        self._effects.note("warning", "tools", text)
        return kept + TOO_LONG

    # -- errors -----------------------------------------------------------------------------------

    def refused(self, code: str, event_id: str | None, message: str) -> bool:
        """Repair what the service refused; False if the error is not about the backend."""
        call = self._calls.get(self._sent_as.pop(event_id or "", ""))
        if code == BUFFER_FULL:
            self._effects.note("warning", "tools", "The backend's buffer was full: a result was replaced.")
            if call:
                self._send_output(call, PLACEHOLDER)
            return True
        if code == OUTPUTS_REQUIRED:
            self._asked = False
            for call_id in [one for one in self._seen if one in message]:
                known = self._calls.setdefault(call_id, BackendCall(call_id, "", PLACEHOLDER))
                known.sent = False
            return True
        return False

    def on_disconnect(self) -> None:
        self._calls.clear()
        self._approvals.clear()
        self._running.clear()
        self._asked = self._requested = False
        self._bytes = self._items = 0
