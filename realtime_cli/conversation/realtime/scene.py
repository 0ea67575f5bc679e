"""What all parts of the narrator share: time, current turn, settings, and where events go."""

from __future__ import annotations

from typing import Any

from realtime_cli.client import in_force
from realtime_cli.client.bounded_dict import BoundedDict
from realtime_cli.client.cost import Prices
from realtime_cli.client.out_of_band import OutOfBand
from realtime_cli.conversation.events import AgentResponseRequested, ConversationEvent
from realtime_cli.protocol.objects import BYTES_PER_MS

Json = dict[str, Any]


class Scene:
    """``tell`` gives an event out. ``live``: a client's own entries are there, not only bare wire events."""

    def __init__(self, prices: Prices, model: str | None) -> None:
        self.at = 0.0
        self.live = False
        self.emitted: list[ConversationEvent] = []
        self.prices, self.model = prices, model
        self.out_of_band = OutOfBand()
        self.effective: Json = {}
        self.requested: Json = {}
        self.speech_seen = False
        """Whether the server ever said that the user speaks: then it detects turns, whatever its settings
        say.
        """
        self.turn = 0
        self.turn_of: BoundedDict[str, int] = BoundedDict()
        """By the id of an item or a response."""
        self.awaiting = False
        """Whether an answer was requested and has not begun."""
        self.news = False
        """Whether anything happened since the last answer ended, so that a response may be due."""
        self._answered = False
        self._by_agent = False
        self._made_up = 0

    def emit(self, event: ConversationEvent) -> None:
        self.emitted.append(event)

    def made_up_id(self, kind: str) -> str:
        """An id for something to which the server gives none."""
        self._made_up += 1
        return f"{kind}_{self._made_up}"

    # -- turns --------------------------------------------------------------------------------

    def users_turn(self) -> int:
        """The turn of what the user says now: a new one once the last was answered."""
        if not self.turn or self._answered or self._by_agent:
            self.turn += 1
            self._answered = self._by_agent = False
        self.news = True
        return self.turn

    @property
    def next_users_turn(self) -> int:
        """Which turn ``users_turn`` would give now."""
        return self.turn + 1 if not self.turn or self._answered or self._by_agent else self.turn

    def agents_turn(self) -> int:
        """The turn that an answer belongs to: the last one. Where nobody spoke it is the agent's own."""
        if not self.turn:
            self.turn, self._by_agent = 1, True
        self._answered = True
        return self.turn

    def expect_answer(self, by_client: bool, *, out_of_band: bool = False) -> None:
        self.news = True
        if not self.awaiting:
            self.awaiting = True
            self.emit(AgentResponseRequested(self.at, "client" if by_client else "server", out_of_band))

    # -- settings -----------------------------------------------------------------------------

    @property
    def turn_detection(self) -> Json | None:
        return in_force.turn_detection(self.effective, self.requested, speech_seen=self.speech_seen)

    @property
    def answers_by_itself(self) -> bool:
        return in_force.answers_by_itself(self.turn_detection)

    @property
    def transcribes(self) -> bool:
        return in_force.transcribes(self.effective, self.requested)

    def bytes_per_ms(self, side: Any) -> float:
        return BYTES_PER_MS[in_force.audio_format(side, self.effective, self.requested)]
