"""A standalone voice agent for the terminal, speaking the OpenAI Realtime protocol."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from realtime_cli.session_api import Agent as Agent
    from realtime_cli.session_api import Reply as Reply
    from realtime_cli.session_api import Session as Session
    from realtime_cli.session_api import ToolCall as ToolCall
    from realtime_cli.session_api import expect as expect
    from realtime_cli.session_api import tool as tool

__version__ = "0.1.0"
__all__ = ["Agent", "Reply", "Session", "ToolCall", "__version__", "expect", "tool"]


def __getattr__(name: str) -> Any:
    """Import the Python interface on first use, so that the command line starts quickly."""
    if name in __all__:
        from realtime_cli import session_api

        return getattr(session_api, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
