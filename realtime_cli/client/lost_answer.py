"""An answer that was due when the socket was lost: ask for it again on the next one, or report its loss."""

from __future__ import annotations

from typing import Any

from realtime_cli.client.conversation import ConversationHistory
from realtime_cli.client.effect_queue import EffectQueue
from realtime_cli.client.kept_sound import KeptSound
from realtime_cli.client.playback import Playback
from realtime_cli.client.response_queue import ResponseQueue
from realtime_cli.client.session_part import SessionPart
from realtime_cli.client.tool_calls import ToolCalls

LOST = "lost"  # the topic of notices that tell of a loss
ABOUT_ANSWERS = ("response", "server", "reconnect", LOST)  # topics of notices that say why one is missing
NAMELESS_CALL = "call"  # the topic of a call without an id, which cannot be answered
PARTLY_HEARD = "The rest of an answer was lost with the connection. It is not repeated: its start was heard."
TOOL_HAS_RUN = "An answer was lost with the connection. It is not repeated: a tool has run for it."
NO_TURN = "What you were saying when the connection was lost was not understood as a turn. Say it again."
NO_END = "The server did not say that you had finished speaking, so it did not answer."
NO_ANSWER = "The server did not answer what you said last."
NO_WORDS = (
    "Your last words were lost with the connection before they were transcribed. Please say them again."
)


class LostAnswer(SessionPart):
    """Comes before the other parts: once they have handled the loss, nothing tells what was due."""

    def __init__(
        self,
        effects: EffectQueue,
        responses: ResponseQueue,
        calls: ToolCalls,
        conversation: ConversationHistory,
        playback: Playback,
    ) -> None:
        self._effects = effects
        self._responses = responses
        self._calls = calls
        self._conversation = conversation
        self._playback = playback
        self._lost = False
        self._request: dict[str, Any] | None = None  # None: the server began the answer by itself

    def on_disconnect(self) -> None:
        """Remember what was due, unless it had an effect: nothing is done or heard twice."""
        if not self._responses.answer_due:
            return
        response_id = self._responses.active_id
        if self._calls.begun_in(response_id or ""):
            if not self._calls.pending:  # else their results bring an answer
                self._say(TOOL_HAS_RUN)
            return
        if response_id and response_id == self._playback.heard_response_id:
            self._say(PARTLY_HEARD)
            return
        self._lost = True
        self._request = self._responses.active_request if response_id is not None else None
        self._conversation.forget_answer(response_id)

    def request_again(self) -> None:
        """Ask again on the new socket, while ``conversation`` still describes the old one."""
        if not self._lost:
            return
        self._lost = False
        waits = self._conversation.waits_for_answer
        if self._request is not None or waits == "yes":
            self._responses.request(self._request or None)
        elif waits == "without words":
            self._say(NO_WORDS)

    def input_over(self, kept: KeptSound) -> None:
        """The input is over, and nothing more was answered."""
        if kept.cut_sentence:
            self._say(NO_TURN)
        elif self._responses.server_answer_due:
            self._say(NO_ANSWER)

    def turn_never_ended(self) -> None:
        """The input is over, and the server still waits for the end of the user's speech."""
        self._say(NO_END)

    def _say(self, text: str) -> None:
        self._responses.answers_lost += 1
        self._effects.note("warning", LOST, text)
