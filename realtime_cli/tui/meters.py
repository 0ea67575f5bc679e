"""Level meters with peak hold. Problems with a microphone are reported by the device, not here."""

from __future__ import annotations

from dataclasses import dataclass, field

from realtime_cli.conversation.events import LevelsMeasured

FLOOR_DBFS = -120.0
HOLD_S = 1.5  # a peak is held this long ...
FALL_DB_PER_S = 20.0  # ... then falls, as on a studio meter (IEC 60268-18 has 20 dB in 1.7 s)


@dataclass(slots=True)
class Meter:
    """One level in dBFS and its held peak."""

    dbfs: float = FLOOR_DBFS
    peak_dbfs: float = FLOOR_DBFS
    peak_at: float = 0.0
    _last_at: float = 0.0

    def observe(self, at: float, dbfs: float) -> None:
        if at - self.peak_at > HOLD_S:
            self.peak_dbfs -= FALL_DB_PER_S * max(0.0, at - max(self._last_at, self.peak_at + HOLD_S))
        if dbfs >= self.peak_dbfs:
            self.peak_dbfs, self.peak_at = dbfs, at
        self.dbfs, self._last_at = dbfs, at

    @property
    def whole_db(self) -> tuple[int, int]:
        """Level and peak, rounded to what can be seen."""
        return round(self.dbfs), round(self.peak_dbfs)


@dataclass(slots=True)
class Meters:
    """Microphone and agent."""

    microphone: Meter = field(default_factory=Meter)
    agent: Meter = field(default_factory=Meter)
    seen: bool = False
    moved: bool = False
    """Whether the last levels look different from those before."""

    def observe(self, levels: LevelsMeasured) -> None:
        before = (self.seen, self.microphone.whole_db, self.agent.whole_db)
        self.seen = True
        self.microphone.observe(levels.at, levels.microphone_dbfs)
        self.agent.observe(levels.at, levels.agent_dbfs)
        self.moved = before != (True, self.microphone.whole_db, self.agent.whole_db)
