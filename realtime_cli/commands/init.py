"""``init``: a commented agent file that works, without a question."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Literal, get_args

from realtime_cli.app.console import echo
from realtime_cli.app.local_models import LocalModels, find_local_models
from realtime_cli.config import load_agent
from realtime_cli.config.connection import ProviderName
from realtime_cli.config.providers import CHEAPER_MODEL, DEFAULT_MODEL, likely_provider
from realtime_cli.errors import ConfigError, ExitCode

TemplateName = Literal["assistant", "tutor", "interpreter", "support", "phone", "screen-share", "local"]

LANGUAGE_MODEL = """
# What it says comes from a small built-in dialogue. To let a language model answer, name any
# OpenAI-compatible chat endpoint (Ollama, llama.cpp, LM Studio, vLLM):
{there}# [local]
# chat_url = {url}
# chat_model = {model}
"""
TEMPLATES: tuple[str, ...] = get_args(TemplateName)

CONNECTIONS: dict[ProviderName, str] = {
    "openai": f"""\
[connection]
provider = "openai"               # the key is taken from OPENAI_API_KEY
model = "{DEFAULT_MODEL}"        # or {CHEAPER_MODEL}, which costs less
""",
    "azure": """\
[connection]
provider = "azure"                # the key is taken from AZURE_OPENAI_API_KEY
resource = "my-resource"          # https://my-resource.openai.azure.com
model = "gpt-realtime"            # the name of your deployment
""",
    "xai": """\
[connection]
provider = "xai"                  # the key is taken from XAI_API_KEY
model = "grok-voice-latest"
""",
    "local": """\
[connection]
provider = "local"                # the server inside this program: no key, no network
""",
    "custom": f"""\
[connection]
provider = "custom"
base_url = "ws://127.0.0.1:8080/v1/realtime"
model = "{DEFAULT_MODEL}"
# api_key_env = "MY_KEY"          # the variable with the key, if the server wants one
""",
}

# The recogniser that writes down the user's words; on Azure it is one of your deployments.
TRANSCRIPTION: dict[ProviderName, str] = {
    "openai": "gpt-realtime-whisper",
    "azure": "gpt-4o-mini-transcribe",
    "xai": "grok-transcribe",
    "local": "local",
    "custom": "whisper-1",
}


def init(
    path: Path = Path("agent.toml"),
    *,
    template: str = "assistant",
    provider: str | None = None,
    force: bool = False,
    environ: Mapping[str, str] | None = None,
) -> int:
    """Write an agent file; raises ConfigError if it is there already or a name is unknown.

    Without ``provider`` it is the one whose key is in the environment, else the local server.
    """
    environ = os.environ if environ is None else environ
    chosen = provider or ("local" if template == "local" else likely_provider(environ))
    found = find_local_models() if chosen == "local" else []
    text = rendered(template, chosen) + (_language_models(found) if chosen == "local" else "")
    try:
        with path.open("w" if force else "x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise ConfigError(f"{path} already exists.", "Name another file, or add --force.") from None
    except OSError as error:
        raise ConfigError(f"{path} cannot be written: {error.strerror}.") from None
    load_agent(path, environ=environ)
    echo(f"Wrote {path}. Talk to it: realtime-cli talk --config {path}")
    for each in found[:1]:
        echo(f"A language model is running here: {each.shown}. The end of {path} says how to let it answer.")
    return ExitCode.OK


def _language_models(found: Sequence[LocalModels]) -> str:
    """Lines, commented out, that let a language model on this machine answer."""
    url, model = (found[0].url, found[0].models[0]) if found else ("http://127.0.0.1:11434/v1", "qwen3:4b")
    there = "".join(f"# Running here: {each.shown}\n" for each in found)
    return LANGUAGE_MODEL.format(url=json.dumps(url), model=json.dumps(model), there=there)


def rendered(template: str, provider: str) -> str:
    """The text of an agent file."""
    if template not in TEMPLATES:
        raise ConfigError(f"Unknown template {template}.", f"Templates: {', '.join(TEMPLATES)}.")
    if provider not in CONNECTIONS:
        raise ConfigError(f"Unknown provider {provider}.", f"Providers: {', '.join(CONNECTIONS)}.")
    body = files(__package__).joinpath("templates", f"{template}.toml").read_text(encoding="utf-8")
    known = next(name for name in CONNECTIONS if name == provider)
    return body.replace("@CONNECTION@\n", CONNECTIONS[known]).replace("@TRANSCRIPTION@", TRANSCRIPTION[known])
