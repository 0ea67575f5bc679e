"""A Live session with an engine by script, in simulated time: minutes of conversation in no time.

Every event that leaves is checked against the types of the ``openai`` package: unknown fields are errors.
"""

from __future__ import annotations

import base64
import json
from collections import deque
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
from openai.types.live import ServerEvent
from pydantic import BaseModel, TypeAdapter

from realtime_cli.audio.pcm import BYTES_PER_MS
from realtime_cli.server import effects, inputs
from realtime_cli.server.engine.ports import EngineCall, EngineText, ReplyRequest
from realtime_cli.server.live.session import LiveSession
from realtime_cli.server.settings import Defaults
from realtime_cli.server_runner import ServedSession
from tests.kit.counted_ids import counted_ids
from tests.kit.scripted_engine import WORD_MS, LoudnessDetector

Json = dict[str, Any]
Piece = EngineText | EngineCall | Exception
FRAME_MS = 20
CONTRACT: TypeAdapter[Any] = TypeAdapter(ServerEvent)
LEVEL = 5000  # of the agent's voice


def unknown_fields(model: Any, path: str = "") -> Iterator[str]:
    """What the contract does not know, at any depth."""
    if isinstance(model, BaseModel):
        yield from (f"{path}.{name}" for name in model.model_extra or ())
        for name in model.model_fields_set & type(model).model_fields.keys():
            yield from unknown_fields(getattr(model, name), f"{path}.{name}")
    elif isinstance(model, list):
        for place, inner in enumerate(model):
            yield from unknown_fields(inner, f"{path}[{place}]")


class LiveTalk:
    """``words``: what is understood, stretch by stretch; ``answers``: what the engine says, each time."""

    def __init__(
        self,
        words: Iterable[str] = (),
        answers: Iterable[Iterable[Piece]] = (),
        *,
        defaults: Defaults | None = None,
        session: ServedSession | None = None,
    ) -> None:
        self.session: ServedSession = session or LiveSession(defaults=defaults, new_id=counted_ids())
        self.at = 0.0
        self.events: list[Json] = []
        self.sound = bytearray()  # all output, as on the wire
        self.sent_at: list[float] = []  # of each output delta
        self.closed: effects.CloseSocket | None = None
        self.requests: list[ReplyRequest] = []
        self.deadlines: dict[str, float] = {}
        self.stalls = False  # the engine makes no answers
        self._words, self._answers = deque(words), deque(answers)
        self._detector = LoudnessDetector()
        self._give(inputs.ClientConnected(0.0, 1_000))

    # -- what the client does -------------------------------------------------------------------

    def send(self, type: str, **fields: Any) -> list[Json]:
        """One event; returns what is answered at once."""
        return self.send_text(json.dumps({"type": type, **fields}))

    def send_text(self, text: str) -> list[Json]:
        """One frame as it is; returns what is answered at once."""
        before = len(self.events)
        self._give(inputs.Frame(self.at, text))
        return self.events[before:]

    def start(self, **session: Any) -> Json:
        (started,) = self.send("session.start", session={"model": "gpt-live-1", **session})
        return started

    def append(self, audio: bytes) -> None:
        self.send("session.input_audio.append", audio=base64.b64encode(audio).decode())

    def listen(self, ms: int, level: int = 0, *, wait: bool = True) -> None:
        """Send sound of this level in frames of 20 ms, in real time unless ``wait`` is off."""
        frame = np.full(FRAME_MS * BYTES_PER_MS // 2, level, "<i2").tobytes()
        for _ in range(ms // FRAME_MS):
            self.append(frame)
            if wait:
                self.pass_time(FRAME_MS)

    def speak(self, ms: int = 600) -> None:
        """The user says something, and pauses for as long as ends a turn."""
        self.listen(ms, 8000)
        self.listen(640)

    def pass_time(self, ms: float) -> None:
        """Time goes by; deadlines are reached."""
        until = self.at + ms / 1000
        while self.deadlines and min(self.deadlines.values()) <= until + 1e-9:
            name = min(self.deadlines, key=lambda each: self.deadlines[each])
            self.at = max(self.at, self.deadlines.pop(name))
            self._give(inputs.DeadlineReached(self.at, name))
        self.at = until

    # -- what came ------------------------------------------------------------------------------

    def of(self, type: str) -> list[Json]:
        return [event for event in self.events if event["type"] == type]

    def kinds(self, *left_out: str) -> list[str]:
        """The types of all events in order, without those that begin so."""
        return [event["type"] for event in self.events if not event["type"].startswith(left_out or "-")]

    def transcript(self, side: str) -> str:
        """``side``: input or output."""
        return "".join(event["delta"] for event in self.of(f"session.{side}_transcript.delta"))

    def errors(self) -> list[str]:
        return [event["error"]["code"] for event in self.of("error")]

    def backend(self) -> list[Json]:
        """The nested events of the backend."""
        return [event["event"] for event in self.of("response.event")]

    def loud_ms(self) -> int:
        """How much of the output is voice."""
        return int((np.abs(np.frombuffer(self.sound, "<i2")) > LEVEL // 2).sum() * 2 / BYTES_PER_MS)

    # -- the engine -----------------------------------------------------------------------------

    def _give(self, happened: inputs.Input) -> None:
        todo = deque([happened])
        while todo:
            for effect in self.session.handle(todo.popleft()):
                todo.extend(self._perform(effect))

    def _perform(self, effect: effects.Effect) -> list[inputs.Input]:
        """What an effect brings about at once."""
        match effect:
            case effects.Emit():
                self._take(effect.event.model_dump_json(exclude_unset=True))
            case effects.CloseSocket():
                self.closed = effect
            case effects.SetDeadline(None, name):
                self.deadlines.pop(name, None)
            case effects.SetDeadline(float() | int() as at, name):
                self.deadlines[name] = at
            case effects.DetectVoice():
                found = self._detector.feed(np.frombuffer(effect.audio, "<i2"))
                return [inputs.VadResult(self.at, effect.stream, tuple(found))]
            case effects.Transcribe():
                words = self._words.popleft() if self._words else ""
                return [inputs.Transcribed(self.at, effect.ticket, words)]
            case effects.Generate() if not self.stalls:
                self.requests.append(effect.request)
                return list(self._answer(effect.response_id))
            case effects.Synthesize():
                sound = np.full(len(effect.text.split()) * WORD_MS * BYTES_PER_MS // 2, LEVEL, "<i2")
                made = inputs.AudioGenerated(self.at, effect.response_id, sound.tobytes())
                return [made, inputs.AudioDone(self.at, effect.response_id)]
        return []

    def _answer(self, answer_id: str) -> Iterator[inputs.Input]:
        for piece in self._answers.popleft() if self._answers else [EngineText("Yes.")]:
            match piece:
                case EngineText(text):
                    yield inputs.TextGenerated(self.at, answer_id, text)
                case EngineCall(name, arguments):
                    yield inputs.ToolCallGenerated(self.at, answer_id, name, arguments)
                case _:
                    yield inputs.GenerationFailed(self.at, answer_id, str(piece))
                    return
        yield inputs.GenerationDone(self.at, answer_id)

    def _take(self, text: str) -> None:
        known = CONTRACT.validate_json(text)
        assert list(unknown_fields(known)) == [], text
        event = json.loads(text)
        if event["type"] == "session.output_audio.delta":
            self.sound += base64.b64decode(event["delta"])
            self.sent_at.append(self.at)
        else:
            self.events.append(event)
