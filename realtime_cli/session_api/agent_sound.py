"""The agent's voice: whole for each item, and as a stream of what arrives or of what is heard."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Iterable

import numpy as np

from realtime_cli.audio.pcm import RATE_HZ, Samples, silence
from realtime_cli.audio.wire_format import AudioDecoder
from realtime_cli.client.effects import Play, PlayEnd
from realtime_cli.client.entry import Entry

MAX_KEPT_S = 600  # of sound that belongs to no reply yet
MAX_AHEAD_S = 60  # of sound that may wait for a reader


class FrameStream:
    """Frames for one reader; of one that is too slow the oldest are lost. It ends when it is closed."""

    def __init__(self) -> None:
        self._frames: deque[Samples] = deque()
        self._ahead = 0  # samples
        self._changed = asyncio.Event()
        self._closed = False

    def put(self, frame: Samples) -> None:
        self._frames.append(frame)
        self._ahead += len(frame)
        while self._ahead > MAX_AHEAD_S * RATE_HZ and len(self._frames) > 1:
            self._take()
        self._changed.set()

    def _take(self) -> Samples:
        frame = self._frames.popleft()
        self._ahead -= len(frame)
        return frame

    def close(self) -> None:
        self._closed = True
        self._changed.set()

    async def __aiter__(self) -> AsyncIterator[Samples]:
        while True:
            while self._frames:
                yield self._take()
            if self._closed:
                return
            self._changed.clear()
            await self._changed.wait()


class AgentSound:
    """An observer of entries; ``played`` is given what the loudspeaker plays."""

    def __init__(self) -> None:
        self._received: list[FrameStream] = []
        self._heard: list[FrameStream] = []
        self.start()

    def start(self) -> None:
        """A session begins; who listens already hears this one."""
        self._sound: dict[str, list[Samples]] = {}
        self._kept = 0
        self._decoder = AudioDecoder("audio/pcm")
        self.closed = False

    def observe(self, entry: Entry) -> None:
        effect = entry.value
        if isinstance(effect, Play):
            if effect.format != self._decoder.format:
                self._decoder = AudioDecoder(effect.format)
            self._add(effect.item_id, self._decoder.decode(effect.audio))
        elif isinstance(effect, PlayEnd):
            self._add(effect.item_id, self._decoder.flush())

    def played(self, block: Samples) -> None:
        for stream in self._heard:
            stream.put(block)

    def _add(self, item_id: str, samples: Samples) -> None:
        if not len(samples):
            return
        self._sound.setdefault(item_id, []).append(samples)
        self._kept += len(samples)
        while self._kept > MAX_KEPT_S * RATE_HZ and len(self._sound) > 1:
            self.take([next(iter(self._sound))])
        for stream in self._received:
            stream.put(samples)

    def take(self, item_ids: Iterable[str]) -> Samples:
        """The sound of these items, which is kept here no longer."""
        taken = [part for item_id in item_ids for part in self._sound.pop(item_id, ())]
        self._kept -= sum(map(len, taken))
        return np.concatenate(taken) if taken else silence(0)

    async def stream(self, *, paced: bool) -> AsyncIterator[Samples]:
        """What comes from now on, until the session ends."""
        streams, stream = (self._heard if paced else self._received), FrameStream()
        if self.closed:
            return
        streams.append(stream)
        try:
            async for frame in stream:
                yield frame
        finally:
            streams.remove(stream)

    def close(self) -> None:
        self.closed = True
        for stream in (*self._received, *self._heard):
            stream.close()
