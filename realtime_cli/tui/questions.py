"""The questions about tool calls that wait for the user, oldest first."""

from __future__ import annotations

from realtime_cli.client.entry import Entry
from realtime_cli.notices import ApprovalAnswered, ApprovalAsked


class OpenQuestions:
    """Fold entries; read ``first``."""

    def __init__(self) -> None:
        self._open: dict[str, ApprovalAsked] = {}

    def fold(self, entry: Entry) -> None:
        match entry.value:
            case ApprovalAsked() as asked:
                self._open[asked.call_id] = asked
            case ApprovalAnswered() as answered:
                self._open.pop(answered.call_id, None)

    @property
    def first(self) -> ApprovalAsked | None:
        """The one to answer now."""
        return next(iter(self._open.values()), None)
