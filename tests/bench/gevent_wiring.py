"""The wiring that ``load`` does not have: the conversation itself under Locust's gevent, for comparison.

A user says one clip at its pace over websocket-client and times its own end of speech to the first sound of
the answer. Run by ``bench_load.py``, with the address in BENCH_URL and the clip in BENCH_CLIP (raw 24 kHz).
"""

from __future__ import annotations

import base64
import json
import os
import time
from itertools import chain, repeat
from pathlib import Path
from typing import Any

import gevent
from gevent.event import AsyncResult
from locust import User, constant, events, task
from websocket import create_connection

FRAME_BYTES, FRAME_S = 960, 0.02
CLIP = Path(os.environ["BENCH_CLIP"]).read_bytes()
FRAMES = [CLIP[at : at + FRAME_BYTES] for at in range(0, len(CLIP), FRAME_BYTES)]
SILENCE = bytes(FRAME_BYTES)


class Caller(User):
    """One question after the other, each in a session of its own."""

    wait_time = constant(0)

    @task
    def call(self) -> None:
        socket = create_connection(os.environ["BENCH_URL"])
        answered: AsyncResult = AsyncResult()
        reader = gevent.spawn(_read, socket, answered)
        try:
            session: dict[str, Any] = {"type": "realtime", "instructions": "Answer shortly."}
            socket.send(json.dumps({"type": "session.update", "session": session}))
            said_at = self._speak(socket, answered)
            _tell("first audio", 1000 * (answered.get(timeout=30) - said_at))
            gevent.sleep(2)
        except (OSError, gevent.Timeout) as error:
            _tell("session", 0, error)
        finally:
            reader.kill()
            socket.close()

    def _speak(self, socket: Any, answered: AsyncResult) -> float:
        due = said_at = time.monotonic()
        for number, frame in enumerate(chain(FRAMES, repeat(SILENCE))):
            gevent.sleep(max(0.0, due - time.monotonic()))
            _tell("frame late", max(0.0, 1000 * (time.monotonic() - due)))
            append = {"type": "input_audio_buffer.append", "audio": base64.b64encode(frame).decode()}
            socket.send(json.dumps(append))
            if number == len(FRAMES) - 1:
                said_at = time.monotonic()
            if answered.ready() or number > len(FRAMES) + 1500:
                return said_at
            due += FRAME_S
        raise AssertionError("silence has no end")


def _read(socket: Any, answered: AsyncResult) -> None:
    while text := socket.recv():
        if json.loads(text)["type"] == "response.output_audio.delta" and not answered.ready():
            answered.set(time.monotonic())


def _tell(kind: str, ms: float, error: Exception | None = None) -> None:
    events.request.fire(
        request_type=kind, name="gevent", response_time=ms, response_length=0, exception=error, context={}
    )
