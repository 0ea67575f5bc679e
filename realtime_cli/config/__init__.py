"""The agent file: TOML to frozen values, with every mistake named by file, line and key.

In come a path, ``--set`` texts, options and the environment (``layers``); out comes a ``LoadedAgent``:
one checked ``AgentConfig``, who set each part of it, what of it is secret, and warnings. ``[session]`` is
the protocol's own session object, read strictly. Nothing here connects, runs a tool or opens a device.
"""

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
