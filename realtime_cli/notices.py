"""What devices, tools and hooks report to the loop.

It sets the times (``at``, session seconds) and passes the reports on to the session and its observers.
"""

from __future__ import annotations

from dataclasses import field
from typing import Any, Literal

from realtime_cli.value import value

Verdict = Literal["once", "session", "no"]


@value
class Noted:
    """Something that a user may want to know: ``topic`` is one word, such as device, echo, underrun."""

    at: float
    level: Literal["debug", "info", "warning", "error"]
    topic: str
    text: str
    data: dict[str, Any] = field(default_factory=dict)


@value
class HeardItem:
    """How much of one content part of an item left the loudspeaker."""

    item_id: str
    content_index: int
    heard_ms: float
    finished: bool


@value
class ApprovalAsked:
    """A question to the user: may this call run (``run``), what is its output (``output``)?

    ``arguments`` is the JSON text in full. ``action`` is what would be done with them (a command line, an
    HTTP request), ``origin`` where the tool comes from; both may be empty. Answered by ``ApprovalAnswered``;
    only one is open at a time.
    """

    at: float
    call_id: str
    name: str
    arguments: str
    kind: Literal["run", "output"] = "run"
    action: str = ""
    origin: str = ""


@value
class ApprovalAnswered:
    """The answer to an ``ApprovalAsked`` of the same ``call_id``.

    ``text`` is the reason that the model hears, or the output where an output was asked for.
    """

    at: float
    call_id: str
    verdict: Verdict
    text: str = ""


@value
class ToolStarted:
    """A call has its permission and its turn, and runs from now on."""

    at: float
    call_id: str


@value
class ToolProgress:
    """What a running tool tells of its progress."""

    at: float
    call_id: str
    text: str


@value
class BackendCalled:
    """A chat endpoint that works for a Live agent calls a tool."""

    at: float
    call_id: str
    name: str
    arguments: str


@value
class BackendCallEnded:
    """The chat endpoint has the result of its call; ``seconds`` as in ``ToolFinished``."""

    at: float
    call_id: str
    output: str
    failed: bool
    seconds: float | None = None


BackendNotice = BackendCalled | BackendCallEnded
ToolNotice = BackendNotice | Noted | ApprovalAsked | ApprovalAnswered | ToolStarted | ToolProgress
