"""``--json``: the conversation's events on stdout, one a line, for programs.

``conversation/events.py`` is the manual; ``events.schema()`` gives the JSON Schema of a line. ``at`` is
seconds since the start of the session. New fields and new types may come at any time, so ignore what you
do not know. Text is as it came from the server: it may hold control characters (escaped, as JSON has it).

Events that come many times a second are left out: levels, sound that is received and queued, progress of
playback (its begin and end are kept), frames of a camera, and the names of server events.
The last line is always ``session_ended``.
"""

from __future__ import annotations

from types import TracebackType
from typing import Self, TextIO

from realtime_cli.conversation import events as e
from realtime_cli.tui.end_summary import EndSummary

LEFT_OUT = (
    e.LevelsMeasured,
    e.SoundMeasured,
    e.AgentSoundReceived,
    e.AgentSoundQueued,
    e.VideoFrameTaken,
    e.ServerEventSeen,
)


class JsonLines:
    """A frontend for programs."""

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._at = 0.0

    def observe(self, event: e.ConversationEvent) -> None:
        self._at = max(self._at, event.at)
        match event:
            case e.SessionEnded():
                pass  # written at the end, when all of it is known
            case e.AgentHeard(first=False, finished=False):
                pass
            case _ if not isinstance(event, LEFT_OUT):
                self._write(event)

    def end(self, ending: EndSummary) -> None:
        self._write(
            e.SessionEnded(self._at, int(ending.exit_code), ending.reason, ending.remedy, ending.recording)
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Do nothing: no file is open."""

    def _write(self, event: e.ConversationEvent) -> None:
        self._out.write(e.to_json(event) + "\n")
        self._out.flush()
