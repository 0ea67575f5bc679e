"""Looks at a load test while it runs: a table in place on a terminal, elsewhere a line now and then."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Sequence

import gevent

from realtime_cli.app.console import echo
from realtime_cli.load.figures import Figures
from realtime_cli.load.history import History, LoadMoment
from realtime_cli.load.tables import line_of, table
from realtime_cli.script.pacing_histogram import PacingHistogram

LOOK_S = 2.0
LINE_S = 10.0


class LiveTable:
    """``begin`` at the start of the test, ``end`` before the last figures; ``history`` is what was seen."""

    def __init__(
        self,
        rows: Callable[[], Sequence[Figures]],
        users: Callable[[], int],
        lateness: PacingHistogram,
        *,
        told: bool,
    ) -> None:
        self.history = History()
        self._rows, self._users, self._lateness = rows, users, lateness
        self._told = told
        self._drawn = 0
        self._began = 0.0
        self._looking: gevent.Greenlet | None = None

    def begin(self) -> None:
        self._began = time.monotonic()
        self.history = History()
        self._looking = gevent.spawn(self._look_on)

    def end(self) -> None:
        """The last moment, and the end of the table in place."""
        if self._looking is not None:
            self._looking.kill()
            self._looking = None
            self._look()
            self._erase()

    def _look_on(self) -> None:
        line_due = LINE_S
        while True:
            gevent.sleep(LOOK_S)
            moment = self._look()
            if not self._told:
                continue
            if sys.stderr.isatty():
                self._draw(moment)
            elif moment.at_s >= line_due:
                line_due += LINE_S
                echo(line_of(moment))

    def _look(self) -> LoadMoment:
        return self.history.look(time.monotonic() - self._began, self._users(), self._rows(), self._lateness)

    def _draw(self, moment: LoadMoment) -> None:
        rows = [row for row in self._rows() if row.kind != "pace"]
        columns, lines = os.get_terminal_size(sys.stderr.fileno())
        text = [line_of(moment), "", *table(rows).splitlines()][: max(1, lines - 1)]
        self._erase()
        sys.stderr.write("\n".join(line[: columns - 1] for line in text) + "\n")
        sys.stderr.flush()
        self._drawn = len(text)

    def _erase(self) -> None:
        if self._drawn:
            sys.stderr.write(f"\x1b[{self._drawn}F\x1b[J")
            sys.stderr.flush()
            self._drawn = 0
