"""What is going on, in a word."""

from __future__ import annotations

from typing import Any, Literal

from realtime_cli.client import effects, inputs
from realtime_cli.client.entry import Entry

Word = Literal[
    "connecting", "reconnecting", "listening", "ready", "hearing you", "thinking", "calling",
    "speaking", "writing", "muted", "paused", "ended",
]  # fmt: skip


class State:
    """Fold entries; read ``word``, and ``muted``, ``hears`` (a microphone is open) beside it."""

    def __init__(self, *, push_to_talk: bool = False, muted: bool = False) -> None:
        self.push_to_talk = push_to_talk
        self.muted = muted
        self.paused = False
        self.talking = False
        self.video_paused = False
        self._wire: Literal["connecting", "open", "reconnecting"] = "connecting"
        self._ended = False
        self._hearing = False
        self._asked = False
        self._response = False
        self._writing = False
        self.hears = False
        self._answers_by_itself = True
        self._queued: dict[tuple[str, int], float] = {}
        self._tools: dict[str, str] = {}

    @property
    def word(self) -> Word:
        """The most telling of all that is going on at once."""
        if self._ended:
            return "ended"
        if self._wire != "open":
            return self._wire
        for word, holds in self._going_on():
            if holds:
                return word
        return "listening" if self.hears else "ready"

    def _going_on(self) -> list[tuple[Word, bool]]:
        return [
            ("hearing you", self._hearing or self.talking),
            ("speaking", any(heard_ms > 0 for heard_ms in self._queued.values())),
            ("calling", bool(self._tools)),
            ("writing", self._writing),
            ("thinking", self._asked or self._response or bool(self._queued)),
            ("paused", self.paused),
            ("muted", self.muted),
        ]

    @property
    def tool(self) -> str:
        """The name of the tool that runs, when the word is ``calling``."""
        return next(iter(self._tools.values()), "")

    @property
    def words(self) -> str:
        """The word, with the tool's name."""
        return f"calling {self.tool}" if self.word == "calling" else self.word

    def fold(self, entry: Entry) -> None:
        value: Any = entry.value
        if entry.kind == "received":
            self._received(value.event)
        elif entry.kind == "sent":
            self._asked = self._asked or value.event.type == "response.create"
        else:
            handler = _LOCAL.get(type(value))
            if handler:
                handler(self, value)

    def _received(self, event: Any) -> None:
        if self._wire != "open":
            self._wire = "open"
        handler = _RECEIVED.get(event.type)
        if handler:
            handler(self, event)

    def _session(self, event: Any) -> None:
        detection = getattr(
            getattr(getattr(event.session, "audio", None), "input", None), "turn_detection", None
        )
        self._answers_by_itself = (
            detection is not None and getattr(detection, "create_response", None) is not False
        )

    def _speech_started(self, event: Any) -> None:
        self._hearing = True

    def _speech_stopped(self, event: Any) -> None:
        self._hearing = False

    def _committed(self, event: Any) -> None:
        self._hearing = False
        self._asked = self._asked or self._answers_by_itself

    def _response_created(self, event: Any) -> None:
        self._asked, self._response = False, True

    def _text(self, event: Any) -> None:
        self._writing = True

    def _response_done(self, event: Any) -> None:
        self._response = self._writing = self._asked = False

    def _error(self, event: Any) -> None:
        self._asked = False

    def _connected(self, value: Any) -> None:
        if self._wire == "open":
            self._wire = "reconnecting"

    def _disconnected(self, value: Any) -> None:
        self._wire = "reconnecting"
        self._hearing = self._asked = self._response = self._writing = False

    def _closed(self, value: Any) -> None:
        self._ended = True

    def _heard(self, value: Any) -> None:
        self.hears = True

    def _hearing_ended(self, value: Any) -> None:
        self.hears = False

    def _pressed(self, pressed: inputs.Pressed) -> None:
        if pressed.key == "mute":
            self.muted = not self.muted
        elif pressed.key == "video":
            self.video_paused = not self.video_paused
        elif pressed.key in ("talk", "release"):
            self.talking = pressed.key == "talk"

    def _noted(self, noted: inputs.Noted) -> None:
        if noted.topic in ("pause", "resume"):
            self.paused = noted.topic == "pause"

    def _play(self, play: effects.Play) -> None:
        self._queued.setdefault((play.item_id, play.content_index), 0.0)

    def _played(self, played: inputs.Played) -> None:
        if played.finished:
            self._queued.pop((played.item_id, played.content_index), None)
        else:
            self._queued[(played.item_id, played.content_index)] = played.heard_ms

    def _stopped(self, stopped: Any) -> None:
        self._queued.clear()

    def _call_tool(self, call: effects.CallTool) -> None:
        self._tools[call.call_id] = call.name

    def _tool_over(self, over: Any) -> None:
        self._tools.pop(over.call_id, None)


_RECEIVED: dict[str, Any] = {
    "session.created": State._session,
    "session.updated": State._session,
    "input_audio_buffer.speech_started": State._speech_started,
    "input_audio_buffer.speech_stopped": State._committed,
    "input_audio_buffer.committed": State._committed,
    "input_audio_buffer.cleared": State._speech_stopped,
    "response.created": State._response_created,
    "response.output_text.delta": State._text,
    "response.done": State._response_done,
    "error": State._error,
}
_LOCAL: dict[type, Any] = {
    inputs.Connected: State._connected,
    inputs.Disconnected: State._disconnected,
    inputs.MicrophoneFrame: State._heard,
    inputs.MicrophoneEnded: State._hearing_ended,
    inputs.Pressed: State._pressed,
    inputs.Noted: State._noted,
    inputs.Played: State._played,
    inputs.PlaybackStopped: State._stopped,
    inputs.ToolFinished: State._tool_over,
    effects.Play: State._play,
    effects.CallTool: State._call_tool,
    effects.CancelTool: State._tool_over,
    effects.Close: State._closed,
}
