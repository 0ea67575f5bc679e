"""``[session]``: exactly the API's realtime session object, so that the API reference is the manual.

Bounds are those of the ``openai`` package's ``types.realtime`` and of OpenAI's Realtime guide, autumn 2026.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag, WithJsonSchema, field_validator

from realtime_cli.config.section import FalseIsNull, Section, false_is_null, shape

JsonObject = dict[str, Any]


class PcmFormat(Section):
    type: Literal["audio/pcm"]
    """Signed 16-bit little endian, mono."""
    rate: Literal[24000] = 24000
    """Samples a second; the API takes no other."""


class PcmuFormat(Section):
    type: Literal["audio/pcmu"]
    """G.711 µ-law, 8000 samples a second."""


class PcmaFormat(Section):
    type: Literal["audio/pcma"]
    """G.711 A-law, 8000 samples a second."""


AudioFormat = Annotated[PcmFormat | PcmuFormat | PcmaFormat, Field(discriminator="type")]


class NoiseReduction(Section):
    type: Literal["near_field", "far_field"]
    """near_field for a headset, far_field for a laptop or a room."""
    strength: float | None = Field(default=None, ge=0)
    """Only newest servers know it."""


class Transcription(Section):
    model: str | None = None
    """For example gpt-realtime-whisper, gpt-live-transcribe, gpt-transcribe; on Azure a deployment."""
    language: str | None = None
    """ISO 639-1, such as en."""
    languages: list[str] | None = Field(default=None, min_length=1)
    """Expected languages (gpt-transcribe, gpt-live-transcribe)."""
    keywords: list[str] | None = None
    """Words to expect (gpt-transcribe, gpt-live-transcribe)."""
    prompt: str | None = None
    """Guidance for the recogniser."""
    delay: Literal["minimal", "low", "medium", "high", "xhigh"] | None = None
    """Delay against accuracy (gpt-realtime-whisper)."""


class ServerVad(Section):
    type: Literal["server_vad"]
    """The server listens for speech and silence."""
    threshold: float = Field(default=0.5, ge=0, le=1)
    """Speech probability that counts as speech."""
    prefix_padding_ms: int = Field(default=300, ge=0)
    """Sound kept ahead of detected speech."""
    silence_duration_ms: int = Field(default=500, ge=0)
    """Silence that ends a turn."""
    idle_timeout_ms: Annotated[
        Annotated[int, Field(ge=5000, le=30000)] | None, false_is_null, FalseIsNull()
    ] = None
    """Silence after which the agent speaks again by itself."""
    create_response: bool = True
    """Answer at the end of a turn."""
    interrupt_response: bool = True
    """Speech of the user cancels the running answer."""


class SemanticVad(Section):
    type: Literal["semantic_vad"]
    """The server judges by the words whether the user has finished."""
    eagerness: Literal["low", "medium", "high", "auto"] = "auto"
    """How soon to answer: at the latest after 8, 4 or 2 seconds."""
    create_response: bool = True
    """Answer at the end of a turn."""
    interrupt_response: bool = True
    """Speech of the user cancels the running answer."""


TurnDetection = Annotated[ServerVad | SemanticVad, Field(discriminator="type")]


class AudioInput(Section):
    format: AudioFormat | None = None
    """What is sent: {type = "audio/pcm", rate = 24000}, {type = "audio/pcmu"} or {type = "audio/pcma"}."""
    noise_reduction: Annotated[NoiseReduction | None, false_is_null, FalseIsNull()] = None
    """Cleaning on the server, ahead of turn detection and model."""
    transcription: Annotated[Transcription | None, false_is_null, FalseIsNull()] = None
    """Text of what the user said; without it the screen cannot show the user's words."""
    turn_detection: Annotated[TurnDetection | None, false_is_null, FalseIsNull()] = None
    """Who ends a turn: server_vad, semantic_vad, or false for you (push to talk)."""


class CustomVoice(Section):
    id: str
    """A voice of your own, voice_..."""


VoiceChoice = Annotated[
    Annotated[str, Tag("plain")] | Annotated[CustomVoice, Tag("table")], Discriminator(shape)
]


class AudioOutput(Section):
    format: AudioFormat | None = None
    """What is received, as for the input."""
    voice: VoiceChoice | None = None
    """Such as marin or cedar; fixed once the agent has spoken."""
    speed: float = Field(default=1.0, ge=0.25, le=1.5)
    """Speed of speech."""


class SessionAudio(Section):
    input: AudioInput | None = None
    """From the user."""
    output: AudioOutput | None = None
    """From the agent."""


class FunctionTool(Section):
    type: Literal["function"]
    """A function whose call is shown and answered by you, a script, or a [[tools]] entry."""
    name: str = Field(pattern=r"^[a-zA-Z0-9_-]{1,64}$", examples=["book_table"])
    """What the model calls it."""
    description: str | None = None
    """When and how to use it."""
    parameters: JsonObject | None = None
    """JSON Schema of the arguments."""


class ToolFilter(Section):
    tool_names: list[str] | None = None
    """Tools by name."""
    read_only: bool | None = None
    """Tools that say that they change nothing."""


ToolNames = Annotated[
    Annotated[list[str], Tag("plain")] | Annotated[ToolFilter, Tag("table")], Discriminator(shape)
]


class ApprovalFilter(Section):
    always: ToolFilter | None = None
    """Ask for these."""
    never: ToolFilter | None = None
    """Do not ask for these."""


class HostedMcp(Section):
    type: Literal["mcp"]
    """An MCP server that the API calls by itself."""
    server_label: str
    """Its name in events; each one once."""
    server_url: str | None = None
    """Where it is; or give connector_id or tunnel_id."""
    connector_id: str | None = None
    """One of OpenAI's connectors."""
    tunnel_id: str | None = None
    """A tunnel to a server of yours."""
    authorization: str | None = None
    """OAuth token; write ${NAME} and keep it in the environment."""
    headers: dict[str, str] | None = None
    """Sent to the MCP server."""
    allowed_tools: ToolNames | None = None
    """Which of its tools the model may see."""
    require_approval: (
        Annotated[
            Annotated[Literal["always", "never"], Tag("plain")] | Annotated[ApprovalFilter, Tag("table")],
            Discriminator(shape),
        ]
        | None
    ) = None
    """Whether you are asked ahead of a call (the API's default: always)."""
    server_description: str | None = None
    """What it is for."""
    defer_loading: bool | None = None
    """List its tools late."""
    allowed_callers: list[Literal["direct", "programmatic"]] | None = None
    """Who may call."""

    @field_validator("server_label")
    @classmethod
    def _named(cls, label: str) -> str:
        if not label:
            raise ValueError("must not be empty")
        return label


class FunctionChoice(Section):
    type: Literal["function"]
    """Force this function."""
    name: str
    """Its name."""


class McpChoice(Section):
    type: Literal["mcp"]
    """Force this MCP server."""
    server_label: str
    """Its label."""
    name: str | None = None
    """One tool of it."""


ToolChoice = Annotated[
    Annotated[Literal["auto", "none", "required"], Tag("plain")]
    | Annotated[Annotated[FunctionChoice | McpChoice, Field(discriminator="type")], Tag("table")],
    Discriminator(shape),
]


class Reasoning(Section):
    effort: Literal["none", "minimal", "low", "medium", "high", "xhigh"]
    """How long to think; only reasoning models take it. none is xAI's word."""


class TokenLimits(Section):
    post_instructions: int | None = Field(default=None, ge=0)
    """Tokens of conversation kept behind the instructions."""


class RetentionRatio(Section):
    type: Literal["retention_ratio"]
    """On overflow keep this share, so that the prompt cache breaks less often."""
    retention_ratio: float = Field(ge=0, le=1)
    """The share."""
    token_limits: TokenLimits | None = None
    """A smaller window than the model's."""


Truncation = Annotated[
    Annotated[Literal["auto", "disabled"], Tag("plain")] | Annotated[RetentionRatio, Tag("table")],
    Discriminator(shape),
]


class TracingLabels(Section):
    workflow_name: str | None = None
    """Name on the dashboard."""
    group_id: str | None = None
    """Groups several sessions."""
    metadata: JsonObject | None = None
    """Whatever helps to find it."""


Tracing = Annotated[
    Annotated[Literal["auto"], Tag("plain")] | Annotated[TracingLabels, Tag("table")], Discriminator(shape)
]


class HostedPrompt(Section):
    id: str
    """pmpt_... (hosted prompts end on 2026-11-30)."""
    version: str | None = None
    """Version of it."""
    variables: JsonObject | None = None
    """Values to fill in: strings, or input_text, input_image, input_file tables."""


Instructions = Annotated[
    str,
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string"},
                {
                    "type": "object",
                    "properties": {"file": {"type": "string", "description": "A text file beside this one."}},
                    "required": ["file"],
                    "additionalProperties": False,
                },
            ]
        }
    ),
]

Include = Literal["item.input_audio_transcription.logprobs"]


class Session(Section):
    type: Literal["realtime"] = "realtime"
    """Always realtime; sent whether it is written here or not."""
    instructions: Instructions | None = None
    """Who the agent is and how it behaves: text, or {file = "instructions.md"}."""
    output_modalities: list[Literal["text", "audio"]] | None = None
    """["audio"] (with a transcript) or ["text"]."""
    audio: SessionAudio | None = None
    """Formats, turn detection, transcription, voice."""
    tools: list[Annotated[FunctionTool | HostedMcp, Field(discriminator="type")]] | None = None
    """Raw tool entries as the API has them; tools that this program runs stand in [[tools]]."""
    tool_choice: ToolChoice | None = None
    """auto, none, required, or one tool."""
    parallel_tool_calls: bool | None = None
    """Several calls in one response (reasoning models)."""
    max_output_tokens: Annotated[int, Field(ge=1, le=4096)] | Literal["inf"] | None = None
    """Longest answer, 1 to 4096 tokens or "inf"."""
    reasoning: Reasoning | None = None
    """Reasoning models only."""
    truncation: Truncation | None = None
    """What falls out of a full context window."""
    tracing: Annotated[Tracing | None, false_is_null, FalseIsNull()] = None
    """Traces on OpenAI's dashboard; fixed once on."""
    prompt: Annotated[HostedPrompt | None, false_is_null, FalseIsNull()] = None
    """A prompt hosted by OpenAI."""
    include: Annotated[list[Include] | None, false_is_null, FalseIsNull()] = None
    """Extra fields in events."""

    @field_validator("output_modalities")
    @classmethod
    def _one_modality(cls, modalities: list[str] | None) -> list[str] | None:
        if modalities is not None and len(modalities) != 1:
            raise ValueError(
                'takes exactly one entry, ["audio"] or ["text"]: audio always comes with its transcript'
            )
        return modalities

    def patch(self) -> JsonObject:
        """What ``session.update`` carries: ``type`` and the keys that the user set, null where set so.

        PCM input always names its rate, because servers have refused a format without it.
        """
        patch: JsonObject = {"type": "realtime", **self.model_dump(mode="json", exclude_unset=True)}
        heard_as = (patch.get("audio") or {}).get("input", {}).get("format")
        if heard_as and heard_as["type"] == "audio/pcm":
            heard_as["rate"] = 24000
        return patch
