"""The session object: ``[session]`` of an agent file, ``session.update``, and what a server tells.

One set of models with two readings. The lenient one takes what servers send; the strict one
(``strict.problems``) is for what people write and for what the local server is sent. Bounds are those of the
``openai`` package's ``types.realtime`` and of OpenAI's Realtime guide, autumn 2026. The sentence below
a field is its manual (``config schema``).
"""

from collections.abc import Iterator
from functools import cache
from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag, field_serializer

from realtime_cli.protocol.rules import Problem, Rule, TypedObject, Wire

WireFormat = Literal[
    "audio/pcm",
    "audio/pcmu",
    "audio/pcma",
    "audio/pcm;rate=8000",
    "audio/pcm;rate=16000",
    "audio/pcm;rate=22050",
    "audio/pcm;rate=32000",
    "audio/pcm;rate=44100",
    "audio/pcm;rate=48000",
]
"""How sound is on the wire. Without a rate PCM has 24 kHz, the only one that OpenAI's Realtime takes."""
BYTES_PER_MS: dict[WireFormat, float] = {
    "audio/pcm": 48,
    "audio/pcmu": 8,
    "audio/pcma": 8,
    "audio/pcm;rate=8000": 16,
    "audio/pcm;rate=16000": 32,
    "audio/pcm;rate=22050": 44.1,
    "audio/pcm;rate=32000": 64,
    "audio/pcm;rate=44100": 88.2,
    "audio/pcm;rate=48000": 96,
}
PCM_RATES_HZ = (8_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000)


def wire_format(kind: Any, rate_hz: Any = None) -> WireFormat | None:
    """The format of a ``{type, rate}`` of the API; None for one that this program does not know."""
    name = kind if kind != "audio/pcm" or rate_hz in (None, 24_000) else f"{kind};rate={rate_hz}"
    return name if name in BYTES_PER_MS else None


VOICES = ("alloy", "ash", "ballad", "coral", "echo", "sage", "shimmer", "verse", "marin", "cedar")
CONNECTORS = tuple(
    f"connector_{name}"
    for name in (
        "dropbox",
        "gmail",
        "googlecalendar",
        "googledrive",
        "microsoftteams",
        "outlookcalendar",
        "outlookemail",
        "sharepoint",
    )
)
TOOL_NAME = Rule(
    required=True, pattern=r"[a-zA-Z0-9_-]{1,64}", pattern_words="1 to 64 letters, digits, _ or -"
)

Required = Rule(required=True)
NotEmpty = Rule(required=True, min_length=1)
ServerOnly = Rule(server_only=True)
Nullable = Rule(nullable=True)


def attribute(value: Any, name: str) -> Any:
    """A member of a JSON object or of a model; None where there is none."""
    return value.get(name) if isinstance(value, dict) else getattr(value, name, None)


def by_type(*known: str) -> Discriminator:
    """Choose a union's member by ``type``; a plain text is ``<word>``, what nobody knows ``<other>``."""

    def choose(value: Any) -> str:
        if isinstance(value, str):
            return "<word>"
        kind = attribute(value, "type")
        return f"<{kind}>" if isinstance(kind, str) and kind in known else "<other>"

    return Discriminator(choose)


# -- audio ------------------------------------------------------------------------------------


class AudioFormat(Wire):
    """PCM is 24 000 Hz; G.711 (``audio/pcmu``, ``audio/pcma``) is 8 000 Hz and names no rate."""

    type: Annotated[str | None, Rule(choices=("audio/pcm", "audio/pcmu", "audio/pcma"), required=True)] = None
    """audio/pcm (signed 16-bit little endian, mono), audio/pcmu (G.711 µ-law), audio/pcma (A-law)."""
    rate: Annotated[int | None, Rule(ge=24_000, le=24_000)] = None
    """Samples a second, for PCM; the API takes no other."""

    def own_problems(self) -> Iterator[Problem]:
        if self.rate is not None and self.type in ("audio/pcmu", "audio/pcma"):
            yield Problem(("rate",), "unknown_parameter", f"{self.type} has no rate, it is 8000 Hz")


class NoiseReduction(Wire):
    type: Annotated[str | None, Rule(choices=("near_field", "far_field"))] = None
    """near_field for a headset, far_field for a laptop or a room."""
    strength: Annotated[float | None, Rule(ge=0)] = None
    """Only newest servers know it."""


class AudioTranscription(Wire):
    model: str | None = None
    """For example gpt-realtime-whisper, gpt-live-transcribe, gpt-transcribe; on Azure a deployment."""
    language: str | None = None
    """ISO 639-1, such as en."""
    languages: Annotated[list[str] | None, Rule(min_length=1)] = None
    """Expected languages (gpt-transcribe, gpt-live-transcribe)."""
    keywords: list[str] | None = None
    """Words to expect (gpt-transcribe, gpt-live-transcribe)."""
    prompt: str | None = None
    """Guidance for the recogniser."""
    delay: Annotated[str | None, Rule(choices=("minimal", "low", "medium", "high", "xhigh"))] = None
    """Delay against accuracy (gpt-realtime-whisper)."""


class ServerVad(TypedObject):
    type: Literal["server_vad"] = "server_vad"
    """The server listens for speech and silence."""
    threshold: Annotated[float | None, Rule(ge=0, le=1)] = None
    """Speech probability that counts as speech (0.5)."""
    prefix_padding_ms: Annotated[int | None, Rule(ge=0)] = None
    """Sound kept ahead of detected speech (300)."""
    silence_duration_ms: Annotated[int | None, Rule(ge=0)] = None
    """Silence that ends a turn (500)."""
    idle_timeout_ms: Annotated[int | None, Rule(ge=5_000, le=30_000, nullable=True)] = None
    """Silence after which the agent speaks again by itself."""
    create_response: bool | None = None
    """Answer at the end of a turn (true)."""
    interrupt_response: bool | None = None
    """Speech of the user cancels the running answer (true)."""


class SemanticVad(TypedObject):
    type: Literal["semantic_vad"] = "semantic_vad"
    """The server judges by the words whether the user has finished."""
    eagerness: Annotated[str | None, Rule(choices=("low", "medium", "high", "auto"))] = None
    """How soon to answer: at the latest after 8, 4 or 2 seconds (auto)."""
    create_response: bool | None = None
    """Answer at the end of a turn (true)."""
    interrupt_response: bool | None = None
    """Speech of the user cancels the running answer (true)."""


class UnknownTurnDetection(Wire):
    """Another server's kind of turn detection."""

    type: Annotated[str | None, Rule(choices=("server_vad", "semantic_vad"), required=True)] = None


TurnDetection = Annotated[
    Annotated[ServerVad, Tag("<server_vad>")]
    | Annotated[SemanticVad, Tag("<semantic_vad>")]
    | Annotated[UnknownTurnDetection, Tag("<other>")],
    by_type("server_vad", "semantic_vad"),
]


class CustomVoice(Wire):
    id: Annotated[str | None, Required] = None
    """A voice of your own, voice_..."""


Voice = Annotated[str | CustomVoice | None, Rule(min_length=1)]


class AudioInput(Wire):
    format: AudioFormat | None = None
    """What is sent: {type = "audio/pcm", rate = 24000}, {type = "audio/pcmu"} or {type = "audio/pcma"}."""
    noise_reduction: Annotated[NoiseReduction | None, Nullable] = None
    """Cleaning on the server, ahead of turn detection and model."""
    transcription: Annotated[AudioTranscription | None, Nullable] = None
    """Text of what the user said; without it the screen cannot show the user's words."""
    turn_detection: Annotated[TurnDetection | None, Nullable] = None
    """Who ends a turn: server_vad, semantic_vad, or false for you (push to talk); by default the server."""


class AudioOutput(Wire):
    format: AudioFormat | None = None
    """What is received, as for the input."""
    voice: Voice = None
    """Such as marin or cedar; fixed once the agent has spoken."""
    speed: Annotated[float | None, Rule(ge=0.25, le=1.5)] = None
    """Speed of speech (1.0)."""

    @field_serializer("speed", when_used="json-unless-none")
    def _whole_speed(self, speed: float) -> float | int:
        """1 goes out as 1: some servers take no 1.0 for it."""
        return int(speed) if speed.is_integer() else speed


class SessionAudio(Wire):
    input: AudioInput | None = None
    """From the user."""
    output: AudioOutput | None = None
    """From the agent."""


class TranscriptionAudio(Wire):
    input: AudioInput | None = None


# -- tools ------------------------------------------------------------------------------------


class FunctionTool(TypedObject):
    type: Literal["function"] = "function"
    """A function whose call is shown and answered by you, a script, or a [[tools]] entry."""
    name: Annotated[str | None, TOOL_NAME] = None
    """What the model calls it."""
    description: str | None = None
    """When and how to use it."""
    parameters: dict[str, Any] | None = None
    """JSON Schema of the arguments."""


class McpToolFilter(Wire):
    tool_names: list[str] | None = None
    """Tools by name."""
    read_only: bool | None = None
    """Tools that say that they change nothing."""


class McpApprovalFilter(Wire):
    always: McpToolFilter | None = None
    """Ask for these."""
    never: McpToolFilter | None = None
    """Do not ask for these."""


class McpTool(TypedObject):
    type: Literal["mcp"] = "mcp"
    """An MCP server that the API calls by itself."""
    server_label: Annotated[str | None, NotEmpty] = None
    """Its name in events; each one once."""
    server_url: str | None = None
    """Where it is; or give connector_id or tunnel_id."""
    connector_id: Annotated[str | None, Rule(choices=CONNECTORS)] = None
    """One of OpenAI's connectors."""
    tunnel_id: str | None = None
    """A tunnel to your own server."""
    authorization: str | None = Field(default=None, repr=False)
    """OAuth token; write ${NAME} and keep it in the environment."""
    headers: dict[str, str] | None = Field(default=None, repr=False)
    """Sent to the MCP server."""
    allowed_tools: list[str] | McpToolFilter | None = None
    """Which of its tools the model may see."""
    require_approval: Annotated[str | McpApprovalFilter | None, Rule(choices=("always", "never"))] = None
    """Whether you are asked ahead of a call (the API's default: always)."""
    server_description: str | None = None
    """What it is for."""
    defer_loading: bool | None = None
    """List its tools late."""
    allowed_callers: Annotated[list[str] | None, Rule(choices=("direct", "programmatic"))] = None
    """Who may call."""

    def own_problems(self) -> Iterator[Problem]:
        if not (self.server_url or self.connector_id or self.tunnel_id):
            text = "one of server_url, connector_id and tunnel_id is needed"
            yield Problem(("server_url",), "missing_required_parameter", text)


class UnknownTool(Wire):
    """A tool of another kind, such as xAI's own."""

    type: Annotated[str | None, Rule(choices=("function", "mcp"), required=True)] = None


SessionTool = Annotated[
    Annotated[FunctionTool, Tag("<function>")]
    | Annotated[McpTool, Tag("<mcp>")]
    | Annotated[UnknownTool, Tag("<other>")],
    by_type("function", "mcp"),
]


class ToolChoiceFunction(TypedObject):
    type: Literal["function"] = "function"
    """Force this function."""
    name: Annotated[str | None, Required] = None
    """Its name."""


class ToolChoiceMcp(TypedObject):
    type: Literal["mcp"] = "mcp"
    """Force this MCP server."""
    server_label: Annotated[str | None, Required] = None
    """Its label."""
    name: Annotated[str | None, Nullable] = None
    """One tool of it."""


class UnknownToolChoice(Wire):
    type: Annotated[str | None, Rule(choices=("function", "mcp"), required=True)] = None


ToolChoice = Annotated[
    Annotated[str, Tag("<word>")]
    | Annotated[ToolChoiceFunction, Tag("<function>")]
    | Annotated[ToolChoiceMcp, Tag("<mcp>")]
    | Annotated[UnknownToolChoice, Tag("<other>")],
    by_type("function", "mcp"),
]


# -- the rest ---------------------------------------------------------------------------------


class Reasoning(Wire):
    effort: Annotated[str | None, Rule(choices=("minimal", "low", "medium", "high", "xhigh"))] = None
    """How long to think; only reasoning models take it."""


class TracingConfig(Wire):
    workflow_name: str | None = None
    """Name on the dashboard."""
    group_id: str | None = None
    """Groups several sessions."""
    metadata: Any = None
    """Whatever helps to find it."""


class TruncationTokenLimits(Wire):
    post_instructions: Annotated[int | None, Rule(ge=0)] = None
    """Tokens of conversation kept behind the instructions."""


class TruncationRetentionRatio(TypedObject):
    type: Annotated[str, Rule(choices=("retention_ratio",), required=True)] = "retention_ratio"
    """On overflow keep this share, so that the prompt cache breaks less often."""
    retention_ratio: Annotated[float | None, Rule(ge=0, le=1, required=True)] = None
    """The share."""
    token_limits: TruncationTokenLimits | None = None
    """A smaller window than the model's."""


class PromptCacheBreakpoint(Wire):
    mode: Annotated[str | None, Rule(choices=("explicit",), required=True)] = None
    """Always explicit."""
    ttl: Annotated[str | None, Rule(choices=("30m", "12h"))] = None
    """How long the cache keeps it."""


class PromptText(TypedObject):
    type: Literal["input_text"] = "input_text"
    """Words."""
    text: Annotated[str | None, Required] = None
    """The words."""
    prompt_cache_breakpoint: PromptCacheBreakpoint | None = None
    """Cache the prompt up to here."""


class PromptImage(TypedObject):
    type: Literal["input_image"] = "input_image"
    """A picture."""
    detail: Annotated[str | None, Rule(choices=("low", "high", "auto", "original"), required=True)] = None
    """How closely it is looked at."""
    file_id: Annotated[str | None, Nullable] = None
    """A file at the service."""
    image_url: Annotated[str | None, Nullable] = Field(default=None, repr=False)
    """Its address, or the picture as a data URI."""
    prompt_cache_breakpoint: PromptCacheBreakpoint | None = None
    """Cache the prompt up to here."""


class PromptFile(TypedObject):
    type: Literal["input_file"] = "input_file"
    """A file."""
    detail: Annotated[str | None, Rule(choices=("auto", "low", "high"))] = None
    """How closely it is looked at."""
    file_data: str | None = Field(default=None, repr=False)
    """Its content in base64."""
    file_id: Annotated[str | None, Nullable] = None
    """A file at the service."""
    file_url: str | None = None
    """Its address."""
    filename: str | None = None
    """Its name."""
    prompt_cache_breakpoint: PromptCacheBreakpoint | None = None
    """Cache the prompt up to here."""


class UnknownPromptVariable(Wire):
    type: Annotated[str | None, Rule(choices=("input_text", "input_image", "input_file"), required=True)] = (
        None
    )


PromptVariable = Annotated[
    Annotated[str, Tag("<word>")]
    | Annotated[PromptText, Tag("<input_text>")]
    | Annotated[PromptImage, Tag("<input_image>")]
    | Annotated[PromptFile, Tag("<input_file>")]
    | Annotated[UnknownPromptVariable, Tag("<other>")],
    by_type("input_text", "input_image", "input_file"),
]


class PromptReference(Wire):
    id: Annotated[str | None, Required] = None
    """pmpt_... (hosted prompts end on 2026-11-30)."""
    version: Annotated[str | None, Nullable] = None
    """Version of it."""
    variables: Annotated[dict[str, PromptVariable] | None, Nullable] = None
    """Values to fill in: strings, or input_text, input_image, input_file tables."""


MaxOutputTokens = Annotated[int | str | None, Rule(choices=("inf",), ge=1)]
Modalities = Annotated[list[str] | None, Rule(choices=("text", "audio"), min_length=1, max_length=1)]
ToolChoiceField = Annotated[ToolChoice | None, Rule(choices=("auto", "none", "required"))]
Include = Annotated[
    list[str] | None, Rule(choices=("item.input_audio_transcription.logprobs",), nullable=True)
]


class RealtimeSession(TypedObject):
    """A conversation's settings, as sent in ``session.update`` and as told by the server."""

    type: Annotated[str, Rule(choices=("realtime", "transcription"), required=True)] = "realtime"
    """Always realtime; sent whether it is written here or not."""
    id: Annotated[str | None, ServerOnly] = None
    object: Annotated[str | None, ServerOnly] = None
    model: str | None = None
    expires_at: Annotated[int | None, ServerOnly] = None
    instructions: str | None = None
    output_modalities: Modalities = None
    """["audio"] (with a transcript) or ["text"]."""
    audio: SessionAudio | None = None
    """Formats, turn detection, transcription, voice."""
    tools: list[SessionTool] | None = None
    """Raw tool entries as the API has them; tools that this program runs stand in [[tools]]."""
    tool_choice: ToolChoiceField = None
    """auto, none, required, or one tool."""
    parallel_tool_calls: bool | None = None
    """Several calls in one response (reasoning models)."""
    max_output_tokens: MaxOutputTokens = None
    """Longest answer in tokens (most models: up to 4096), or "inf"."""
    reasoning: Annotated[Reasoning | None, Nullable] = None
    """Reasoning models only."""
    truncation: Annotated[str | TruncationRetentionRatio | None, Rule(choices=("auto", "disabled"))] = None
    """What falls out of a full context window."""
    tracing: Annotated[str | TracingConfig | None, Rule(choices=("auto",), nullable=True)] = None
    """Traces on OpenAI's dashboard; fixed once on."""
    prompt: Annotated[PromptReference | None, Nullable] = None
    """A prompt hosted by OpenAI."""
    include: Include = None
    """Extra fields in events."""


class TranscriptionSession(TypedObject):
    """A session that only writes down what it hears."""

    type: Annotated[str, Rule(choices=("transcription",), required=True)] = "transcription"
    id: Annotated[str | None, ServerOnly] = None
    object: Annotated[str | None, ServerOnly] = None
    expires_at: Annotated[int | None, ServerOnly] = None
    audio: TranscriptionAudio | None = None
    include: Include = None


def _session_tag(value: Any) -> str:
    return "<transcription>" if attribute(value, "type") == "transcription" else "<realtime>"


Session = Annotated[
    Annotated[RealtimeSession, Tag("<realtime>")] | Annotated[TranscriptionSession, Tag("<transcription>")],
    Discriminator(_session_tag),
]


@cache
def build_shared() -> None:
    """The models that many others hold: built once and first, not anew inside of each of them."""
    for shared in (AudioInput, AudioOutput, FunctionTool, McpTool, PromptReference):
        shared.model_rebuild()
