"""The conversation as blocks in order: one fold of the entry stream, dispatched from three tables.

A user's transcript often comes after the answer has begun; it fills the place that was kept for it
above the answer.
"""

from __future__ import annotations

from typing import Any

from realtime_cli.client import effects, error_policy, inputs
from realtime_cli.client.entry import Entry
from realtime_cli.tui.agent_turns import AgentTurns
from realtime_cli.tui.block_order import BlockOrder
from realtime_cli.tui.tool_cards import ToolCards
from realtime_cli.tui.user_turns import UserTurns
from realtime_cli.tui.wire_facts import error_text, image_count, message_text

_LISTENED = (inputs.MicrophoneFrame, inputs.Levels, inputs.SoundState, inputs.Played, effects.Play)


class Transcript:
    """Fold entries; read ``order``, ``approvals`` and ``pictures_sent``."""

    def __init__(self) -> None:
        self.order = BlockOrder()
        self.approvals: dict[str, str] = {}  # call id of an open question -> its kind
        self.pictures_sent = 0
        self.user = UserTurns(self.order)
        self.agent = AgentTurns(self.order)
        self.tools = ToolCards(self.order)
        self._live = False  # our own session or recording, not a log of bare events
        self._asked_items = 0
        self._told: list[tuple[str, str]] = []  # (role, text) of what we sent and will be told of
        self._echoes: set[str] = set()
        self._retold: set[str] = set()  # calls of an earlier session, by which this one was begun

    def fold(self, entry: Entry) -> None:
        self.order.at = entry.at
        value: Any = entry.value
        if entry.kind == "local":
            self._live = True
            self.order.paced = self.order.paced or isinstance(value, _LISTENED)
            handler = _LOCAL.get(type(value))
        else:
            value = value.event
            handler = (_RECEIVED if entry.kind == "received" else _SENT).get(value.type)
        if handler:
            handler(self, value)
        self.order.settle()

    # -- items --------------------------------------------------------------------------------

    def _item_added(self, event: Any) -> None:
        if event.item is not None:
            self._item(event.item, "", event.previous_item_id)

    def _item_done(self, event: Any) -> None:
        self._item_added(event)
        self._item_over(event.item)

    def _output_item(self, event: Any) -> None:
        if event.item is not None and not self.agent.is_aside(event.response_id):
            self._item(event.item, event.response_id or "", None)

    def _output_item_done(self, event: Any) -> None:
        self._output_item(event)
        self._item_over(event.item)

    def _item(self, item: Any, response_id: str, previous_item_id: str | None) -> None:
        match item.type:
            case "message" if item.role == "assistant":
                if not self._is_echo(item):
                    self.agent.item(item, response_id, previous_item_id)
            case "message" if item.role == "user" and item.id not in self.order.turns:
                if not self._is_echo(item):
                    self.user.item(item, previous_item_id)
            case "function_call" if item.call_id in self._retold:
                pass
            case "function_call" | "mcp_call":
                self.tools.item(item)
            case "mcp_approval_request" if not self._live:
                self._ask(item.id or "", f"{item.server_label}.{item.name}", item.arguments or "")

    def _item_over(self, item: Any) -> None:
        if item is not None and item.type == "mcp_call":
            self.tools.mcp_done(item)
        elif item is not None and item.type == "message":
            self.agent.item_done(item)

    def _is_echo(self, item: Any) -> bool:
        """The server tells of what we sent: it is shown already, or is history told to a new socket."""
        told = (item.role or "", message_text(item))
        if item.id in self._echoes:
            return True
        if item.id in self.order.turns or told not in self._told:
            return False
        self._told.remove(told)
        self._echoes.add(item.id or "")
        return True

    def _approval_asked(self, asked: inputs.ApprovalAsked) -> None:
        self._ask(asked.call_id, asked.name, asked.arguments, asked.kind)

    def _ask(self, call_id: str, name: str, arguments: str, kind: str = "run") -> None:
        """The arguments are told in full: it is they that are decided on."""
        if call_id in self.approvals:
            return
        self.approvals[call_id] = kind
        question = "May it run?" if kind == "run" else "What is its result?"
        self.order.notice("warning", "approval", f"{name} {arguments} - {question}")

    def _approval_answered(self, answered: inputs.ApprovalAnswered) -> None:
        self.approvals.pop(answered.call_id, None)

    def _response_done(self, event: Any) -> None:
        response = event.response
        if response is None or self.agent.is_aside(response.id):
            return
        for item in response.output or ():
            if item.type == "message":
                self._item(item, response.id or "", None)
            self._item_over(item)
        self.agent.response_done(response)
        if response.status == "failed" and not self._live:
            self.order.notice(
                "error", "response", f"The answer failed: {error_text(response.status_details)}"
            )

    # -- what we send -------------------------------------------------------------------------

    def _asked(self, asked: inputs.RawEvent) -> None:
        self._asked_items += asked.event.get("type") == "conversation.item.create"

    def _item_sent(self, event: Any) -> None:
        item = event.item
        if item is None:
            return
        if item.type == "function_call":
            self._retold.add(item.call_id or "")  # of an earlier session: nothing runs
        elif item.type == "function_call_output":
            self.tools.output_sent(item.call_id or "", item.output or "")
        elif item.type == "mcp_approval_response":
            self.approvals.pop(item.approval_request_id or "", None)
        elif item.type == "message":
            self._message_sent(item)

    def _message_sent(self, item: Any) -> None:
        text, images = message_text(item), image_count(item)
        asked = self._asked_items > 0
        self._asked_items -= asked
        if item.role == "user" and images and not text:
            self.pictures_sent += 1
        elif item.role == "user" and (asked or not self._live):
            self.user.written(text, images)  # what is typed was shown as it was typed
        self._told.append((item.role or "", text))

    # -- what is said about it ----------------------------------------------------------------

    def _noted(self, noted: inputs.Noted) -> None:
        if noted.level != "debug":
            self.order.notice(noted.level, noted.topic, noted.text)

    def _error(self, event: Any) -> None:
        """In a session of ours the client has judged the error and noted it; a bare log has only this."""
        code = getattr(event.error, "code", None)
        if error_policy.of_error(code).verdict != "ignore" and not self._live:
            self.order.notice("error", "server", error_text(event.error))

    def _closed(self, close: effects.Close) -> None:
        if close.reason:
            self.order.notice("error", "session", f"{close.reason} {close.remedy}".strip())

    def _arguments_done(self, event: Any) -> None:
        if not self.agent.is_aside(event.response_id):
            self.tools.arguments(event)


_RECEIVED: dict[str, Any] = {
    "session.created": lambda self, event: self.user.session(event),
    "session.updated": lambda self, event: self.user.session(event),
    "input_audio_buffer.speech_started": lambda self, event: self.user.speech_started(event),
    "input_audio_buffer.speech_stopped": lambda self, event: self.user.speech_stopped(event),
    "input_audio_buffer.committed": lambda self, event: self.user.committed(event),
    "input_audio_buffer.cleared": lambda self, event: self.user.cleared(event),
    "conversation.item.input_audio_transcription.delta": lambda self, event: self.user.delta(event),
    "conversation.item.input_audio_transcription.completed": lambda self, event: self.user.completed(event),
    "conversation.item.input_audio_transcription.failed": lambda self, event: self.user.failed(event),
    "conversation.item.added": Transcript._item_added,
    "conversation.item.created": Transcript._item_added,
    "conversation.item.done": Transcript._item_done,
    "response.created": lambda self, event: self.agent.created(event),
    "response.output_item.added": Transcript._output_item,
    "response.output_item.done": Transcript._output_item_done,
    "response.output_text.delta": lambda self, event: self.agent.text_delta(event),
    "response.output_text.done": lambda self, event: self.agent.text_done(event),
    "response.output_audio_transcript.delta": lambda self, event: self.agent.transcript_delta(event),
    "response.output_audio_transcript.done": lambda self, event: self.agent.transcript_done(event),
    "response.output_audio.delta": lambda self, event: self.agent.audio_delta(event),
    "response.output_audio.done": lambda self, event: self.agent.audio_done(event),
    "response.function_call_arguments.done": Transcript._arguments_done,
    "response.done": Transcript._response_done,
    "error": Transcript._error,
}
_SENT: dict[str, Any] = {
    "conversation.item.create": Transcript._item_sent,
    "response.create": lambda self, event: self.agent.asked(event),
}
_LOCAL: dict[type, Any] = {
    inputs.Typed: lambda self, typed: self.user.typed(typed),
    inputs.RawEvent: Transcript._asked,
    inputs.Played: lambda self, played: self.agent.played(played),
    inputs.PlaybackStopped: lambda self, stopped: self.agent.stopped(stopped),
    inputs.ToolFinished: lambda self, finished: self.tools.finished(finished),
    inputs.Noted: Transcript._noted,
    inputs.ApprovalAsked: Transcript._approval_asked,
    inputs.ApprovalAnswered: Transcript._approval_answered,
    inputs.ToolStarted: lambda self, started: self.tools.started(started),
    inputs.ToolProgress: lambda self, progress: self.tools.progressed(progress),
    effects.Play: lambda self, play: self.agent.play(play),
    effects.PlayEnd: lambda self, end: self.agent.play_end(end),
    effects.CallTool: lambda self, call: self.tools.called(call),
    effects.CancelTool: lambda self, cancel: self.tools.cancelled(cancel),
    effects.Close: Transcript._closed,
}
