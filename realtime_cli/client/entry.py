"""One thing that crossed the step of the duplex loop: the unit of recording, screen and figures."""

from __future__ import annotations

from typing import Literal

from realtime_cli.client.effects import Effect
from realtime_cli.client.inputs import Input, Mark
from realtime_cli.value import value

Kind = Literal["received", "sent", "local"]


@value
class Entry:
    """``at`` seconds since start; ``value`` is an input, an effect or a mark.

    ``received``: :class:`~realtime_cli.client.inputs.Received`. ``sent``:
    :class:`~realtime_cli.client.effects.Send`. ``local``: every other input, effect or mark.
    """

    at: float
    kind: Kind
    value: Input | Mark | Effect
