"""A client session and a script: each line says what happened and what the session wanted done."""

from __future__ import annotations

import base64
import json
from typing import Any

from realtime_cli.client import effects, inputs
from realtime_cli.client.session import ClientSession, SessionOptions
from realtime_cli.protocol import codec


class Dialogue:
    """Drives one session with literal inputs; every method returns the effects as short lines."""

    def __init__(self, **options: Any) -> None:
        self.session = ClientSession(SessionOptions(**options))
        self.at = 0.0
        self.sent: list[dict[str, Any]] = []

    def give(self, kind: type, *args: Any, **fields: Any) -> list[str]:
        happened = kind(self.at, *args, **fields)
        return [line for effect in self.session.handle(happened) if (line := self._line(effect))]

    def server(self, type: str, **fields: Any) -> list[str]:
        event = codec.decode_server_event(json.dumps({"type": type, "event_id": "e", **fields}))
        return self.give(inputs.Received, event)

    def _line(self, effect: effects.Effect) -> str | None:
        match effect:
            case effects.Send():
                event = json.loads(codec.encode(effect.event))
                self.sent.append(event)
                return describe(event)
            case effects.Play():
                return f"play {effect.item_id} {len(effect.audio)}"
            case effects.PlayEnd():
                return f"end {effect.item_id}"
            case effects.StopPlayback():
                return f"stop {effect.cause}"
            case effects.CallTool():
                return f"call {effect.name} {effect.arguments}"
            case effects.Reconnect():
                return "reconnect"
            case effects.Close():
                return f"close {effect.exit_code.name}"
            case effects.Note():
                return f"note {effect.level} {effect.topic}"
            case _:
                return None

    # -- scenes -------------------------------------------------------------------------------

    def connect(self) -> list[str]:
        self.give(inputs.Connected, "ws://test")
        self.server("session.created", session={"type": "realtime", "model": "m"})
        session = {"type": "realtime", **self.session.requested_session}
        return self.server("session.updated", session=session)

    def agent_speaks(self, item: str = "A", response: str = "R", ms: int = 1000, **more: Any) -> list[str]:
        self.server("response.created", response={"id": response, "status": "in_progress"})
        message = {"id": item, "type": "message", "role": "assistant", "status": "in_progress", "content": []}
        self.server("response.output_item.added", response_id=response, output_index=0, item=message)
        return self.sound(item, response, ms)

    def sound(self, item: str = "A", response: str = "R", ms: int = 1000) -> list[str]:
        delta = base64.b64encode(bytes(48 * ms)).decode()
        place = {"item_id": item, "response_id": response, "output_index": 0, "content_index": 0}
        return self.server("response.output_audio.delta", **place, delta=delta)

    def agent_says(self, text: str, item: str = "A", response: str = "R") -> list[str]:
        place = {"item_id": item, "response_id": response, "output_index": 0, "content_index": 0}
        return self.server("response.output_audio_transcript.delta", **place, delta=text)

    def done(
        self, response: str = "R", status: str = "completed", output: Any = (), **more: Any
    ) -> list[str]:
        body = {"id": response, "status": status, "output": list(output), **more}
        return self.server("response.done", response=body)

    def stopped(self, *heard: tuple[str, float, bool], cause: str = "server_vad") -> list[str]:
        items = tuple(inputs.HeardItem(item, 0, ms, finished) for item, ms, finished in heard)
        return self.give(inputs.PlaybackStopped, cause, items)


def describe(event: dict[str, Any]) -> str:
    short = event["type"].removeprefix("conversation.").removeprefix("input_audio_")
    match event["type"]:
        case "conversation.item.truncate":
            return f"{short} {event['item_id']} {event['audio_end_ms']}"
        case "conversation.item.delete":
            return f"{short} {event['item_id']}"
        case "conversation.item.create":
            item = event["item"]
            return f"{short} {item.get('role') or item['type']}"
        case "input_audio_buffer.append":
            return f"{short} {len(base64.b64decode(event['audio']))}"
        case _:
            return short
