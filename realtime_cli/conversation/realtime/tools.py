"""Tool calls: called, asked about, run by us or by the server, and ended; each step is reported once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from realtime_cli.client import effects, inputs
from realtime_cli.client.bounded_dict import REMEMBERED_IDS, BoundedDict
from realtime_cli.client.bounded_set import BoundedSet
from realtime_cli.client.conversation import MAX_ITEMS
from realtime_cli.conversation import events as e
from realtime_cli.conversation.realtime.scene import Scene
from realtime_cli.conversation.realtime.wire import error_text
from realtime_cli.protocol import server_events as s

MAX_OPEN = 512  # calls whose end was not told


@dataclass(slots=True)
class _Call:
    call_id: str
    turn: int
    response_id: str = ""
    name: str = ""
    hosted: bool = False
    called_at: float | None = None
    running_at: float | None = None
    ended: bool = False


class ToolSide:
    """Tells what becomes of tool calls."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self._calls: BoundedDict[str, _Call] = BoundedDict(MAX_OPEN)
        # Calls of an earlier session, from which this one was continued.
        self._history = BoundedSet(MAX_ITEMS)
        self._asked_at: dict[str, float] = {}  # by the id that was asked about
        self._asked = BoundedSet(REMEMBERED_IDS)

    # -- called -----------------------------------------------------------------------------------

    def item(self, item: Any, response_id: str | None) -> None:
        """A ``function_call`` or ``mcp_call`` item, whole or just begun."""
        if item.type == "mcp_call":
            call = self._call(item.id, response_id, f"{item.server_label}.{item.name}", hosted=True)
            if item.arguments or item.output is not None or item.error is not None:
                self._called(call, item.arguments)
        elif (call_id := item.call_id or item.id) and call_id not in self._history:
            call = self._call(call_id, response_id, item.name)
            if item.status in ("completed", None) and item.arguments is not None and item.arguments != "":
                self._called(call, item.arguments)

    def item_done(self, item: Any, response_id: str | None) -> None:
        self.item(item, response_id)
        if item.type == "mcp_call":
            self._hosted_over(item)
            return
        call_id = item.call_id or item.id
        if call_id and call_id not in self._history and item.status != "incomplete":
            self._called(self._call(call_id, response_id, item.name), item.arguments)

    def arguments_done(self, event: s.ResponseFunctionCallArgumentsDone) -> None:
        call_id = event.call_id or event.item_id
        if call_id and call_id not in self._history:
            call = self._call(call_id, event.response_id, event.name)
            if call.name:  # else its item will tell it
                self._called(call, event.arguments)

    def hosted_arguments(self, event: s.ResponseMcpCallArgumentsDone) -> None:
        if call := self._calls.get(event.item_id or ""):
            self._called(call, event.arguments)

    def hosted_runs(self, event: s.ResponseMcpCallInProgress) -> None:
        if (call := self._calls.get(event.item_id or "")) and call.called_at is not None:
            self._runs(call)

    def run(self, effect: effects.CallTool | inputs.BackendCalled) -> None:
        self._called(self._call(effect.call_id, None, effect.name), effect.arguments)

    def _call(
        self, call_id: str | None, response_id: str | None, name: str | None, *, hosted: bool = False
    ) -> _Call:
        call = self._calls.get(call_id or "")
        # Some servers call all their calls alike.
        again = call is not None and call.ended and bool(response_id and call.response_id)
        if call is None or (again and response_id != call.response_id):
            turn = self._scene.turn_of.get(response_id or "", self._scene.turn)
            unique = self._scene.made_up_id(call.call_id) if call else call_id or ""
            self._forget_ended()
            call = self._calls[call_id or ""] = _Call(unique, turn, response_id or "", hosted=hosted)
        call.name = call.name or name or ""
        return call

    def _forget_ended(self) -> None:
        """One that still runs may do so for an hour, and is not forgotten for those that have ended."""
        ended = (call_id for call_id, call in self._calls.items() if call.ended)
        if len(self._calls) >= REMEMBERED_IDS and (oldest := next(ended, None)) is not None:
            del self._calls[oldest]

    def _called(self, call: _Call, arguments: str | None) -> None:
        if call.called_at is None:
            call.called_at = self._scene.at
            self._scene.emit(
                e.ToolCalled(
                    self._scene.at,
                    call.turn,
                    call.call_id,
                    call.name,
                    arguments or "",
                    call.response_id,
                    call.hosted,
                )
            )

    # -- asked about ------------------------------------------------------------------------------

    def asked(self, asked: inputs.ApprovalAsked) -> None:
        self.ask(asked.call_id, asked.name, asked.arguments, asked.kind, asked.action, asked.origin)

    def ask(
        self, call_id: str, name: str, arguments: str, kind: Any = "run", action: str = "", origin: str = ""
    ) -> None:
        """The user is asked about a call, or about one that the server wants to make."""
        if call_id in self._asked:
            return
        self._asked.add(call_id)
        self._asked_at[call_id] = self._scene.at
        turn = self._turn_of(call_id)
        self._scene.emit(e.ToolWaiting(self._scene.at, turn, call_id, name, arguments, kind, action, origin))

    def answered(self, answered: inputs.ApprovalAnswered) -> None:
        self._answer(answered.call_id, answered.verdict, answered.text)

    def approval_sent(self, item: Any) -> None:
        """In another tool's log, only the answer on the wire shows it."""
        request_id = item.approval_request_id or ""
        if request_id in self._asked_at:
            self._answer(request_id, "once" if item.approve else "no", item.reason or "")

    def _answer(self, call_id: str, verdict: inputs.Verdict, text: str) -> None:
        asked_at = self._asked_at.pop(call_id, None)
        waited_ms = 0.0 if asked_at is None else (self._scene.at - asked_at) * 1000
        turn = self._turn_of(call_id)
        self._scene.emit(e.ToolAnswered(self._scene.at, turn, call_id, verdict, text, waited_ms))

    def _turn_of(self, call_id: str) -> int:
        call = self._calls.get(call_id)
        return call.turn if call else self._scene.turn

    # -- running and ended ------------------------------------------------------------------------

    def started(self, started: inputs.ToolStarted) -> None:
        if call := self._calls.get(started.call_id):
            self._runs(call)

    def _runs(self, call: _Call) -> None:
        if call.running_at is None and not call.ended:
            call.running_at = self._scene.at
            self._scene.emit(e.ToolRunning(self._scene.at, call.turn, call.call_id))

    def progressed(self, progress: inputs.ToolProgress) -> None:
        turn = self._turn_of(progress.call_id)
        self._scene.emit(e.ToolProgressed(self._scene.at, turn, progress.call_id, progress.text))

    def finished(self, finished: inputs.ToolFinished | inputs.BackendCallEnded) -> None:
        call = self._call(finished.call_id, None, "")
        self._end(call, "failed" if finished.failed else "done", finished.output, finished.seconds)

    def cancelled(self, cancel: effects.CancelTool) -> None:
        if call := self._calls.get(cancel.call_id):
            self._end(call, "cancelled", "", None)

    def history_sent(self, item: Any) -> None:
        """A call that we tell the server of ran in an earlier session."""
        self._history.add(item.call_id or "")

    def output_sent(self, item: Any) -> None:
        """In another tool's log, or by a raw event, the output on the wire is all that tells of the end."""
        if call := self._calls.get(item.call_id or ""):
            self._end(call, "done", item.output or "", self._seconds(call))

    def _hosted_over(self, item: Any) -> None:
        call = self._calls.get(item.id or "")
        if call is None or (item.error is None and item.output is None):
            return
        failed = item.error is not None
        text = error_text(item.error) if failed else item.output or ""
        self._end(call, "failed" if failed else "done", text, self._seconds(call))

    def _seconds(self, call: _Call) -> float:
        since = call.running_at if call.running_at is not None else call.called_at
        return self._scene.at - (self._scene.at if since is None else since)

    def _end(self, call: _Call, status: e.ToolStatus, output: str, seconds: float | None) -> None:
        if not call.ended:
            call.ended = True
            self._scene.emit(
                e.ToolEnded(self._scene.at, call.turn, call.call_id, call.name, status, output, seconds)
            )
