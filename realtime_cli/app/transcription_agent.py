"""What an agent file says about hearing, as a session that only writes down what it hears."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from realtime_cli.config import LoadedAgent
from realtime_cli.config.agent import AgentConfig, HooksConfig
from realtime_cli.config.conversation import ConversationStart
from realtime_cli.config.session import AgentSession
from realtime_cli.config.video import Video
from realtime_cli.errors import ConfigError

WHILE_SPEAKING = ("gpt-realtime-whisper", "gpt-live-transcribe")
"""Models that write while somebody speaks; in a transcription session they take no turn detection."""
DEFAULT_MODELS = {"local": "local"}
DEFAULT_MODEL = "gpt-realtime-whisper"


def transcription_agent(agent: LoadedAgent, chosen: dict[str, Any]) -> LoadedAgent:
    """``agent`` without all that only a conversation has; ``chosen`` are transcription settings over its own.

    Where neither names a model, one that shows words while somebody speaks is taken. Where a model takes no
    turn detection, voice activity in this program ends the turns.
    Raises ConfigError for an agent that speaks Live, which has no such sessions.
    """
    config = agent.config
    if config.connection.effective_protocol == "live":
        raise ConfigError("Live has no transcription sessions.", 'Use an agent with protocol = "realtime".')
    written = config.session.model_dump(mode="json", exclude_unset=True)
    heard = (written.get("audio") or {}).get("input") or {}
    transcription = {**(heard.get("transcription") or {}), **chosen}
    transcription.setdefault("model", DEFAULT_MODELS.get(config.connection.effective_provider, DEFAULT_MODEL))
    audio = config.audio
    if transcription["model"] in WHILE_SPEAKING and heard.get("turn_detection") is None:
        heard["turn_detection"] = None
        audio = audio.model_copy(update={"end_of_turn": "vad"})
    session = {"type": "transcription", "audio": {"input": {**heard, "transcription": transcription}}}
    session |= {key: written[key] for key in ("include", "extra") if key in written}
    bare = without_conversation(config.model_copy(update={"audio": audio}), session)
    return replace(agent, config=bare)


def without_conversation(config: AgentConfig, session: dict[str, Any]) -> AgentConfig:
    """The agent with this session, and nothing that only a conversation has."""
    return config.model_copy(
        update={
            "session": AgentSession.model_validate(session),
            "audio": config.audio.model_copy(update={"push_to_talk": False, "start_paused": False}),
            "conversation": ConversationStart(),
            "tools": [],
            "mcp": {},
            "hooks": HooksConfig(),
            "video": Video(),
        }
    )
