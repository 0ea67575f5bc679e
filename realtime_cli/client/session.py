"""One conversation from the client's side: inputs in, effects out.

Nothing here reads a clock, awaits or touches a device; ``handle`` is an ordinary function, and the same
inputs always give the same effects. That is what lets a recording be verified. The rules are in the modules
beside this file, one each; this file tells them what happened.
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

from realtime_cli.client import error_policy, inputs
from realtime_cli.client.agent_audio import AgentAudio
from realtime_cli.client.barge_in import BargeIn
from realtime_cli.client.connection_policy import Reconnection
from realtime_cli.client.conversation import MAX_TRANSCRIBED_ITEMS, ConversationHistory
from realtime_cli.client.cost import CostFold, load_prices
from realtime_cli.client.deadlines import Deadlines
from realtime_cli.client.effect_queue import EffectQueue
from realtime_cli.client.effects import Effect, Send, SetTimer
from realtime_cli.client.entry import Entry
from realtime_cli.client.image_context import ImageContext
from realtime_cli.client.in_force import only_transcribes
from realtime_cli.client.kept_sound import KeptSound
from realtime_cli.client.lost_answer import NAMELESS_CALL, LostAnswer
from realtime_cli.client.mic_gate import MicGate
from realtime_cli.client.options import SessionOptions
from realtime_cli.client.pending_turn import PendingTurn
from realtime_cli.client.playback import Playback
from realtime_cli.client.response_queue import ResponseQueue
from realtime_cli.client.reversible_barge_in import ReversibleBargeIn
from realtime_cli.client.session_config import SessionConfig
from realtime_cli.client.session_part import SessionPart
from realtime_cli.client.session_state import SessionState
from realtime_cli.client.tool_calls import ToolCalls
from realtime_cli.client.tool_loop import ToolLoop
from realtime_cli.errors import ConfigError, ExitCode
from realtime_cli.protocol import client_events as c
from realtime_cli.protocol import codec
from realtime_cli.protocol import server_events as s
from realtime_cli.protocol.objects import FunctionCall, WireFormat

__all__ = ["ClientSession", "SessionOptions"]


class ClientSession(SessionState):
    """The client's rules. ``handle`` takes one input and returns what is to be done, in order."""

    def __init__(self, options: SessionOptions | None = None) -> None:
        self.options = options = options or SessionOptions()
        self.conversation = ConversationHistory()
        if only_transcribes(options.patch):
            self.conversation.max_items = MAX_TRANSCRIBED_ITEMS
        self.responses = ResponseQueue()
        self.playback = Playback()
        self.cost = CostFold(load_prices(options.prices), options.model)
        self.user_speaking = False
        self.responses_done = 0
        self._effects = EffectQueue()
        self._reconnection = Reconnection(self._effects, options)
        self._config = SessionConfig(self._effects, options)
        self._tools = ToolLoop(self._effects, options, self.responses)
        self._barge_in = BargeIn(self._effects, options, self.responses, self._tools, self.playback)
        self._reversible = ReversibleBargeIn(
            self._effects, options, self.responses, self.playback, self._barge_in
        )
        self.image_context = ImageContext(self._effects, options)
        self._pending_turn = PendingTurn(self._effects, self.responses)
        self._agent_audio = AgentAudio(self._effects, self.responses, self.playback)
        self._kept_sound = KeptSound()
        self._deadlines = Deadlines(self._effects, options, self.responses, self.cost)
        self.mic_gate = MicGate(
            push_to_talk=options.push_to_talk,
            manual=self._manual,
            muted=options.start_muted,
            pre_roll_ms=options.pre_roll_ms,
            by_voice=options.end_of_turn == "vad",
        )
        self._lost_answer = LostAnswer(
            self._effects, self.responses, self.calls, self.conversation, self.playback
        )
        self._parts: tuple[SessionPart, ...] = (
            self._lost_answer,
            self._pending_turn,
            self.responses,
            self._agent_audio,
            self._barge_in,
            self._reversible,
            self._tools,
            self.mic_gate,
            self._kept_sound,
            self.image_context,
            self._config,
            self._deadlines,
            self._reconnection,
        )
        self._notify_settings()
        self._waiting: list[inputs.Typed | inputs.RawEvent | inputs.SettingsChanged] = []
        self.greeted = False
        """Whether the greeting was asked for, or none is due."""
        self._transcripts_owed: set[str] = set()  # of a transcription session: items without theirs
        self._spoken_id = ""  # the last item that the user spoke: what a transcript without an id is of
        self._commit_when_ready = False
        self._looking: inputs.Typed | None = None  # waits for the frame that must precede it

    # -- what others may ask ------------------------------------------------------------------

    def decoder(self) -> codec.ServerDecoder:
        return codec.ServerDecoder()

    @property
    def idle(self) -> bool:
        """Nothing is pending: no response, no tool, no unheard sound, no request."""
        return self.idle_but_background_tools and not self.calls.background_pending

    @property
    def idle_but_background_tools(self) -> bool:
        """Nothing is pending but tools that the conversation does not wait for."""
        busy = self.calls.pending or self.playback.unheard or self.user_speaking or self._waiting
        owed = self._tools.approvals_open or self._pending_turn.waits or self._owes_captions
        return self.ready and self.responses.idle and not busy and not owed

    @property
    def _owes_captions(self) -> bool:
        """In a transcription session: whether something is still to come.

        That is a transcript, or a sign that all the sound was read.
        """
        return self._config.only_transcribes and bool(self._transcripts_owed or not self._config.settled)

    def history(self) -> list[dict[str, Any]]:
        """The conversation so far as items, with the ids that the server gave them."""
        return self.conversation.history(with_ids=True)

    @property
    def calls(self) -> ToolCalls:
        return self._tools.calls

    @property
    def answers_lost(self) -> int:
        """How many answers, asked for or begun, will never come."""
        return self.responses.answers_lost

    @property
    def requested_session(self) -> dict[str, Any]:
        """The settings that the user asked for."""
        return self._config.requested

    @property
    def _changes_open(self) -> bool:
        return not self._config.settled

    @property
    def effective_session(self) -> dict[str, Any]:
        """The settings that the server said are in force."""
        return self._config.effective

    @property
    def input_format(self) -> WireFormat:
        return self._config.input_format

    @property
    def output_format(self) -> WireFormat:
        return self._config.output_format

    @property
    def turn_detection(self) -> dict[str, Any] | None:
        """The detection in force; None means manual turns."""
        return self._config.turn_detection

    @property
    def _manual(self) -> bool:
        return self.turn_detection is None

    def _notify_settings(self) -> None:
        in_force = self._config.to_parts()
        for part in self._parts:
            part.on_settings(in_force)

    # -- the one entrance ---------------------------------------------------------------------

    def handle(self, happened: inputs.Input) -> list[Effect]:
        """Fold one input and return the effects it has, in the order to perform them."""
        if not self._effects.closed:
            try:
                _HANDLERS[type(happened)](self, happened)
            except ConfigError as error:  # a person asked for what the API does not take
                self._effects.note("error", "settings", str(error))
            if self.ready and not (type(happened) is inputs.MicrophoneFrame and self._rests):
                self._go_on(happened.at)
        effects = self._effects.take()
        for effect in effects:
            self._remember(effect)
        return effects

    def _remember(self, effect: Effect) -> None:
        if isinstance(effect, Send) and isinstance(effect.event, c.ConversationItemCreate):
            item = effect.event.item.model_dump(mode="json", exclude_unset=True)
            self.conversation.sent(effect.event.event_id or "", item)

    @property
    def _rests(self) -> bool:
        """Whether time alone makes nothing due in ``_go_on``: then fifty frames a second need not ask it."""
        return not (self.calls.background_ended or self._tools.hanging_up or self._deadlines.ending)

    def _go_on(self, at: float) -> None:
        """Called after every input: send outputs that are ready, then the next request for a response."""
        self._tools.bound_hosted(at)
        self._tools.send_outputs()
        if self.calls.background_ended and self.idle_but_background_tools:
            self._tools.send_background_outputs(at)
        if self._tools.hangs_up(idle_but_background_tools=self.idle_but_background_tools):
            self._effects.close(ExitCode.OK)
            return
        if self._deadlines.ending:
            self.responses.clear_pending()
        while (params := self.responses.next_request()) is not None:
            body = {"response": params} if params else {}
            self.responses.sent(self._effects.send(c.ResponseCreate.model_validate(body)), params)
            self._deadlines.expect_progress(at)

    # -- connection ---------------------------------------------------------------------------

    def _connected(self, happened: inputs.Connected) -> None:
        self._reconnection.connected(happened)

    def _disconnected(self, happened: inputs.Disconnected) -> None:
        owed = not self.responses.idle or self.calls.pending or bool(self._waiting)
        self._user_speaks(happened.at, False)
        self._transcripts_owed.clear()
        for part in self._parts:
            part.on_disconnect()
        self._reconnection.disconnected(happened, owed=owed)

    def _session_created(self, happened: inputs.Received, event: s.SessionCreated) -> None:
        if self.phase == "connecting":
            self._config.created(event.session)
            self._reconnection.created(happened.at, getattr(event.session, "expires_at", None))

    def _session_updated(self, happened: inputs.Received, event: s.SessionUpdated) -> None:
        detection = self.turn_detection
        self._config.updated(event.session)
        if self.turn_detection != detection:
            self._user_speaks(happened.at, False)  # the server starts listening from the beginning
        self._notify_settings()
        if self.phase == "settling":
            self._settle(happened.at)

    def _settle(self, at: float) -> None:
        """The settings are in force: tell the history (on a new socket), then begin."""
        self._reconnection.settled(at)
        self._keep_limits(at)
        past = (
            self.conversation.history(self.calls.owed_on_wire)
            if self._reconnection.attempt
            else list(self.options.seed)
        )
        if self._reconnection.attempt:
            self._lost_answer.request_again()
            past = ImageContext.without(past)
            self.image_context.resume()
            self.conversation.clear()
            self._effects.note("info", "reconnect", f"Connected again; {len(past)} items of history sent.")
        for item in past:
            self._create(item)
        self._append_kept()
        self._begin()

    def _append_kept(self) -> None:
        """Give the new socket what was being said when the old one was lost, and what was said since."""
        if self._kept_sound.dropped_ms >= 100:
            lost_s = self._kept_sound.dropped_ms / 1000
            text = f"The first {lost_s:.1f} s of what you said while the connection was down are lost."
            self._effects.note("warning", "reconnect", text)
        for piece in self._kept_sound.take():
            self.mic_gate.count([piece])
            self._append(piece, keep=True)
        if self._commit_when_ready:
            self._commit_when_ready = False
            self._commit()

    def _begin(self) -> None:
        """Greet, unless that was done or something else is waiting; then do what was waiting."""
        waiting, self._waiting = self._waiting, []
        if self.options.greet and not self.greeted and not waiting:
            self.responses.request({"instructions": self.options.greeting} if self.options.greeting else None)
        self.greeted = True
        for happened in waiting:
            _HANDLERS[type(happened)](self, happened)

    def _create(self, item: dict[str, Any]) -> None:
        self._effects.send(c.ConversationItemCreate.model_validate({"item": item}))

    # -- sound in -----------------------------------------------------------------------------

    def _microphone_frame(self, happened: inputs.MicrophoneFrame) -> None:
        if not self.ready:
            if self.mic_gate.open:
                self._kept_sound.without_socket(happened.audio)
            return
        if self._manual and self._deadlines.input_ended_at is not None:
            return  # the silence behind a file is for voice detection only
        if self._deadlines.ending:
            return  # no new turn begins
        for frame in self.mic_gate.frames(happened.at, happened.audio):
            self._append(frame)
            if self._manual:
                self._deadlines.word_at = happened.at

    def _append(self, frame: bytes, *, keep: bool = False) -> None:
        self._kept_sound.sent(frame)
        audio = base64.b64encode(frame).decode("ascii")
        self._effects.do(Send(c.InputAudioBufferAppend(audio=audio), keep))

    def _microphone_ended(self, happened: inputs.MicrophoneEnded) -> None:
        self._deadlines.input_ended(happened.at)
        if self._manual:
            self._commit()
        if self._config.only_transcribes and self.ready:
            self._config.ask_again()  # events are read in order: its answer comes when all the sound was read
        self._deadlines.expect_quiet(happened.at)

    def _voice_activity(self, happened: inputs.VoiceDetected) -> None:
        """``end_of_turn = "vad"``: the microphone opens with the user's voice, and closes as a turn."""
        gate = self.mic_gate
        if not self._manual or not gate.by_voice or happened.speaking == gate.voice:
            return
        if happened.speaking and gate.muted:
            return
        gate.voice = happened.speaking
        self._user_speaks(happened.at, happened.speaking)
        if not happened.speaking:
            self._commit()
        elif self.options.barge_in == "immediate":
            self._interrupt("voice")
        else:
            self._barge_in.speech_started(happened.at, server_interrupts=False)
            self._reversible.speech_started(happened.at, ready=self.ready)

    def _sound_judged(self, happened: inputs.SoundJudged) -> None:
        """A sound beside the agent's voice; with a key, or muted, it is not for the agent."""
        if self.mic_gate.muted or self.mic_gate.push_to_talk:
            return
        tells = self.mic_gate.by_voice if self._manual else self._config.speech_seen
        transcript_comes = self._config.transcribes and not (self._manual and not self.mic_gate.by_voice)
        self._reversible.judged(
            happened, server_tells=tells, transcript_comes=transcript_comes, ready=self.ready
        )

    def _commit(self) -> None:
        """End a manual turn. Under 100 ms there is nothing to commit: the server would refuse it."""
        if not self.ready:
            self._commit_when_ready = True
            return
        if not self.mic_gate.can_commit:
            self._effects.send(c.InputAudioBufferClear())
        else:
            self._effects.send(c.InputAudioBufferCommit())
            self._tools.user_took_turn()
            answers = self._reversible.answers() if self.mic_gate.by_voice else True
            if answers and not self._config.only_transcribes:
                self.responses.request()
        self._input_made_turn()

    def _input_made_turn(self) -> None:
        """The server's input buffer is empty: what was in it is a turn of the user, or was thrown away."""
        self.mic_gate.committed()
        self._kept_sound.made_turn()

    # -- keys and words -----------------------------------------------------------------------

    def _pressed(self, happened: inputs.Pressed) -> None:
        match happened.key:
            case "mute":
                if self.mic_gate.toggle_mute(happened.at):
                    self._reversible.muted(happened.at)
            case "talk":
                self._talk()
            case "release":
                if self.mic_gate.release(happened.at) and self._manual:
                    self._commit()
            case "commit":
                self._end_turn()
            case "interrupt":
                self._interrupt("key")
            case "video":
                self.image_context.pressed()
            case "quit":
                self._effects.close(ExitCode.OK)

    def _end_turn(self) -> None:
        """The user ends the turn by hand: there is no push-to-talk key and no turn detection."""
        if not self._manual:
            self._effects.note("info", "turn", "The server ends your turns here.")
        elif not self.options.push_to_talk:
            self._interrupt("key")
            self._commit()

    def _talk(self) -> None:
        if self.mic_gate.talk() and self.ready:
            self._interrupt("key")
            if self._manual:
                self._effects.send(c.InputAudioBufferClear())
                self._input_made_turn()

    def _interrupt(self, cause: inputs.Cause) -> None:
        self._barge_in.interrupt(cause, ready=self.ready)

    def _typed(self, happened: inputs.Typed) -> None:
        if not self.ready:
            self._waiting.append(happened)
            return
        if self.image_context.looks_at_turns and self._looking is None:
            self._looking = happened
            self.image_context.look()
            return
        if happened.respond:
            self._interrupt("typed")
        content: list[dict[str, Any]] = [_image(url, happened.detail) for url in happened.images]
        if happened.text:
            content.append({"type": "input_text", "text": happened.text})
        self._create({"type": "message", "role": "user", "content": content})
        self._tools.user_took_turn()
        if happened.respond:
            self.responses.request()

    def _video_frame(self, happened: inputs.VideoFrameCaptured) -> None:
        """A frame; it asks for an answer only where the agent file says so, and nobody else talks."""
        if (
            self.ready
            and self.image_context.seen(happened)
            and self.options.video_respond
            and self.idle_but_background_tools
        ):
            self.responses.request()
        if (typed := self._looking) is not None:
            self._typed(typed)
            self._looking = None

    def _detail_changed(self, happened: inputs.DetailChanged) -> None:
        self.image_context.detail = happened.detail

    def _raw_event(self, happened: inputs.RawEvent) -> None:
        if not self.ready:
            self._waiting.append(happened)
            return
        event = codec.client_event(happened.event)
        if isinstance(event, c.ResponseCreate):
            params = dict(happened.event.get("response") or {})
            if params.get("conversation") == "none":  # sent at once, with its own id
                self.responses.sent(self._effects.send(event), params)
                self._deadlines.expect_progress(happened.at)
            else:
                self.responses.request(params)
        elif isinstance(event, c.SessionUpdate):
            self._config.patch(dict(happened.event.get("session") or {}))
        else:
            if isinstance(event, c.InputAudioBufferCommit | c.InputAudioBufferClear):
                self._input_made_turn()
            self._effects.send(event)

    def _settings_changed(self, happened: inputs.SettingsChanged) -> None:
        if self.ready:
            self._config.patch(happened.patch)
        else:
            self._waiting.append(happened)

    def _tool_finished(self, happened: inputs.ToolFinished) -> None:
        self._tools.finished(happened)

    def _approval_answered(self, happened: inputs.ApprovalAnswered) -> None:
        self._tools.answered(happened, ready=self.ready)

    # -- turns --------------------------------------------------------------------------------

    def _speech_started(self, happened: inputs.Received, event: s.InputAudioBufferSpeechStarted) -> None:
        if self._config.saw_speech():
            self._notify_settings()
        self._user_speaks(happened.at, True)
        self._tools.user_took_turn()
        server_interrupts = self._config.server_interrupts
        self._barge_in.speech_started(happened.at, server_interrupts=server_interrupts)
        if not server_interrupts:
            self._reversible.speech_started(happened.at, ready=self.ready)
        if self.image_context.looks_at_turns:
            self.image_context.look()  # now, so that it comes before what is being said

    def _speech_stopped(self, happened: inputs.Received, event: s.InputAudioBufferSpeechStopped) -> None:
        self._user_speaks(happened.at, False)

    def _cleared(self, happened: inputs.Received, event: s.InputAudioBufferCleared) -> None:
        """The server dropped its input, so no ``speech_stopped`` may follow."""
        self._user_speaks(happened.at, False)

    def _user_speaks(self, at: float, speaking: bool) -> None:
        if speaking == self.user_speaking:
            return
        self.user_speaking = speaking
        for part in self._parts:
            part.on_user_speech(at, speaking=speaking)

    def _committed(self, happened: inputs.Received, event: s.InputAudioBufferCommitted) -> None:
        self._user_speaks(happened.at, False)
        self._input_made_turn()
        if self._config.only_transcribes and event.item_id:
            self._transcripts_owed.add(event.item_id)
        self.responses.turn_committed(answers_by_itself=self._config.server_answers)
        if self._config.client_answers and self._reversible.answers():
            self.responses.request()
        self._reversible.committed(event.item_id)
        if not self._config.server_interrupts:
            self._pending_turn.turn_ended(answers_by_itself=self._config.server_answers)
        if event.item_id:
            self._spoken_id = event.item_id
            self.conversation.record(event.item_id, role="user")

    def _playback_stopped(self, happened: inputs.PlaybackStopped) -> None:
        self._barge_in.stopped(happened, self.conversation, ready=self.ready)
        self._reversible.stopped(happened.at)

    def _played(self, happened: inputs.Played) -> None:
        self._deadlines.word_at = happened.at
        self.playback.heard(happened.item_id, happened.content_index)
        if happened.finished:
            self.playback.finished(happened.item_id, happened.content_index)

    # -- responses ----------------------------------------------------------------------------

    def _response_created(self, happened: inputs.Received, event: s.ResponseCreated) -> None:
        if self.responses.begins_again(event.response):
            self.calls.response_begins_again(event.response.id or "")
        if self._config.server_interrupts and self.responses.begun_by_server(event.response):
            self._user_speaks(happened.at, False)  # it answers the user's speech, so that has ended
        if self._deadlines.ending:
            self.responses.interrupt_next()
        earlier = self.responses.active_id
        if interrupted := self.responses.created(event.response):
            self._effects.send(c.ResponseCancel(response_id=interrupted))
        if earlier and earlier != self.responses.active_id:  # its end was lost: tool results go out
            self.calls.response_done(earlier, cancelled=False)
        self._pending_turn.response_begun()
        self._deadlines.expect_progress(happened.at)

    def _response_done(self, happened: inputs.Received, event: s.ResponseDone) -> None:
        response = event.response
        response_id = response.id or self.responses.active_id or ""
        cut = self.responses.is_cut(response_id)
        if not self.responses.done(response):
            return
        self.responses_done += 1
        self._output_of(response, response_id, cut=cut)
        cancelled = response.status == "cancelled"
        if cancelled and getattr(response.status_details, "reason", "") == "turn_detected":
            self._reversible.server_cut(happened.at, ready=self.ready)
        spoke = any(item.type == "message" for item in response.output or ())
        self.calls.response_done(response_id, cancelled=cancelled, spoke=spoke)
        if response.status == "failed":
            self._failed(response)
        elif response.status == "incomplete" and not cut:  # else the user knows why
            self._effects.note("warning", "response", f"The answer is incomplete ({_reason(response)}).")
        self._after_response(happened.at)
        self._keep_limits(happened.at)

    def _output_of(self, response: Any, response_id: str, *, cut: bool) -> None:
        """Handle all items of a response once more: servers differ in which events they send earlier."""
        out_of_band = self.responses.is_out_of_band(response_id)
        output = response.output or ()
        for item in output:
            if isinstance(item, FunctionCall) and not (item.call_id or item.id):
                text = f"The server called {item.name or 'a function'} without an id: it cannot be answered."
                self._effects.note("error", NAMELESS_CALL, text)
            if isinstance(item, FunctionCall) and not out_of_band:  # its requester reads the calls here
                self._tools.begin(response_id, item, whole=response.status == "completed")
            self._tools.hosted(response_id, item)
            if not out_of_band:
                self.conversation.added(item)
        if not out_of_band and not cut:
            for item in output:
                self._agent_audio.item_done(item)
        self._agent_audio.response_over(response_id)
        self._agent_audio.delete_dropped(response_id)

    def _after_response(self, at: float) -> None:
        if not self.responses.awaits_any:
            self._effects.do(SetTimer(None, "progress"))
        if not self.responses.busy:
            self._pending_turn.response_over(at)

    def _end_without_done(self, response_ids: list[str]) -> None:
        """End responses for which no ``response.done`` will come; what has arrived is all there is."""
        for response_id in response_ids:
            self._agent_audio.response_over(response_id)
            self._agent_audio.delete_dropped(response_id)
            self.calls.response_done(response_id, cancelled=False)

    def _failed(self, response: Any) -> None:
        code, kind, message = _failure(response)
        fault = error_policy.of_error(code, kind)
        if fault.verdict == "fatal":
            reason = f"The server refused to answer: {message} ({code or kind})."
            self._effects.close(fault.exit_code, reason, fault.remedy)
            return
        text = f"The answer failed: {(message or code or 'no reason given').rstrip('.')}."
        self._effects.note("error", "response", text)
        if error_policy.UNSAFE_IMAGE in (code, kind):
            self._remove_image()

    def _remove_image(self) -> None:
        """Delete a refused image: with it in the conversation, every further answer would fail."""
        if item_id := self.conversation.last_image:
            self._effects.send(c.ConversationItemDelete(item_id=item_id))
            self.image_context.forget(item_id)
        text = "The service refused the image. It was removed, and the conversation can go on."
        self._effects.note("warning", "image", text)

    def _item_added(self, happened: inputs.Received, event: Any) -> None:
        if event.item is None:
            return
        self.image_context.settled(event.item.id)
        if event.item.id not in self.conversation:
            self.conversation.confirmed(event.item)
        self.conversation.added(event.item, getattr(event, "previous_item_id", None))
        if not self.responses.busy:  # items of a response come with the response's own events
            self._tools.hosted(None, event.item)

    def _output_item_added(self, happened: inputs.Received, event: Any) -> None:
        if isinstance(event.item, FunctionCall):
            self.calls.named(event.item.call_id, event.item.name, event.item.id)
        self._tools.hosted(event.response_id, event.item)
        if event.item is not None and not self.responses.is_out_of_band(event.response_id):
            self.conversation.added(event.item, response_id=event.response_id)

    def _output_item_done(self, happened: inputs.Received, event: s.ResponseOutputItemDone) -> None:
        self._output_item_added(happened, event)
        if isinstance(event.item, FunctionCall) and not self.responses.is_out_of_band(event.response_id):
            whole = event.item.status in ("completed", None)
            self._tools.begin(self._response_of(event), event.item, whole=whole)

    def _arguments_done(self, happened: inputs.Received, event: s.ResponseFunctionCallArgumentsDone) -> None:
        if not self.responses.is_out_of_band(event.response_id):
            item = FunctionCall(
                id=event.item_id, call_id=event.call_id, name=event.name, arguments=event.arguments
            )
            self._tools.begin(self._response_of(event), item, whole=False)

    def _response_of(self, event: Any) -> str:
        """The response of an event; the active one if the server does not name it."""
        return event.response_id or self.responses.active_id or ""

    def _hosted_call_over(self, happened: inputs.Received, event: s.McpCallEvent) -> None:
        self.calls.finished_remote(event.item_id or "")

    def _hosted_list_failed(self, happened: inputs.Received, event: s.McpListToolsFailed) -> None:
        text = "The server could not list the tools of an MCP server of the session."
        self._effects.note("error", "tools", text)

    # -- sound and words of both --------------------------------------------------------------

    def _audio_delta(self, happened: inputs.Received, event: s.ResponseOutputAudioDelta) -> None:
        self._agent_audio.delta(event, self.conversation, self.output_format)

    def _audio_done(self, happened: inputs.Received, event: s.ResponseOutputAudioDone) -> None:
        self._agent_audio.done(event.item_id, event.content_index)

    def _text_delta(self, happened: inputs.Received, event: Any) -> None:
        self._agent_audio.words(event, event.delta, self.conversation, whole=False)

    def _transcript_done(self, happened: inputs.Received, event: s.ResponseOutputAudioTranscriptDone) -> None:
        self._agent_audio.words(event, event.transcript, self.conversation, whole=True)

    def _text_done(self, happened: inputs.Received, event: s.ResponseOutputTextDone) -> None:
        self._agent_audio.words(event, event.text, self.conversation, whole=True)

    def _user_delta(self, happened: inputs.Received, event: Any) -> None:
        if event.item_id and event.delta:
            index = event.content_index or 0
            self.conversation.heard_by_server(event.item_id, index, event.delta, whole=False)

    def _user_completed(self, happened: inputs.Received, event: Any) -> None:
        self._transcripts_owed.discard(event.item_id or "")
        item_id = event.item_id or self._spoken_id
        if item_id and event.transcript:  # a repetition without words takes none back
            index = event.content_index or 0
            self.conversation.heard_by_server(item_id, index, event.transcript, whole=True)
        if self._reversible.words(happened.at, item_id, event.transcript or "", ready=self.ready):
            self.responses.request()

    def _user_failed(self, happened: inputs.Received, event: Any) -> None:
        self._transcripts_owed.discard(event.item_id or "")

    def _item_deleted(self, happened: inputs.Received, event: s.ConversationItemDeleted) -> None:
        self.conversation.deleted(event.item_id or "")
        self.image_context.settled(event.item_id)

    # -- errors and wake-ups ------------------------------------------------------------------

    def _error(self, happened: inputs.Received, event: s.ErrorEvent) -> None:
        error = event.error
        name = error_policy.name_of(error)
        refusal = self._config.refused(error)
        if refusal != "not ours":
            if refusal == "nothing left" and self.phase == "settling":
                self._settle(happened.at)
            return
        self.conversation.refused(error.event_id)
        if self.image_context.refused(error.event_id):
            return
        refused = self.responses.refused(error.event_id, retry=name == error_policy.COLLISION)
        if name == error_policy.UNSAFE_IMAGE:
            self._remove_image()
        if name == error_policy.CANCEL_NOT_ACTIVE:
            self._cancel_refused(happened.at, error.event_id)
        fault = error_policy.of_error(name)
        if fault.verdict == "fatal":
            reason = f"The server ended the session: {error_policy.sentence(error)}."
            self._effects.close(fault.exit_code, reason, fault.remedy)
        elif fault.verdict == "show" or refused == "lost":
            self._effects.note("error", "server", error_policy.sentence(error))
            if not error.event_id:
                self._deadlines.error_came(happened.at)

    def _cancel_refused(self, at: float, event_id: str | None) -> None:
        """The server says nothing is active: the answer that seemed to run has ended without an event."""
        response_id = self.responses.active_id or ""
        if self.responses.cancel_refused(event_id):
            self._end_without_done([response_id])
            self._after_response(at)

    def _undecodable_frame(self, happened: inputs.UndecodableFrame) -> None:
        text = f"The server sent an invalid event: {happened.reason}."
        self._effects.note("warning", "protocol", text)

    def _keep_limits(self, at: float) -> None:
        self._deadlines.keep_limits(at, idle=self.idle, user_speaking=self.user_speaking)

    def _timer_fired(self, happened: inputs.TimerFired) -> None:
        at = happened.at
        match happened.name:
            case "first_event" if self.phase == "connecting":
                self._reconnection.silent()
            case "settings" if self.phase == "settling":
                text = "The server did not answer session.update; continuing without it."
                self._effects.note("warning", "settings", text)
                self._config.forget()
                self._settle(at)
            case "progress" if self.responses.awaits_any:
                if self._deadlines.no_progress(at, ready=self.ready):
                    self._end_without_done(self.responses.give_up() or [""])
                    self._agent_audio.nothing_runs()
            case "barge_in" if self._reversible.held:
                if self._reversible.overdue(at, ready=self.ready):
                    self.responses.request()
            case "barge_in" if self._barge_in.ducked:
                self._barge_in.speech_lasts(ready=self.ready)
            case "hosted_calls":
                self._tools.give_up_hosted()
            case "unanswered":
                self._pending_turn.overdue()
            case "rotate" if self.ready:
                if self._reconnection.renew(at, pause=self.idle):
                    self._kept_sound.renewing()
            case "limits":
                self._keep_limits(at)
            case "quiet" if self._deadlines.input_ended_at is not None:
                if self._deadlines.server_overdue(at):
                    if self.user_speaking and not self._config.only_transcribes:
                        self._lost_answer.turn_never_ended()
                    self._user_speaks(at, False)
                    self._give_up_captions(at)
                answer_due = self.responses.server_answer_due and not self._deadlines.server_overdue(at)
                self._deadlines.end_when_quiet(at, idle=self.idle and not answer_due)
                if self._effects.closed:
                    self._lost_answer.input_over(self._kept_sound)

    def _give_up_captions(self, at: float) -> None:
        """The input ended, and the server has been silent for too long."""
        if self._config.only_transcribes:
            self._config.forget()
        if self._transcripts_owed and self._deadlines.silent_for(at, self.options.progress_timeout_s):
            count = len(self._transcripts_owed)
            text = f"The server gave no transcript of the last {'turn' if count == 1 else f'{count} turns'}."
            self._effects.note("error", "transcription", text)
            self._transcripts_owed.clear()

    def _received(self, happened: inputs.Received) -> None:
        event = happened.event
        if not ImageContext.concerns(event):
            self._deadlines.active_at = happened.at
        self.cost.observe(Entry(happened.at, "received", happened))
        handler = _EVENTS.get(type(event))
        if handler:
            handler(self, happened, event)


def _image(url: str, detail: str | None) -> dict[str, Any]:
    return {"type": "input_image", "image_url": url, **({"detail": detail} if detail else {})}


def _reason(response: Any) -> str:
    details = response.status_details
    return details if isinstance(details, str) else getattr(details, "reason", None) or "no reason given"


def _failure(response: Any) -> tuple[str | None, str | None, str]:
    """Code, type and message of what made a response fail."""
    details = response.status_details
    if isinstance(details, str):
        return details, None, details
    error = getattr(details, "error", None)
    message = getattr(error, "message", None) or getattr(details, "reason", None) or ""
    return getattr(error, "code", None), getattr(error, "type", None), message


_HANDLERS: dict[type, Callable[[ClientSession, Any], None]] = {
    inputs.Connected: lambda session, happened: session._connected(happened),
    inputs.Received: lambda session, happened: session._received(happened),
    inputs.UndecodableFrame: ClientSession._undecodable_frame,
    inputs.MicrophoneFrame: ClientSession._microphone_frame,
    inputs.MicrophoneEnded: ClientSession._microphone_ended,
    inputs.VoiceDetected: ClientSession._voice_activity,
    inputs.SoundJudged: ClientSession._sound_judged,
    inputs.Pressed: ClientSession._pressed,
    inputs.Typed: ClientSession._typed,
    inputs.VideoFrameCaptured: ClientSession._video_frame,
    inputs.DetailChanged: ClientSession._detail_changed,
    inputs.RawEvent: ClientSession._raw_event,
    inputs.SettingsChanged: ClientSession._settings_changed,
    inputs.Played: ClientSession._played,
    inputs.PlaybackStopped: ClientSession._playback_stopped,
    inputs.ToolFinished: ClientSession._tool_finished,
    inputs.ApprovalAnswered: ClientSession._approval_answered,
    inputs.TimerFired: lambda session, happened: session._timer_fired(happened),
    inputs.Disconnected: lambda session, happened: session._disconnected(happened),
}

_EVENTS: dict[type, Callable[[ClientSession, inputs.Received, Any], None]] = {
    s.SessionCreated: ClientSession._session_created,
    s.SessionUpdated: ClientSession._session_updated,
    s.InputAudioBufferSpeechStarted: ClientSession._speech_started,
    s.InputAudioBufferSpeechStopped: ClientSession._speech_stopped,
    s.InputAudioBufferCommitted: ClientSession._committed,
    s.InputAudioBufferCleared: ClientSession._cleared,
    s.ConversationItemAdded: ClientSession._item_added,
    s.ConversationItemDone: ClientSession._item_added,
    s.ConversationItemDeleted: ClientSession._item_deleted,
    s.ConversationItemInputAudioTranscriptionDelta: ClientSession._user_delta,
    s.ConversationItemInputAudioTranscriptionCompleted: ClientSession._user_completed,
    s.ConversationItemInputAudioTranscriptionFailed: ClientSession._user_failed,
    s.ResponseCreated: ClientSession._response_created,
    s.ResponseOutputItemAdded: ClientSession._output_item_added,
    s.ResponseOutputItemDone: ClientSession._output_item_done,
    s.ResponseOutputAudioDelta: ClientSession._audio_delta,
    s.ResponseOutputAudioDone: ClientSession._audio_done,
    s.ResponseOutputAudioTranscriptDelta: ClientSession._text_delta,
    s.ResponseOutputAudioTranscriptDone: ClientSession._transcript_done,
    s.ResponseOutputTextDelta: ClientSession._text_delta,
    s.ResponseOutputTextDone: ClientSession._text_done,
    s.ResponseFunctionCallArgumentsDone: ClientSession._arguments_done,
    s.ResponseMcpCallCompleted: ClientSession._hosted_call_over,
    s.ResponseMcpCallFailed: ClientSession._hosted_call_over,
    s.McpListToolsFailed: ClientSession._hosted_list_failed,
    s.ResponseDone: ClientSession._response_done,
    s.ErrorEvent: ClientSession._error,
}
