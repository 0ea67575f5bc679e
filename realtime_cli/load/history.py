"""How a load test went, moment by moment: sessions, first audio, failures, own lateness. Pure."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable
from dataclasses import dataclass, field

from realtime_cli.load.figures import Figures, since, sums
from realtime_cli.script.pacing_histogram import PacingHistogram

WINDOW_S = 30.0


@dataclass(frozen=True)
class LoadMoment:
    """``p50_ms``, ``p95_ms``: of the first audio of the last ``WINDOW_S``; None: too few were measured.

    ``sessions``, ``failures`` and ``cut`` are all so far; ``late_ms`` is the p99 since the moment before.
    """

    at_s: float
    users: int
    sessions: int
    failures: int
    cut: int
    turns: int
    p50_ms: int | None
    p95_ms: int | None
    late_ms: int


@dataclass
class History:
    """``look`` every few seconds."""

    moments: list[LoadMoment] = field(default_factory=list)
    _audio: deque[tuple[float, Counter[int]]] = field(default_factory=deque)
    _late: Counter[int] = field(default_factory=Counter)

    def look(self, at_s: float, users: int, rows: Iterable[Figures], lateness: PacingHistogram) -> LoadMoment:
        """What happened lately."""
        kinds = sums(rows)
        audio = kinds.get("first audio", Figures("first audio"))
        session, cut = kinds.get("session", Figures("session")), kinds.get("cut", Figures("cut"))
        while len(self._audio) > 1 and self._audio[1][0] <= at_s - WINDOW_S:
            self._audio.popleft()
        before = self._audio[0][1] if self._audio and at_s >= WINDOW_S else Counter[int]()
        recent = Figures("first audio", times=since(audio.times, before))
        self._audio.append((at_s, Counter(audio.times)))
        late = PacingHistogram(since(lateness.counts, self._late))
        self._late = Counter(lateness.counts)
        moment = LoadMoment(
            round(at_s, 1),
            users,
            session.count,
            session.failures,
            cut.count,
            audio.count,
            recent.percentile_ms(50),
            recent.percentile_ms(95),
            late.percentile_ms(0.99),
        )
        self.moments.append(moment)
        return moment
