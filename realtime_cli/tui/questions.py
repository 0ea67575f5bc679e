"""The questions about tool calls that wait for the user, oldest first."""

from __future__ import annotations

from realtime_cli.conversation.events import ConversationEvent, ToolAnswered, ToolWaiting


class OpenQuestions:
    """``observe`` events; read ``first``."""

    def __init__(self) -> None:
        self._open: dict[str, ToolWaiting] = {}

    def observe(self, event: ConversationEvent) -> None:
        match event:
            case ToolWaiting():
                self._open[event.call_id] = event
            case ToolAnswered():
                self._open.pop(event.call_id, None)

    @property
    def first(self) -> ToolWaiting | None:
        """The question to answer now."""
        return next(iter(self._open.values()), None)
