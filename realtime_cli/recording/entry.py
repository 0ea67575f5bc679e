"""One thing that crossed the step of the duplex loop: the unit of recording, screen and figures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from realtime_cli.client.effects import (
    CallTool, CancelTool, Close, Note, Play, PlayEnd, Reconnect, Send, StopPlayback, WakeAt,
)
from realtime_cli.client.inputs import Input, Mark

Kind = Literal["received", "sent", "local"]

LocalEffect = Play | PlayEnd | StopPlayback | CallTool | CancelTool | WakeAt | Reconnect | Close | Note


@dataclass(frozen=True, slots=True)
class Entry:
    """``at`` seconds since start; ``value`` is an input, an effect or a mark.

    ``received``: :class:`~realtime_cli.client.inputs.Received`. ``sent``:
    :class:`~realtime_cli.client.effects.Send`. ``local``: every other input, effect or mark.
    """

    at: float
    kind: Kind
    value: Input | Mark | Send | LocalEffect
