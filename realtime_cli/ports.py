"""What the loop needs of its edges: microphone, loudspeaker, tools, video, observers, connection."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Protocol

from realtime_cli.audio.sample_format import Samples
from realtime_cli.client import inputs
from realtime_cli.client.entry import Entry
from realtime_cli.notices import ToolNotice
from realtime_cli.tools.result import ToolResult
from realtime_cli.video.frame import VideoFrame
from realtime_cli.wire.transport import Transport

if TYPE_CHECKING:
    from realtime_cli.audio.interruption import JudgedSound
    from realtime_cli.audio.voice_meter import VoiceChange


class MicrophonePort(Protocol):
    """Gives mono 24 kHz frames of 20 ms on the event loop's thread; None once when the input ends."""

    def start(self, deliver: Callable[[Samples | None], None]) -> None: ...

    async def close(self) -> None: ...


class UserVoice(Protocol):
    """Detects in the microphone's sound when the user begins and stops to speak."""

    def heard(self, samples: Samples) -> Sequence[VoiceChange]:
        """The next sound (int16 mono 24 kHz), and what it made clear."""


class InterruptionJudge(Protocol):
    """Tells sounds apart that are heard beside the agent's voice."""

    def heard(self, samples: Samples) -> Sequence[JudgedSound]:
        """The next sound of the microphone (int16 mono 24 kHz), and what it made clear."""


class PlayoutPort(Protocol):
    """What the duplex needs to know of the playout buffer. ``underruns``: how often a part ran dry."""

    @property
    def underruns(self) -> int: ...

    def push(self, item_id: str, content_index: int, samples: Samples) -> None: ...

    def end(self, item_id: str, content_index: int) -> None: ...

    def heard(self) -> tuple[inputs.HeardItem, ...]: ...

    def follow_sender(self) -> None: ...

    def duck(self, on: bool, *, hold: bool = False) -> None: ...


class SpeakerPort(Protocol):
    """Plays what is in its playout, and knows what was heard."""

    @property
    def playout(self) -> PlayoutPort: ...

    @property
    def level_dbfs(self) -> float: ...

    @property
    def latency_s(self) -> float:
        """From taking a block to hearing it."""

    def start(self, tap: Callable[[Samples], None] | None = None) -> None:
        """``tap`` gets every 24 kHz block that is played, on the audio thread where there is one."""

    def stop_now(self) -> tuple[inputs.HeardItem, ...]: ...

    async def drained(self) -> None: ...

    async def close(self) -> None: ...


class EchoStatus(Protocol):
    """``residual_dbfs``: how loud the rest of the agent's echo is, where that is known."""

    @property
    def mode(self) -> str: ...

    @property
    def residual_dbfs(self) -> float | None: ...


class EchoControl(Protocol):
    """What keeps the agent from hearing itself."""

    @property
    def state(self) -> EchoStatus: ...


class ToolsPort(Protocol):
    """Runs the calls of the conversation; never raises, always answers."""

    def subscribe(self, listener: Callable[[ToolNotice], None]) -> None:
        """Questions, answers, starts and progress go to ``listener``, which sets their times."""

    async def call(self, call_id: str, name: str, arguments: str) -> ToolResult: ...

    async def approve(self, call_id: str, name: str, arguments: str) -> None:
        """Have the user asked about a call that the server runs; the answer goes to the listener."""

    async def close(self) -> None: ...


class VideoSource(Protocol):
    """Deliver frames on the event loop's thread, in their own time; never raise, report and try again."""

    def start(self, deliver: Callable[[VideoFrame], None]) -> None: ...

    def latest(self) -> VideoFrame | None:
        """The newest frame, at once."""

    def watch(self, on: bool) -> None:
        """While off, frames are dropped."""

    async def close(self) -> None: ...


class Observer(Protocol):
    """Sees every entry, in order, at once; must be quick.

    What entries mean is told to readers instead (``conversation.narrated``).
    """

    def observe(self, entry: Entry) -> None: ...


Connect = Callable[[], Awaitable[Transport]]
