"""Language models that listen on this machine: offered as ``[local] chat_url``, never used unasked."""

from __future__ import annotations

import urllib.request
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from realtime_cli.untrusted_json import parse_json

# The ports that these servers take when none is named.
PORTS: Mapping[str, int] = {"Ollama": 11434, "llama.cpp": 8080, "LM Studio": 1234, "vLLM": 8000}
TIMEOUT_S = 0.5
MAX_ANSWER_BYTES = 1_000_000
MAX_NAMES = 5


@dataclass(frozen=True, slots=True)
class LocalModels:
    """A chat endpoint that answers, and the models that it names."""

    server: str
    url: str
    """Up to and with /v1, as ``local.chat_url`` takes it."""
    models: tuple[str, ...]

    @property
    def shown(self) -> str:
        more = f" and {len(self.models) - MAX_NAMES} more" if len(self.models) > MAX_NAMES else ""
        return f"{self.server} at {self.url}: {', '.join(self.models[:MAX_NAMES])}{more}"

    def settings(self) -> dict[str, str]:
        """What lets the first of its models answer."""
        return {"local.chat_url": self.url, "local.chat_model": self.models[0]}


def find_local_models(ports: Mapping[str, int] = PORTS) -> list[LocalModels]:
    """All endpoints on the usual loopback ports that name a model; no other machine is asked."""
    with ThreadPoolExecutor(len(ports)) as pool:
        return [found for found in pool.map(_models_at, ports, ports.values()) if found]


def _models_at(server: str, port: int) -> LocalModels | None:
    url = f"http://127.0.0.1:{port}/v1"
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with direct.open(f"{url}/models", timeout=TIMEOUT_S) as response:
            answer = parse_json(response.read(MAX_ANSWER_BYTES))
        names = tuple(str(each["id"]) for each in answer["data"] if each.get("id"))
    except Exception:  # whatever else listens there is no chat endpoint
        return None
    return LocalModels(server, url, names) if names else None
