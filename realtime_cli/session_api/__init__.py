"""The Python interface, for programs and tests: ``from realtime_cli import Session``.

In come an agent, functions, sound and words; out go replies, events and sound. It stands on the same session
factory and on the same figures as commands and scripts, and has no rules of its own about either.
"""

from __future__ import annotations

from realtime_cli.config.agent import AgentConfig as Agent
from realtime_cli.conversation.turns import LatencyParts
from realtime_cli.script.turn_metrics import ToolCall
from realtime_cli.session_api.expectation import expect
from realtime_cli.session_api.listeners import WireEvent
from realtime_cli.session_api.reply import Judgement, OutOfBandReply, Reply
from realtime_cli.session_api.session import Session
from realtime_cli.tools.own_function import tool

__all__ = [
    "Agent",
    "Judgement",
    "LatencyParts",
    "OutOfBandReply",
    "Reply",
    "Session",
    "ToolCall",
    "WireEvent",
    "expect",
    "tool",
]
