"""The input side: audio in, the user's turns and their transcripts out.

A transcript is requested as soon as the user pauses. If the pause ends the turn, it is ready or nearly so;
if the user goes on, it is cancelled.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from realtime_cli.server import tokens
from realtime_cli.server.api_error import ApiError
from realtime_cli.server.client_frame import size_of, sound_of
from realtime_cli.server.conversation import ServerConversation, StoredAudio, StoredItem, message
from realtime_cli.server.effects import CancelTranscription, DetectVoice, Transcribe
from realtime_cli.server.event_queue import EventQueue
from realtime_cli.server.input_buffer import COMMIT_MS, InputBuffer
from realtime_cli.server.turn_detector import (
    TurnDetector,
    TurnEnded,
    TurnMark,
    TurnPaused,
    TurnResumed,
    TurnStarted,
)

Json = dict[str, Any]
_WORDS = re.compile(r"\S+\s*")
T = "conversation.item.input_audio_transcription"
UNINTELLIGIBLE = {
    "type": "transcription_error",
    "code": "audio_unintelligible",
    "message": "The audio could not be transcribed.",
    "param": None,
}


@dataclass(slots=True)
class SpeculativeTranscript:
    """A transcript requested in a pause, before it is known whether the turn is over."""

    ticket: int
    text: str | None = None
    failed: bool = False


@dataclass(slots=True)
class SpokenTurn:
    """The user's turn in progress; ``start_ms`` is session time."""

    item_id: str
    start_ms: float
    speculative: SpeculativeTranscript | None = None


class InputPipeline:
    """Calls ``on_started`` when speech begins, ``on_ended`` when a turn became an item, ``on_transcript``."""

    def __init__(
        self,
        events: EventQueue,
        conversation: ServerConversation,
        *,
        on_started: Callable[[float], None],
        on_ended: Callable[[float], None],
        on_transcript: Callable[[float], None],
    ) -> None:
        self._events = events
        self._conversation = conversation
        self._on_started, self._on_ended, self._on_transcript = on_started, on_ended, on_transcript
        self.buffer = InputBuffer()
        self.forgets_audio = False
        """Whether an item's sound can be dropped once it has a transcript."""
        self._settings: Json = {}
        self._include: list[str] = []
        self._detector: TurnDetector | None = None
        self._stream = 0
        self._turn: SpokenTurn | None = None
        self._tickets = 0
        self._pending: dict[int, tuple[StoredItem, int]] = {}

    @property
    def user_speaks(self) -> bool:
        return self._turn is not None

    def apply_settings(self, settings: Json, include: list[str] | None) -> None:
        """Apply ``session.audio.input`` after an update."""
        old, self._settings, self._include = self._settings, settings, include or []
        format = settings["format"]["type"]
        if format != self.buffer.format:
            self.buffer.use_format(format)
            self._restart_detection()
        elif old.get("turn_detection") != settings["turn_detection"]:
            self._change_detection()

    def _change_detection(self) -> None:
        detection = self._settings["turn_detection"]
        if (
            detection is None
            or self._detector is None
            or detection["type"] != self._detector.settings["type"]
        ):
            self._restart_detection()
        else:
            self._detector.settings = detection  # a turn in progress continues

    def _restart_detection(self) -> None:
        """Drop the turn in progress, and begin a new stream of voice detection unless it is off."""
        self._cancel_speculative()
        self._turn = None
        self._stream += 1
        detection = self._settings["turn_detection"]
        self._detector = TurnDetector(detection, self.buffer.end_ms) if detection is not None else None

    # -- the client's buffer events -------------------------------------------------------------

    def append(self, encoded: str) -> None:
        """``input_audio_buffer.append``; raises :class:`ApiError`."""
        # Its size is known before it is decoded, which takes long where it is large.
        if not self.buffer.has_room(size_of(encoded)):
            raise ApiError("input_audio_buffer_full", "The input audio buffer is full: commit or clear it.")
        audio = sound_of(encoded)
        self.buffer.append(audio)
        if self._detector is not None:
            self._events.do(DetectVoice(self._stream, audio, self.buffer.format))
            self.buffer.forget_before(min(self._detector.keep_from_ms, self._turn_start_ms()))

    def _turn_start_ms(self) -> float:
        return self._turn.start_ms if self._turn else self.buffer.end_ms

    def clear(self) -> None:
        self.buffer.clear()
        self._restart_detection()
        self._events.emit("input_audio_buffer.cleared")

    def commit(self) -> None:
        """``input_audio_buffer.commit``; raises :class:`ApiError` when there is too little."""
        if self.buffer.kept_ms < COMMIT_MS:
            text = (
                "Error committing input audio buffer: buffer too small. Expected at least 100ms of audio, "
                f"but buffer only has {self.buffer.kept_ms:.2f}ms of audio."
            )
            raise ApiError("input_audio_buffer_commit_empty", text)
        item_id = self._turn.item_id if self._turn else self._events.new_id("item")
        audio = self.buffer.take(self.buffer.start_ms, self.buffer.end_ms)
        record = self._new_item(item_id, audio)
        self._restart_detection()
        self._transcribe(record, 0)

    def commit_silence(self, since_ms: float) -> None:
        """The idle timeout: the silence since ``since_ms`` becomes a user item without words."""
        item_id, end_ms = self._events.new_id("item"), self.buffer.end_ms
        start_ms = min(end_ms, max(since_ms, self.buffer.start_ms))
        self._events.emit(
            "input_audio_buffer.timeout_triggered",
            audio_start_ms=int(since_ms),
            audio_end_ms=int(end_ms),
            item_id=item_id,
        )
        record = self._new_item(item_id, self.buffer.take(start_ms, end_ms))
        record.transcripts[0] = ""

    def _new_item(self, item_id: str, audio: bytes) -> StoredItem:
        wire = message(item_id, "user", "completed", [{"type": "input_audio", "transcript": None}])
        record = StoredItem(wire, {0: StoredAudio(self.buffer.format, bytearray(audio))})
        previous = self._conversation.insert(record)
        self._events.emit("input_audio_buffer.committed", item_id=item_id, previous_item_id=previous)
        self._events.emit_item(wire, previous)
        return record

    # -- turns ------------------------------------------------------------------------------------

    def vad_result(self, at: float, stream: int, probabilities: tuple[float, ...]) -> None:
        """Take the detector's speech probabilities (0 to 1); those of an older stream are dropped."""
        for probability in probabilities:
            if stream != self._stream or self._detector is None:
                return
            for mark in self._detector.feed(probability):
                self._apply(at, mark)

    def _apply(self, at: float, mark: TurnMark) -> None:
        match mark:
            case TurnStarted():
                self._started(at, mark)
            case TurnPaused() if self._turn:
                self._turn.speculative = SpeculativeTranscript(self._request_transcript(mark, self._turn))
            case TurnResumed():
                self._cancel_speculative()
            case TurnEnded() if self._turn:
                self._ended(at, mark, self._turn)

    def _started(self, at: float, mark: TurnStarted) -> None:
        padding_ms = self._settings["turn_detection"].get("prefix_padding_ms", 300)
        start_ms = max(self.buffer.start_ms, mark.onset_ms - padding_ms)
        self._turn = SpokenTurn(self._events.new_id("item"), start_ms)
        self._events.emit(
            "input_audio_buffer.speech_started", audio_start_ms=int(start_ms), item_id=self._turn.item_id
        )
        self._on_started(at)

    def _request_transcript(self, mark: TurnPaused, turn: SpokenTurn) -> int:
        self._tickets += 1
        start_ms = max(self.buffer.start_ms, min(turn.start_ms, mark.onset_ms - 200))
        audio = self.buffer.between(start_ms, self.buffer.end_ms)
        onset_ms, end_ms = mark.onset_ms - start_ms, mark.speech_end_ms - start_ms
        self._events.do(Transcribe(self._tickets, audio, self.buffer.format, onset_ms, end_ms))
        return self._tickets

    def _ended(self, at: float, mark: TurnEnded, turn: SpokenTurn) -> None:
        self._events.emit(
            "input_audio_buffer.speech_stopped", audio_end_ms=int(mark.end_ms), item_id=turn.item_id
        )
        self._turn = None
        record = self._new_item(turn.item_id, self.buffer.take(turn.start_ms, mark.end_ms))
        record.untranscribed.add(0)
        self._on_ended(at)
        speculative = turn.speculative
        if speculative is None:
            self._transcribe(record, 0)
        elif speculative.failed or speculative.text is not None:
            self._store_transcript(at, record, 0, speculative.text)
        else:
            self._pending[speculative.ticket] = (record, 0)

    def _cancel_speculative(self) -> None:
        speculative = self._turn.speculative if self._turn else None
        if self._turn and speculative:
            if speculative.text is None and not speculative.failed:
                self._events.do(CancelTranscription(speculative.ticket))
            self._turn.speculative = None

    # -- words ------------------------------------------------------------------------------------

    def transcribe_parts(self, record: StoredItem) -> None:
        """Request transcripts of all audio in an item that the client made."""
        for index in record.audio:
            self._transcribe(record, index)

    def _transcribe(self, record: StoredItem, index: int) -> None:
        self._tickets += 1
        self._pending[self._tickets] = (record, index)
        record.untranscribed.add(index)
        sound = record.audio[index]
        self._events.do(Transcribe(self._tickets, bytes(sound.data), sound.format))

    def transcribed(self, at: float, ticket: int, text: str | None) -> None:
        """Take the transcript of a ticket; None when the recogniser failed."""
        speculative = self._turn.speculative if self._turn else None
        if speculative and speculative.ticket == ticket:
            speculative.text, speculative.failed = text, text is None
            if self._detector and text is not None:
                self._detector.judge_transcript(text)
        elif ticket in self._pending:
            self._store_transcript(at, *self._pending.pop(ticket), text)

    def _store_transcript(self, at: float, record: StoredItem, index: int, text: str | None) -> None:
        record.transcripts[index] = text or ""
        record.untranscribed.discard(index)
        if self._settings["transcription"] is not None:
            self._send_transcript(record, index, text)
        if self.forgets_audio:
            record.audio.clear()
        self._on_transcript(at)

    def _send_transcript(self, record: StoredItem, index: int, text: str | None) -> None:
        place = {"item_id": record.item_id, "content_index": index}
        if text is None:
            self._events.emit(f"{T}.failed", **place, error=UNINTELLIGIBLE)
            return
        record.wire["content"][index]["transcript"] = text
        # whisper-1 does not stream: one delta holds the whole transcript.
        whole = self._settings["transcription"].get("model") == "whisper-1"
        for delta in [text] if whole else _WORDS.findall(text):
            self._events.emit(f"{T}.delta", **place, delta=delta, **self._logprobs(delta))
        audio_ms = record.audio[index].ms if index in record.audio else 0.0
        usage = tokens.of_transcription(self._settings["transcription"].get("model"), audio_ms, text)
        fields = {"transcript": text, "usage": usage, **self._logprobs(text)}
        self._events.emit(f"{T}.completed", **place, **fields)

    def _logprobs(self, text: str) -> Json:
        """Log probabilities, if the client wants them: always 0, for the recogniser gives none."""
        if "item.input_audio_transcription.logprobs" not in self._include:
            return {}
        return {
            "logprobs": [
                {"token": word, "bytes": list(word.encode()), "logprob": 0.0} for word in _WORDS.findall(text)
            ]
        }
