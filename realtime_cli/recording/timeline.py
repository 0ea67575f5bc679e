"""A whole recording as its timeline."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from realtime_cli.client.cost import Prices, load_prices
from realtime_cli.client.entry import Entry
from realtime_cli.conversation.narrated import ConversationReader, narrator_of
from realtime_cli.conversation.timeline import Timeline
from realtime_cli.recording.reader import Recording


def timeline(
    recording: Recording,
    prices: Prices | None = None,
    readers: Sequence[ConversationReader] = (),
    step: Callable[[Entry], Entry] = lambda entry: entry,
) -> Timeline:
    """Fold a recording once; ``readers`` are given the same events, ``step`` each entry.

    Raises ConfigError when it cannot be read.
    """
    session = recording.header.session
    model = session.get("model")
    narrator = narrator_of(recording.header.options(), prices or load_prices(session.get("prices")))
    made = Timeline(model)
    for entry in map(step, recording.entries()):
        for event in narrator.narrate(entry):
            for reader in (made, *readers):
                reader.observe(event)
        made.seconds = max(made.seconds, entry.at)
    made.close()
    return made
