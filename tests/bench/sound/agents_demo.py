"""The peer ``openai-agents``: its realtime session with the audio settings of its command-line demo.

Blocks of 40 ms played by a callback from a queue of 100 pieces, sounddevice's default latencies, a
microphone that is read every 10 ms in pieces of 40 ms and sends nothing while the agent is heard, a
playback tracker that is told of every block.
"""

from __future__ import annotations

import asyncio
import queue
import sys

import numpy as np
import sounddevice
from agents.realtime import RealtimeAgent, RealtimePlaybackTracker, RealtimeRunner

RATE_HZ, BLOCK = 24_000, 960


class Speaker:
    def __init__(self, tracker: RealtimePlaybackTracker) -> None:
        self.waiting: queue.Queue = queue.Queue(maxsize=100)
        self.current = None
        self.cleared = False
        self.tracker = tracker
        self.stream = sounddevice.OutputStream(
            samplerate=RATE_HZ, channels=1, dtype="int16", blocksize=BLOCK, callback=self.fill
        )

    @property
    def busy(self) -> bool:
        return self.current is not None or not self.waiting.empty()

    def fill(self, out, frames, when, status) -> None:
        out.fill(0)
        if self.cleared:
            self.waiting, self.current, self.cleared = queue.Queue(maxsize=100), None, False
            return
        filled = 0
        while filled < frames:
            if self.current is None:
                try:
                    self.current = self.waiting.get_nowait()
                except queue.Empty:
                    return
            sound, item_id, index = self.current
            taken = sound[: frames - filled]
            out[filled : filled + len(taken), 0] = taken
            filled += len(taken)
            self.current = (sound[len(taken) :], item_id, index) if len(sound) > len(taken) else None
            self.tracker.on_play_bytes(item_id=item_id, item_content_index=index, bytes=taken.tobytes())

    def push(self, sound, item_id: str, index: int) -> None:
        try:
            self.waiting.put_nowait((sound, item_id, index))
        except queue.Full:
            self.waiting.get_nowait()
            self.waiting.put_nowait((sound, item_id, index))


async def hear(session, speaker: Speaker) -> None:
    stream = sounddevice.InputStream(samplerate=RATE_HZ, channels=1, dtype="int16")
    stream.start()
    while True:
        if stream.read_available < BLOCK:
            await asyncio.sleep(0.01)
            continue
        data, _ = stream.read(BLOCK)
        if not speaker.busy:
            await session.send_audio(data.tobytes())
        await asyncio.sleep(0)


async def main() -> None:
    tracker = RealtimePlaybackTracker()
    speaker = Speaker(tracker)
    speaker.stream.start()
    settings = {"turn_detection": {"type": "semantic_vad", "interrupt_response": False}}
    config = {
        "url": sys.argv[1],
        "api_key": "none",
        "playback_tracker": tracker,
        "initial_model_settings": settings,
    }
    runner = RealtimeRunner(RealtimeAgent(name="Assistant", instructions="Talk."))
    async with await runner.run(model_config=config) as session:
        hearing = asyncio.create_task(hear(session, speaker))
        async for event in session:
            if event.type == "audio":
                speaker.push(np.frombuffer(event.audio.data, np.int16), event.item_id, event.content_index)
            elif event.type == "audio_interrupted":
                speaker.cleared = True
        await hearing


asyncio.run(main())
