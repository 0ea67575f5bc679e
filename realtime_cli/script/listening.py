"""The local recogniser as a listener: what words a person would have heard in a sound."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from realtime_cli.audio.pcm import Samples

Listener = Callable[[Samples], Awaitable[str]]


@dataclass
class LocalListener:
    """Loaded when first needed; one sound after the other."""

    _lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def __call__(self, samples: Samples) -> str:
        """The words in int16 mono 24 kHz sound; "" where nobody speaks.

        Raises ConfigError without ``[local]``.
        """
        async with self._lock:
            return await asyncio.to_thread(self.listen, samples)

    def listen(self, samples: Samples) -> str:
        """The same, blocking."""
        from realtime_cli.server.engine.crop import crop, find_speech
        from realtime_cli.server.engine.recogniser import Recogniser
        from realtime_cli.server.engine.voice_activity import VoiceActivity

        if not hasattr(self, "_recogniser"):
            self._recogniser = Recogniser()
        speech = find_speech(VoiceActivity().feed(samples))
        return self._recogniser.transcribe(crop(samples, speech.onset_ms, speech.end_ms)) if speech else ""
