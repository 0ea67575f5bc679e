"""One session from the server's side: client events and the engine's results in, effects out.

It has no clock, awaits nothing and runs no model: time comes with the inputs, and detection,
transcription, generation and synthesis are requested with effects.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from typing import Any

from realtime_cli.protocol import client_events as c
from realtime_cli.protocol import codec
from realtime_cli.protocol.client_events import CLIENT_EVENTS
from realtime_cli.server import inputs, settings, tokens
from realtime_cli.server.api_error import ApiError
from realtime_cli.server.audio_input import InputPipeline
from realtime_cli.server.client_frame import checked
from realtime_cli.server.conversation import (
    MAX_TRANSCRIBED_ITEMS,
    ServerConversation,
    StoredAudio,
    StoredItem,
)
from realtime_cli.server.effects import Effect, Generate, SetDeadline
from realtime_cli.server.engine.ports import ReplyRequest
from realtime_cli.server.event_queue import EventQueue, NewId, random_ids
from realtime_cli.server.response import ResponseRun, ResponseSettings
from realtime_cli.server.settings import Defaults

Json = dict[str, Any]
MAX_OUT_OF_BAND = 16  # responses beside the conversation at once; more are refused
RunNews = (
    inputs.TextGenerated
    | inputs.ToolCallGenerated
    | inputs.GenerationDone
    | inputs.GenerationFailed
    | inputs.AudioGenerated
    | inputs.AudioDone
)


class ServerSession:
    """The server's rules. ``handle`` takes one input and returns what is to be done, in order."""

    response_class: type[ResponseRun] = ResponseRun

    def __init__(
        self,
        *,
        defaults: Defaults | None = None,
        new_id: NewId | None = None,
    ) -> None:
        self._defaults = defaults or Defaults()
        self._events = EventQueue(new_id or random_ids())
        self.conversation = ServerConversation(self._events.new_id("conv"))
        self.session: Json = {}
        self._audio_input = InputPipeline(
            self._events,
            self.conversation,
            on_started=self._speech_started,
            on_ended=self._turn_ended,
            on_transcript=self._transcript_ready,
        )
        self._active: ResponseRun | None = None
        self._out_of_band: dict[str, ResponseRun] = {}
        self._answer_pending = False  # a turn ended during a response that may not be interrupted
        self._voice_is_fixed = False
        self._cached_tokens = tokens.Count()
        self._idle_since_ms = 0.0

    def handle(self, happened: inputs.Input) -> list[Effect]:
        """Take one input and return its effects, in the order in which to perform them."""
        if not self._events.closed:
            _HANDLERS[type(happened)](self, happened)
        return self._events.take()

    # -- opening --------------------------------------------------------------------------------

    def _client_connected(self, happened: inputs.ClientConnected) -> None:
        if happened.beta_header:
            text = "The Realtime Beta API is no longer supported. Connect without the OpenAI-Beta header."
            self._end("beta_api_shape_disabled", text)
        else:
            self._begin(happened)

    def _end(self, code: str, text: str, param: str | None = None) -> None:
        self._events.error(code, text, param)
        self._events.close_socket(4000, f"invalid_request_error.{code}")

    def _begin(self, happened: inputs.ClientConnected) -> None:
        limit_s = self._defaults.session_limit_s
        expires_at = int(happened.unix_s + limit_s)
        session_id = self._events.new_id("sess")
        kind = "transcription" if happened.transcribes else "realtime"
        patch = {"model": happened.model, "type": kind, **(happened.session or {})}
        self.session = settings.new_session(patch, session_id, expires_at, self._defaults)
        self._audio_input.forgets_audio = happened.transcribes
        if happened.transcribes:
            self.conversation.max_items = MAX_TRANSCRIBED_ITEMS
        self._audio_input.apply_settings(self.session["audio"]["input"], self.session["include"])
        self._events.emit("session.created", session=self.session)
        self._events.do(SetDeadline(happened.at + limit_s, "expired"))

    def _deadline_reached(self, happened: inputs.DeadlineReached) -> None:
        match happened.name:
            case "expired":
                limit_minutes = self._defaults.session_limit_s / 60
                text = f"Your session hit the maximum duration of {limit_minutes:g} minutes."
                self._events.error("session_expired", text)
                self._events.close_socket(1001, text)
            case "idle":
                self._idle(happened.at)
            case name if run := self._run(name.removeprefix("lead ")):
                run.advance(happened.at)
                self._after(run, happened.at)

    # -- client events --------------------------------------------------------------------------

    def _frame(self, happened: inputs.Frame) -> None:
        """Read, check and obey one frame; a mistake is answered with an error event."""
        event_id = None
        try:
            fields = codec.parse(happened.text)
            event_id = fields["event_id"] if isinstance(fields.get("event_id"), str) else None
            event = self._checked(fields)
            _OBEY[type(event)](self, happened.at, event)
        except codec.UndecodableEvent as error:
            code = "invalid_json" if error.reason.startswith("not JSON") else "invalid_event"
            self._events.error(code, f"The server could not read your event: {error.reason}.")
        except ApiError as fault:
            self._events.error(fault.code, fault.message, fault.param, event_id)

    def _checked(self, fields: Json) -> Any:
        kind = CLIENT_EVENTS.get(fields["type"])
        if kind is None or kind is c.OutputAudioBufferClear:
            known = ", ".join(f"'{name}'" for name in CLIENT_EVENTS)
            raise ApiError(
                "invalid_value", f"Invalid value: '{fields['type']}'. Supported values are: {known}.", "type"
            )
        if kind is c.InputAudioBufferAppend and len(fields) == 2 and isinstance(fields.get("audio"), str):
            return c.InputAudioBufferAppend(
                audio=fields["audio"]
            )  # fifty of these a second: the full check would cost too much
        return checked(kind, fields)

    def _update(self, at: float, event: c.SessionUpdate) -> None:
        patch = event.session.model_dump(exclude_unset=True, mode="json")
        before = self.session
        self.session = settings.updated(before, patch, self._defaults, voice_is_fixed=self._voice_is_fixed)
        self._audio_input.apply_settings(self.session["audio"]["input"], self.session["include"])
        self._events.emit("session.updated", session=self.session)
        known = [tool.get("server_label") for tool in before.get("tools", ()) if tool["type"] == "mcp"]
        for tool in self.session.get("tools", ()):
            if tool["type"] == "mcp" and tool["server_label"] not in known:
                self._list_tools(tool["server_label"])

    def _list_tools(self, label: str) -> None:
        """This server opens no connections, so listing the tools of an MCP server always fails."""
        item_id = self._events.new_id("item")
        self._events.emit("mcp_list_tools.in_progress", item_id=item_id)
        wire = {"id": item_id, "type": "mcp_list_tools", "server_label": label, "tools": []}
        previous = self.conversation.insert(StoredItem(wire))
        self._events.emit_item(wire, previous)
        why = "This server calls no MCP servers; let the client do it ([mcp.NAME] in the agent file)."
        self._events.emit("mcp_list_tools.failed", item_id=item_id, error={"message": why})

    def _append(self, at: float, event: c.InputAudioBufferAppend) -> None:
        self._audio_input.append(event.audio)

    def _commit(self, at: float, event: c.InputAudioBufferCommit) -> None:
        self._audio_input.commit()

    def _clear(self, at: float, event: c.InputAudioBufferClear) -> None:
        self._audio_input.clear()

    def _create_item(self, at: float, event: c.ConversationItemCreate) -> None:
        wire = event.item.model_dump(exclude_unset=True, mode="json")
        wire = {"id": self._events.new_id("item"), "object": "realtime.item", **wire, "status": "completed"}
        record = StoredItem(wire)
        self._keep_audio(record)
        previous = self.conversation.insert(record, event.previous_item_id)
        self._events.emit_item(wire, previous)
        if wire.get("role") == "user":
            self._audio_input.transcribe_parts(record)

    def _keep_audio(self, record: StoredItem) -> None:
        """Move audio that the client sends with an item from its wire form into ``record.audio``."""
        for index, part in enumerate(record.wire.get("content") or ()):
            encoded = part.pop("audio", None)
            if encoded is None or part["type"] != "input_audio":
                continue
            try:
                audio = base64.b64decode(encoded, validate=True)
            except (binascii.Error, ValueError):
                param = f"item.content[{index}].audio"
                raise ApiError(
                    "invalid_value", f"Invalid '{param}'. Expected base64-encoded audio bytes.", param
                ) from None
            part.setdefault("transcript", None)
            record.audio[index] = StoredAudio(
                self.session["audio"]["input"]["format"]["type"], bytearray(audio)
            )

    def _retrieve(self, at: float, event: c.ConversationItemRetrieve) -> None:
        record = self.conversation.find(event.item_id, "retrieve")
        self._events.emit("conversation.item.retrieved", item=record.with_audio())

    def _truncate(self, at: float, event: c.ConversationItemTruncate) -> None:
        record = self.conversation.find(event.item_id, "truncate")
        record.truncate(event.content_index, event.audio_end_ms)
        self._events.emit(
            "conversation.item.truncated",
            item_id=event.item_id,
            content_index=event.content_index,
            audio_end_ms=event.audio_end_ms,
        )

    def _delete(self, at: float, event: c.ConversationItemDelete) -> None:
        self.conversation.delete(event.item_id)
        self._events.emit("conversation.item.deleted", item_id=event.item_id)

    def _cancel(self, at: float, event: c.ResponseCancel) -> None:
        run = self._run(event.response_id) if event.response_id else self._active
        if run is None:
            raise ApiError("response_cancel_not_active", "Cancellation failed: no active response found")
        run.finish("cancelled", "client_cancelled")
        self._after(run, at)

    # -- responses ------------------------------------------------------------------------------

    def _create_response(self, at: float, event: c.ResponseCreate) -> None:
        overrides = event.response.model_dump(exclude_unset=True, mode="json") if event.response else {}
        if self.session["type"] == "transcription":
            raise ApiError("invalid_parameter", "A transcription session gives no responses.", "type")
        out_of_band = overrides.get("conversation") == "none"
        if overrides.get("conversation", "auto") not in ("auto", "none", self.conversation.id):
            text = (
                f"Unknown conversation '{overrides['conversation']}'. Supported values are: 'auto', 'none'."
            )
            raise ApiError("invalid_value", text, "response.conversation")
        if self._active and not out_of_band:
            text = (
                f"Conversation already has an active response in progress: {self._active.id}. "
                "Wait until the response is finished before creating a new one."
            )
            raise ApiError("conversation_already_has_active_response", text)
        if out_of_band and len(self._out_of_band) >= MAX_OUT_OF_BAND:
            text = f"At most {MAX_OUT_OF_BAND} out-of-band responses run at once. Wait until one is finished."
            raise ApiError("rate_limit_exceeded", text)
        self._start(at, overrides, out_of_band=out_of_band)

    def _start(self, at: float, overrides: Json, *, out_of_band: bool = False) -> None:
        params = self._response_params(overrides, out_of_band=out_of_band)
        context = [(record.wire, record.audio_ms) for record in params.context]
        sent = tokens.of_input(params.instructions, params.tools, context)
        run = self.response_class(
            self._events, params, sent, tokens.Count() if out_of_band else sent.overlap(self._cached_tokens)
        )
        if out_of_band:
            self._out_of_band[run.id] = run
        else:
            self._active, self._cached_tokens, self._answer_pending = run, sent, False
            self._events.do(SetDeadline(None, "idle"))
        run.begin()
        self._generate_if_ready(run)

    def _response_params(self, overrides: Json, *, out_of_band: bool) -> ResponseSettings:
        session, output = self.session, self.session["audio"]["output"]
        requested = (overrides.get("audio") or {}).get("output") or {}
        chosen = session | overrides
        settings.refuse_unknown_voice(requested.get("voice"), "response.audio.output.voice")
        if self._voice_is_fixed and requested.get("voice", output["voice"]) != output["voice"]:
            settings.refuse_voice("response.audio.output.voice")
        return ResponseSettings(
            response_id=self._events.new_id("resp"),
            conversation=None if out_of_band else self.conversation,
            modality=chosen["output_modalities"][0],
            format=requested.get("format", output["format"]),
            voice=requested.get("voice", output["voice"]),
            speed=output["speed"],
            instructions=chosen["instructions"],
            tools=chosen["tools"],
            tool_choice=chosen["tool_choice"],
            max_output_tokens=chosen["max_output_tokens"],
            metadata=overrides.get("metadata"),
            context=self._context(overrides.get("input")),
        )

    def _context(self, given: list[Json] | None) -> list[StoredItem]:
        """The items to answer: the conversation, or exactly the ``input`` of ``response.create``."""
        if given is None:
            return list(self.conversation)
        context = []
        for place, item in enumerate(given):
            if item["type"] == "item_reference":
                known = self.conversation.get(item["id"])
                if known is None:
                    text = f"Item with id '{item['id']}' not found."
                    raise ApiError("invalid_value", text, f"response.input[{place}].id")
                context.append(known)
            else:
                record = StoredItem({"id": self._events.new_id("item"), **item})
                self._keep_audio(record)
                self._audio_input.transcribe_parts(record)
                context.append(record)
        return context

    def _generate_if_ready(self, run: ResponseRun) -> None:
        if run.generating or run.over or run.waits_for_transcripts:
            return
        run.generating = True
        params = run.params
        request = ReplyRequest(
            items=tuple(record.for_engine() for record in params.context),
            instructions=params.instructions,
            tools=tuple(params.tools),
            tool_choice=params.tool_choice,
            modalities=(params.modality,),
            metadata=dict(params.metadata or {}),
        )
        self._events.do(Generate(run.id, request))

    def _run(self, response_id: str | None) -> ResponseRun | None:
        if self._active and self._active.id == response_id:
            return self._active
        return self._out_of_band.get(response_id or "")

    def _runs(self) -> list[ResponseRun]:
        return [*([self._active] if self._active else []), *self._out_of_band.values()]

    def _after(self, run: ResponseRun, at: float) -> None:
        """Called after each step of a response: clean up, and start what waits, if it is over."""
        self._voice_is_fixed = self._voice_is_fixed or run.has_audio
        if not run.over:
            return
        self._out_of_band.pop(run.id, None)
        if run is self._active:
            self._active = None
            self._set_idle_timer(at, run.playback_ends_at)
            if self._answer_pending:
                self._start(at, {})

    # -- the engine's news ----------------------------------------------------------------------

    def _vad_result(self, happened: inputs.VadResult) -> None:
        self._audio_input.vad_result(happened.at, happened.stream, happened.probabilities)

    def _transcribed(self, happened: inputs.Transcribed) -> None:
        self._audio_input.transcribed(happened.at, happened.ticket, happened.text)

    def _transcription_failed(self, happened: inputs.TranscriptionFailed) -> None:
        self._audio_input.transcribed(happened.at, happened.ticket, None)

    def _transcript_ready(self, at: float) -> None:
        for run in self._runs():
            self._generate_if_ready(run)

    def _advance(self, happened: RunNews) -> None:
        """Hand the engine's news over to their response; late news of a finished one are dropped."""
        if run := self._run(happened.response_id):
            _ADVANCE[type(happened)](run, happened)
            self._after(run, happened.at)

    # -- turns ----------------------------------------------------------------------------------

    @property
    def _detection(self) -> Json:
        return self.session["audio"]["input"]["turn_detection"] or {}

    def _speech_started(self, at: float) -> None:
        self._events.do(SetDeadline(None, "idle"))
        if self._active and self._detection.get("interrupt_response"):
            run = self._active
            self._answer_pending = False
            run.finish("cancelled", "turn_detected")
            self._after(run, at)

    def _turn_ended(self, at: float) -> None:
        if self.session["type"] == "transcription" or not self._detection.get("create_response"):
            return
        if self._active:
            self._answer_pending = True
        else:
            self._start(at, {})

    def _set_idle_timer(self, at: float, playback_ends_at: float | None = None) -> None:
        """The timeout counts from the end of the answer's sound, not of its delivery."""
        timeout_ms = self._detection.get("idle_timeout_ms")
        if timeout_ms is None or playback_ends_at is None or self._audio_input.user_speaks:
            return
        self._idle_since_ms = self._audio_input.buffer.end_ms + max(0.0, (playback_ends_at - at) * 1000)
        self._events.do(SetDeadline(max(at, playback_ends_at) + timeout_ms / 1000, "idle"))

    def _idle(self, at: float) -> None:
        if self._active or self._audio_input.user_speaks or self._detection.get("idle_timeout_ms") is None:
            return
        self._audio_input.commit_silence(min(self._idle_since_ms, self._audio_input.buffer.end_ms))
        self._start(at, {})


_ADVANCE: dict[type, Callable[[ResponseRun, Any], None]] = {
    inputs.TextGenerated: lambda run, news: run.add_text(news.at, news.text),
    inputs.ToolCallGenerated: lambda run, news: run.add_call(news.at, news.name, news.arguments),
    inputs.GenerationDone: lambda run, news: run.generation_done(news.at),
    inputs.GenerationFailed: lambda run, news: run.fail(news.message),
    inputs.AudioGenerated: lambda run, news: run.add_audio(news.at, news.audio),
    inputs.AudioDone: lambda run, news: run.audio_done(news.at),
}

_HANDLERS: dict[type, Callable[[ServerSession, Any], None]] = {
    inputs.ClientConnected: ServerSession._client_connected,
    inputs.Frame: ServerSession._frame,
    inputs.VadResult: ServerSession._vad_result,
    inputs.Transcribed: ServerSession._transcribed,
    inputs.TranscriptionFailed: ServerSession._transcription_failed,
    inputs.DeadlineReached: ServerSession._deadline_reached,
    **dict.fromkeys(_ADVANCE, ServerSession._advance),
}

_OBEY: dict[type, Callable[[ServerSession, float, Any], None]] = {
    c.SessionUpdate: ServerSession._update,
    c.InputAudioBufferAppend: ServerSession._append,
    c.InputAudioBufferCommit: ServerSession._commit,
    c.InputAudioBufferClear: ServerSession._clear,
    c.ConversationItemCreate: ServerSession._create_item,
    c.ConversationItemRetrieve: ServerSession._retrieve,
    c.ConversationItemTruncate: ServerSession._truncate,
    c.ConversationItemDelete: ServerSession._delete,
    c.ResponseCreate: ServerSession._create_response,
    c.ResponseCancel: ServerSession._cancel,
}
