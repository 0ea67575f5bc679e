"""What a tool call gives the model."""

from __future__ import annotations

from realtime_cli.value import value


@value
class ToolResult:
    """``output`` is always text that a model can read, also when the call failed.

    ``seconds``: how long it ran, without the wait for permission and for its turn; None if nobody
    measured. ``hang_up``: the session ends once the goodbye was heard.
    """

    output: str
    failed: bool = False
    respond: bool = True
    seconds: float | None = None
    hang_up: bool = False
