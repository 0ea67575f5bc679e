"""What is shown of what a careless server, tool or MCP server says back: everything but the secrets."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from realtime_cli.conversation import events as e
from realtime_cli.conversation.narrated import ConversationReader
from realtime_cli.loop import Outcome
from realtime_cli.recording.redactor import Redactor
from realtime_cli.untrusted_json import parse_json

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
    e.ToolProgressed,
    e.ToolEnded,
    e.SessionEnded,
)


class OutputRedaction:
    """Masks the secrets that a session knows, and what looks like one, in what is shown of it."""

    def __init__(self, secrets: Iterable[str]) -> None:
        self._scrubber = Redactor(secrets)

    def before(self, reader: ConversationReader) -> ConversationReader:
        """The reader, but it sees no secret in errors, notices, items and tools' outputs."""
        return _Masked(reader, self)

    def text(self, text: str) -> str:
        """The text without the secrets in it."""
        return self._scrubber.scrub(text)

    def outcome(self, outcome: Outcome) -> Outcome:
        scrub = self._scrubber.scrub
        return replace(outcome, reason=scrub(outcome.reason), remedy=scrub(outcome.remedy))

    def event(self, event: e.ConversationEvent) -> e.ConversationEvent:
        """The event itself where there is nothing to hide."""
        if not isinstance(event, _FOREIGN):
            return event
        said: dict[str, Any] = {f.name: getattr(event, f.name) for f in dataclasses.fields(event)}
        changed: Any = {name: clean for name, word in said.items() if (clean := self._clean(word)) != word}
        return replace(event, **changed) if changed else event

    def _clean(self, value: Any) -> Any:
        if isinstance(value, str):
            return self._scrubber.scrub(value)
        if not isinstance(value, dict):
            return value
        written = json.dumps(value)
        clean = self._scrubber.scrub(written)
        return value if clean == written else parse_json(clean)


@dataclasses.dataclass(frozen=True, slots=True)
class _Masked:
    reader: ConversationReader
    redaction: OutputRedaction

    def observe(self, event: e.ConversationEvent) -> None:
        self.reader.observe(self.redaction.event(event))
