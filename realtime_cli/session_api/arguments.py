"""What a program passes to the Python interface: a wrong argument is one sentence that names it."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from numbers import Real
from os import PathLike
from typing import Any

from realtime_cli.config.agent import AgentConfig
from realtime_cli.config.validation_errors import checked_table, found_instead
from realtime_cli.errors import ConfigError
from realtime_cli.protocol.codec import client_event
from realtime_cli.script.format import At
from realtime_cli.tools.trust import Trust

When = float | Mapping[str, Any] | At
_OF_SESSION: dict[str, tuple[tuple[type, ...], str]] = {
    "agent": ((str, PathLike, Mapping, AgentConfig), "an agent file, or its keys as a dict or an Agent"),
    "settings": ((Mapping,), "dotted keys and their values"),
    "tools": ((Sequence,), "a list of functions"),
    "mocks": ((Mapping, Sequence), "results by the names of tools, or a list of mocks"),
    "history": ((Sequence,), "a list of messages"),
    "trust": ((PathLike, Collection, Trust), "a hash or a path, or a list of these"),
    "video": ((str,), "what video.source takes"),
    "url": ((str,), "a ws:// address"),
    "call_id": ((str,), "the id of a call"),
    "headers": ((Mapping,), "names and values"),
    "record": ((str, PathLike), "a folder"),
    "timeout_s": ((Real,), "seconds, more than 0"),
}


def check_arguments(given: Mapping[str, Any]) -> None:
    """Raise ConfigError for an argument of a session that is of a wrong kind; None is a default."""
    for name, (kinds, allowed) in _OF_SESSION.items():
        value = given[name]
        if value is not None and not isinstance(value, kinds):
            raise _wrong(name, value, allowed)
        if name in ("tools", "mocks", "history") and isinstance(value, str):
            raise _wrong(name, value, allowed)
    if not given["timeout_s"] > 0:
        raise _wrong("timeout_s", given["timeout_s"], _OF_SESSION["timeout_s"][1])
    for key in given["settings"] or ():
        if not isinstance(key, str):
            raise _wrong("settings", key, "dotted keys as text")
    for place, item in enumerate(given["history"]):
        if not isinstance(item, Mapping):
            raise _wrong(f"history[{place}]", item, '{"role": ..., "text": ...}, or an item of the API')


def required(name: str, value: object, kind: type, allowed: str) -> None:
    """Raise ConfigError for an argument of another kind."""
    if not isinstance(value, kind):
        raise _wrong(name, value, allowed)


def check_event(event: object, protocol: str) -> None:
    """Raise ConfigError for what cannot be sent as a client event."""
    if not isinstance(event, Mapping):
        raise _wrong("event", event, "a client event as a dict")
    if protocol == "live":
        from realtime_cli.protocol.live.codec import live_client_event

        live_client_event(dict(event))
    else:
        client_event(dict(event))


def moment(at: When) -> At:
    """Any ``at``. Raises ConfigError."""
    if isinstance(at, At):
        return at
    if isinstance(at, Real) and not isinstance(at, bool):
        ms = float(at)
        if not 0 <= ms < math.inf:
            raise _wrong("at", at, "0 ms or more")
        return At(after="agent.speech_started", ms=ms)
    return checked_table(At, at, "at", 'ms, or {"after": EVENT, "ms": ...}')


def _wrong(name: str, value: object, allowed: str) -> ConfigError:
    return found_instead(name, value, allowed, secret=name == "headers")
