"""An agent file as the address of a running call, for those who join it."""

from __future__ import annotations

from dataclasses import replace

from realtime_cli.config import LoadedAgent
from realtime_cli.config.conversation import ConversationStart
from realtime_cli.config.video import Video
from realtime_cli.errors import ConfigError


def attached_agent(agent: LoadedAgent, call_id: str) -> LoadedAgent:
    """The agent at the call's address, without what only the client that holds the call does.

    Raises ConfigError where no call can be.
    """
    config = agent.config
    if config.connection.effective_protocol == "live":
        raise ConfigError(
            "Only Realtime calls can be attached to.", 'Use an agent with protocol = "realtime".'
        )
    if config.connection.embedded:
        raise ConfigError(
            "The server inside this program holds no calls.",
            "Name the one that does: --set connection.provider=openai, or --base-url.",
        )
    query = {name: value for name, value in config.connection.query.items() if name != "model"}
    bare = config.model_copy(
        update={
            "connection": config.connection.model_copy(update={"query": {**query, "call_id": call_id}}),
            "conversation": ConversationStart(),
            "tools": [],
            "mcp": {},
            "video": Video(),
        }
    )
    return replace(agent, config=bare)
