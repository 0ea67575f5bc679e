"""The one form that sound has inside the program, in numbers: for those who pass sound on, without numpy."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

RATE_HZ = 24_000
FRAME_MS = 20
FRAME_SAMPLES = RATE_HZ * FRAME_MS // 1000
SAMPLES_PER_MS = RATE_HZ // 1000
BYTES_PER_MS = 2 * SAMPLES_PER_MS
SILENCE_DBFS = -120.0

Samples: TypeAlias = "npt.NDArray[np.int16]"
"""int16, mono, 24 kHz."""
