"""An agent as a translation session: its sound settings and its language, and nothing of a conversation."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from realtime_cli.app.transcription_agent import DEFAULT_MODEL, DEFAULT_MODELS, without_conversation
from realtime_cli.config import LoadedAgent
from realtime_cli.config.providers import DEFAULT_MODEL as CONVERSES
from realtime_cli.config.providers import DEFAULT_TRANSLATOR, PROVIDERS
from realtime_cli.errors import ConfigError


def translation_agent(
    agent: LoadedAgent, language: str | None, model: str | None, *, source: bool
) -> LoadedAgent:
    """``agent`` without all that only a conversation has; ``language``: to translate into, over its own.

    ``model``: that translates. ``source``: what is said is written down as well.
    Raises ConfigError for an agent that speaks Live, and where no language is named.
    """
    config = agent.config
    if config.connection.effective_protocol == "live":
        raise ConfigError("Live has no translation sessions.", 'Use an agent with protocol = "realtime".')
    written = config.session.model_dump(mode="json", exclude_unset=True)
    audio = written.get("audio") or {}
    heard, spoken = audio.get("input") or {}, audio.get("output") or {}
    requested = language or spoken.get("language")
    if not requested:
        raise ConfigError("Into which language?", "Name it: --to es, or session.audio.output.language.")
    session: dict[str, Any] = {"type": "translation", "audio": {"output": {"language": requested}}}
    kept = {key: heard[key] for key in ("noise_reduction", "transcription") if key in heard}
    if not source:
        kept.pop("transcription", None)  # it costs extra
    else:
        writer = DEFAULT_MODELS.get(config.connection.effective_provider, DEFAULT_MODEL)
        kept["transcription"] = {"model": (kept.get("transcription") or {}).get("model") or writer}
    session["audio"] |= {"input": kept} if kept else {}
    session |= {"extra": written["extra"]} if "extra" in written else {}
    if config.session.type == "translation":
        model = model or config.connection.model  # of other agents it is one that converses
    if model is None and PROVIDERS[config.connection.effective_provider].model == CONVERSES:
        model = DEFAULT_TRANSLATOR
    connection = config.connection.model_copy(update={"model": model})
    bare = without_conversation(config, session)
    return replace(agent, config=bare.model_copy(update={"connection": connection}))
