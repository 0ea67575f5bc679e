"""How late our own frames go out: a histogram that can be merged over sessions, processes and machines."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from realtime_cli.audio.pcm import FRAME_MS

MAX_MS = 5_000


@dataclass
class PacingHistogram:
    """Frames by whole milliseconds of lateness, rounded up."""

    counts: Counter[int] = field(default_factory=Counter)

    def note(self, late_ms: float) -> None:
        self.counts[min(MAX_MS, max(0, -int(-late_ms // 1)))] += 1

    def add(self, counts: Mapping[str, int]) -> None:
        """Those of another, as they come out of JSON."""
        for ms, frames in counts.items():
            self.counts[int(ms)] += frames

    def taken(self) -> dict[str, int]:
        """What was counted since the last time, for JSON; counting begins anew."""
        counts, self.counts = self.counts, Counter()
        return {str(ms): frames for ms, frames in sorted(counts.items())}

    @property
    def frames(self) -> int:
        return self.counts.total()

    def percentile_ms(self, share: float) -> int:
        """The lateness that ``share`` (0 to 1) of the frames do not exceed; 0 without frames."""
        requested, seen = share * self.frames, 0
        for ms, frames in sorted(self.counts.items()):
            seen += frames
            if seen >= requested:
                return ms
        return 0

    @property
    def reliable(self) -> bool:
        """Whether p99 is within one frame; otherwise the figures describe this machine."""
        return self.percentile_ms(0.99) <= FRAME_MS
