"""Captions of a translation: both sides, at their place in the sound that was sent."""

from __future__ import annotations

from collections.abc import Callable

from realtime_cli.client import effects, inputs
from realtime_cli.client.entry import Entry
from realtime_cli.client.passages import Passage, Passages
from realtime_cli.conversation.captions import Caption
from realtime_cli.conversation.realtime.wire import base64_bytes
from realtime_cli.protocol import translation as t
from realtime_cli.protocol.objects import BYTES_PER_MS


class TranslatedCaptions:
    """An observer of one session; ``tell`` is given every caption, unfinished ones too.

    Only what is not finished is kept, so that it may run for ever. ``language``: of the translation.
    """

    def __init__(self, language: Callable[[], str], tell: Callable[[Caption], None]) -> None:
        self._language, self._tell = language, tell
        self._sent_ms = 0.0
        self._before_ms = 0.0  # sent on earlier sockets, whose time began at 0 as well
        self._sides: dict[type, Passages] = {t.SourceTextDelta: Passages(), t.TranslatedTextDelta: Passages()}

    def observe(self, entry: Entry) -> None:
        value = entry.value
        if isinstance(value, effects.Send):
            if isinstance(value.event, t.TranslationAppend):
                self._sent_ms += base64_bytes(value.event.audio) / BYTES_PER_MS["audio/pcm"]
            return
        if isinstance(value, inputs.Connected | effects.Close):
            self._before_ms = self._sent_ms
            self._finish()
        elif isinstance(value, inputs.Received) and isinstance(value.event, t.TranslationElapsed):
            self._words(entry.at, value.event)
        for kind, side in self._sides.items():
            self._told(kind, side.settle(entry.at))

    def _words(self, at: float, event: t.TranslationElapsed) -> None:
        side = self._sides.get(type(event))
        if side is None or not event.delta:
            return
        there_ms = self._sent_ms if event.elapsed_ms is None else self._before_ms + event.elapsed_ms
        self._told(type(event), side.add(event.delta, there_ms, at))
        if side.current and side.current.text.strip():
            self._tell(self._caption(type(event), side.current, final=False))

    def _finish(self) -> None:
        for kind, side in self._sides.items():
            self._told(kind, side.finish())

    def _told(self, kind: type, over: Passage | None) -> None:
        if over and over.text.strip():
            self._tell(self._caption(kind, over, final=True))

    def _caption(self, kind: type, one: Passage, *, final: bool) -> Caption:
        translated = kind is t.TranslatedTextDelta
        begin_s, end_s = round(one.begin_ms / 1000, 3), round(one.end_ms / 1000, 3)
        item_id = f"{'translation' if translated else 'source'}_{one.number}"
        language = self._language() if translated else ""
        return Caption("", one.text.strip(), begin_s, end_s, item_id, final, language)
