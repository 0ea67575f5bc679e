"""From entries to those who read conversation events: while a session runs, and over a recording."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Protocol

from realtime_cli.client.cost import Prices
from realtime_cli.client.entry import Entry
from realtime_cli.client.in_force import only_translates
from realtime_cli.client.options import SessionOptions
from realtime_cli.conversation.events import ConversationEvent
from realtime_cli.conversation.realtime import RealtimeNarrator


class Narrator(Protocol):
    """Turns the entries of one protocol into conversation events, in order."""

    def narrate(self, entry: Entry) -> Sequence[ConversationEvent]: ...


class ConversationReader(Protocol):
    """Folds conversation events."""

    def observe(self, event: ConversationEvent) -> None: ...


def narrator_of(options: SessionOptions, prices: Prices | None = None) -> Narrator:
    """The narrator of the protocol that a session speaks."""
    known: dict[str, Any] = {"prices": prices, "model": options.model, "muted": options.start_muted}
    if only_translates(options.patch):
        from realtime_cli.conversation.translation import TranslationNarrator

        return TranslationNarrator(**known)
    if options.protocol != "live":
        return RealtimeNarrator(**known)
    from realtime_cli.conversation.live import LiveNarrator  # its events are not loaded for Realtime

    return LiveNarrator(**known)


class Narrated:
    """An observer of entries that passes one narrator's conversation events on to readers."""

    def __init__(self, readers: Iterable[ConversationReader], narrator: Narrator | None = None) -> None:
        self.readers = list(readers)
        self.narrator = narrator or RealtimeNarrator()

    def observe(self, entry: Entry) -> None:
        for event in self.narrator.narrate(entry):
            for reader in self.readers:
                reader.observe(event)


def narrate(entries: Iterable[Entry], narrator: Narrator | None = None) -> Iterator[ConversationEvent]:
    """The conversation events of a recording's entries."""
    narrator = narrator or RealtimeNarrator()
    for entry in entries:
        yield from narrator.narrate(entry)
