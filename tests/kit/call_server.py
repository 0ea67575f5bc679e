"""A server that holds a call: whoever attaches sees what went before, and may steer it."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from websockets.exceptions import ConnectionClosed
from websockets.sync.server import ServerConnection, serve

Json = dict[str, Any]
CALL = "rtc_u1_1"
SAID = "Where is my parcel?"
ANSWER = "It comes on Tuesday."
SESSION: Json = {"type": "realtime", "id": "sess_1", "model": "gpt-realtime", "tools": []}


def message(item_id: str, role: str, kind: str, **content: str) -> Json:
    return {"id": item_id, "type": "message", "role": role, "content": [{"type": kind, **content}]}


class SteeredCall:
    """Shows the caller's turn, answers what is typed with "You said ...", and keeps settings.

    ``heard`` is all that was sent to it.
    """

    def __init__(self) -> None:
        self.url = ""
        self.heard: list[Json] = []
        self.paths: list[str] = []
        self._session = dict(SESSION)
        self._count = 0

    def play(self, socket: ServerConnection) -> None:
        assert socket.request
        self.paths.append(socket.request.path)
        self._send(socket, {"type": "session.created", "session": self._session})
        self._send(socket, {"type": "input_audio_buffer.committed", "item_id": "item_1"})
        self._send(
            socket, {"type": "conversation.item.added", "item": message("item_1", "user", "input_audio")}
        )
        heard = "conversation.item.input_audio_transcription.completed"
        self._send(socket, {"type": heard, "item_id": "item_1", "content_index": 0, "transcript": SAID})
        self._answer(socket, ANSWER)
        try:
            for text in socket:
                event = json.loads(text)
                self.heard.append(event)
                self._obey(socket, event)
        except ConnectionClosed:
            return

    def _obey(self, socket: ServerConnection, event: Json) -> None:
        match event:
            case {"type": "conversation.item.create", "item": item}:
                self._count += 1
                self._said = item["content"][0]["text"]
                self._send(
                    socket, {"type": "conversation.item.added", "item": {"id": f"t{self._count}", **item}}
                )
            case {"type": "response.create"}:
                self._answer(socket, f"You said {self._said}")
            case {"type": "session.update", "session": patch}:
                self._session |= patch
                self._send(socket, {"type": "session.updated", "session": self._session})

    def _answer(self, socket: ServerConnection, text: str) -> None:
        self._count += 1
        response_id, item_id = f"resp_{self._count}", f"answer_{self._count}"
        place = {"response_id": response_id, "item_id": item_id, "output_index": 0, "content_index": 0}
        begun = {"id": response_id, "status": "in_progress", "output": []}
        item = message(item_id, "assistant", "output_audio", transcript=text)
        empty = message(item_id, "assistant", "output_audio")
        self._send(socket, {"type": "response.created", "response": begun})
        self._send(socket, {"type": "response.output_item.added", **place, "item": empty})
        self._send(socket, {"type": "conversation.item.added", "item": empty})
        self._send(socket, {"type": "response.output_audio_transcript.delta", **place, "delta": text})
        self._send(socket, {"type": "response.output_audio_transcript.done", **place, "transcript": text})
        self._send(socket, {"type": "conversation.item.done", "item": item})
        done = {"id": response_id, "status": "completed", "output": [item]}
        self._send(socket, {"type": "response.done", "response": done})

    def _send(self, socket: ServerConnection, event: Json) -> None:
        self._count += 1
        socket.send(json.dumps({"event_id": f"event_{self._count}", **event}))


@contextmanager
def steered_call() -> Iterator[SteeredCall]:
    call = SteeredCall()
    with serve(call.play, "127.0.0.1", 0) as listener:
        call.url = f"ws://127.0.0.1:{listener.socket.getsockname()[1]}/v1/realtime"
        thread = threading.Thread(target=listener.serve_forever)
        thread.start()
        try:
            yield call
        finally:
            listener.shutdown()
            thread.join()
