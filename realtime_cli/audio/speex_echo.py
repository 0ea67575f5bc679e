"""The echo canceller of libspeexdsp, which keeps the user's words in double talk.

Measured in synthetic rooms: AEC3 removes 35 to 42 dB of an echo, and a third of the words that are spoken
into it; libspeexdsp's canceller removes 6 to 14 dB, and no words. So AEC3 decides whether somebody speaks,
and what was said is sent from here.

The library is the system's (BSD licence): Debian's ``libspeexdsp1``, which PulseAudio brings along, or
Homebrew's ``speexdsp``. Interface: https://www.speex.org/docs/manual/speex-manual/node7.html
"""

from __future__ import annotations

import ctypes
import sys
from collections import deque
from functools import cache

import numpy as np

from realtime_cli.audio.pcm import FRAME_SAMPLES, RATE_HZ, SAMPLES_PER_MS, STEP_MS, Samples, silence

NAMES = {
    "linux": ("libspeexdsp.so.1",),
    "darwin": (
        "libspeexdsp.1.dylib",
        "/opt/homebrew/lib/libspeexdsp.1.dylib",
        "/usr/local/lib/libspeexdsp.1.dylib",
    ),
    "win32": ("libspeexdsp-1.dll",),
}
FIRST, SECOND = slice(FRAME_SAMPLES // 2), slice(FRAME_SAMPLES // 2, FRAME_SAMPLES)
SET_SAMPLING_RATE = 24  # SPEEX_ECHO_SET_SAMPLING_RATE, speex/speex_echo.h
LEARN_MS = 6000  # of echo, before the first rest; shorter: more words lost in later double talk
REFRESH_EVERY_MS, REFRESH_MS = 5000, 1000  # of echo: rooms change
CATCH_UP_STEPS = 8  # at once: more would keep the loop for milliseconds
TAIL_MS = 400  # of the way through loudspeaker, room and microphone; longer: learned more slowly


class SpeexEchoCanceller:
    """``step`` once for each 10 ms, in order. Raises OSError when built without the library.

    Adds 10 ms of delay: frames of 20 ms are half the work, 0.06 ms for 10 ms of sound.
    """

    def __init__(self) -> None:
        self._library = library()
        self._state = self._library.speex_echo_state_init(FRAME_SAMPLES, TAIL_MS * SAMPLES_PER_MS)
        rate = ctypes.c_int(RATE_HZ)
        self._library.speex_echo_ctl(self._state, SET_SAMPLING_RATE, ctypes.byref(rate))
        self._near_end, self._far_end, self._left = (silence(FRAME_SAMPLES) for _ in range(3))
        self._half = False

    def step(self, far_end: Samples, near_end: Samples) -> Samples:
        """What is left of the near end of the step before. int16 mono at 24 kHz, 240 samples each."""
        place = SECOND if self._half else FIRST
        self._far_end[place], self._near_end[place] = far_end, near_end
        if self._half:
            self._left = np.empty(FRAME_SAMPLES, np.int16)
            frames = (self._near_end, self._far_end, self._left)
            self._library.speex_echo_cancellation(self._state, *(frame.ctypes.data for frame in frames))
        self._half = not self._half
        return self._left[SECOND if self._half else FIRST]

    def __del__(self) -> None:
        if state := getattr(self, "_state", None):
            self._library.speex_echo_state_destroy(state)


class WordsOnDemand:
    """A :class:`SpeexEchoCanceller` that works while it learns the room and while somebody may speak.

    In between it rests, and what it has missed waits: the last ``pre_roll_ms``, and so much before as its
    filter needs. Raises OSError when built without the library.
    """

    def __init__(self, pre_roll_ms: int) -> None:
        self._canceller = SpeexEchoCanceller()
        self._waiting: deque[tuple[Samples, Samples]] = deque(maxlen=(TAIL_MS + pre_roll_ms) // STEP_MS)
        self._heard_ms = 0

    def unlearn(self) -> None:
        """The room has changed, or is heard at another delay."""
        self._heard_ms = 0

    def step(
        self, far_end: Samples, near_end: Samples, *, echoes: bool, speaks: bool, may_speak: bool
    ) -> list[Samples]:
        """Take 10 ms of both; what has been worked out of these and of earlier ones, 10 ms each, in order.

        With ``speaks`` that is all there is. ``echoes``: there is something to learn from.
        """
        self._waiting.append((far_end, near_end))
        self._heard_ms += STEP_MS * echoes
        learns = self._heard_ms < LEARN_MS or self._heard_ms % REFRESH_EVERY_MS < REFRESH_MS
        if not (speaks or may_speak or (learns and echoes)):
            return []
        count = len(self._waiting) if speaks else min(len(self._waiting), CATCH_UP_STEPS)
        return [self._canceller.step(*self._waiting.popleft()) for _ in range(count)]


@cache
def library() -> ctypes.CDLL:
    """libspeexdsp. Raises OSError where it is not installed."""
    for name in NAMES.get(sys.platform, ()):
        try:
            loaded = ctypes.CDLL(name)
        except OSError:
            continue
        pointer = ctypes.c_void_p
        loaded.speex_echo_state_init.argtypes = [ctypes.c_int, ctypes.c_int]
        loaded.speex_echo_state_init.restype = pointer
        loaded.speex_echo_state_destroy.argtypes = [pointer]
        loaded.speex_echo_state_destroy.restype = None
        loaded.speex_echo_cancellation.argtypes = [pointer] * 4
        loaded.speex_echo_cancellation.restype = None
        loaded.speex_echo_ctl.argtypes = [pointer, ctypes.c_int, pointer]
        return loaded
    raise OSError("libspeexdsp is not installed")
