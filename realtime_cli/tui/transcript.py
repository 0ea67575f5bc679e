"""The conversation as blocks in order: one fold of the entry stream.

``blocks[:settled]`` will never change nor move: a face may write them into the scrollback, once.
Everything behind may still do both: a user's transcript often comes after the answer has begun, and
then fills the place that was kept for it above the answer.
"""

from __future__ import annotations

from typing import Any

from realtime_cli.client import effects, faults, inputs
from realtime_cli.recording.entry import Entry
from realtime_cli.tui.blocks import AgentTurn, Block, Level, Notice, ToolCard, UserTurn
from realtime_cli.tui.tool_cards import ToolCards
from realtime_cli.tui.wire_facts import audio_ms, error_text, image_count, message_text

TRANSCRIPT_PATIENCE_S = 10.0  # how long a turn without transcript may hold up what comes behind it
COMMIT_PATIENCE_S = 5.0


class Transcript:
    """Fold entries; read ``blocks``, ``settled`` and ``version`` (which changes when they do)."""

    def __init__(self) -> None:
        self.blocks: list[Block] = []
        self.settled = 0
        self.version = 0
        self.at = 0.0
        self.approvals: dict[str, str] = {}  # id of an open question -> what it asks for
        self.frames_sent = 0
        self._paced = False  # somebody listens: text follows the sound
        self._live = False  # our own recording or session, not a log of bare events
        self._transcribes = True
        self._turns: dict[str, UserTurn | AgentTurn] = {}
        self._tools = ToolCards(self._append)
        self._responses: dict[str, list[AgentTurn]] = {}
        self._asides_asked = 0
        self._asides: set[str] = set()
        self._asked_items = 0
        self._restored: list[tuple[str, str]] = []

    # -- the fold -----------------------------------------------------------------------------

    def fold(self, entry: Entry) -> None:
        self.at = entry.at
        value: Any = entry.value
        if entry.kind == "received":
            handler = _RECEIVED.get(value.event.type)
            value = value.event
        elif entry.kind == "sent":
            handler = _SENT.get(value.event.type)
            value = value.event
        else:
            self._live = True
            handler = _LOCAL.get(type(value))
        if handler:
            handler(self, value)
            self.version += 1
        elif isinstance(value, inputs.Heard | inputs.Levels):
            self._paced = True
        self._settle()

    def notice(self, level: Level, topic: str, text: str) -> None:
        """Warnings do not wait for a turn to end, even if they come into the middle of it."""
        notice = Notice(self.at, level, topic, text)
        place = self.settled if level in ("warning", "error") else len(self.blocks)
        self.blocks.insert(place, notice)
        self.version += 1
        self._settle()

    def close(self) -> None:
        """Nothing more will come: every block is final as it stands."""
        for block in self.blocks[self.settled :]:
            if isinstance(block, AgentTurn) and block.cut_ms is None and not block.done:
                block.cut_ms = block.heard_ms if self._paced and not block.final else None
            if isinstance(block, UserTurn) and not (block.text or block.images):
                block.missing = block.missing or "no transcript"
            if isinstance(block, ToolCard) and block.state == "running":
                block.state = "cancelled"
            block.final = True
        self.version += 1
        self._settle()

    def _append(self, block: Block) -> None:
        self.blocks.append(block)
        self.version += 1

    def _settle(self) -> None:
        before = self.settled
        while self.settled < len(self.blocks) and self._may_settle(self.blocks[self.settled]):
            self.blocks[self.settled].final = True
            self.settled += 1
        self.version += self.settled != before

    def _may_settle(self, block: Block) -> bool:
        if block.final:
            return True
        if isinstance(block, UserTurn):
            return self._waited_long_enough(block)
        if isinstance(block, ToolCard):
            block.left_running = any(
                later.final and not isinstance(later, Notice) for later in self.blocks[self.settled + 1 :]
            )
            return block.left_running
        return False

    def _waited_long_enough(self, turn: UserTurn) -> bool:
        if turn.committed_at is not None and self.at - turn.committed_at > TRANSCRIPT_PATIENCE_S:
            turn.missing = "no transcript came"
            return True
        return (
            turn.committed_at is None
            and turn.stopped_at is not None
            and self.at - turn.stopped_at > COMMIT_PATIENCE_S
        )

    # -- the user -----------------------------------------------------------------------------

    def _user(self, item_id: str | None, previous_item_id: str | None = None) -> UserTurn:
        known = self._turns.get(item_id or "")
        if isinstance(known, UserTurn):
            return known
        turn = UserTurn(self.at, item_id or "")
        self._turns[turn.item_id] = turn
        self._place(turn, previous_item_id)
        return turn

    def _place(self, block: Block, previous_item_id: str | None) -> None:
        """Behind the item that the server says is before it, unless that place has been written."""
        previous = self._turns.get(previous_item_id or "")
        place = self.blocks.index(previous) + 1 if previous in self.blocks else len(self.blocks)
        while place < len(self.blocks) and isinstance(self.blocks[place], Notice):
            place += 1
        self.blocks.insert(max(place, self.settled), block)
        self.version += 1

    def _speech_started(self, event: Any) -> None:
        self._user(event.item_id)

    def _speech_stopped(self, event: Any) -> None:
        self._user(event.item_id).stopped_at = self.at

    def _committed(self, event: Any) -> None:
        turn = self._user(event.item_id, event.previous_item_id)
        turn.committed_at = self.at
        if not self._transcribes and not turn.text:
            turn.missing, turn.final = "spoken; this session has no transcription", True

    def _cleared(self, event: Any) -> None:
        for block in self.blocks[self.settled :]:
            if isinstance(block, UserTurn) and block.spoken and block.committed_at is None:
                self.blocks.remove(block)

    def _user_delta(self, event: Any) -> None:
        turn = self._user(event.item_id)
        if not turn.final:
            turn.text += event.delta or ""

    def _user_completed(self, event: Any) -> None:
        turn = self._user(event.item_id)
        text = (event.transcript or "").strip()
        if turn.final and turn.missing and text:
            self._append(UserTurn(self.at, turn.item_id, text, late=True, final=True))
        elif not turn.final:
            turn.text, turn.final = text, True
            turn.missing = "" if text else "nothing was understood"

    def _user_failed(self, event: Any) -> None:
        turn = self._user(event.item_id)
        turn.missing, turn.final = error_text(event.error) or "the transcription failed", True

    def _typed(self, typed: inputs.Typed) -> None:
        self._append(UserTurn(self.at, text=typed.text, spoken=False, images=len(typed.images), final=True))

    def _asked(self, asked: inputs.Asked) -> None:
        self._asked_items += asked.event.get("type") == "conversation.item.create"

    def _item_sent(self, event: Any) -> None:
        item = event.item
        if item is None:
            return
        if item.type == "function_call_output":
            self._tools.output_sent(self.at, item.call_id or "", item.output or "")
        elif item.type == "mcp_approval_response":
            self.approvals.pop(item.approval_request_id or "", None)
        elif item.type == "message":
            self._message_sent(item)

    def _message_sent(self, item: Any) -> None:
        text, images = message_text(item), image_count(item)
        asked = self._asked_items > 0
        self._asked_items -= asked
        if item.role == "user" and images and not text:
            self.frames_sent += 1
        elif item.role == "user" and (asked or not self._live):
            self._append(UserTurn(self.at, text=text, spoken=False, images=images, final=True))
        # What we sent comes back as an item: it is shown already, or it is history told again.
        self._restored.append((item.role or "", text))

    # -- the agent ----------------------------------------------------------------------------

    def _agent(self, event: Any) -> AgentTurn | None:
        """The turn that an event is about; None for answers that are no part of the conversation."""
        item_id, response_id = event.item_id or "", event.response_id or ""
        if response_id in self._asides:
            return None
        known = self._turns.get(item_id)
        return known if isinstance(known, AgentTurn) else self._new_agent(item_id, response_id, None)

    def _new_agent(self, item_id: str, response_id: str, previous_item_id: str | None) -> AgentTurn:
        turn = AgentTurn(self.at, item_id, response_id)
        self._turns[item_id] = turn
        self._responses.setdefault(response_id, []).append(turn)
        self._place(turn, previous_item_id)
        return turn

    def _response_asked(self, event: Any) -> None:
        self._asides_asked += getattr(event.response, "conversation", None) == "none"

    def _response_created(self, event: Any) -> None:
        response = event.response
        if response and self._asides_asked and response.conversation_id is None:
            self._asides_asked -= 1
            self._asides.add(response.id or "")

    def _text_delta(self, event: Any) -> None:
        self._spoke(event, event.delta or "", voice=False)

    def _transcript_delta(self, event: Any) -> None:
        self._spoke(event, event.delta or "", voice=True)

    def _spoke(self, event: Any, text: str, *, voice: bool, whole: bool = False) -> None:
        turn = self._agent(event)
        if turn is None or turn.final:
            return
        part = turn.part(event.content_index or 0)
        part.voice = part.voice or voice
        if not (whole and len(text) < part.shown):
            part.text = text if whole else part.text + text
        if voice and self._paced:
            part.reach()
        else:
            part.shown = len(part.text)

    def _text_done(self, event: Any) -> None:
        if event.text:
            self._spoke(event, event.text, voice=False, whole=True)

    def _transcript_done(self, event: Any) -> None:
        if event.transcript:
            self._spoke(event, event.transcript, voice=True, whole=True)

    def _audio_delta(self, event: Any) -> None:
        turn = self._agent(event)
        if turn and not turn.final:
            part = turn.part(event.content_index or 0)
            part.voice = True
            part.wire_ms += audio_ms(len(event.delta or "") * 3 / 4)

    def _audio_done(self, event: Any) -> None:
        turn = self._agent(event)
        if turn and not turn.final:
            turn.part(event.content_index or 0).audio_complete = True

    def _output_item(self, event: Any) -> None:
        if event.item is not None and (event.response_id or "") not in self._asides:
            self._item(event.item, event.response_id or "", None)

    def _output_item_done(self, event: Any) -> None:
        self._output_item(event)
        self._item_is_done(event.item)

    def _item_added(self, event: Any) -> None:
        if event.item is not None:
            self._item(event.item, "", event.previous_item_id)

    def _item_done(self, event: Any) -> None:
        self._item_added(event)
        self._item_is_done(event.item)

    def _item(self, item: Any, response_id: str, previous_item_id: str | None) -> None:
        if item.type == "message":
            self._message(item, response_id, previous_item_id)
        elif item.type in ("function_call", "mcp_call"):
            self._tools.item(self.at, item)
        elif item.type == "mcp_approval_request" and item.id not in self.approvals:
            self.approvals[item.id or ""] = item.name or ""
            question = f"May {item.server_label}.{item.name} be called with {item.arguments}?"
            self.notice("warning", "approval", f"{question} Say /approve yes or no.")

    def _message(self, item: Any, response_id: str, previous_item_id: str | None) -> None:
        item_id = item.id or ""
        if item_id in self._turns:
            turn = self._turns[item_id]
            if response_id and isinstance(turn, AgentTurn) and not turn.response_id:
                turn.response_id = response_id
                self._responses.setdefault(response_id, []).append(turn)
            return
        told = (item.role or "", message_text(item))
        if told in self._restored:
            self._restored.remove(told)
        elif item.role == "assistant":
            self._new_agent(item_id, response_id, previous_item_id)
        elif item.role == "user":
            self._user_message(item, previous_item_id)

    def _user_message(self, item: Any, previous_item_id: str | None) -> None:
        turn = self._user(item.id, previous_item_id)
        turn.text, turn.images = message_text(item), image_count(item)
        turn.spoken = any(part.type == "input_audio" for part in item.content or ())
        turn.committed_at = self.at
        turn.final = bool(turn.text or turn.images) or not turn.spoken
        if not self._transcribes and not turn.final:
            turn.missing, turn.final = "spoken; this session has no transcription", True

    def _item_is_done(self, item: Any) -> None:
        """The end of an item; that of an assistant's message also tells its whole text."""
        if item is None:
            return
        if item.type == "mcp_call":
            self._tools.mcp_done(self.at, item)
        turn = self._turns.get(item.id or "")
        if isinstance(turn, AgentTurn) and not turn.final:
            self._fill(turn, item)
            turn.done = True
            turn.cancelled = turn.cancelled or item.status == "incomplete"
            turn.settle(paced=self._paced)

    def _fill(self, turn: AgentTurn, item: Any) -> None:
        """Servers may leave out the deltas and send the finished text alone."""
        for index, content in enumerate(item.content or ()):
            part = turn.part(index)
            text = getattr(content, "transcript", None) or getattr(content, "text", None) or ""
            if not part.text and text:
                part.text, part.voice = text, "audio" in content.type
            if not (part.voice and self._paced):
                part.shown = len(part.text)

    def _response_done(self, event: Any) -> None:
        response = event.response
        if response is None or response.id in self._asides:
            return
        for item in response.output or ():
            if item.type == "message" and item.id and item.id not in self._turns:
                self._message(item, response.id or "", None)
            self._item_is_done(item)
        for turn in self._responses.pop(response.id or "", []):
            turn.done = True
            turn.cancelled = turn.cancelled or response.status == "cancelled"
            turn.settle(paced=self._paced)
        if response.status == "failed" and not self._live:
            self.notice("error", "response", f"The answer failed: {error_text(response.status_details)}")

    # -- the listener -------------------------------------------------------------------------

    def _play(self, play: effects.Play) -> None:
        self._paced = True
        turn = self._turns.get(play.item_id)
        if isinstance(turn, AgentTurn) and not turn.final:
            part = turn.part(play.content_index)
            part.voice = True
            part.played_ms += audio_ms(len(play.audio), play.format)

    def _play_end(self, end: effects.PlayEnd) -> None:
        turn = self._turns.get(end.item_id)
        if isinstance(turn, AgentTurn) and not turn.final:
            turn.part(end.content_index).audio_complete = True

    def _played(self, played: inputs.Played) -> None:
        self._paced = True
        turn = self._turns.get(played.item_id)
        if isinstance(turn, AgentTurn) and not turn.final:
            part = turn.part(played.content_index)
            part.heard_ms, part.heard_to_end = played.heard_ms, played.finished
            part.audio_complete = part.audio_complete or played.finished
            part.reach()
            self._earlier_were_heard(turn)
            turn.settle(paced=True)

    def _earlier_were_heard(self, now: AgentTurn) -> None:
        """Parts are heard in order: whoever is heard now, those before it are over."""
        for block in self.blocks[self.settled :]:
            if block is now:
                return
            if isinstance(block, AgentTurn) and block.done and not block.final:
                block.show_all()
                block.final = True

    def _stopped(self, stopped: inputs.PlaybackStopped) -> None:
        for heard in stopped.items:
            turn = self._turns.get(heard.item_id)
            if not isinstance(turn, AgentTurn) or turn.final:
                continue
            part = turn.part(heard.content_index)
            part.heard_ms, part.heard_to_end = heard.heard_ms, heard.finished
            part.audio_complete = part.audio_complete or heard.finished
            part.reach()
            if not heard.finished:
                turn.cut_ms = turn.heard_ms
            turn.settle(paced=True)

    # -- notices ------------------------------------------------------------------------------

    def _session(self, event: Any) -> None:
        """Without transcription nobody need wait for the text of what was said."""
        audio = getattr(event.session, "audio", None)
        hearing = getattr(audio, "input", None)
        given = hearing is not None and "transcription" in hearing.model_fields_set
        self._transcribes = not (given and hearing.transcription is None)

    def _noted(self, noted: inputs.Noted) -> None:
        if noted.level != "debug":
            self.notice(noted.level, noted.topic, noted.text)

    def _error(self, event: Any) -> None:
        """In a session of ours the client has judged the error and noted it; a bare log has only this."""
        code = getattr(event.error, "code", None)
        if faults.of_error(code).verdict != "ignore" and not self._live:
            self.notice("error", "server", error_text(event.error))

    def _call_tool(self, call: effects.CallTool) -> None:
        self._tools.called(self.at, call)

    def _tool_finished(self, finished: inputs.ToolFinished) -> None:
        self._tools.finished(finished)

    def _tool_cancelled(self, cancel: effects.CancelTool) -> None:
        self._tools.cancelled(cancel)

    def _arguments_done(self, event: Any) -> None:
        if (event.response_id or "") not in self._asides:
            self._tools.arguments(self.at, event)

    def _closed(self, close: effects.Close) -> None:
        if close.reason:
            self.notice("error", "session", f"{close.reason} {close.remedy}".strip())


_RECEIVED: dict[str, Any] = {
    "session.created": Transcript._session,
    "session.updated": Transcript._session,
    "input_audio_buffer.speech_started": Transcript._speech_started,
    "input_audio_buffer.speech_stopped": Transcript._speech_stopped,
    "input_audio_buffer.committed": Transcript._committed,
    "input_audio_buffer.cleared": Transcript._cleared,
    "conversation.item.added": Transcript._item_added,
    "conversation.item.created": Transcript._item_added,
    "conversation.item.done": Transcript._item_done,
    "conversation.item.input_audio_transcription.delta": Transcript._user_delta,
    "conversation.item.input_audio_transcription.completed": Transcript._user_completed,
    "conversation.item.input_audio_transcription.failed": Transcript._user_failed,
    "response.created": Transcript._response_created,
    "response.output_item.added": Transcript._output_item,
    "response.output_item.done": Transcript._output_item_done,
    "response.output_text.delta": Transcript._text_delta,
    "response.output_text.done": Transcript._text_done,
    "response.output_audio_transcript.delta": Transcript._transcript_delta,
    "response.output_audio_transcript.done": Transcript._transcript_done,
    "response.output_audio.delta": Transcript._audio_delta,
    "response.output_audio.done": Transcript._audio_done,
    "response.function_call_arguments.done": Transcript._arguments_done,
    "response.done": Transcript._response_done,
    "error": Transcript._error,
}
_SENT: dict[str, Any] = {
    "conversation.item.create": Transcript._item_sent,
    "response.create": Transcript._response_asked,
}
_LOCAL: dict[type, Any] = {
    inputs.Typed: Transcript._typed,
    inputs.Asked: Transcript._asked,
    inputs.Played: Transcript._played,
    inputs.PlaybackStopped: Transcript._stopped,
    inputs.ToolFinished: Transcript._tool_finished,
    inputs.Noted: Transcript._noted,
    effects.Play: Transcript._play,
    effects.PlayEnd: Transcript._play_end,
    effects.CallTool: Transcript._call_tool,
    effects.CancelTool: Transcript._tool_cancelled,
    effects.Close: Transcript._closed,
}
