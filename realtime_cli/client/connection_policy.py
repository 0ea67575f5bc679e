"""The life of the connection: phases, another socket after a loss, a new one before the old one expires.

Back-off doubles with jitter up to a longest pause; a server that answers but hangs up again soon counts
as a failure too, so that reconnecting does not go on for ever.
"""

from __future__ import annotations

import random
from typing import Literal

from realtime_cli.client import error_policy, inputs
from realtime_cli.client.effect_queue import EffectQueue
from realtime_cli.client.effects import Reconnect, SetTimer
from realtime_cli.client.in_force import only_transcribes
from realtime_cli.client.options import SessionOptions
from realtime_cli.client.session_part import SessionPart
from realtime_cli.client.waits import (
    MAX_RETRY_AFTER_S,
    POLL_S,
    RENEW_AT_LAST_S,
    RENEW_BEFORE_S,
    SETTINGS_TIMEOUT_S,
    STABLE_S,
)
from realtime_cli.errors import ExitCode

Phase = Literal["connecting", "settling", "ready", "lost"]
MIN_SESSION_S = 1.5  # no server ends one so soon; a clock that is an hour wrong is common
NO_REALTIME_SERVER = "Is it a Realtime server? Check connection.base_url."


class Reconnection(SessionPart):
    """Which phase the connection is in, and when there is to be another one."""

    def __init__(self, effects: EffectQueue, options: SessionOptions) -> None:
        self.phase: Phase = "connecting"
        self.attempt = 0
        self._was_connected = False
        self._effects = effects
        self._options = options
        self._leaving = False
        self._failures = 0
        self._settled_at: float | None = None
        self._unix_at_connect = 0.0
        self._connected_at = 0.0
        self._expires_at: float | None = None
        self._random = random.Random(options.random_seed)

    def connected(self, happened: inputs.Connected) -> None:
        self.attempt = happened.attempt
        self._was_connected = True
        self._connected_at, self._unix_at_connect = happened.at, happened.unix_s
        self.phase = "connecting"
        self._effects.do(SetTimer(happened.at + self._options.first_event_timeout_s, "first_event"))

    def created(self, at: float, expires_at: float | None) -> None:
        """The server's first event came: now it has to answer to our settings."""
        self.phase = "settling"
        self._effects.do(SetTimer(None, "first_event"), SetTimer(at + SETTINGS_TIMEOUT_S, "settings"))
        self._plan_renewal(expires_at)

    def settled(self, at: float) -> None:
        self.phase = "ready"
        self._settled_at = at
        self._leaving = False
        self._effects.do(SetTimer(None, "settings"))

    def joined(self, happened: inputs.Connected) -> None:
        """The session is another client's: no first event is owed, and no settings are asked for."""
        self.connected(happened)
        self._effects.do(SetTimer(None, "first_event"))
        self.settled(happened.at)

    def silent(self) -> None:
        """No first event came."""
        self._effects.close(
            ExitCode.CONNECTION,
            f"Connected, but no session.created within {self._options.first_event_timeout_s:g} s.",
            NO_REALTIME_SERVER,
        )

    def leave(self, at: float) -> None:
        """Change to a new connection now."""
        self._leaving = True
        self._effects.do(Reconnect(at))

    # -- loss -----------------------------------------------------------------------------------

    def disconnected(self, happened: inputs.Disconnected, *, owed: bool) -> None:
        """The socket is gone: reconnect at once or after a pause, or end.

        ``owed``: an answer is still missing, so even a regular close is an error.
        """
        had_session, self.phase = self.phase != "connecting", "lost"
        self._effects.do(
            SetTimer(None, "first_event"), SetTimer(None, "settings"), SetTimer(None, "progress")
        )
        self._forgive(happened.at)
        verdict = error_policy.of_close(happened.code, happened.reason)
        why = f"{happened.code} {happened.reason}".rstrip()
        if self._leaving:
            self._leaving = False
            self._effects.do(Reconnect(happened.at))
        elif verdict.verdict != "renew":
            self._closed_by_server(verdict, why, owed=owed, had_session=had_session)
        elif self._failures >= self._options.reconnect_tries:
            self._give_up(why)
        else:
            self._retry(happened.at, why, happened.retry_after_s or 0.0)

    def _give_up(self, why: str) -> None:
        """Where there was no connection at all, the loop tells the first failure in its own words."""
        if not self._was_connected:
            self._effects.close(ExitCode.CONNECTION)
            return
        tried = f" and {self._failures} attempt{'s' * (self._failures > 1)} to reconnect failed"
        reason = f"The connection was lost ({why}){tried if self._failures else ''}."
        self._effects.close(ExitCode.CONNECTION, reason, self._how_to_go_on())

    def _how_to_go_on(self) -> str:
        checked = "Check the network and the server"
        if self._options.attached or only_transcribes(self._options.patch):
            return f"{checked}."
        return f"{checked}; `realtime-cli talk --continue last` goes on from the recording."

    def _closed_by_server(
        self, verdict: error_policy.ErrorPolicy, why: str, *, owed: bool, had_session: bool
    ) -> None:
        if verdict.exit_code != ExitCode.OK:
            reason = f"The server closed the connection ({why})."
            self._effects.close(verdict.exit_code, reason, verdict.remedy)
        elif not had_session:
            reason = f"The server closed the connection ({why}) before it began a session."
            self._effects.close(ExitCode.CONNECTION, reason, NO_REALTIME_SERVER)
        elif owed:
            reason = f"The server closed the connection ({why}) before it had answered."
            self._effects.close(ExitCode.SESSION, reason)
        else:
            self._effects.close(ExitCode.OK)

    def _forgive(self, at: float) -> None:
        """A connection that worked resets the count of failures."""
        if self._settled_at is not None and at - self._settled_at >= STABLE_S:
            self._failures = 0
        self._settled_at = None

    def _retry(self, at: float, why: str, asked_s: float) -> None:
        options = self._options
        pause_s = min(options.reconnect_longest_s, options.reconnect_first_s * 2**self._failures)
        pause_s *= 0.75 + self._random.random() / 2  # jitter, so that many clients do not return at once
        pause_s = max(pause_s, min(asked_s, MAX_RETRY_AFTER_S))
        self._failures += 1
        what = f"Connection lost ({why})" if self._was_connected else why.partition(" ")[2].rstrip(".")
        text = f"{what}; try {self._failures} in {pause_s:.1f} s."
        self._effects.note("warning", "reconnect", text)
        self._effects.do(Reconnect(at + pause_s))

    # -- rotation -------------------------------------------------------------------------------

    def _plan_renewal(self, expires_at: float | None) -> None:
        """A session ends after an hour (API reference, limits): a new socket takes over in a pause before.

        One that begins at its own end shows that this machine's clock is wrong: then the server ends it.
        """
        lasts_s = (expires_at or 0.0) - self._unix_at_connect
        if not expires_at or not self._unix_at_connect or lasts_s < MIN_SESSION_S:
            self._expires_at = None
            self._effects.do(SetTimer(None, "rotate"))
            return
        self._expires_at = self._connected_at + expires_at - self._unix_at_connect
        early_s = min(RENEW_BEFORE_S, (self._expires_at - self._connected_at) / 4)
        self._effects.do(SetTimer(self._expires_at - early_s, "rotate"))

    def renew(self, at: float, *, pause: bool) -> bool:
        """Change sockets in a pause of the conversation, or when it is high time; returns whether it does."""
        at_last = self._expires_at is not None and at >= self._expires_at - RENEW_AT_LAST_S
        if pause or at_last:
            self._effects.note(
                "info", "rotate", "The session is about to expire: switching to a new connection."
            )
            self.leave(at)
        else:
            self._effects.do(SetTimer(at + POLL_S, "rotate"))
        return pause or at_last
