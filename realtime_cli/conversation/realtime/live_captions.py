"""Captions while somebody speaks: the words of transcription events at their place in the sound.

A place is counted in the sound that the microphone gave, not by the clock, so that a file that is sent
faster than real time, a muted microphone and a new connection change no times.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from realtime_cli.client import effects, inputs
from realtime_cli.client.entry import Entry
from realtime_cli.conversation.captions import Caption
from realtime_cli.conversation.realtime.wire import base64_bytes
from realtime_cli.protocol import client_events as c
from realtime_cli.protocol import server_events as s
from realtime_cli.protocol.objects import BYTES_PER_MS, WireFormat


@dataclass(slots=True)
class SpokenStretch:
    """What is being said: where it begins and, once that is known, ends (ms of the microphone's sound)."""

    begin_ms: float
    end_ms: float | None = None
    text: str = ""
    in_segments: bool = False


class LiveCaptions:
    """An observer of one session; ``tell`` is given every caption, unfinished ones too.

    Only what is not finished is kept, so that it may run for ever.
    """

    def __init__(
        self, speaker: str, format: Callable[[], WireFormat], tell: Callable[[Caption], None]
    ) -> None:
        self._speaker, self._tell = speaker, tell
        self._format = format
        self._heard_ms = 0.0
        self._sent_ms = 0.0  # since this socket opened, as the server counts
        self._uncommitted_ms: float | None = None  # where uncommitted sound begins
        self._committed: deque[tuple[float, float]] = deque()  # by us, not yet named by the server
        self._stretches: dict[str, SpokenStretch] = {}

    def observe(self, entry: Entry) -> None:
        value = entry.value
        if isinstance(value, inputs.MicrophoneFrame):
            self._heard_ms += len(value.audio) / BYTES_PER_MS[self._format()]
        elif isinstance(value, effects.Send):
            self._sent(value.event)
        elif isinstance(value, inputs.Connected):
            self._sent_ms = 0.0
            self._committed.clear()
        elif isinstance(value, inputs.Received) and (handler := _HANDLERS.get(type(value.event))):
            handler(self, value.event)

    def _sent(self, event: Any) -> None:
        if isinstance(event, c.InputAudioBufferAppend):
            sound_ms = base64_bytes(event.audio or "") / BYTES_PER_MS[self._format()]
            self._sent_ms += sound_ms
            if self._uncommitted_ms is None:
                self._uncommitted_ms = max(0.0, self._heard_ms - sound_ms)
        elif isinstance(event, c.InputAudioBufferCommit):
            begin_ms = self._heard_ms if self._uncommitted_ms is None else self._uncommitted_ms
            self._committed.append((begin_ms, self._heard_ms))
            self._uncommitted_ms = None
        elif isinstance(event, c.InputAudioBufferClear):
            self._uncommitted_ms = None

    def _place_ms(self, server_ms: float | None) -> float:
        """Where in the microphone's sound the server's clock stands."""
        return self._heard_ms if server_ms is None else max(0.0, server_ms + self._heard_ms - self._sent_ms)

    def _stretch(self, item_id: str | None) -> SpokenStretch:
        begin_ms = self._heard_ms if self._uncommitted_ms is None else self._uncommitted_ms
        return self._stretches.setdefault(item_id or "", SpokenStretch(begin_ms))

    def _began(self, event: s.InputAudioBufferSpeechStarted) -> None:
        self._stretch(event.item_id).begin_ms = self._place_ms(event.audio_start_ms)

    def _stopped(self, event: s.InputAudioBufferSpeechStopped) -> None:
        self._stretch(event.item_id).end_ms = self._place_ms(event.audio_end_ms)

    def _commit_named(self, event: s.InputAudioBufferCommitted) -> None:
        stretch = self._stretch(event.item_id)
        if self._committed:
            stretch.begin_ms, stretch.end_ms = self._committed.popleft()
        else:  # the server ended the turn by itself
            self._uncommitted_ms = None

    def _words(self, event: s.ConversationItemInputAudioTranscriptionDelta) -> None:
        stretch = self._stretch(event.item_id)
        stretch.text += event.delta or ""
        if stretch.text.strip():
            self._tell(self._caption(stretch, stretch.text, event.item_id, final=False))

    def _completed(self, event: s.ConversationItemInputAudioTranscriptionCompleted) -> None:
        stretch = self._stretch(event.item_id)
        text = event.transcript if event.transcript is not None else stretch.text
        if text.strip() and not stretch.in_segments:
            self._tell(self._caption(stretch, text, event.item_id, final=True))
        self._stretches.pop(event.item_id or "", None)

    def _segment(self, event: s.ConversationItemInputAudioTranscriptionSegment) -> None:
        """A model that tells speakers apart gives each of their sentences with its times in the item."""
        stretch = self._stretch(event.item_id)
        stretch.in_segments = True
        begin_s = stretch.begin_ms / 1000 + (event.start or 0.0)
        end_s = stretch.begin_ms / 1000 + (event.end or event.start or 0.0)
        if text := (event.text or "").strip():
            speaker = " ".join(filter(None, (self._speaker, event.speaker)))
            self._tell(Caption(speaker, text, round(begin_s, 3), round(end_s, 3), event.item_id or ""))

    def _failed(self, event: s.ConversationItemInputAudioTranscriptionFailed) -> None:
        self._stretches.pop(event.item_id or "", None)

    def _caption(self, stretch: SpokenStretch, text: str, item_id: str | None, *, final: bool) -> Caption:
        end_ms = self._heard_ms if stretch.end_ms is None else stretch.end_ms
        begin_s, end_s = round(stretch.begin_ms / 1000, 3), round(end_ms / 1000, 3)
        return Caption(self._speaker, text.strip(), begin_s, max(begin_s, end_s), item_id or "", final)


_HANDLERS: dict[type, Callable[[LiveCaptions, Any], None]] = {
    s.InputAudioBufferSpeechStarted: LiveCaptions._began,
    s.InputAudioBufferSpeechStopped: LiveCaptions._stopped,
    s.InputAudioBufferCommitted: LiveCaptions._commit_named,
    s.ConversationItemInputAudioTranscriptionDelta: LiveCaptions._words,
    s.ConversationItemInputAudioTranscriptionCompleted: LiveCaptions._completed,
    s.ConversationItemInputAudioTranscriptionSegment: LiveCaptions._segment,
    s.ConversationItemInputAudioTranscriptionFailed: LiveCaptions._failed,
}
