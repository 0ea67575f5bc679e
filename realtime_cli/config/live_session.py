"""``[session]`` of an agent that speaks Live: read strictly, where the protocol is Live."""

from __future__ import annotations

from typing import Annotated

from realtime_cli.config.session import JsonObject
from realtime_cli.protocol.live.session import LiveSessionConfig
from realtime_cli.protocol.rules import Rule


class AgentLiveSession(LiveSessionConfig):
    """``[session]`` of an agent that speaks Live; the model stands in ``[connection]``, as for Realtime."""

    model: Annotated[str | None, Rule(server_only=True)] = None
    extra: JsonObject | None = None
    """As for Realtime."""
