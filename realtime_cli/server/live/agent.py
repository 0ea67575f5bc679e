"""The agent of a Live session: answers the user, hands work over, and says what comes back."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from realtime_cli.protocol.live import client_events as c
from realtime_cli.protocol.live.limits import (
    DECISIONS_ACKNOWLEDGEMENT_DELAY_MS,
    DEFAULT_ACKNOWLEDGEMENT_DELAY_MS,
    INVALID_REQUEST,
    INVALID_VALUE,
    MAX_APPEND_TOKENS,
    TRANSCRIPT_GRID_MS,
)
from realtime_cli.server import inputs, tokens
from realtime_cli.server.api_error import ApiError
from realtime_cli.server.effects import CancelResponse, Generate, SetDeadline
from realtime_cli.server.engine.ports import DELEGATE, ReplyRequest
from realtime_cli.server.event_queue import EventQueue
from realtime_cli.server.live.agent_voice import AgentUtterance, AgentVoice
from realtime_cli.server.live.backend import BackendChain, BackendResponse
from realtime_cli.server.live.context import LiveContext
from realtime_cli.server.live.decisions import DecisionMaker
from realtime_cli.server.live.fragments import TranscriptFragment

Json = dict[str, Any]
QUOTES_USER = re.compile(r'The user (?:typed|wrote|said): "(.+)"', re.DOTALL)
ACKNOWLEDGEMENT = "One moment, please."
ACKNOWLEDGE = "acknowledge "  # deadlines: and the delegation's id


@dataclass(slots=True)
class LiveAnswer:
    """An answer that the engine is making; ``response``: it is the backend's, and sent event by event."""

    id: str
    utterance: AgentUtterance | None = None
    response: BackendResponse | None = None


class LiveAgent:
    """``on_fragment`` gets every fragment of the output transcript."""

    def __init__(
        self,
        events: EventQueue,
        session: Json,
        on_fragment: Callable[[str, TranscriptFragment], None],
        decisions: DecisionMaker,
        unix_s: Callable[[], int],
    ) -> None:
        self._events = events
        self.session = session
        self._decisions = decisions
        self._unix_s = unix_s
        voice = session["audio"]["output"]["voice"]
        self.voice = AgentVoice(
            events,
            voice if isinstance(voice, str) else voice["id"],
            lambda fragment: on_fragment("session.output_transcript.delta", fragment),
        )
        self.context = LiveContext(session["instructions"])
        for message in session["input"]:
            role = "system" if message["role"] == "developer" else message["role"]
            self.context.add_message(role, message["content"][0]["text"])
        self._chain = BackendChain(self.context)
        self._answers: dict[str, LiveAnswer] = {}
        self._delegations: set[str] = set()
        self._unacknowledged: set[str] = set()
        self._turn_held = False  # the user said something while the backend waits for outputs
        self._create_held = False  # response.create came while a response runs
        self._position_ms = 0.0
        self._user_speaks = False

    @property
    def _kind(self) -> str:
        return str(self.session["delegation"]["type"])

    # -- the user -------------------------------------------------------------------------------

    def listen(self, position_ms: float, *, user_speaks: bool) -> None:
        """Called when the session's time has advanced."""
        self._position_ms, self._user_speaks = position_ms, user_speaks
        self.voice.held = user_speaks

    def user_started(self, at: float) -> None:
        """Yield: end the current speech, and drop an answer that has not been heard yet."""
        self._user_speaks = self.voice.held = True
        self.voice.stop()
        for answer in [each for each in self._answers.values() if each.response is None]:
            del self._answers[answer.id]
            self._events.do(CancelResponse(answer.id))

    def user_said(self, at: float, text: str) -> None:
        """A turn is over."""
        self._user_speaks = self.voice.held = False
        self.context.add_message("user", text)
        self.context.compact()
        self._respond(at)

    def _respond(self, at: float) -> None:
        if self._kind == "responses" and self._backend_is_busy:
            self._turn_held = True
            return
        self._turn_held = False
        if self._kind == "decisions":
            delegation_id = self._delegate(at, "decisions")
            self._decisions.decide(self._questions, delegation_id=delegation_id)
        self._generate(LiveAnswer(self._events.new_id("answer")))

    @property
    def _backend_is_busy(self) -> bool:
        return self._chain.waits_for_client or any(answer.response for answer in self._answers.values())

    def _generate(self, answer: LiveAnswer, instructions: str = "") -> None:
        self._answers[answer.id] = answer
        backend = self.session["delegation"].get("responses") or {}
        tools = [tool for tool in backend.get("tools") or () if tool["type"] == "function"]
        choice = backend.get("tool_choice") or "auto"
        wanted = [self.context.instructions, backend.get("instructions"), instructions]
        request = ReplyRequest(
            items=tuple(self.context.items),
            instructions="\n\n".join(text for text in wanted if text),
            tools=tuple(tools),
            tool_choice=choice,
            delegates=self._kind == "client",
        )
        self._events.do(Generate(answer.id, request))

    # -- the engine -----------------------------------------------------------------------------

    def generated(self, happened: Any) -> str | None:
        """Take the engine's news; returns the message of a failure that the client should know of."""
        answer = self._answers.get(happened.response_id)
        match happened:
            case inputs.AudioGenerated():
                self.voice.sound_made(happened.response_id, happened.audio)
            case inputs.AudioDone():
                self.voice.text_made(happened.response_id)
            case inputs.TextGenerated() if answer:
                self._add_text(answer, happened.text)
            case inputs.ToolCallGenerated() if answer:
                self._add_call(happened.at, answer, happened.name, happened.arguments)
            case inputs.GenerationDone() if answer:
                self._finish(happened.at, answer, None)
            case inputs.GenerationFailed() if answer:
                self._finish(happened.at, answer, happened.message)
                return None if answer.response else happened.message
            case inputs.GenerationFailed():
                self.voice.cannot_make(happened.response_id)
                return str(happened.message)
        return None

    def _add_text(self, answer: LiveAnswer, text: str) -> None:
        if answer.response:
            answer.response.add_text(text)
        if answer.utterance is None:
            answer.utterance = self._begin_to_speak(unasked=answer.response is not None)
        self.voice.add(answer.utterance, text)

    def _add_call(self, at: float, answer: LiveAnswer, name: str, arguments: str) -> None:
        if name == DELEGATE["name"] and self._kind == "client":
            self._delegate(at, "client")
            return
        if answer.response is None:
            response_id = self._events.new_id("resp")
            delegation_id = self._delegate(at, "responses", response_id)
            answer.response = self._new_response(response_id, delegation_id)
        call = answer.response.add_call(name, arguments)
        self._chain.open_call(call, answer.response.delegation_id)

    def _new_response(self, response_id: str, delegation_id: str | None) -> BackendResponse:
        backend = self.session["delegation"]["responses"]
        return BackendResponse(self._events, backend, self._unix_s(), response_id, delegation_id)

    def _finish(self, at: float, answer: LiveAnswer, failure: str | None) -> None:
        """An answer is complete; continue what waited for it."""
        del self._answers[answer.id]
        self._events.do(CancelResponse(answer.id))
        if answer.utterance:
            self.voice.end(answer.utterance)
        if not answer.response:
            return
        if failure is None:
            answer.response.complete(self.context.tokens)
        else:
            self._chain.drop_calls(answer.response.calls)
            answer.response.fail(failure)
        self._go_on(at)

    def _go_on(self, at: float) -> None:
        if self._create_held:
            self._create_held = False
            self.create_response(at)
        elif self._turn_held and not self._backend_is_busy:
            self._respond(at)

    def _begin_to_speak(self, *, unasked: bool) -> AgentUtterance:
        """``unasked``: it outlives what the user says in between, as long as nobody has heard of it."""
        item: list[Json] = []

        def spoken(words: str) -> None:
            if item:
                item[0]["content"][0]["text"] += words
            else:
                item.append(self.context.add_message("assistant", words))

        return self.voice.begin(on_words=spoken, lasts=unasked)

    # -- delegation -----------------------------------------------------------------------------

    def _delegate(self, at: float, target: str, response_id: str | None = None) -> str:
        delegation_id = self._events.new_id("item")
        self._delegations.add(delegation_id)
        offset_ms = int(self._position_ms // TRANSCRIPT_GRID_MS * TRANSCRIPT_GRID_MS)
        about = {"id": delegation_id, "type": "delegation", "target": target}
        about |= {"response_id": response_id} if response_id else {}
        self._events.emit("session.delegation.created", offset_ms=offset_ms, delegation=about)
        delay_ms = self.session["delegation"].get("acknowledgement_delay_ms")
        if delay_ms is None:
            decides = target == "decisions"
            delay_ms = DECISIONS_ACKNOWLEDGEMENT_DELAY_MS if decides else DEFAULT_ACKNOWLEDGEMENT_DELAY_MS
        if target != "decisions":  # decided at once: there is nothing to wait for
            self._unacknowledged.add(delegation_id)
            self._events.do(SetDeadline(at + delay_ms / 1000, ACKNOWLEDGE + delegation_id))
        return delegation_id

    def deadline_reached(self, at: float, name: str) -> None:
        """Acknowledge a delegation, unless its result or anything else is being said already."""
        delegation_id = name.removeprefix(ACKNOWLEDGE)
        if delegation_id in self._unacknowledged and not (self._user_speaks or self.voice.speaks):
            self._say(ACKNOWLEDGEMENT)
        self._unacknowledged.discard(delegation_id)

    def _say(self, text: str, utterance: AgentUtterance | None = None) -> None:
        utterance = utterance or self.voice.begin()
        self.voice.add(utterance, text)
        self.voice.end(utterance)

    def check_append(self, event: c.LiveContextAppend) -> None:
        """Raises :class:`ApiError` for an append that has no place in this session."""
        if tokens.of_text(event.content) > MAX_APPEND_TOKENS:
            text = f"Context append text must not exceed {MAX_APPEND_TOKENS} tokens."
            raise ApiError(INVALID_VALUE, text, "content")
        if event.delegation_id is None:
            return
        if self._kind == "responses":
            text = "delegation_id must be null with Responses delegation."
            raise ApiError(INVALID_VALUE, text, "delegation_id")
        if event.delegation_id not in self._delegations:
            text = f"Delegation with id '{event.delegation_id}' not found."
            raise ApiError(INVALID_VALUE, text, "delegation_id")

    def take_append(self, event: c.LiveContextAppend) -> None:
        """Use an append whose time has come."""
        if isinstance(event, c.LiveInstructionsAppend):
            self._follow(event.content)
            return
        self._unacknowledged.clear()
        if isinstance(event, c.LiveCommentaryAppend):
            self._say(event.content, self._begin_to_speak(unasked=True))
        else:
            self.context.add_message("system", event.content)

    def _follow(self, content: str) -> None:
        """An instruction is answered where the agent owes an answer, or nobody has said anything yet.

        One that quotes the user (``The user typed: "..."``) is answered as if those words had been said.
        """
        self.context.add_message("system", content)
        if quoted := QUOTES_USER.match(content):
            self.context.add_message("user", quoted[1])
        said = [item["role"] for item in self.context.items if item.get("role") in ("user", "assistant")]
        answers = self.voice.speaks or self._answers or self._backend_is_busy
        if not answers and said[-1:] != ["assistant"]:
            self._generate(LiveAnswer(self._events.new_id("answer")), content)

    # -- the backend ----------------------------------------------------------------------------

    def add_backend_item(self, item: Json) -> None:
        """``response.item.create``. Raises :class:`ApiError`."""
        self._need_backend("response.item.create")
        self._chain.add(item)

    def create_response(self, at: float) -> None:
        """``response.create``. Raises :class:`ApiError`. During a response it waits for its end."""
        self._need_backend("response.create")
        if any(answer.response for answer in self._answers.values()):
            self._create_held = True
            return
        self._chain.take()
        self._unacknowledged.clear()
        response = self._new_response(self._events.new_id("resp"), self._chain.take_delegation())
        self._generate(LiveAnswer(self._events.new_id("answer"), response=response))

    def _need_backend(self, command: str) -> None:
        if self._kind != "responses":
            raise ApiError(INVALID_REQUEST, f"{command} requires Responses delegation.")

    # -- decisions ------------------------------------------------------------------------------

    @property
    def _questions(self) -> list[Json]:
        return list((self.session["delegation"].get("decisions") or {}).get("questions") or ())

    def decide(self, event_id: str) -> None:
        """``decision.create``. Raises :class:`ApiError`."""
        if self._kind != "decisions":
            raise ApiError(INVALID_REQUEST, "decision.create requires Decisions delegation.")
        self._decisions.use_id(event_id)
        self._decisions.decide(self._questions)

    def trigger(self, type: str, event_id: str, fragment: str) -> None:
        """A fragment was sent: what the session's triggers make of it."""
        self._decisions.hear(fragment)
        for trigger in self.session.get("triggers") or ():
            if trigger["event_type"] == type:
                self._decisions.decide(
                    trigger["decisions"]["questions"],
                    source_event_id=event_id,
                    source_event_type=type,
                    trigger_id=self._events.new_id("trigger"),
                )
