"""What devices report before and while there is a conversation."""

from __future__ import annotations

from typing import Any

from realtime_cli.loop import ConversationLoop


class DeviceReports:
    """What devices report: kept until there is a loop, then put into its stream."""

    def __init__(self) -> None:
        self._loop: ConversationLoop | None = None
        self._kept: list[tuple[Any, str, str]] = []

    def report(self, level: Any, topic: str, text: str) -> None:
        if self._loop:
            self._loop.note(level, topic, text)
        else:
            self._kept.append((level, topic, text))

    def connect(self, loop: ConversationLoop) -> None:
        self._loop = loop
        for kept in self._kept:
            loop.note(*kept)
