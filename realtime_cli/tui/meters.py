"""Level meters with peak hold, and the warnings that levels give."""

from __future__ import annotations

from dataclasses import dataclass, field

from realtime_cli.client.inputs import Levels

FLOOR_DBFS = -120.0
HOLD_S = 1.5  # a peak stands this long ...
FALL_DB_PER_S = 20.0  # ... then falls, as on a studio meter (IEC 60268-18 has 20 dB in 1.7 s)
SILENT_DBFS = -110.0  # a real microphone has noise above this; digital silence has none
SILENT_S = 5.0
CLIPPING_DBFS = -3.0  # root mean square this high has clipped peaks, whatever the signal
CLIPPING_TIMES = 5


@dataclass(slots=True)
class Meter:
    """One level in dBFS and its held peak."""

    dbfs: float = FLOOR_DBFS
    peak_dbfs: float = FLOOR_DBFS
    peak_at: float = 0.0
    _last_at: float = 0.0

    def fold(self, at: float, dbfs: float) -> None:
        if at - self.peak_at > HOLD_S:
            self.peak_dbfs -= FALL_DB_PER_S * max(0.0, at - max(self._last_at, self.peak_at + HOLD_S))
        if dbfs >= self.peak_dbfs:
            self.peak_dbfs, self.peak_at = dbfs, at
        self.dbfs, self._last_at = dbfs, at


@dataclass(slots=True)
class Meters:
    """Microphone and agent. ``fold`` returns the warnings that are due, each once a session."""

    microphone: Meter = field(default_factory=Meter)
    agent: Meter = field(default_factory=Meter)
    seen: bool = False
    _ever_heard: bool = False
    _silent_since: float | None = None
    _clipped: int = 0
    _warned: set[str] = field(default_factory=set)

    def fold(self, levels: Levels, *, muted: bool) -> list[tuple[str, str]]:
        """Fold one mark; returns ``(topic, text)`` of new warnings."""
        self.seen = True
        self.microphone.fold(levels.at, levels.microphone_dbfs)
        self.agent.fold(levels.at, levels.agent_dbfs)
        return [] if muted else self._warnings(levels)

    def _warnings(self, levels: Levels) -> list[tuple[str, str]]:
        warnings = []
        if self._is_silent(levels) and self._first("silence"):
            warnings.append(
                (
                    "microphone",
                    "Five seconds of digital silence: wrong microphone, or no permission?",
                )
            )
        self._clipped = self._clipped + 1 if levels.microphone_dbfs > CLIPPING_DBFS else 0
        if self._clipped >= CLIPPING_TIMES and self._first("clipping"):
            warnings.append(("microphone", "The microphone is too loud and clips: turn its gain down."))
        return warnings

    def _is_silent(self, levels: Levels) -> bool:
        """Silence counts only before the first sound: a file may well end in it."""
        if levels.microphone_dbfs > SILENT_DBFS:
            self._ever_heard = True
        if self._ever_heard:
            return False
        if self._silent_since is None:
            self._silent_since = levels.at
        return levels.at - self._silent_since >= SILENT_S

    def _first(self, warning: str) -> bool:
        new = warning not in self._warned
        self._warned.add(warning)
        return new
