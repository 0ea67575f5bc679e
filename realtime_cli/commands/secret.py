"""``secret``: a client secret, with which a browser or another program opens sessions for a while."""

from __future__ import annotations

import json
import os
from datetime import datetime
from typing import Any
from urllib.error import HTTPError

from realtime_cli.app.console import echo, out
from realtime_cli.app.session_factory import AgentOptions, load
from realtime_cli.config import LoadedAgent, endpoint
from realtime_cli.config.providers import DEFAULT_TRANSLATOR, PROVIDERS
from realtime_cli.config.time_span import seconds_of
from realtime_cli.errors import AuthenticationFailed, ConfigError, ConnectionFailed, ExitCode
from realtime_cli.tools.permissions import permissions_of
from realtime_cli.tools.trust import Trust, require_trust
from realtime_cli.untrusted_json import NotJson, parse_json
from realtime_cli.value import value
from realtime_cli.wire.client_secrets import MAX_LIFE_S, MIN_LIFE_S
from realtime_cli.wire.rest import ask_rest

MAX_TIME_S = 100_000_000_000  # since 1970: a calendar ends


@value
class SecretOptions(AgentOptions):
    """``life``: a span of time, in which sessions may be opened."""

    life: str = "10m"
    json: bool = False
    trust: tuple[str, ...] = ()


def secret(options: SecretOptions) -> ExitCode:
    """Print the secret, or with ``--json`` all that the server said."""
    life_s = round(seconds_of(options.life, "--life"))
    if not MIN_LIFE_S <= life_s <= MAX_LIFE_S:
        raise ConfigError(f"--life: {options.life} is not from 10s to 2h.", "Take another one.")
    agent = load(options)
    require_trust(permissions_of(agent), Trust(options.trust))
    made = _made(
        agent, {"expires_after": {"anchor": "created_at", "seconds": life_s}, "session": _session(agent)}
    )
    if options.json:
        out(json.dumps(made, indent=2))
        return ExitCode.OK
    out(str(made["value"]))
    until = datetime.fromtimestamp(made["expires_at"]).astimezone()
    echo(f"It opens sessions until {until:%H:%M:%S}; a session that is open then goes on.")
    return ExitCode.OK


def _session(agent: LoadedAgent) -> dict[str, Any]:
    """The agent's settings, which are those of every session that the secret opens."""
    connection, patch = agent.config.connection, agent.config.session_patch()
    if connection.effective_protocol == "live":
        raise ConfigError("Client secrets are for Realtime sessions.", "Use an agent that speaks Realtime.")
    model = connection.model or PROVIDERS[connection.effective_provider].model
    if patch["type"] == "translation":
        wanted = {key: value for key, value in patch.items() if key != "type"}
        return {**wanted, "model": connection.model or DEFAULT_TRANSLATOR}
    return {**patch, "model": model} if model and patch["type"] == "realtime" else patch


def _made(agent: LoadedAgent, body: dict[str, Any]) -> dict[str, Any]:
    connection = agent.config.connection
    if connection.embedded:
        raise ConfigError(
            "The server inside this program ends with it, and so would its secrets.",
            "Name one that runs: --base-url ws://127.0.0.1:8765 (realtime-cli serve).",
        )
    translates = agent.config.session.type == "translation"
    address = endpoint(connection, os.environ)
    try:
        made = ask_rest(
            address.url,
            "/realtime/translations/client_secrets" if translates else "/realtime/client_secrets",
            address.headers,
            body,
            proxy=connection.proxy,
            ca_file=connection.ca_file,
        )
        if not isinstance(made["value"], str) or not 0 <= int(made["expires_at"]) < MAX_TIME_S:
            raise ValueError("that is not a client secret")
    except HTTPError as error:
        raise _refused(error) from None
    except (OSError, ValueError, LookupError, TypeError, OverflowError) as error:
        why = f"No client secret could be made at {address.shown_url}: {error}."
        raise ConnectionFailed(why, "Check connection.base_url.") from None
    return dict(made)


def _refused(error: HTTPError) -> ConnectionFailed:
    try:
        said = parse_json(error.read(100_000))["error"]["message"]
    except (NotJson, LookupError, TypeError):
        said = f"HTTP {error.code} {error.reason}"
    kind = AuthenticationFailed if error.code in (401, 403) else ConnectionFailed
    return kind(f"The server made no client secret: {said}", "Check the key and the settings of the agent.")
