"""What is shown of what a careless server, tool or MCP server says back: everything but the secrets."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from realtime_cli.client import inputs
from realtime_cli.client.effects import Close
from realtime_cli.client.entry import Entry
from realtime_cli.loop import Outcome
from realtime_cli.ports import Observer
from realtime_cli.recording.redactor import Redactor

# What others said, in words that are shown as they are.
_FOREIGN = (
    inputs.Noted,
    inputs.Disconnected,
    inputs.UndecodableFrame,
    inputs.ToolProgress,
    inputs.ToolFinished,
    Close,
)


class OutputRedaction:
    """Masks the secrets that a session knows, and what looks like one, in what is shown of it."""

    def __init__(self, secrets: Iterable[str]) -> None:
        self._scrubber = Redactor(secrets)

    def before(self, observer: Observer) -> Observer:
        """The observer, but it sees no secret in errors, notes and tools' outputs."""
        return _Masked(observer, self)

    def text(self, text: str) -> str:
        """The text without the secrets in it."""
        return self._scrubber.scrub(text)

    def outcome(self, outcome: Outcome) -> Outcome:
        scrub = self._scrubber.scrub
        return replace(outcome, reason=scrub(outcome.reason), remedy=scrub(outcome.remedy))

    def entry(self, entry: Entry) -> Entry:
        """The entry itself where there is nothing to hide."""
        if not isinstance(entry.value, _FOREIGN):
            return entry
        value: Any = entry.value
        words = {f.name: getattr(value, f.name) for f in dataclasses.fields(value)}
        said = {name: word for name, word in words.items() if isinstance(word, str)}
        changed: Any = {
            name: clean for name, word in said.items() if (clean := self._scrubber.scrub(word)) != word
        }
        return replace(entry, value=replace(value, **changed)) if changed else entry


@dataclasses.dataclass(frozen=True, slots=True)
class _Masked:
    observer: Observer
    discretion: OutputRedaction

    def observe(self, entry: Entry) -> None:
        self.observer.observe(self.discretion.entry(entry))
