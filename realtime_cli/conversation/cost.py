"""What a conversation used and cost: a fold of conversation events. What is not known is None, never 0."""

from __future__ import annotations

from realtime_cli.client.cost import Tokens
from realtime_cli.conversation.events import ConversationEvent, SettingsInForce, UsageReported


class Spending:
    """``observe`` events in order. ``model`` is learnt from the session when it is not given."""

    def __init__(self, model: str | None = None) -> None:
        self.model = model
        self.tokens = Tokens()
        self.total_tokens = 0
        self.known_usd = 0.0
        self._reported = False
        self.unpriced = False
        """A part of it has no known price."""

    @property
    def total_usd(self) -> float | None:
        """All that was spent; None as soon as a part of it is unknown (``known_usd`` is the rest).

        Also where nobody told of any usage.
        """
        return self.known_usd if self._reported and not self.unpriced else None

    def observe(self, event: ConversationEvent) -> None:
        if isinstance(event, SettingsInForce):
            self.model = self.model or event.model
        elif isinstance(event, UsageReported):
            self._reported = True
            self.tokens += event.tokens
            self.total_tokens += event.total_tokens
            self.unpriced = self.unpriced or event.usd is None
            self.known_usd += event.usd or 0.0
