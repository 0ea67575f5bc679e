"""A turn of the user that ended while the agent spoke, where the server does not interrupt.

The server then "may fail to create a response if the model is already responding" (API reference,
``turn_detection.create_response``). So once the running response is over, the server gets a moment to
answer by itself, and is asked if it does not.
"""

from __future__ import annotations

from realtime_cli.client.effect_queue import EffectQueue
from realtime_cli.client.effects import SetTimer
from realtime_cli.client.response_queue import ResponseQueue
from realtime_cli.client.session_part import SessionPart
from realtime_cli.client.waits import SERVER_ANSWER_S


class PendingTurn(SessionPart):
    """``waits``: there is such a turn. ``overdue`` is asked when the wake-up ``unanswered`` comes."""

    def __init__(self, effects: EffectQueue, responses: ResponseQueue) -> None:
        self._effects = effects
        self._responses = responses
        self.waits = False

    def turn_ended(self, *, answers_by_itself: bool) -> None:
        """The user's turn was committed."""
        self.waits = answers_by_itself and self._responses.busy

    def response_begun(self) -> None:
        """A response has begun; whatever it is about, it takes the turn into account."""
        self.waits = False

    def response_over(self, at: float) -> None:
        if self.waits:
            self._effects.do(SetTimer(at + SERVER_ANSWER_S, "unanswered"))

    def overdue(self) -> None:
        """Whether the server has had its moment and has not answered."""
        if self.waits and not self._responses.busy:
            self.waits = False
            self._responses.request()

    def on_disconnect(self) -> None:
        """The socket is gone, and with it what the server would have answered."""
        self.waits = False
