"""How deep the device's buffer is to be: shallow at first, deeper when it ran empty, shallower again slowly.

A shallow buffer answers sooner; on a busy machine it has gaps. How busy the machine is cannot be known
beforehand.
"""

from __future__ import annotations

from collections import deque

STEPS_S = (0.02, 0.04, 0.06, 0.1, 0.15, 0.2)
WINDOW_S = 10.0
GAPS_TO_WIDEN = 2  # in the window; in a pause of the speech
GAPS_TO_WIDEN_NOW = 6  # without waiting for a pause
CALM_S = 120.0  # without a gap before trying a shallower one; doubled each time that proves wrong


class AdaptiveLatency:
    """The latency to ask the device for. Time comes with each call, in seconds."""

    def __init__(self, steps_s: tuple[float, ...] = STEPS_S) -> None:
        self._steps_s = steps_s
        self._step = 0
        self._gaps: deque[float] = deque(maxlen=64)
        self._calm_since_s = 0.0
        self._calm_s = CALM_S
        self._narrowed = False

    @property
    def latency_s(self) -> float:
        return self._steps_s[self._step]

    def gap(self, at_s: float) -> None:
        """The device's buffer ran empty."""
        self._gaps.append(at_s)
        self._calm_since_s = at_s

    def change(self, at_s: float, *, silent: bool) -> bool:
        """Whether to reopen the device now with another ``latency_s``.

        ``silent``: nothing is playing, so reopening is not heard.
        """
        recent = sum(at_s - gap < WINDOW_S for gap in self._gaps)
        if recent >= GAPS_TO_WIDEN_NOW or (recent >= GAPS_TO_WIDEN and silent):
            return self._widen(at_s, 2 if recent >= GAPS_TO_WIDEN_NOW else 1)
        if silent and self._step and at_s - self._calm_since_s >= self._calm_s:
            self._step -= 1
            self._narrowed, self._calm_since_s = True, at_s
            return True
        return False

    def _widen(self, at_s: float, steps: int) -> bool:
        self._gaps.clear()
        if self._narrowed:
            self._narrowed, self._calm_s = False, self._calm_s * 2
        before = self._step
        self._step = min(self._step + steps, len(self._steps_s) - 1)
        self._calm_since_s = at_s
        return self._step != before
