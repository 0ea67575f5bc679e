"""What both sides said, by the transcript: for the task of a delegation, and for a new session's history."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from realtime_cli.protocol.live.limits import CHARS_PER_TOKEN, MAX_INPUT_MESSAGES, MAX_INPUT_TOKENS

Side = Literal["user", "assistant"]
PAUSE_MS = 2_000  # a longer one between two fragments of the same side begins a new message
MAX_MESSAGES = 512  # the newest, four times as many as a new session begins with
TASK_PAUSE_MS = 3_000  # anything said before such a pause does not belong to the task


@dataclass(slots=True)
class SpokenMessage:
    """Fragments of one side that belong together; times on the session's clock."""

    side: Side
    text: str
    start_ms: int
    end_ms: int


class SpokenLog:
    """Messages in the order in which they began; ``mark`` begins anew on another session's clock."""

    def __init__(self) -> None:
        self.messages: list[SpokenMessage] = []
        self._current = 0  # where the messages of this session's clock begin

    def mark(self) -> None:
        self._current = len(self.messages)

    def add(self, side: Side, text: str, start_ms: int, end_ms: int) -> None:
        """A fragment with its own leading space."""
        last = next((one for one in reversed(self.messages[self._current :]) if one.side == side), None)
        if last and start_ms - last.end_ms <= PAUSE_MS and self.messages[-1] is last:
            last.text += text
            last.end_ms = max(last.end_ms, end_ms)
        else:
            self._append(SpokenMessage(side, text, start_ms, end_ms))

    def typed(self, text: str) -> None:
        """Add typed words, which have no time on the session's clock."""
        at_ms = self.messages[-1].end_ms if self.messages[self._current :] else 0
        self._append(SpokenMessage("user", text, at_ms, at_ms))

    def _append(self, message: SpokenMessage) -> None:
        self.messages.append(message)
        if len(self.messages) > MAX_MESSAGES:
            del self.messages[0]
            self._current = max(0, self._current - 1)

    def task(self, offset_ms: int) -> str:
        """What the user asked for around ``offset_ms``: the last words without a long pause in between."""
        said: list[SpokenMessage] = []
        for one in reversed(self.messages[self._current :]):
            if one.side != "user":
                if said and one.start_ms < said[-1].start_ms:
                    break  # the agent spoke between these words and earlier ones
                continue
            if said and said[-1].start_ms - one.end_ms > TASK_PAUSE_MS:
                break
            said.append(one)
        return " ".join(one.text.strip() for one in reversed(said)).strip()

    def text(self) -> str:
        """The talk so far, a line for each message."""
        names = {"user": "User", "assistant": "Agent"}
        return "\n".join(f"{names[one.side]}: {one.text.strip()}" for one in self.messages)

    def history(self) -> list[dict[str, Any]]:
        """The same as ``session.input`` takes it."""
        return [live_message(one.side, one.text.strip()) for one in self.messages if one.text.strip()]


def live_message(role: str, text: str) -> dict[str, Any]:
    """One message of ``session.input``."""
    kind = "output_text" if role == "assistant" else "input_text"
    return {"type": "message", "role": role, "content": [{"type": kind, "text": text}]}


def from_items(items: tuple[dict[str, Any], ...]) -> list[dict[str, Any]]:
    """Items of the Realtime API as messages of ``session.input``, which knows text and no system role."""
    messages = []
    for item in items:
        role = item.get("role")
        parts = item.get("content") or ()
        texts = [part.get("text") or part.get("transcript") or "" for part in parts if isinstance(part, dict)]
        text = " ".join(one for one in texts if one)
        if item.get("type", "message") == "message" and role and text:
            messages.append(live_message("developer" if role == "system" else str(role), text))
        elif item.get("type") == "function_call_output" and item.get("output"):
            messages.append(live_message("developer", f"Result of a tool: {item['output']}"))
    return messages


def within_limits(messages: list[dict[str, Any]]) -> tuple[list[dict[str, Any]], int]:
    """The newest messages that a session may begin with, and how many older ones are left out."""
    kept: list[dict[str, Any]] = []
    chars = 0
    for message in reversed(messages):
        chars += len(message["content"][0]["text"]) + 4 * CHARS_PER_TOKEN  # what a message costs by itself
        if len(kept) == MAX_INPUT_MESSAGES or chars > MAX_INPUT_TOKENS * CHARS_PER_TOKEN:
            break
        kept.append(message)
    return kept[::-1], len(messages) - len(kept)
