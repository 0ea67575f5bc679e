"""What the agent file decides for a session."""

from __future__ import annotations

from dataclasses import field
from typing import Any, Literal

from realtime_cli.config.connection import ProtocolName, ProviderName
from realtime_cli.value import value


@value
class SessionOptions:
    """``patch`` is the API's session object; times in seconds or as named, money in USD."""

    patch: dict[str, Any] = field(default_factory=lambda: {"type": "realtime"})
    provider: ProviderName = "openai"
    protocol: ProtocolName = "realtime"
    delegation_tool: str | None = None
    delegation_arguments: tuple[str, ...] = ("task",)
    delegation_result: Literal["commentary", "thinking"] = "commentary"
    seed: tuple[dict[str, Any], ...] = ()
    greet: bool = False
    greeting: str | None = None
    push_to_talk: bool = False
    start_muted: bool = False
    pre_roll_ms: int = 300
    end_of_turn: Literal["server", "vad"] = "server"
    silence_ms: int = 500
    tool_rounds: int = 8
    tools_not_awaited: tuple[str, ...] = ()
    tools_cut_by_interruption: tuple[str, ...] = ()
    first_event_timeout_s: float = 10.0
    progress_timeout_s: float = 30.0
    barge_in: Literal["immediate", "reversible", "duck", "never"] = "immediate"
    barge_in_after_ms: int = 300
    reconnect_tries: int = 5
    reconnect_first_s: float = 0.5
    reconnect_longest_s: float = 8.0
    limit_cost_usd: float | None = None
    limit_minutes: float | None = None
    limit_idle_minutes: float | None = None
    prices: dict[str, Any] = field(default_factory=dict)
    model: str | None = None
    random_seed: int = 0
    video_when: Literal["interval", "on_turn", "on_key", "on_change"] | None = None
    video_detail: Literal["auto", "low", "high"] = "auto"
    video_start_paused: bool = False
    video_keep: int = 4
    video_respond: bool = False
    attached: Literal["look_on", "steer"] | None = None
    """To a call that another client holds."""
