"""The tool loop: run calls, send their results, ask for an answer; ask the user about hosted calls."""

from __future__ import annotations

from math import ceil
from typing import Any

from realtime_cli.client import inputs
from realtime_cli.client.effect_queue import EffectQueue
from realtime_cli.client.effects import CallTool, CancelTool, RequestApproval, SetTimer
from realtime_cli.client.in_force import InForce
from realtime_cli.client.limits import WARNING_SHARE
from realtime_cli.client.options import SessionOptions
from realtime_cli.client.response_queue import ResponseQueue
from realtime_cli.client.session_part import SessionPart
from realtime_cli.client.tool_calls import PendingCall, ToolCalls, ToolRound
from realtime_cli.client.waits import BACKGROUND_RESULT_PAUSE_S, MAX_HOSTED_CALL_S
from realtime_cli.errors import ExitCode
from realtime_cli.protocol import client_events as c
from realtime_cli.protocol.objects import FunctionCall, Item, McpApprovalRequest, McpCall


class ToolLoop(SessionPart):
    """Owns the rounds of tool calls between two words of the user."""

    def __init__(self, effects: EffectQueue, options: SessionOptions, responses: ResponseQueue) -> None:
        self.calls = ToolCalls(options.tools_not_awaited)
        self.approvals_open: set[str] = set()
        """Ids of approvals that the user has not answered."""
        self._effects = effects
        self._options = options
        self._responses = responses
        self._rounds = 0
        self._forced = False
        self._hanging_up: set[str] = set()
        self._hosted: frozenset[str] = frozenset()  # calls of the server's own that run
        self._user_spoke_at = float("-inf")

    # -- calls ------------------------------------------------------------------------------------

    def begin(self, response_id: str, item: FunctionCall, *, whole: bool) -> None:
        """Run a call, unless another of its events has started it. ``whole``: its arguments are complete."""
        call = self.calls.begin(
            response_id, item.call_id, item.name, item.arguments, whole=whole, item_id=item.id
        )
        if call:
            self._effects.do(CallTool(call.call_id, call.name, call.arguments))

    def finished(self, happened: inputs.ToolFinished) -> None:
        self.calls.finished(happened.call_id, happened.output, respond=happened.respond)
        if happened.hang_up:
            self._hanging_up.add(happened.call_id)

    def cut(self) -> None:
        """End the calls that an interruption ends; the model is told, so that no call stays open."""
        for call in self.calls.running:
            if call.name in self._options.tools_cut_by_interruption and not call.remote:
                self._effects.do(CancelTool(call.call_id))
                self.calls.finished(call.call_id, "Ended: the user interrupted.", respond=False)

    def on_settings(self, in_force: InForce) -> None:
        choice = in_force.tool_choice
        kind = choice.get("mode", choice.get("type")) if isinstance(choice, dict) else choice
        self._forced = kind not in ("auto", "none", None)

    # -- the user ---------------------------------------------------------------------------------

    def user_took_turn(self) -> None:
        """The user took a turn: count tool rounds from 0, and do not hang up."""
        self._rounds = 0
        self.cancel_hang_up()

    def on_user_speech(self, at: float, *, speaking: bool) -> None:
        if not speaking:
            self._user_spoke_at = at

    def cancel_hang_up(self) -> None:
        """Do not hang up."""
        self._hanging_up.clear()

    @property
    def hanging_up(self) -> bool:
        """Whether a call asked for the end of the session."""
        return bool(self._hanging_up)

    def hangs_up(self, *, idle_but_background_tools: bool) -> bool:
        """Whether to hang up: the goodbye was heard, and every result was sent."""
        return bool(self._hanging_up) and idle_but_background_tools and not self._hanging_up & self.calls.owed

    def on_disconnect(self) -> None:
        self.calls.on_disconnect()
        self.approvals_open.clear()

    # -- results ----------------------------------------------------------------------------------

    def send_outputs(self) -> None:
        """Send the outputs that may go out, and ask for an answer where a round is over."""
        for call in self.calls.outputs_to_send():
            self._send_output(call)
        for over in self.calls.rounds_over():
            if not over.cancelled and self._expects_answer(over):
                if self._rounds >= self._options.tool_rounds:
                    self._end_of_rounds()
                else:
                    self.ask_for_answer()

    def _send_output(self, call: PendingCall) -> None:
        item = {"type": "function_call_output", "call_id": call.wire_id, "output": call.output}
        self._create(item)

    def _expects_answer(self, over: ToolRound) -> bool:
        """Whether the model is asked to speak about results; a goodbye is not said twice."""
        if over.spoke and any(call.call_id in self._hanging_up for call in over.calls):
            return False
        return any(call.respond for call in over.calls)

    def send_background_outputs(self, at: float) -> None:
        """Send the results of background calls in a pause, so that they interrupt nobody."""
        pause_ends = self._user_spoke_at + BACKGROUND_RESULT_PAUSE_S
        if at < pause_ends - 0.001:
            self._effects.do(SetTimer(pause_ends, "late_results"))
            return
        told = self.calls.background_outputs()
        for call in told:
            self._send_output(call)
        if any(call.respond for call in told):
            self.ask_for_answer()

    def ask_for_answer(self) -> None:
        self._rounds += 1
        most = self._options.tool_rounds
        text = f"{self._rounds} rounds of tool calls without a word from the user"
        if self._rounds < most:
            if self._rounds == ceil(WARNING_SHARE * most):
                self._effects.note("warning", "limits", f"{text}, of limits.tool_rounds {most}.")
            # A tool choice that is forced would bring the same call again and again.
            self._responses.request({"tool_choice": "auto"} if self._forced else None)
            return
        self._effects.note("warning", "tools", f"{text}: the next answer has none.")
        self._responses.request({"tool_choice": "none"})

    def _end_of_rounds(self) -> None:
        """End the rounds of a model that calls tools although it was told not to.

        It would not stop by itself.
        """
        most = self._options.tool_rounds
        reason = f"Limit reached: more than limits.tool_rounds = {most} rounds of tool calls."
        self._effects.close(ExitCode.LIMIT, reason, "To go on, raise it under [limits].")

    # -- tools that the server runs ---------------------------------------------------------------

    def hosted(self, response_id: str | None, item: Item | None) -> None:
        """Fold an ``mcp_call``, or ask the user about an ``mcp_approval_request``.

        A call comes outside of any response if it had to be approved; others there are history.
        """
        if not item or not item.id:
            return
        name = f"{getattr(item, 'server_label', None)}.{getattr(item, 'name', None)}"
        if isinstance(item, McpCall):
            if response_id or item.approval_request_id:
                self.calls.begin_remote(response_id, item.id, name)
            if item.output is not None or item.error is not None:
                self.calls.finished_remote(item.id)
        elif isinstance(item, McpApprovalRequest) and response_id and item.arguments:
            self._ask_about(item.id, name, item.arguments)

    def bound_hosted(self, at: float) -> None:
        """Bound the wait for calls that the server runs.

        They are given up some time after the last one began or ended.
        """
        running = self.calls.running_remote
        if running != self._hosted:
            self._hosted = running
            self._effects.do(SetTimer(at + MAX_HOSTED_CALL_S if running else None, "hosted_calls"))

    def give_up_hosted(self) -> None:
        for name in self.calls.give_up_remote():
            text = f"The server did not say how its call of {name} ended, so it is no longer waited for."
            self._effects.note("warning", "tools", text)

    def _ask_about(self, item_id: str, name: str, arguments: str) -> None:
        if self.calls.first_sight(item_id):
            self.approvals_open.add(item_id)
            self._effects.do(RequestApproval(item_id, name, arguments))

    def answered(self, happened: inputs.ApprovalAnswered, *, ready: bool) -> None:
        """Tell the server the answer; after a refusal ask the model to go on, since no call result will."""
        if happened.call_id not in self.approvals_open:
            return
        self.approvals_open.discard(happened.call_id)
        if not ready:
            return  # the request went with its socket
        approve = happened.verdict != "no"
        item = {
            "type": "mcp_approval_response",
            "approval_request_id": happened.call_id,
            "approve": approve,
            **({"reason": happened.text} if happened.text else {}),
        }
        self._create(item)
        if not approve:
            self.ask_for_answer()

    def _create(self, item: dict[str, Any]) -> None:
        self._effects.send(c.ConversationItemCreate.model_validate({"item": item}))
