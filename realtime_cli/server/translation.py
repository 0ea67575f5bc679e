"""One translation session from the server's side: sound in; words and sound in another language out.

It hears as a Live session does: what is said up to a pause is written down, translated by the engine (a chat
endpoint; the small dialogue only repeats it, and marks it), and spoken. Nothing waits for real time: a file
may come as fast as the models take it. A fragment's ``elapsed_ms`` is where its words were said.
"""

from __future__ import annotations

import base64
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from realtime_cli.protocol import translation as t
from realtime_cli.protocol.codec import UndecodableEvent, parse
from realtime_cli.server import inputs
from realtime_cli.server.api_error import ApiError
from realtime_cli.server.client_frame import checked, sound_of
from realtime_cli.server.effects import CancelResponse, Effect, Generate, SetDeadline, Synthesize
from realtime_cli.server.engine.ports import ReplyRequest
from realtime_cli.server.event_queue import EventQueue, NewId, random_ids
from realtime_cli.server.live.audio_input import SpeechInput
from realtime_cli.server.live.fragments import TranscriptFragment, fragments, timed_words
from realtime_cli.server.settings import DEFAULT_MODEL, Defaults, merged

Json = dict[str, Any]
DEFAULT_LANGUAGE = "en"
PCM = "audio/pcm"
AFTERWARDS_MS = 1_500  # of silence behind the last sound, so that what was said is over
NORMAL = 1000
TO_TRANSLATE = (
    "You are an interpreter. Translate all that the user says into the language {language}. "
    "Answer with the translation alone: no comment, no quotes, no answer to what is said."
)


def translation_session(model: str, session_id: str, expires_at: int) -> Json:
    """What ``session.created`` shows."""
    return {
        "type": "translation",
        "id": session_id,
        "model": model or DEFAULT_MODEL,
        "expires_at": expires_at,
        "audio": {
            "input": {"noise_reduction": None, "transcription": None},
            "output": {"language": DEFAULT_LANGUAGE},
        },
    }


@dataclass(slots=True)
class SaidPassage:
    """What was said between two pauses; ``texts``: its translation, as far as it is not spoken."""

    id: str
    text: str
    start_ms: float
    end_ms: float
    language: str
    spoken_ms: float
    """Up to where in what was said it has been translated, by the letters."""
    texts: deque[str] = field(default_factory=deque)
    speaking: str | None = None
    translated: bool = False
    begun: bool = False

    @property
    def over(self) -> bool:
        return self.translated and not self.texts and self.speaking is None


class ServedTranslation:
    """The server's rules. ``handle`` takes one input and returns what is to be done, in order."""

    def __init__(self, *, defaults: Defaults | None = None, new_id: NewId | None = None) -> None:
        self._defaults = defaults or Defaults()
        self._events = EventQueue(new_id or random_ids(), t.translation_server_event)
        self.session: Json = {}
        self._hearing = SpeechInput(
            self._events,
            self._defaults.silence_duration_ms,
            on_started=lambda at: None,
            on_fragment=self._heard,
            on_said=lambda at, text: self._said(),
        )
        self._unsaid: list[TranscriptFragment] = []  # words whose passage is not over
        self._queue: deque[SaidPassage] = deque()
        self._closing = False

    def handle(self, happened: inputs.Input) -> list[Effect]:
        """Take one input and return its effects, in the order in which to perform them."""
        handler = _HANDLERS.get(type(happened))
        if handler and not self._events.closed:
            handler(self, happened)
            self._go_on()
        return self._events.take()

    # -- the start and the end --------------------------------------------------------------------

    def _client_connected(self, happened: inputs.ClientConnected) -> None:
        limit_s = self._defaults.session_limit_s
        session = translation_session(
            happened.model, self._events.new_id("sess"), int(happened.unix_s + limit_s)
        )
        self.session = merged(session, {"audio": (happened.session or {}).get("audio") or {}})
        self._events.emit("session.created", session=self.session)
        self._events.do(SetDeadline(happened.at + limit_s, "limit"))

    def _deadline_reached(self, happened: inputs.DeadlineReached) -> None:
        """The session's longest time is over."""
        self._close()

    def _close(self) -> None:
        """Take no more sound; translate what there is."""
        if not self._closing:
            self._closing = True
            self._hearing.feed(bytes(AFTERWARDS_MS * 48))

    def _go_on(self) -> None:
        """Begin with the next passage; end the session once the last one has been spoken."""
        while self._queue and self._queue[0].over:
            self._events.do(CancelResponse(self._queue.popleft().id))
        if self._queue and not self._queue[0].begun:
            self._begin(self._queue[0])
        if self._closing and self._hearing.settled and not self._queue:
            self._events.emit("session.closed")
            self._events.close_socket(NORMAL)

    # -- client events ----------------------------------------------------------------------------

    def _frame(self, happened: inputs.Frame) -> None:
        """Read, check and obey one frame; a mistake is answered with an error event."""
        event_id = None
        try:
            fields = parse(happened.text)
            event_id = fields["event_id"] if isinstance(fields.get("event_id"), str) else None
            self._obey(self._checked(fields))
        except UndecodableEvent as error:
            code = "invalid_json" if error.reason.startswith("not JSON") else "invalid_event"
            self._events.error(code, f"The server could not read your event: {error.reason}.")
        except ApiError as fault:
            self._events.error(fault.code, fault.message, fault.param, event_id)

    def _checked(self, fields: Json) -> Any:
        kind = t.CLIENT_EVENTS.get(fields["type"])
        if kind is None:
            known = ", ".join(f"'{name}'" for name in t.CLIENT_EVENTS)
            text = f"Invalid value: '{fields['type']}'. Supported values are: {known}."
            raise ApiError("invalid_value", text, "type")
        if kind is t.TranslationAppend and len(fields) == 2 and isinstance(fields.get("audio"), str):
            return t.TranslationAppend(audio=fields["audio"])  # five and more a second: skip the full check
        return checked(kind, fields)

    def _obey(self, event: Any) -> None:
        if isinstance(event, t.TranslationAppend):
            self._append(event)
        elif isinstance(event, t.TranslationUpdate):
            patch = event.session.model_dump(exclude_unset=True, mode="json")
            self.session = merged(self.session, patch)
            self._events.emit("session.updated", session=self.session)
        else:
            self._close()

    def _append(self, event: t.TranslationAppend) -> None:
        if self._closing:
            raise ApiError("invalid_event", "The session is closing: it takes no more sound.")
        pcm = sound_of(event.audio)
        if len(pcm) % 2:
            text = "Invalid 'audio'. Expected 16-bit PCM: an even number of bytes."
            raise ApiError("invalid_value", text, "audio")
        self._hearing.feed(pcm)

    # -- what is said -----------------------------------------------------------------------------

    def _heard(self, fragment: TranscriptFragment) -> None:
        self._unsaid.append(fragment)
        if self.session["audio"]["input"]["transcription"]:
            self._events.emit(
                "session.input_transcript.delta", delta=fragment.text, elapsed_ms=fragment.end_ms
            )

    def _said(self) -> None:
        words, self._unsaid = self._unsaid, []
        text = "".join(fragment.text for fragment in words).strip()
        language = self.session["audio"]["output"].get("language") or DEFAULT_LANGUAGE
        start_ms, end_ms = words[0].start_ms, words[-1].end_ms
        one = SaidPassage(self._events.new_id("say"), text, start_ms, end_ms, language, start_ms)
        self._queue.append(one)

    # -- its translation --------------------------------------------------------------------------

    def _begin(self, one: SaidPassage) -> None:
        one.begun = True
        item = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": one.text}]}
        instructions = TO_TRANSLATE.format(language=one.language)
        request = ReplyRequest((item,), instructions, translates_into=one.language)
        self._events.do(Generate(one.id, request))

    def _passage(self, id: str) -> SaidPassage | None:
        return self._queue[0] if self._queue and self._queue[0].id == id else None

    def _translated(self, happened: inputs.TextGenerated) -> None:
        if one := self._passage(happened.response_id):
            one.texts.append(happened.text)
            self._speak(one)

    def _speak(self, one: SaidPassage) -> None:
        """Ask for the sound of the next text, one at a time; its words go out ahead of it."""
        if one.speaking is not None or not one.texts:
            return
        one.speaking = one.texts.popleft()
        share = len(one.speaking) / len(one.text)
        until_ms = min(one.end_ms, one.spoken_ms + share * (one.end_ms - one.start_ms))
        for fragment in fragments(timed_words(one.speaking, one.spoken_ms, until_ms, continues=True)):
            self._events.emit(
                "session.output_transcript.delta", delta=fragment.text, elapsed_ms=fragment.end_ms
            )
        one.spoken_ms = until_ms
        self._events.do(Synthesize(one.id, one.speaking, PCM, 1.0, self._defaults.voice))

    def _sound_made(self, happened: inputs.AudioGenerated) -> None:
        one = self._passage(happened.response_id)
        if one and happened.audio:
            self._events.emit(
                "session.output_audio.delta",
                delta=base64.b64encode(happened.audio).decode("ascii"),
                elapsed_ms=int(one.end_ms // t.FRAME_MS * t.FRAME_MS),
                format="pcm16",
                sample_rate=24_000,
                channels=1,
            )

    def _spoken(self, happened: inputs.AudioDone) -> None:
        if one := self._passage(happened.response_id):
            one.speaking = None
            self._speak(one)

    def _all_translated(self, happened: inputs.GenerationDone) -> None:
        if one := self._passage(happened.response_id):
            one.translated = True

    def _failed(self, happened: inputs.GenerationFailed) -> None:
        """No translation, or no sound of it: the client is told, and the next passage follows."""
        if one := self._passage(happened.response_id):
            one.translated, one.speaking = True, None
            one.texts.clear()
            self._events.error("server_error", happened.message, type="server_error")

    # -- the engine's news ------------------------------------------------------------------------

    def _vad_result(self, happened: inputs.VadResult) -> None:
        self._hearing.vad_result(happened.at, happened.probabilities)

    def _transcribed(self, happened: inputs.Transcribed) -> None:
        self._hearing.transcribed(happened.at, happened.ticket, happened.text)

    def _transcription_failed(self, happened: inputs.TranscriptionFailed) -> None:
        self._hearing.transcribed(happened.at, happened.ticket, "")


_HANDLERS: dict[type, Callable[[ServedTranslation, Any], None]] = {
    inputs.ClientConnected: ServedTranslation._client_connected,
    inputs.Frame: ServedTranslation._frame,
    inputs.VadResult: ServedTranslation._vad_result,
    inputs.Transcribed: ServedTranslation._transcribed,
    inputs.TranscriptionFailed: ServedTranslation._transcription_failed,
    inputs.DeadlineReached: ServedTranslation._deadline_reached,
    inputs.TextGenerated: ServedTranslation._translated,
    inputs.GenerationDone: ServedTranslation._all_translated,
    inputs.GenerationFailed: ServedTranslation._failed,
    inputs.AudioGenerated: ServedTranslation._sound_made,
    inputs.AudioDone: ServedTranslation._spoken,
}
