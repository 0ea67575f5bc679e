"""Keep secrets out of what is shown when a careless server, tool or MCP server sends them back."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from realtime_cli.conversation import events as e
from realtime_cli.conversation.narrated import ConversationReader
from realtime_cli.loop import Outcome
from realtime_cli.recording.known_secrets import PiecewiseMask
from realtime_cli.recording.redactor import MASK, Redactor
from realtime_cli.untrusted_json import NotJson, parse_json

# What others said, in words that are shown as they are.
_FOREIGN = (
    e.NoticeIssued,
    e.ErrorReported,
    e.ConnectionLost,
    e.SettingsInForce,
    e.ItemCreated,
    e.ItemUpdated,
    e.UserTextMissing,
    e.AgentResponseEnded,
    e.ToolCalled,
    e.ToolWaiting,
    e.ToolProgressed,
    e.ToolEnded,
    e.SessionEnded,
)

MAX_SHOWN_CHARS = 1_000_000  # of one text: searching more for secrets would hold up the conversation
MAX_SECRET_CHARS = 4_096


class OutputRedaction:
    """Masks the secrets that a session knows, and what looks like one, in what is shown of it."""

    def __init__(self, secrets: Iterable[str]) -> None:
        self._scrubber = Redactor(secrets)
        self.known = self._scrubber.known

    def before(self, reader: ConversationReader) -> ConversationReader:
        """The same reader, behind a filter that masks secrets in errors, notices, items and tool output."""
        return _Masked(reader, self)

    def text(self, text: str) -> str:
        """The text without the secrets in it."""
        return self._scrubber.scrub(text)

    def outcome(self, outcome: Outcome) -> Outcome:
        scrub = self._scrubber.scrub
        return replace(outcome, reason=scrub(outcome.reason), remedy=scrub(outcome.remedy))

    def event(self, event: e.ConversationEvent) -> e.ConversationEvent:
        """The event itself where there is nothing to hide."""
        # Of answers only what is known: they may explain headers. What the user types is the user's own.
        if isinstance(event, e.AgentTextFinal) or (isinstance(event, e.UserTextFinal) and event.spoken):
            clean = self.known.mask(event.text)
            return event if clean == event.text else replace(event, text=clean)
        if not isinstance(event, _FOREIGN):
            return event
        said: dict[str, Any] = {f.name: getattr(event, f.name) for f in dataclasses.fields(event)}
        changed: Any = {
            name: masked for name, word in said.items() if (masked := self._clean(word)) is not word
        }
        return replace(event, **changed) if changed else event

    def _clean(self, value: Any) -> Any:
        """The value itself where there is nothing to hide."""
        if isinstance(value, str):
            clean = self._scrubber.scrub(self._shortened(value))
            return value if clean == value else clean
        if not isinstance(value, dict):
            return value
        value = self._shortened(value)
        written = json.dumps(value)
        clean = self._scrubber.scrub(written)
        if clean == written:
            return value
        try:
            return parse_json(clean)
        except NotJson:  # the mask replaced half of an escape
            return {"masked": MASK}

    def _shortened(self, value: Any) -> Any:
        """The value with its longest texts cut, no secret in two; itself where none is too long."""
        if isinstance(value, str) and len(value) > MAX_SHOWN_CHARS:
            kept = self.known.mask(value[: 2 * MAX_SHOWN_CHARS])[:MAX_SHOWN_CHARS]
            tail = kept[-MAX_SECRET_CHARS:]
            kept = kept[:-MAX_SECRET_CHARS] + tail[: tail.rfind(" ") + 1]  # what looks like one has no spaces
            return f"{kept}… ({len(value) - len(kept)} more characters)"
        if isinstance(value, dict):
            short: Any = {key: self._shortened(inner) for key, inner in value.items()}
            return short if any(short[key] is not inner for key, inner in value.items()) else value
        if isinstance(value, list):
            each = [self._shortened(inner) for inner in value]
            return each if any(new is not old for new, old in zip(each, value, strict=True)) else value
        return value


class _Masked:
    """Masks secrets for one reader; also those that come in pieces."""

    def __init__(self, reader: ConversationReader, redaction: OutputRedaction) -> None:
        self._reader = reader
        self._redaction = redaction
        self._growing: dict[tuple[str, str, int], tuple[PiecewiseMask, e.AgentTextPartial]] = {}
        self._transcripts: dict[str, PiecewiseMask] = {}

    def observe(self, event: e.ConversationEvent) -> None:
        match event:
            case e.AgentTextPartial():
                self._grow(event)
                return
            case e.UserTextPartial():
                self._reader.observe(self._transcribed(event))
                return
            case e.UserTextFinal() | e.UserTextMissing():
                self._transcripts.pop(event.item_id, None)
            case e.AgentTextFinal():
                self._release(event.at, lambda key: key == (event.response_id, event.item_id, event.part))
            case e.AgentResponseEnded():
                self._release(event.at, lambda key: key[0] == event.response_id)
            case e.ConnectionLost() | e.SessionEnded():
                self._release(event.at, lambda key: True)
        self._reader.observe(self._redaction.event(event))

    def _grow(self, event: e.AgentTextPartial) -> None:
        key = (event.response_id, event.item_id, event.part)
        mask = self._growing[key][0] if key in self._growing else self._redaction.known.in_pieces()
        self._growing[key] = mask, event
        if shown := mask.take(event.delta):
            self._reader.observe(replace(event, delta=shown))

    def _transcribed(self, event: e.UserTextPartial) -> e.UserTextPartial:
        known = self._redaction.known
        delta = self._transcripts.setdefault(event.item_id, known.in_pieces()).take(event.delta)
        return replace(event, delta=delta, text=known.in_pieces().take(event.text))

    def _release(self, at: float, over: Callable[[tuple[str, str, int]], bool]) -> None:
        for key in [key for key in self._growing if over(key)]:
            mask, last = self._growing.pop(key)
            if rest := mask.rest():
                self._reader.observe(replace(last, at=at, delta=rest))
