"""Shapes as Locust asks for them: once a second, how many users there should be."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from gevent.event import Event
from locust import LoadTestShape

from realtime_cli.app.console import echo
from realtime_cli.load.search import Search
from realtime_cli.load.shapes import LoadStage, users_at
from realtime_cli.script.pacing_histogram import PacingHistogram

SETTLE_S, MEASURE_S = 6.0, 12.0  # workers report every 3 s
FAILING = 0.05  # if more sessions than this share fail, the number of users is too high
MIN_RATE = 5.0


class Stages(LoadTestShape):
    """Stages, one behind the other, from when sessions have ``began``."""

    abstract = True
    stages: Sequence[LoadStage] = ()
    began = Event()

    def tick(self) -> tuple[int, float] | None:
        if not self.began.is_set():
            self.reset_time()
        return users_at(self.stages, self.get_run_time())


@dataclass(frozen=True)
class Counted:
    """The counts at one moment."""

    late: dict[int, int] = field(default_factory=dict)
    sessions: int = 0
    failed: int = 0


class Auto(LoadTestShape):
    """As many users as the search says, for as long as it takes to judge them."""

    abstract = True
    lateness: PacingHistogram

    def __init__(self) -> None:
        super().__init__()
        self._search = Search()
        self._full_at: float | None = None
        self._before: Counted | None = None

    def tick(self) -> tuple[int, float] | None:
        now, search = time.monotonic(), self._search
        assert self.runner is not None
        if self._full_at is None or self.runner.user_count < search.users:
            self._full_at, self._before = now, None
        elif self._before is None:
            if now >= self._full_at + SETTLE_S:
                self._before = self._counted()
        elif now >= self._full_at + SETTLE_S + MEASURE_S:
            search.tried(self._carried(self._before, self._counted()))
            self._full_at = self._before = None
        if search.done:
            echo(f"This machine can run {search.carried} sessions at a time without delaying their frames.")
            return None
        return search.users, max(MIN_RATE, search.users / 4)

    def _counted(self) -> Counted:
        assert self.runner is not None
        sessions = [entry for (_, kind), entry in self.runner.stats.entries.items() if kind == "session"]
        return Counted(
            dict(self.lateness.counts),
            sum(entry.num_requests for entry in sessions),
            sum(entry.num_failures for entry in sessions),
        )

    def _carried(self, before: Counted, now: Counted) -> bool:
        step = PacingHistogram()
        step.add({str(ms): frames - before.late.get(ms, 0) for ms, frames in now.late.items()})
        held, failed = now.sessions - before.sessions, now.failed - before.failed
        well = step.frames > 0 and step.reliable and failed <= FAILING * held
        echo(
            f"{self._search.users} users: 99 % of {step.frames} frames "
            f"at most {step.percentile_ms(0.99)} ms late, "
            f"{held} sessions ended, {failed} of them failed: {'carried' if well else 'too many'}"
        )
        return well
