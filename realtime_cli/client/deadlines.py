"""Deadlines: the user's limits, an answer without progress, a session whose input has ended."""

from __future__ import annotations

from realtime_cli.client.cost import CostFold
from realtime_cli.client.effect_queue import EffectQueue
from realtime_cli.client.effects import SetTimer
from realtime_cli.client.limits import SessionLimits
from realtime_cli.client.options import SessionOptions
from realtime_cli.client.response_queue import ResponseQueue
from realtime_cli.client.session_part import SessionPart
from realtime_cli.client.waits import (
    LIMIT_GRACE_S,
    MAX_SILENCE_AFTER_INPUT_S,
    MAX_UTTERANCE_S,
    POLL_S,
    QUIET_S,
    UNNAMED_REFUSAL_S,
)
from realtime_cli.errors import ExitCode
from realtime_cli.protocol import client_events as c


class Deadlines(SessionPart):
    """Times are session seconds; ``idle`` tells whether any answer is pending."""

    def __init__(
        self, effects: EffectQueue, options: SessionOptions, responses: ResponseQueue, cost: CostFold
    ) -> None:
        self.active_at = 0.0
        """When the last event came from the server."""
        self.word_at = 0.0
        """When a word of either side was last heard; no event comes while a long one is played."""
        self.input_ended_at: float | None = None
        self._effects = effects
        self._progress_timeout_s = options.progress_timeout_s
        self._patience_s = options.progress_timeout_s
        self._responses = responses
        self._cost = cost
        self._limits = SessionLimits.of(options)
        self._limit_reached_at: float | None = None

    def keep_limits(self, at: float, *, idle: bool, user_speaking: bool) -> None:
        """Warn at 80 %; at 100 % let the sentence end, then the session."""
        if user_speaking and at - self.active_at < MAX_UTTERANCE_S:
            self.word_at = at
        else:
            self.word_at = max(self.word_at, self.active_at)
        for warning in self._limits.check(at, self.word_at, self._cost.known_usd, self._cost.unpriced):
            self._effects.note("warning", "limits", warning)
        if self._limits.reached is None:
            self._effects.do(SetTimer(self._limits.next_at(at, self.word_at), "limits"))
            return
        if self._limit_reached_at is None:
            self._limit_reached_at = at
            self._responses.clear_pending()
            if not idle:
                self._effects.note("warning", "limits", self._limits.reached)
        if idle or at - self._limit_reached_at >= LIMIT_GRACE_S:
            remedy = "To go on, raise it under [limits]."
            self._effects.close(ExitCode.LIMIT, self._limits.reached, remedy)
        else:
            self._effects.do(SetTimer(at + POLL_S, "limits"))

    @property
    def ending(self) -> bool:
        """A limit is reached: let the current answer end, and start nothing new."""
        return self._limit_reached_at is not None

    def server_overdue(self, at: float) -> bool:
        """The input ended some time ago, and the server has said nothing more."""
        return self.input_ended_at is not None and self.silent_for(at, MAX_SILENCE_AFTER_INPUT_S)

    def silent_for(self, at: float, seconds: float) -> bool:
        """Whether the server has said nothing for this long, or since the input ended."""
        return at - max(self.input_ended_at or 0.0, self.active_at) >= seconds

    def expect_progress(self, at: float) -> None:
        """An answer was asked for, or begins."""
        self._patience_s = self._progress_timeout_s
        self._effects.do(SetTimer(at + self._patience_s, "progress"))

    def error_came(self, at: float) -> None:
        """An error that names no request, while one awaits its response: it may be all that comes of it."""
        if self._responses.busy and self._responses.active_id is None:
            self._patience_s = min(UNNAMED_REFUSAL_S, self._progress_timeout_s)
            self._effects.do(SetTimer(at + self._patience_s, "progress"))

    def no_progress(self, at: float, *, ready: bool) -> bool:
        """Whether to give up the answer now; the server is told if it is still there."""
        since_s = at - self.active_at
        if since_s < self._patience_s:
            self._effects.do(SetTimer(self.active_at + self._patience_s, "progress"))
            return False
        text = f"No progress in the answer for {since_s:.0f} s, so it was given up."
        self._effects.note("error", "response", text)
        if ready and self._responses.active_id is not None:
            self._effects.send(c.ResponseCancel())
        return True

    def input_ended(self, at: float) -> None:
        self.input_ended_at = self.active_at = at

    def expect_quiet(self, at: float) -> None:
        self._effects.do(SetTimer(at + QUIET_S, "quiet"))

    def end_when_quiet(self, at: float, *, idle: bool) -> None:
        """The input has ended: end the session once it has been quiet for a while."""
        quiet_since = max(self.active_at, self.input_ended_at or 0.0)
        if idle and at >= quiet_since + QUIET_S - 0.001:
            self._effects.close(ExitCode.OK)
        else:
            self._effects.do(SetTimer(max(at + POLL_S, quiet_since + QUIET_S), "quiet"))
