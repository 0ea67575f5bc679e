"""A microphone that can be ended by hand, as a file ends by itself."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from realtime_cli.audio.pcm import Samples
from realtime_cli.audio.wav import WavMicrophone
from realtime_cli.ports import MicrophonePort


class StoppedMicrophone:
    """Another microphone until ``stop``; behind that, silence, so that a server sees the end of the turn."""

    def __init__(self, microphone: MicrophonePort) -> None:
        self._microphone = microphone
        self._deliver: Callable[[Samples | None], None] | None = None
        self._stopped = False

    def connect(self, has_room: Callable[[], bool]) -> None:
        """A file that is sent fast is held back while there is no room."""
        if isinstance(self._microphone, WavMicrophone):
            self._microphone.connect(lambda: True, has_room)

    def start(self, deliver: Callable[[Samples | None], None]) -> None:
        self._deliver = deliver
        self._microphone.start(self._heard)

    def _heard(self, samples: Samples | None) -> None:
        if self._deliver and not (self._stopped and samples is None):
            self._deliver(np.zeros_like(samples) if self._stopped and samples is not None else samples)

    def stop(self) -> None:
        """The input is over; on the running loop's thread."""
        if not self._stopped:
            self._stopped = True
            if self._deliver:
                self._deliver(None)

    async def close(self) -> None:
        await self._microphone.close()
