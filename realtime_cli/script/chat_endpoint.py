"""One question to an OpenAI-compatible chat endpoint, one answer."""

from __future__ import annotations

import json
import os
import urllib.error
import urllib.request
from typing import Any

from realtime_cli.brief_thread import in_brief_thread
from realtime_cli.config.header_value import sendable_key
from realtime_cli.errors import ConfigError
from realtime_cli.script.format import JudgeEndpoint
from realtime_cli.untrusted_json import parse_json

MAX_ANSWER_BYTES = 1_000_000


async def ask_chat(endpoint: JudgeEndpoint, body: dict[str, Any], who: str) -> str:
    """The text of the answer. ``who`` is asked, for messages: "the judge". Raises ConfigError."""
    return await in_brief_thread("chat", _ask, endpoint, body, who)


def _ask(endpoint: JudgeEndpoint, body: dict[str, Any], who: str) -> str:
    headers = {"Content-Type": "application/json"}
    whose = f"{who[:1].upper()}{who[1:]}"
    if endpoint.key_env:
        key = os.environ.get(endpoint.key_env, "").strip()
        if not key:
            raise ConfigError(f"{whose}'s key is missing: {endpoint.key_env} is not set.")
        headers["Authorization"] = f"Bearer {sendable_key(key, f'in {endpoint.key_env}')}"
    url = endpoint.url.rstrip("/") + "/chat/completions"
    request = urllib.request.Request(url, json.dumps({"model": endpoint.model, **body}).encode(), headers)
    try:
        with urllib.request.urlopen(request, timeout=endpoint.timeout_s) as response:
            answer = parse_json(response.read(MAX_ANSWER_BYTES))
        return str(answer["choices"][0]["message"]["content"])
    except urllib.error.HTTPError as error:
        error.close()
        raise ConfigError(f"{whose} at {endpoint.url} refused ({error.code} {error.reason}).") from None
    except (OSError, ValueError, KeyError, IndexError, TypeError) as error:
        reason = getattr(error, "reason", None) or error
        raise ConfigError(f"{whose} at {endpoint.url} cannot be reached: {reason}.") from None
