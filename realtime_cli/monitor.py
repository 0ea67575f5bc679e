"""Watches a running conversation: how loud both sides are, what was heard, how late the event loop is."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any, Protocol

from realtime_cli.audio.sample_format import SILENCE_DBFS, Samples
from realtime_cli.client import inputs
from realtime_cli.client.any_session import AnyClientSession
from realtime_cli.notices import HeardItem
from realtime_cli.ports import EchoControl, SpeakerPort

if TYPE_CHECKING:
    from realtime_cli.audio.recent_level import RecentLevel

PROGRESS_S = 0.1  # how often levels and playback progress are reported
SOUND_STATE_S = 1.0
FIRST_SOUND_POLL_S = 0.01
LAG_S = 0.05  # the event loop may be this late; above it the user is told, once per doubling


class MonitoredLoop(Protocol):
    """What the monitor needs of the conversation's loop."""

    session: AnyClientSession

    def now(self) -> float: ...

    def step(self, happened: inputs.Input) -> None: ...

    def mark(self, value: inputs.Mark) -> None: ...

    def note(self, level: Any, topic: str, text: str, data: dict[str, Any] | None = None) -> None: ...


class LoopMonitor:
    """Puts levels, the state of the sound, playout progress and lateness into the conversation's stream.

    ``with_levels``: there is a microphone or a speaker whose level somebody may want to see.
    """

    def __init__(
        self,
        loop: MonitoredLoop,
        speaker: SpeakerPort | None,
        echo_control: EchoControl | None,
        *,
        with_levels: bool,
    ) -> None:
        self._loop = loop
        self._speaker = speaker
        self._echo_control = echo_control
        self._with_levels = with_levels
        self._microphone = _recent_level() if with_levels else None
        self.lag_s = 0.0
        """How late the event loop was at worst."""
        self._sound: tuple[str, float | None, int] = ("", None, 0)
        self._sound_due = 0.0
        self._started_parts: set[tuple[str, int]] = set()
        self._finished_parts: set[tuple[str, int]] = set()
        self._woken: asyncio.Future[None] | None = None

    def heard(self, samples: Samples) -> None:
        """The next block of the microphone."""
        if self._microphone:
            self._microphone.add(samples)

    async def run(self) -> None:
        """Device → step, until cancelled."""
        last = 0.0
        while True:
            pause_s = self._pause_s
            wake_at = time.monotonic() + pause_s
            await self._sleep(pause_s)
            self._watch_lag(time.monotonic() - wake_at)
            due = self._loop.now() - last >= PROGRESS_S - 0.005
            last = self._loop.now() if due else last
            self._report_progress(due)
            if due and self._with_levels:
                self._report_levels()

    @property
    def _pause_s(self) -> float:
        session = self._loop.session
        if session.playback.awaits(self._started_parts):
            return FIRST_SOUND_POLL_S
        ends = session.playback.unheard and not session.streams  # a stream has no end that one could miss
        return PROGRESS_S / 2 if ends else PROGRESS_S

    async def _sleep(self, seconds: float) -> None:
        """Sleep this long, or until there is sound of a part that has not begun."""
        events = asyncio.get_running_loop()
        self._woken = events.create_future()
        timer = events.call_later(seconds, self._wake)
        try:
            await self._woken
        finally:
            timer.cancel()

    def _wake(self) -> None:
        if self._woken and not self._woken.done():
            self._woken.set_result(None)

    def queued(self, item_id: str, content_index: int) -> None:
        """More sound of a part has been queued, perhaps of one that was heard to its end."""
        self._finished_parts.discard((item_id, content_index))
        if (item_id, content_index) not in self._started_parts:
            self._wake()

    def playback_stopped(self, cause: inputs.Cause, heard: tuple[HeardItem, ...]) -> inputs.Input:
        """What the session learns of a cut: what was heard, how loud the user was, how much echo was left."""
        self._finished_parts.clear()
        return inputs.PlaybackStopped(
            self._loop.now(),
            cause,
            heard,
            self._microphone.loudest_dbfs if self._microphone else None,
            self._residual_dbfs,
        )

    @property
    def _residual_dbfs(self) -> float | None:
        level_dbfs = self._echo_control.state.residual_dbfs if self._echo_control else None
        return None if level_dbfs is None else round(level_dbfs, 1)

    def _report_levels(self) -> None:
        agent_dbfs = self._speaker.level_dbfs if self._speaker else SILENCE_DBFS
        now = self._loop.now()
        user_dbfs = self._microphone.last_dbfs if self._microphone else SILENCE_DBFS
        self._loop.mark(inputs.Levels(now, user_dbfs, round(agent_dbfs, 1)))
        if now >= self._sound_due and self._echo_control and self._speaker:
            sound = (self._echo_control.state.mode, self._residual_dbfs, self._speaker.playout.underruns)
            if sound != self._sound:
                self._loop.mark(inputs.SoundState(now, *sound))
            self._sound, self._sound_due = sound, now + SOUND_STATE_S

    def _watch_lag(self, lag_s: float) -> None:
        if lag_s > max(LAG_S, 2 * self.lag_s):
            stalled = f"The program stalled for {1000 * lag_s:.0f} ms"
            text = f"{stalled}; this machine is overloaded, so the sound may stutter."
            # Until the session is ready, imports and models are loading: that is no overload.
            warns = lag_s > 5 * LAG_S and self._loop.session.ready
            level = "warning" if warns else "debug"
            self._loop.note(level, "lag", text, {"loop_lag_ms": round(1000 * lag_s)})
        self.lag_s = max(self.lag_s, lag_s)

    def _report_progress(self, due: bool) -> None:
        if self._speaker is None or not self._loop.session.playback.unheard:
            return
        reported = self._speaker.playout.heard()
        for item in reported:
            part = (item.item_id, item.content_index)
            if part in self._finished_parts or not (item.heard_ms or item.finished):
                continue
            first = part not in self._started_parts
            if due or first or item.finished:
                self._started_parts.add(part)
                if item.finished:
                    self._finished_parts.add(part)
                self._loop.step(
                    inputs.Played(self._loop.now(), *part, round(item.heard_ms, 1), item.finished)
                )
        self._forget_all_but({(item.item_id, item.content_index) for item in reported})

    def _forget_all_but(self, parts: set[tuple[str, int]]) -> None:
        """Of a part that the playout no longer has, nothing more is heard."""
        self._started_parts &= parts
        self._finished_parts &= parts


def _recent_level() -> RecentLevel:
    from realtime_cli.audio.recent_level import (
        RecentLevel,  # with numpy, which a session in text does without
    )

    return RecentLevel()
