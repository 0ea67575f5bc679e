"""The floor: the least that can hold a spoken conversation. sounddevice, websockets, and nothing else."""

from __future__ import annotations

import asyncio
import base64
import json
import sys
from collections import deque

import sounddevice
import websockets

FORM = {"samplerate": 24_000, "channels": 1, "dtype": "int16", "blocksize": 240, "latency": "low"}


class Floor:
    def __init__(self) -> None:
        self.loop = asyncio.get_running_loop()
        self.frames: asyncio.Queue[bytes] = asyncio.Queue()
        self.sound: deque[bytes] = deque()
        self.rest = b""
        self.item, self.played = "", 0
        self.microphone = sounddevice.RawInputStream(callback=self.hear, **FORM)
        self.speaker = sounddevice.RawOutputStream(callback=self.play, **FORM)

    def hear(self, data, frames, when, status) -> None:
        self.loop.call_soon_threadsafe(self.frames.put_nowait, bytes(data))

    def play(self, out, frames, when, status) -> None:
        size = 2 * frames
        while self.sound and len(self.rest) < size:
            self.rest += self.sound.popleft()
        block, self.rest = self.rest[:size], self.rest[size:]
        self.played += len(block) // 2
        out[:] = block + bytes(size - len(block))

    async def send(self, socket) -> None:
        while True:
            audio = base64.b64encode(await self.frames.get()).decode()
            await socket.send(json.dumps({"type": "input_audio_buffer.append", "audio": audio}))

    async def receive(self, socket) -> None:
        async for message in socket:
            event = json.loads(message)
            if event["type"] == "session.created":
                await socket.send(json.dumps({"type": "session.update", "session": {"type": "realtime"}}))
            elif event["type"] == "response.output_audio.delta":
                if event["item_id"] != self.item:
                    self.item, self.played = event["item_id"], 0
                self.sound.append(base64.b64decode(event["delta"]))
            elif event["type"] == "input_audio_buffer.speech_started":
                await self.stop(socket)

    async def stop(self, socket) -> None:
        heard_ms = max(0, self.played // 24 - round(1000 * self.speaker.latency))
        self.sound.clear()
        self.rest = b""
        await self.loop.run_in_executor(None, lambda: (self.speaker.abort(), self.speaker.start()))
        event = {"item_id": self.item, "content_index": 0, "audio_end_ms": heard_ms}
        await socket.send(json.dumps({"type": "conversation.item.truncate", **event}))


async def main() -> None:
    async with websockets.connect(sys.argv[1], max_size=None) as socket:
        floor = Floor()
        floor.speaker.start()
        floor.microphone.start()
        await asyncio.gather(floor.send(socket), floor.receive(socket))


asyncio.run(main())
