"""Figures as text: columns as wide as their names, and CSV that a program can read."""

from __future__ import annotations

import csv
from collections import Counter

from realtime_cli.load.figures import Figures
from realtime_cli.load.history import History, LoadMoment
from realtime_cli.load.page import page
from realtime_cli.load.tables import failures_csv, history_csv, line_of, stats_csv, table, verdict_csv
from realtime_cli.load.verdict import Verdict
from realtime_cli.script.pacing_histogram import PacingHistogram

LONG = "a call with a name that is longer than the column of any other tool, turn 12"
ROWS = [
    Figures("open", "call", Counter({12: 1})),
    Figures("first audio", LONG, Counter({200: 19, 900: 2}), 1),
]
VERDICT = Verdict(False, "too late.", (("first audio p95 > 800ms", True, "900 ms"),))


def test_names_stand_whole_in_columns_that_fit_them() -> None:
    head, rule, first, second = table(ROWS).splitlines()
    assert LONG in second
    assert len(rule) == len(head) == max(map(len, (head, first, second)))
    assert first.split() == ["open", "call", "1", "0", "12", "ms", "-", "-", "-"]
    figures = second.removeprefix(f"first audio  {LONG}").split()
    assert " ".join(figures) == "21 1 200 ms 200 ms 900 ms -"


def test_csv_has_a_verdict_and_nothing_where_nothing_is_carried() -> None:
    rows = list(csv.DictReader(stats_csv(ROWS).splitlines()))
    assert (rows[1]["name"], rows[1]["p95_ms"], rows[1]["p99_ms"]) == (LONG, "900", "")
    whole, condition = csv.DictReader(verdict_csv(VERDICT).splitlines())
    assert (whole["failed"], condition["condition"], condition["failed"]) == (
        "no",
        "first audio p95 > 800ms",
        "failed",
    )
    assert failures_csv([("call", "session", 3)]).splitlines()[1] == "call,session,3"


def test_moments_tell_what_happened_since_the_one_before() -> None:
    history, lateness = History(), PacingHistogram()
    lateness.note(3)
    first = history.look(20, 4, [Figures("first audio", "a", Counter({100: 4}))], lateness)
    lateness.note(9)
    second = history.look(50, 4, [Figures("first audio", "a", Counter({100: 4, 700: 2}))], lateness)
    third = history.look(80, 4, [Figures("first audio", "a", Counter({100: 4, 700: 2}))], lateness)
    assert (first.p50_ms, second.p50_ms, third.p50_ms) == (100, 700, None)
    assert (first.late_ms, second.late_ms, third.late_ms) == (3, 9, 0)
    assert line_of(second) == (
        "50 s: 4 users, 0 sessions done, 0 failed, 6 answers heard, first audio p50 700 ms, p95 -, "
        "own lateness p99 9 ms"
    )
    assert history_csv(history.moments).splitlines()[3] == "80,4,0,0,0,6,,,0"


def test_the_page_has_verdict_charts_and_rows_and_takes_names_as_text() -> None:
    moments = [LoadMoment(2.0, 4, 0, 0, 0, 3, 200, 900, 1), LoadMoment(4.0, 4, 0, 0, 0, 3, None, None, 1)]
    moments.append(LoadMoment(6.0, 4, 1, 1, 0, 5, 300, None, 2))
    text = page("Load of <x>", VERDICT, ROWS, moments, [("call", "<b>", 2)], ["Cost: $1"])
    assert "Load of &lt;x&gt;" in text
    assert "UNRELIABLE: too late." in text
    assert "FAILED: --fail-if &#x27;first audio p95 &gt; 800ms&#x27;: 900 ms" in text
    for title in (
        "Sessions held",
        "First audio, of the last 30 s",
        "Failed sessions, in all",
        "Own lateness, p99",
    ):
        assert f"<h2>{title}</h2>" in text
    assert text.count("<circle") == 3 + 3 + 3 + 3, "a moment alone is seen, too"
    assert "<td>&lt;b&gt;</td><td>2</td>" in text
    assert text.count("<svg") == 4


def test_no_page_obeys_a_name_of_strangers() -> None:
    hostile = "\u202eevil \x1b]0;t\x07 \x9b <img src=x>"
    made = page(hostile, VERDICT, [], [], [(hostile, hostile, 1)], [hostile])
    assert not [c for c in made if c in "\u202e\x1b\x07\x9b"]
    assert "<img" not in made
