"""A server session and a script: each line says what happened, and what the session wanted done."""

from __future__ import annotations

import base64
import json
from typing import Any

from realtime_cli.protocol import codec
from realtime_cli.server import effects, inputs
from realtime_cli.server.settings import Defaults
from realtime_cli.server.turn_detector import WINDOW_MS
from tests.kit.counted_ids import counted_ids
from tests.kit.fault_injection import Quirks, QuirkySession

SHORT = (
    ("conversation.item.input_audio_transcription", "T"),
    ("conversation.item", "item"),
    ("input_audio_buffer.", ""),
    ("output_audio_transcript", "transcript"),
    ("function_call_arguments", "arguments"),
    ("response.", ""),
)
SHOWN = {
    "session.created": (), "session.updated": (), "response.created": (), "rate_limits.updated": (),
    "response.output_item.added": ("output_index",), "response.output_item.done": ("output_index",),
}  # fmt: skip


class Talk:
    """Drives one session with literal inputs; methods return its effects as short lines."""

    def __init__(
        self, *, defaults: Defaults | None = None, opened: dict[str, Any] | None = None, **quirks: Any
    ) -> None:
        self.session = QuirkySession(Quirks(**quirks), defaults=defaults, new_id=counted_ids())
        self.at = 0.0
        self.events: list[dict[str, Any]] = []
        self.effects: list[effects.Effect] = []
        self.stream = 0
        self.tickets: list[int] = []
        self.wakes: dict[str, float] = {}
        self.opening = self.give(inputs.ClientConnected, 1_000, **{"model": "m", **(opened or {})})

    # -- inputs -----------------------------------------------------------------------------------

    def give(self, kind: type, *args: Any, **fields: Any) -> list[str]:
        lines = []
        for effect in self.session.handle(kind(self.at, *args, **fields)):
            self.effects.append(effect)
            if line := self._line(effect):
                lines.append(line)
        return lines

    def client(self, type: str, **fields: Any) -> list[str]:
        return self.give(inputs.Frame, json.dumps({"type": type, **fields}))

    def update(self, **session: Any) -> list[str]:
        return self.client("session.update", session={"type": "realtime", **session})

    def sound_in(self, **settings: Any) -> list[str]:
        """Change ``session.audio.input``."""
        return self.update(audio={"input": settings})

    def write(self, text: str = "Hello.", **fields: Any) -> list[str]:
        item = {
            "type": "message",
            "role": "user",
            "content": [{"type": "input_text", "text": text}],
            **fields,
        }
        return self.client("conversation.item.create", item=item)

    def append(self, ms: float, byte: int = 0) -> list[str]:
        audio = base64.b64encode(bytes([byte]) * int(48 * ms)).decode()
        return self.client("input_audio_buffer.append", audio=audio)

    def hear(self, ms: int, probability: float) -> list[str]:
        """Sound of which every window has this speech probability."""
        lines = []
        for _ in range(ms // WINDOW_MS):
            self.at += WINDOW_MS / 1000
            lines += self.append(WINDOW_MS, 1 if probability > 0.5 else 0)
            lines += self.give(inputs.VadResult, self.stream, (probability,))
        return lines

    def speech(self, ms: int = 960) -> list[str]:
        return self.hear(ms, 0.9)

    def silence(self, ms: int = 544) -> list[str]:
        return self.hear(ms, 0.0)

    def recognised(self, text: str) -> list[str]:
        """The words of the oldest recognition that was asked for."""
        return self.give(inputs.Transcribed, self.tickets.pop(0), text)

    def spoken_turn(self, text: str = "What time is it?") -> list[str]:
        lines = self.speech() + self.silence(288)
        return lines + self.recognised(text) + self.silence(256)

    def said(self, text: str, response: str = "resp_1") -> list[str]:
        return self.give(inputs.TextGenerated, response, text)

    def spoken(self, ms: float, response: str = "resp_1") -> list[str]:
        return self.give(inputs.AudioGenerated, response, bytes(int(48 * ms)))

    def spoken_out(self, response: str = "resp_1") -> list[str]:
        return self.give(inputs.AudioDone, response)

    def called(self, name: str, arguments: str, response: str = "resp_1") -> list[str]:
        return self.give(inputs.ToolCallGenerated, response, name, arguments)

    def thought_out(self, response: str = "resp_1") -> list[str]:
        return self.give(inputs.GenerationDone, response)

    def says(self, text: str = "It is noon.", ms: float = 500, response: str = "resp_1") -> list[str]:
        """A whole spoken answer of one piece."""
        return [
            *self.said(text, response),
            *self.spoken(ms, response),
            *self.spoken_out(response),
            *self.thought_out(response),
        ]

    def wake(self, name: str) -> list[str]:
        self.at = max(self.at, self.wakes.pop(name))
        return self.give(inputs.DeadlineReached, name)

    # -- what came of it --------------------------------------------------------------------------

    def last(self, type: str) -> dict[str, Any]:
        return next(event for event in reversed(self.events) if event["type"] == type)

    def effect(self, kind: type[Any]) -> Any:
        """The last effect of a kind."""
        return next(effect for effect in reversed(self.effects) if isinstance(effect, kind))

    @property
    def settings(self) -> dict[str, Any]:
        return self.session.session

    def _line(self, effect: effects.Effect) -> str | None:
        match effect:
            case effects.Emit():
                event = json.loads(codec.encode(effect.event))
                self.events.append(event)
                return describe(event)
            case effects.DetectVoice():
                self.stream = effect.stream
            case effects.Transcribe():
                self.tickets.append(effect.ticket)
            case effects.CancelTranscription():
                self.tickets.remove(effect.ticket)
            case effects.SetDeadline():
                if effect.at is None:
                    self.wakes.pop(effect.name, None)
                else:
                    self.wakes[effect.name] = effect.at
            case effects.Generate():
                return f"think {effect.response_id}"
            case effects.Synthesize():
                return f"speak {effect.text}"
            case effects.CancelResponse():
                return f"quit {effect.response_id}"
            case effects.CloseSocket():
                return f"shut {effect.code}"
        return None


def describe(event: dict[str, Any]) -> str:
    name = event["type"]
    for long, short in SHORT:
        name = name.replace(long, short)
    match event["type"]:
        case "error":
            return f"error {event['error']['code']} {event['error']['param']}"
        case "response.done":
            details = event["response"]["status_details"] or {}
            why = details.get("reason") or "" if isinstance(details, dict) else details
            return f"done {event['response']['id']} {event['response']['status']} {why}".rstrip()
        case "response.created":
            return f"created {event['response']['id']}"
    item = event.get("item") or {}
    about = item.get("id") or event.get("item_id") or event.get("response_id") or ""
    more = item.get("status", "") if name in ("item.done", "output_item.done") else ""
    return " ".join(filter(None, (name, about, more)))
