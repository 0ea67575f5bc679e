"""What a transcript is made of: turns, tool cards, notices; all text as it came, unsafe.

A block is ``final`` when nothing of it will change any more.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from realtime_cli.conversation.reveal import RevealedPart, word_end

Level = Literal["debug", "info", "warning", "error"]
ToolState = Literal["running", "done", "failed", "cancelled"]


@dataclass(slots=True)
class UserTurn:
    """What the user said or typed. ``missing`` says why there is no text."""

    at: float
    item_id: str = ""
    text: str = ""
    spoken: bool = True
    images: int = 0
    stopped_at: float | None = None
    committed_at: float | None = None
    missing: str = ""
    late: bool = False  # the transcript came after the turn had been shown without one
    final: bool = False


@dataclass(slots=True)
class AgentTurn:
    """One message of the agent; ``cut_ms`` is what was heard of it when it was interrupted."""

    at: float
    item_id: str
    response_id: str = ""
    parts: dict[int, RevealedPart] = field(default_factory=dict)
    done: bool = False  # the server has nothing more of it
    cancelled: bool = False
    cut_ms: float | None = None
    final: bool = False

    def part(self, content_index: int) -> RevealedPart:
        return self.parts.setdefault(content_index, RevealedPart())

    @property
    def shown_text(self) -> str:
        """The text heard so far (all of it where there is no voice)."""
        return "".join(part.shown_text for _, part in sorted(self.parts.items()))

    @property
    def heard_ms(self) -> float:
        return sum(part.heard_ms for part in self.parts.values())

    @property
    def heard_to_end(self) -> bool:
        """All sound that came was heard, whether or not the server said that it was all."""
        sounding = [part for part in self.parts.values() if part.received_ms]
        return bool(sounding) and all(part.heard_to_end for part in sounding)

    @property
    def begun(self) -> bool:
        return any(part.shown or part.heard_ms > 0 for part in self.parts.values())

    def show_all(self) -> None:
        for part in self.parts.values():
            part.shown = len(part.text)

    def cut_written(self) -> None:
        """What is said may be written in a part without sound: of that, too, only what was heard stands."""
        received_ms = sum(part.received_ms for part in self.parts.values())
        share = min(1.0, self.heard_ms / received_ms) if received_ms else 1.0
        for part in self.parts.values():
            if not part.voice:
                part.shown = min(part.shown, word_end(part.text, round(len(part.text) * share)))

    def stop_here(self, *, paced: bool) -> None:
        """The session ends: what was not heard will not be heard."""
        if paced and (self.awaits_the_ear() or not (self.done or self.heard_to_end)):
            self.cut_ms = self.heard_ms
        self.final = True

    def settle(self, *, paced: bool) -> None:
        """Decide whether the turn is final: said to its end *and* heard to its end, or cut."""
        if self.cut_ms is not None:
            self.final = True
        if self.final or not self.done:
            return
        if not (paced and self.awaits_the_ear()):
            if self.cancelled and paced and any(part.voice for part in self.parts.values()):
                self.cut_ms = self.heard_ms
            else:
                self.show_all()
            self.final = True

    def awaits_the_ear(self) -> bool:
        """Whether sound of this turn has still to be heard."""
        if self.cancelled:
            return any(part.played_ms and not part.heard_to_end for part in self.parts.values())
        return any(part.voice and part.received_ms and not part.heard_to_end for part in self.parts.values())


@dataclass(slots=True)
class ToolCard:
    """A tool call. ``left_running``: shown while running, because the talk went on without it."""

    at: float
    call_id: str
    name: str
    arguments: str = ""
    state: ToolState = "running"
    output: str = ""
    seconds: float | None = None
    progress: str = ""
    waits: bool = False  # for the user's answer
    refused: str | None = None  # the user's reason, which may be empty
    left_running: bool = False
    final: bool = False


@dataclass(slots=True)
class Notice:
    """A note, a warning, an error or a question to the user."""

    at: float
    level: Level
    topic: str
    text: str
    final: bool = True


Block = UserTurn | AgentTurn | ToolCard | Notice


def is_question(block: Block) -> bool:
    """A notice that asks the user about a tool call."""
    return isinstance(block, Notice) and block.topic == "approval" and block.level == "warning"
