"""The agent file: TOML to frozen values, with every mistake named by file, line and key."""

from realtime_cli.config.address import ServerAddress, endpoint
from realtime_cli.config.agent import AgentConfig
from realtime_cli.config.layers import Origin
from realtime_cli.config.load import LoadedAgent, load_agent, session_change
from realtime_cli.config.providers import for_provider

__all__ = [
    "AgentConfig",
    "LoadedAgent",
    "Origin",
    "ServerAddress",
    "endpoint",
    "for_provider",
    "load_agent",
    "session_change",
]
