"""Many sessions of scripts in one event loop, begun and stopped from outside, each reported in plain figures.

What is reported (``notify``) are dictionaries for JSON, each with an ``event``:

    began     id, script
    refused   id, status, pause_s        HTTP 429: whoever begins sessions should slow down
    scarce    id, pause_s                rate_limits.updated: less than a tenth is left
    spent     id, usd                    since the last such event: once a second, and at the session's end
    turn      id, script, turn, within_ms, done_ms, interrupted_ms, dead_air_ms    when it is over or cut
    over      id, script, status, kind, error, open_ms, session_ms, tool_ms, turns, usd, late_p99_ms
    pace      sessions, late, late_p99_ms, cpu_s, seconds     once a second; late: ms -> frames
"""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from realtime_cli.app.session_factory import OpenSession
from realtime_cli.client.cost import CostFold
from realtime_cli.conversation import events as e
from realtime_cli.errors import ConfigError
from realtime_cli.script.caller import with_own_turns
from realtime_cli.script.clips import Clip
from realtime_cli.script.failure_kind import kind_of
from realtime_cli.script.pacing_histogram import PacingHistogram
from realtime_cli.script.result import Case, CaseResult, Progress, TurnOver
from realtime_cli.script.runner import RunContext, prepare, run_case
from realtime_cli.script.throttle import scarce
from realtime_cli.wire.transport import Transport

PACE_S = 1.0
TOO_MANY = 429
Notify = Callable[[Mapping[str, Any]], None]


@dataclass
class SessionWatch:
    """Reads one session, and keeps what is reported of it beside the figures of its turns.

    ``on_scarce(seconds)``: a limit of the account is nearly used up for that long.
    """

    on_scarce: Callable[[float], None]
    lateness: PacingHistogram = field(default_factory=PacingHistogram)
    open_ms: float | None = None
    tool_ms: list[float] = field(default_factory=list)
    _called_at: dict[str, float] = field(default_factory=dict)
    status: int | None = None
    """The HTTP status with which the server refused."""
    cost: CostFold | None = None
    reported_usd: float = 0.0

    @property
    def usd(self) -> float:
        return self.cost.known_usd if self.cost else 0.0

    def observe(self, event: e.ConversationEvent) -> None:
        match event:
            case e.ConnectionUp():
                self.open_ms = round(1000 * event.at, 1)
            case e.ToolCalled():
                self._called_at[event.call_id] = event.at
            case e.ToolEnded() if event.call_id in self._called_at:
                self.tool_ms.append(round(1000 * (event.at - self._called_at.pop(event.call_id)), 1))
            case e.RateLimitReported() if scarce(event.limit, event.remaining) and event.reset_s:
                self.on_scarce(event.reset_s)


class SessionPool:
    """``begin`` and ``stop`` sessions; ``end`` stops them all."""

    def __init__(self, cases: Sequence[Case], context: RunContext, notify: Notify) -> None:
        self._cases = {case.name: case for case in cases}
        self._next = itertools.cycle(cases)
        self._context = context
        self._notify = notify
        self._sounds: dict[str, dict[int, Clip]] = {}
        self._sessions: dict[str, asyncio.Task[None]] = {}
        self._watches: dict[str, SessionWatch] = {}
        self._late = PacingHistogram()

    async def prepare(self) -> None:
        """Make every sound once. Raises ConfigError."""
        for case in self._cases.values():
            self._sounds[case.name] = await prepare(with_own_turns(case), self._context.voice)

    def begin(self, name: str, script: str | None = None) -> None:
        """Begin a session under its own name. Raises ConfigError for a name in use or an unknown script."""
        if name in self._sessions:
            raise ConfigError(f"The session {name!r} is running already.", "Give each session its own id.")
        if script is not None and script not in self._cases:
            raise ConfigError(f"There is no script {script!r}.", f"There are: {', '.join(self._cases)}.")
        case = self._cases[script] if script is not None else next(self._next)
        task = asyncio.get_running_loop().create_task(self._session(name, case), name=f"session {name}")
        self._sessions[name] = task
        task.add_done_callback(lambda _: self._sessions.pop(name, None))

    def stop(self, name: str) -> None:
        """Break a session off; it is over as ``stopped``."""
        if task := self._sessions.get(name):
            task.cancel()

    async def end(self) -> None:
        """Break everything off."""
        tasks = list(self._sessions.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def pace(self) -> None:
        """Report lateness, cost and sessions once a second; runs until cancelled."""
        while True:
            await asyncio.sleep(PACE_S)
            for name, watch in self._watches.items():
                self._report_spent(name, watch)
            self.report_pace()

    def report_pace(self) -> None:
        p99 = self._late.percentile_ms(0.99)
        self._notify(
            {
                "event": "pace",
                "sessions": len(self._sessions),
                "late": self._late.taken(),
                "late_p99_ms": p99,
                "cpu_s": round(time.process_time(), 3),
                "seconds": PACE_S,
            }
        )

    def _report_spent(self, name: str, watch: SessionWatch) -> None:
        if watch.usd > watch.reported_usd:
            self._notify({"event": "spent", "id": name, "usd": round(watch.usd - watch.reported_usd, 9)})
            watch.reported_usd = watch.usd

    # -- one session --------------------------------------------------------------------------

    async def _session(self, name: str, case: Case) -> None:
        self._notify({"event": "began", "id": name, "script": case.name})
        began = time.monotonic()
        watch = SessionWatch(
            lambda pause_s: self._notify({"event": "scarce", "id": name, "pause_s": pause_s})
        )
        self._watches[name] = watch

        def late(ms: float) -> None:
            self._late.note(ms)
            watch.lateness.note(ms)

        context = replace(
            self._context,
            open=lambda case: self._open(name, case, watch),
            on_frame=late,
            readers=(watch,),
            patient=False,
            notify=lambda progress: self._turn_over(name, progress),
        )
        try:
            result = await run_case(case, context, self._sounds.get(case.name))
            report = of_result(result, watch.status)
        except asyncio.CancelledError:
            report = {"status": "stopped", "kind": "", "error": "", "turns": [], "usd": watch.usd}
        del self._watches[name]
        self._report_spent(name, watch)
        report |= {
            "open_ms": watch.open_ms,
            "session_ms": round(1000 * (time.monotonic() - began), 1),
            "tool_ms": watch.tool_ms,
            "late_p99_ms": watch.lateness.percentile_ms(0.99),
        }
        self._notify({"event": "over", "id": name, "script": case.name, **report})

    def _turn_over(self, name: str, progress: Progress) -> None:
        if isinstance(progress, TurnOver):
            told = {"event": "turn", "id": name, "script": progress.case.name, "turn": progress.number}
            self._notify({**told, **progress.figures})

    @asynccontextmanager
    async def _open(self, name: str, case: Case, watch: SessionWatch) -> AsyncIterator[OpenSession]:
        """The session; it is noted when the server refuses it."""
        async with self._context.open(case) as opened:
            watch.cost = opened.session.cost

            async def connect() -> Transport:
                try:
                    return await opened.connect()
                except Exception as error:
                    self._refused(name, error, watch)
                    raise

            yield replace(opened, connect=connect)

    def _refused(self, name: str, error: Exception, watch: SessionWatch) -> None:
        watch.status = getattr(error, "status", None)
        if watch.status == TOO_MANY:
            pause_s = getattr(error, "retry_after_s", None)
            self._notify({"event": "refused", "id": name, "status": watch.status, "pause_s": pause_s})


def of_result(result: CaseResult, http_status: int | None = None) -> dict[str, Any]:
    """What is reported of a session that came to its end."""
    warnings = result.warnings if result.bad else ()
    return {
        "status": result.status,
        "kind": kind_of(result, http_status),
        "error": "; ".join(map(str, [result.error] if result.error else [*result.bad, *warnings])),
        "turns": [turn.figures for turn in result.turns],
        "usd": result.usd,
    }
