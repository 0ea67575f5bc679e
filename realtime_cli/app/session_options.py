"""What an agent file decides for a session: its options, its socket, its prices."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from realtime_cli.client.cost import load_prices
from realtime_cli.client.session import SessionOptions
from realtime_cli.config import LoadedAgent
from realtime_cli.config.audio import Audio
from realtime_cli.config.connection import Connection
from realtime_cli.config.providers import PROVIDERS
from realtime_cli.errors import ConfigError
from realtime_cli.tools.registry import Registry

CHAT_DELEGATE = "delegate"
"""The name of the chat endpoint that works for a Live agent, among its tools."""
LIVE_IDLE_MINUTES = 10.0
"""A Live session is billed by the second also while nobody speaks: unless told otherwise it hangs up then."""


def session_options(
    agent: LoadedAgent,
    tools: Registry,
    *,
    greet: bool,
    seed: Sequence[dict[str, Any]] = (),
    mocked: Sequence[dict[str, Any]] = (),
    attached: Literal["look_on", "steer"] | None = None,
) -> SessionOptions:
    """What the agent file decides for the session.

    ``mocked``: schemas of further tools. ``attached``: to a call that another client holds.
    """
    config = agent.config
    patch = config.session_patch()
    schemas = [*tools.schemas, *mocked]
    live = config.connection.effective_protocol == "live"
    _add_tools(patch, schemas, live=live)
    return SessionOptions(
        patch=patch,
        provider=config.connection.effective_provider,
        protocol=config.connection.effective_protocol,
        **(_delegation_options(agent, schemas) if live else {}),
        seed=(*config.seed(), *seed),
        greet=greet and config.conversation.greets,
        greeting=config.conversation.greeting,
        push_to_talk=config.audio.push_to_talk,
        start_muted=config.audio.start_paused,
        pre_roll_ms=config.audio.pre_roll_ms,
        end_of_turn=config.audio.end_of_turn,
        silence_ms=config.audio.silence_ms,
        tool_rounds=config.limits.tool_rounds,
        tools_not_awaited=tools.not_awaited,
        tools_cut_by_interruption=tools.cut_by_interruption,
        limit_cost_usd=None if config.limits_nothing else config.limits.cost,
        limit_minutes=config.limits.minutes,
        limit_idle_minutes=config.limits.idle_minutes or (LIVE_IDLE_MINUTES if live else None),
        prices=prices_of(agent),
        model=config.connection.model,
        video_when=config.video.when if config.video.source else None,
        video_detail=config.video.detail,
        video_start_paused=config.video.start_paused,
        video_keep=config.video.keep,
        video_respond=config.video.respond,
        attached=attached,
        barge_in=config.audio.barge_in,
        barge_in_after_ms=_barge_in_after_ms(config.audio),
        first_event_timeout_s=config.connection.first_event_timeout_s,
        progress_timeout_s=config.connection.progress_timeout_s,
        reconnect_tries=config.connection.reconnect_tries,
        reconnect_first_s=config.connection.reconnect_first_s,
        reconnect_longest_s=config.connection.reconnect_longest_s,
    )


def _barge_in_after_ms(audio: Audio) -> int:
    if audio.barge_in_ms is not None:
        return audio.barge_in_ms
    return 600 if audio.barge_in == "reversible" else 400


def _add_tools(patch: dict[str, Any], schemas: Sequence[dict[str, Any]], *, live: bool) -> None:
    """Put the tools that this program runs where the session has its tools; with Live only a backend has."""
    if live:
        delegation = patch.get("delegation") or {}
        if delegation.get("type") != "responses":
            return
        patch = delegation["responses"]
    written = patch.get("tools") or ()
    known = {tool.get("name") for tool in written} - {None}  # a function of [session], answered by us
    if added := [tool for tool in schemas if tool.get("name") not in known]:
        patch["tools"] = [*written, *added]


def _delegation_options(agent: LoadedAgent, schemas: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Which tool does what a Live agent hands over to this program, and which arguments it takes.

    A parameter named ``transcript`` is given all that was said; ``task``, or the only other one that is
    required, the user's last words. Raises ConfigError where it is not clear which tool is meant.
    """
    config = agent.config.delegation
    kind = (agent.config.session_patch().get("delegation") or {}).get("type", "client")
    if kind != "client":
        return {}
    names = [tool.get("name") for tool in schemas]
    if config.chat_url:
        names = [name for name in names if name == CHAT_DELEGATE]
    if config.tool and config.tool not in names:
        raise ConfigError(f"delegation.tool names {config.tool}, but there is no such tool under [[tools]].")
    if not config.tool and len(names) > 1:
        raise ConfigError(
            "Several tools could do what the agent hands over, and nothing chooses among them.",
            'Name one: [delegation] tool = "..."; or let a model choose: chat_url, or session.delegation.',
        )
    name = config.tool or next(iter(names), None)
    schema = next((tool for tool in schemas if tool.get("name") == name), {})
    parameters = schema.get("parameters") or {}
    known, required = parameters.get("properties") or {}, parameters.get("required") or ()
    task = ["task"] if "task" in known else [key for key in required if key != "transcript"][:1]
    arguments = (*task, *(["transcript"] if "transcript" in known else []))
    return {
        "delegation_tool": name,
        "delegation_arguments": arguments,
        "delegation_result": config.result,
    }


def prices_of(agent: LoadedAgent) -> dict[str, Any]:
    """The agent file's prices in the shape of the package's table: USD per million tokens by modality.

    The built-in prices apply to their own provider only, not to a model of the same name elsewhere.
    """
    names = {"in": "input", "cached": "cached", "out": "output"}
    table: dict[str, Any] = {}
    if agent.config.connection.effective_provider in ("local", "custom"):
        table["builtin"] = False
    for model, price in agent.config.prices.items():
        parts: dict[str, Any] = {}
        for key, usd in price.model_dump(exclude_none=True).items():
            if key.startswith("per_"):
                parts[key] = usd
                continue
            kind, way = key.split("_")
            parts.setdefault(kind, {})[names[way]] = usd
        table[model] = parts
    return table


def require_price(agent: LoadedAgent) -> None:
    """Raise ConfigError for a cost limit that could not be enforced, before anything is spent."""
    connection, audio = agent.config.connection, agent.config.session.audio
    if agent.config.limits.cost is None or agent.config.limits_nothing:
        return
    model = connection.model or PROVIDERS[connection.effective_provider].model
    heard = audio.input.transcription if audio and audio.input else None
    transcriber = heard.model if heard else None
    prices = load_prices(prices_of(agent))
    if not prices.covers(model, transcriber):
        missing = model if prices.of(model) is None else transcriber
        raise ConfigError(
            f"limits.cost cannot be enforced: no price is known for {missing}.",
            f'Add one under [prices."{missing}"], or remove the limit.',
        )


def socket_options(connection: Connection) -> dict[str, Any]:
    """What ``[connection]`` says about the socket, as arguments of ``websocket.connect``."""
    return {
        "ca_file": connection.ca_file,
        "close_timeout_s": connection.close_timeout_s,
        "connect_timeout_s": connection.connect_timeout_s,
        "ping_interval_s": connection.ping_interval_s,
        "ping_timeout_s": connection.ping_timeout_s,
        "proxy": connection.proxy,
    }
