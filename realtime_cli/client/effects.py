"""All that a client session can ask for. The conversation loop performs them, in order, without awaiting."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from realtime_cli.client.inputs import Cause
from realtime_cli.errors import ExitCode
from realtime_cli.protocol.objects import WireFormat
from realtime_cli.value import value

if TYPE_CHECKING:
    from realtime_cli.protocol.client_events import ClientEvent
    from realtime_cli.protocol.live.client_events import LiveClientEvent
    from realtime_cli.protocol.translation import TranslationClientEvent


@value
class Send:
    """Put one event on the wire. ``keep``: not even a line that stalls is a reason to drop it."""

    event: ClientEvent | LiveClientEvent | TranslationClientEvent
    keep: bool = False


@value
class Play:
    """Queue sound behind what is queued; ``audio`` is in the session's output format."""

    item_id: str
    content_index: int
    audio: bytes
    format: WireFormat = "audio/pcm"


@value
class PlayEnd:
    """All sound of this part has been queued: the playout need not wait for more of it."""

    item_id: str
    content_index: int


@value
class StopPlayback:
    """Stop playback now. Answered at once by ``PlaybackStopped`` with what was heard."""

    cause: Cause


@value
class Duck:
    """Lower the voice while it is not clear yet whether the user interrupts; raise it again when off.

    ``hold``: not only lower: silence, and on from the same sample when off.
    """

    on: bool
    hold: bool = False


@value
class CallTool:
    """Run a tool as a task of its own; answered later by ``ToolFinished``."""

    call_id: str
    name: str
    arguments: str


@value
class CancelTool:
    """Stop a running tool; no answer is awaited."""

    call_id: str


@value
class RequestApproval:
    """Ask whether the server may run a tool of its own; answered by ``ApprovalAnswered``."""

    call_id: str
    name: str
    arguments: str


@value
class CaptureFrame:
    """Take the newest frame of the video: answered by ``VideoFrameCaptured`` before anything else happens."""


@value
class SetCapture:
    """Resume or pause the video."""

    on: bool


@value
class SetTimer:
    """Answer with ``TimerFired(name)`` at this time; a later one of that name replaces it, None cancels."""

    at: float | None
    name: str


@value
class Reconnect:
    """Open a new socket at this time; one that is still open is closed first."""

    at: float


@value
class Close:
    """End the session with this exit code; ``reason`` is empty when the user asked for it."""

    exit_code: ExitCode
    reason: str = ""
    remedy: str = ""


@value
class Note:
    """Tell the user something; becomes a ``Noted`` mark."""

    level: Literal["debug", "info", "warning", "error"]
    topic: str
    text: str


Effect = (
    Send
    | Play
    | PlayEnd
    | StopPlayback
    | Duck
    | CallTool
    | CancelTool
    | RequestApproval
    | CaptureFrame
    | SetCapture
    | SetTimer
    | Reconnect
    | Close
    | Note
)
