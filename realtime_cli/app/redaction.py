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
        if isinstance(event, e.AgentTextFinal):  # of answers only what is known: they may explain headers
            return replace(event, text=self.known.mask(event.text))
        if not isinstance(event, _FOREIGN):
            return event
        said: dict[str, Any] = {f.name: getattr(event, f.name) for f in dataclasses.fields(event)}
        changed: Any = {
            name: clean for name, word in said.items() if (clean := self._clean(word)) is not word
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
            kept = self.known.mask(value)[:MAX_SHOWN_CHARS]
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
    """Masks secrets for one reader.

    The agent's text comes in pieces: the end of a piece that may be the beginning of a secret is held back
    until the next piece.
    """

    def __init__(self, reader: ConversationReader, redaction: OutputRedaction) -> None:
        self._reader = reader
        self._redaction = redaction
        self._held: dict[tuple[str, str, int], e.AgentTextPartial] = {}

    def observe(self, event: e.ConversationEvent) -> None:
        match event:
            case e.AgentTextPartial():
                self._grow(event)
                return
            case e.AgentTextFinal():
                self._release(event.at, lambda key: key == (event.response_id, event.item_id, event.part))
            case e.AgentResponseEnded():
                self._release(event.at, lambda key: key[0] == event.response_id)
            case e.ConnectionLost() | e.SessionEnded():
                self._release(event.at, lambda key: True)
        self._reader.observe(self._redaction.event(event))

    def _grow(self, event: e.AgentTextPartial) -> None:
        key = (event.response_id, event.item_id, event.part)
        held = self._held.pop(key, None)
        known = self._redaction.known
        text = known.mask((held.delta if held else "") + event.delta)
        size = known.held(text)
        if size:
            self._held[key] = replace(event, delta=text[-size:])
        if shown := text[: len(text) - size]:
            self._reader.observe(replace(event, delta=shown))

    def _release(self, at: float, over: Callable[[tuple[str, str, int]], bool]) -> None:
        for key in [key for key in self._held if over(key)]:
            self._reader.observe(replace(self._held.pop(key), at=at))
