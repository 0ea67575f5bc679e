"""A turn of the user that ended while the agent spoke, where the server does not interrupt.

The server then "may fail to create a response if the model is already responding" (API reference,
``turn_detection.create_response``). So once the running response is over, the server gets a moment to
answer by itself, and is asked if it does not.
"""

from __future__ import annotations

from realtime_cli.client.effect_queue import EffectQueue
from realtime_cli.client.effects import SetTimer
from realtime_cli.client.response_queue import ResponseQueue

MOMENT_S = 0.5


class PendingTurn:
    """``waits``: there is such a turn. ``overdue`` is asked when the wake-up ``unanswered`` comes."""

    def __init__(self, desk: EffectQueue, turns: ResponseQueue) -> None:
        self._desk = desk
        self._turns = turns
        self.waits = False

    def turn_ended(self, *, answers_by_itself: bool) -> None:
        """The user's turn was committed."""
        self.waits = answers_by_itself and self._turns.busy

    def response_begun(self) -> None:
        """Whatever it is about, it knows of the turn."""
        self.waits = False

    def response_over(self, at: float) -> None:
        if self.waits:
            self._desk.do(SetTimer(at + MOMENT_S, "unanswered"))

    def overdue(self) -> None:
        """The moment is over."""
        if self.waits and not self._turns.busy:
            self.waits = False
            self._turns.want()

    def lost(self) -> None:
        """The socket is gone, and with it what the server would have answered."""
        self.waits = False
