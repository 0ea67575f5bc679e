"""Levels with their peaks."""

from __future__ import annotations

from realtime_cli.conversation.events import LevelsMeasured
from realtime_cli.tui.meters import FLOOR_DBFS, HOLD_S, Meter, Meters


def peaks(*levels: tuple[float, float]) -> list[float]:
    """The peak behind each (seconds, dBFS)."""
    meter = Meter()
    found = []
    for at, dbfs in levels:
        meter.observe(at, dbfs)
        assert meter.dbfs == dbfs
        found.append(meter.peak_dbfs)
    return found


def test_a_peak_stands_for_a_while_and_then_falls() -> None:
    assert peaks((1, -10), (2, -50), (1 + HOLD_S, -50), (3, -50), (3.5, -50), (6, -50)) == [
        -10,
        -10,
        -10,
        -20,
        -30,
        -50,
    ]


def test_a_louder_sound_is_the_new_peak_at_once() -> None:
    assert peaks((1, -30), (1.1, -20), (2, -20), (3.4, -40)) == [-30, -20, -20, -20]


def test_microphone_and_agent_have_a_meter_each() -> None:
    meters = Meters()
    assert not meters.seen
    meters.observe(LevelsMeasured(1.0, -30.0, -20.0))
    assert meters.seen
    assert (meters.microphone.dbfs, meters.agent.dbfs) == (-30.0, -20.0)
    assert Meter().peak_dbfs == FLOOR_DBFS


def test_levels_have_moved_if_anybody_could_see_it() -> None:
    meters = Meters()
    shown = [(1.0, -30.0), (1.1, -30.0), (1.2, -30.3), (1.3, -31.0), (1.4, -31.0)]
    moved = []
    for at, dbfs in shown:
        meters.observe(LevelsMeasured(at, dbfs, -120.0))
        moved.append(meters.moved)
    assert moved == [True, False, False, True, False]


def test_a_peak_that_falls_has_moved() -> None:
    meters = Meters()
    for at, dbfs in [(1.0, -10.0), (2.0, -50.0), (3.0, -50.0)]:
        meters.observe(LevelsMeasured(at, dbfs, -120.0))
    assert meters.moved
