"""``[session]`` of an agent that speaks Live: read strictly, where the protocol is Live."""

from __future__ import annotations

from typing import Annotated

from realtime_cli.config.agent import AgentConfig
from realtime_cli.config.session import AgentSession, JsonObject
from realtime_cli.protocol.live.session import LiveSessionConfig
from realtime_cli.protocol.rules import Rule


class AgentLiveSession(LiveSessionConfig):
    """``[session]`` of an agent that speaks Live; the model stands in ``[connection]``, as for Realtime."""

    model: Annotated[str | None, Rule(server_only=True)] = None
    extra: JsonObject | None = None
    """As for Realtime."""


class AgentOfEither(AgentConfig):
    """An agent file for those who do not look at its protocol: editors."""

    session: AgentSession | AgentLiveSession = AgentSession()  # type: ignore[assignment]
    """The API's session object (Realtime's or Live's); only what is written here is sent."""
