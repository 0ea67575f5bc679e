"""Objects that events carry: items, content, session, response, usage, errors.

Source: the published type contract of the Realtime API (types of the ``openai`` package) and its
reference; bounds and defaults are the API's. Field names are those of the wire. Fields that some
servers leave out or type differently are optional: what we *receive* must never be lost over a detail.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Literal, get_args

from pydantic import Discriminator, Field, Tag

from realtime_cli.protocol.rules import Problem, Rule, TypedObject, Wire

VOICES = ("alloy", "ash", "ballad", "coral", "echo", "sage", "shimmer", "verse", "marin", "cedar")
WireFormat = Literal["audio/pcm", "audio/pcmu", "audio/pcma"]
BYTES_PER_MS: dict[WireFormat, int] = {"audio/pcm": 48, "audio/pcmu": 8, "audio/pcma": 8}
STATUSES = ("completed", "incomplete", "in_progress")

Needed = Rule(needed=True)
ServerOnly = Rule(server_only=True)
Nullable = Rule(nullable=True)


def _of(value: Any, name: str) -> Any:
    return value.get(name) if isinstance(value, dict) else getattr(value, name, None)


def _by_type(*known: str) -> Discriminator:
    """Choose a union's member by ``type``; what nobody knows goes to ``<other>``."""

    def choose(value: Any) -> str:
        kind = _of(value, "type")
        return f"<{kind}>" if isinstance(kind, str) and kind in known else "<other>"

    return Discriminator(choose)


# -- content parts ----------------------------------------------------------------------------


class InputText(TypedObject):
    type: str = "input_text"
    text: Annotated[str | None, Needed] = None


class InputAudio(TypedObject):
    """User sound: ``audio`` is base64 in the session's input format; the server tells ``transcript``."""

    type: str = "input_audio"
    audio: str | None = Field(default=None, repr=False)
    transcript: Annotated[str | None, Nullable] = None


class InputImage(TypedObject):
    """An image as a data URI, PNG or JPEG; ``detail`` auto equals high."""

    type: str = "input_image"
    image_url: Annotated[str | None, Needed] = Field(default=None, repr=False)
    detail: Annotated[str | None, Rule(choices=("auto", "low", "high"))] = None


class OutputText(TypedObject):
    type: str = "output_text"
    text: Annotated[str | None, Needed] = None


class OutputAudio(TypedObject):
    type: str = "output_audio"
    transcript: Annotated[str | None, Nullable] = None
    audio: str | None = Field(default=None, repr=False)


class UnknownContent(TypedObject):
    """A content part of a kind that is not in the reference."""

    type: Annotated[
        str | None,
        Rule(
            choices=("input_text", "input_audio", "input_image", "output_text", "output_audio"), needed=True
        ),
    ] = None


Content = Annotated[
    Annotated[InputText, Tag("<input_text>")]
    | Annotated[InputAudio, Tag("<input_audio>")]
    | Annotated[InputImage, Tag("<input_image>")]
    | Annotated[OutputText, Tag("<output_text>")]
    | Annotated[OutputAudio, Tag("<output_audio>")]
    | Annotated[UnknownContent, Tag("<other>")],
    _by_type("input_text", "input_audio", "input_image", "output_text", "output_audio"),
]


class ContentPart(Wire):
    """The part inside ``response.content_part.*``, whose types are ``text`` and ``audio``."""

    type: str | None = None
    text: str | None = None
    transcript: str | None = None
    audio: str | None = Field(default=None, repr=False)


# -- items ------------------------------------------------------------------------------------


class ItemBase(TypedObject):
    """What every conversation item may carry."""

    id: str | None = None
    object: Annotated[str | None, Rule(choices=("realtime.item",))] = None
    status: Annotated[str | None, Rule(choices=STATUSES)] = None


class Message(ItemBase):
    """A message; which content is allowed depends on the role."""

    type: str = "message"
    role: Annotated[str | None, Rule(choices=("system", "user", "assistant"), needed=True)] = None
    content: Annotated[list[Content] | None, Needed] = None

    def model_post_init(self, context: Any, /) -> None:
        self.__pydantic_fields_set__.update(("type", "role"))

    def own_problems(self) -> Iterator[Problem]:
        allowed = ALLOWED_CONTENT.get(self.role or "", ())
        for index, part in enumerate(self.content or ()):
            if not isinstance(part, UnknownContent) and allowed and part.type not in allowed:
                names = ", ".join(repr(name) for name in allowed)
                text = f"{part.type!r} is not allowed in a {self.role} message, which holds {names}"
                yield Problem(("content", index, "type"), "invalid_value", text)


ALLOWED_CONTENT = {
    "system": ("input_text",),
    "user": ("input_text", "input_audio", "input_image"),
    "assistant": ("output_text", "output_audio"),
}


class SystemMessage(Message):
    role: str | None = "system"


class UserMessage(Message):
    role: str | None = "user"


class AssistantMessage(Message):
    """``phase``: commentary or final_answer, seen from reasoning models."""

    role: str | None = "assistant"
    phase: Annotated[str | None, ServerOnly] = None


class FunctionCall(ItemBase):
    type: str = "function_call"
    name: Annotated[str | None, Needed] = None
    arguments: Annotated[str | None, Needed] = None
    call_id: str | None = None


class FunctionCallOutput(ItemBase):
    type: str = "function_call_output"
    call_id: Annotated[str | None, Needed] = None
    output: Annotated[str | None, Needed] = None


class McpItem(TypedObject):
    """Items about tools that the server itself calls carry neither ``object`` nor ``status``."""

    id: str | None = None


class McpListedTool(Wire):
    name: Annotated[str | None, Needed] = None
    input_schema: Annotated[Any, Needed] = None
    description: Annotated[str | None, Nullable] = None
    annotations: Annotated[Any, Nullable] = None


class McpListTools(McpItem):
    type: str = "mcp_list_tools"
    server_label: Annotated[str | None, Needed] = None
    tools: Annotated[list[McpListedTool] | None, Needed] = None


class McpError(Wire):
    """``protocol_error`` and ``http_error`` carry a code, ``tool_execution_error`` only a message."""

    type: Annotated[
        str | None, Rule(choices=("protocol_error", "tool_execution_error", "http_error"), needed=True)
    ] = None
    code: int | None = None
    message: Annotated[str | None, Needed] = None

    def own_problems(self) -> Iterator[Problem]:
        if self.type == "tool_execution_error" and self.code is not None:
            yield Problem(("code",), "unknown_parameter", f"{self.type} has no code")
        if self.type in ("protocol_error", "http_error") and self.code is None:
            yield Problem(("code",), "missing_required_parameter", f"{self.type} has a code")


class McpCall(McpItem):
    type: str = "mcp_call"
    server_label: Annotated[str | None, Needed] = None
    name: Annotated[str | None, Needed] = None
    arguments: Annotated[str | None, Needed] = None
    output: Annotated[str | None, Nullable] = None
    error: Annotated[McpError | str | None, Nullable] = None
    approval_request_id: Annotated[str | None, Nullable] = None

    def own_problems(self) -> Iterator[Problem]:
        if isinstance(self.error, str):  # seen from servers only
            yield Problem(("error",), "invalid_type", "expected an object, but got a string instead")


class McpApprovalRequest(McpItem):
    type: str = "mcp_approval_request"
    server_label: Annotated[str | None, Needed] = None
    name: Annotated[str | None, Needed] = None
    arguments: Annotated[str | None, Needed] = None


class McpApprovalResponse(McpItem):
    type: str = "mcp_approval_response"
    approval_request_id: Annotated[str | None, Needed] = None
    approve: Annotated[bool | None, Needed] = None
    reason: Annotated[str | None, Nullable] = None


class ItemReference(TypedObject):
    """Names an item of the conversation; legal only in ``response.create.response.input``."""

    type: str = "item_reference"
    id: Annotated[str | None, Needed] = None


ITEM_TYPES = (
    "message", "function_call", "function_call_output", "mcp_list_tools", "mcp_call",
    "mcp_approval_request", "mcp_approval_response",
)  # fmt: skip


class UnknownItem(ItemBase):
    """An item of a kind, or a message of a role, that is not in the reference."""

    type: Annotated[str | None, Rule(choices=ITEM_TYPES, needed=True)] = None
    role: Annotated[str | None, Rule(choices=("system", "user", "assistant"))] = None

    def own_problems(self) -> Iterator[Problem]:
        if self.type == "message" and self.role is None:
            yield Problem(("role",), "missing_required_parameter", "a message needs a role")


def _item_tag(value: Any) -> str:
    kind = _of(value, "type")
    if kind == "message":
        role = _of(value, "role")
        return f"<{role}>" if role in ("system", "user", "assistant") else "<other>"
    return f"<{kind}>" if kind in ITEM_TYPES else "<other>"


def _input_tag(value: Any) -> str:
    return "<item_reference>" if _of(value, "type") == "item_reference" else _item_tag(value)


Item = Annotated[
    Annotated[SystemMessage, Tag("<system>")]
    | Annotated[UserMessage, Tag("<user>")]
    | Annotated[AssistantMessage, Tag("<assistant>")]
    | Annotated[FunctionCall, Tag("<function_call>")]
    | Annotated[FunctionCallOutput, Tag("<function_call_output>")]
    | Annotated[McpListTools, Tag("<mcp_list_tools>")]
    | Annotated[McpCall, Tag("<mcp_call>")]
    | Annotated[McpApprovalRequest, Tag("<mcp_approval_request>")]
    | Annotated[McpApprovalResponse, Tag("<mcp_approval_response>")]
    | Annotated[UnknownItem, Tag("<other>")],
    Discriminator(_item_tag),
]

ResponseInput = Annotated[
    Annotated[ItemReference, Tag("<item_reference>")]
    | Annotated[SystemMessage, Tag("<system>")]
    | Annotated[UserMessage, Tag("<user>")]
    | Annotated[AssistantMessage, Tag("<assistant>")]
    | Annotated[FunctionCall, Tag("<function_call>")]
    | Annotated[FunctionCallOutput, Tag("<function_call_output>")]
    | Annotated[McpListTools, Tag("<mcp_list_tools>")]
    | Annotated[McpCall, Tag("<mcp_call>")]
    | Annotated[McpApprovalRequest, Tag("<mcp_approval_request>")]
    | Annotated[McpApprovalResponse, Tag("<mcp_approval_response>")]
    | Annotated[UnknownItem, Tag("<other>")],
    Discriminator(_input_tag),
]


# -- session: audio ---------------------------------------------------------------------------


class AudioFormat(Wire):
    """PCM is 24 000 Hz; G.711 (``audio/pcmu``, ``audio/pcma``) is 8 000 Hz and names no rate."""

    type: Annotated[str | None, Rule(choices=get_args(WireFormat), needed=True)] = None
    rate: Annotated[int | None, Rule(least=24_000, most=24_000)] = None

    def own_problems(self) -> Iterator[Problem]:
        if self.rate is not None and self.type in ("audio/pcmu", "audio/pcma"):
            yield Problem(("rate",), "unknown_parameter", f"{self.type} has no rate, it is 8000 Hz")


class NoiseReduction(Wire):
    """near_field for a headset, far_field for a laptop or a room; ``strength`` only on newest servers."""

    type: Annotated[str | None, Rule(choices=("near_field", "far_field"))] = None
    strength: float | None = None


class AudioTranscription(Wire):
    """Side channel that writes down the user's sound. ``language`` is ISO 639-1."""

    model: str | None = None
    language: str | None = None
    languages: Annotated[list[str] | None, Rule(fewest_items=1)] = None
    keywords: list[str] | None = None
    prompt: str | None = None
    delay: Annotated[str | None, Rule(choices=("minimal", "low", "medium", "high", "xhigh"))] = None


class ServerVad(TypedObject):
    """A turn ends after ``silence_duration_ms`` of silence; ``threshold`` is a speech probability."""

    type: str = "server_vad"
    threshold: Annotated[float | None, Rule(least=0, most=1)] = None
    prefix_padding_ms: Annotated[int | None, Rule(least=0)] = None
    silence_duration_ms: Annotated[int | None, Rule(least=0)] = None
    idle_timeout_ms: Annotated[int | None, Rule(least=5_000, most=30_000, nullable=True)] = None
    create_response: bool | None = None
    interrupt_response: bool | None = None


class SemanticVad(TypedObject):
    """A turn ends when the words seem complete; waits at most 8, 4 or 2 s by ``eagerness``."""

    type: str = "semantic_vad"
    eagerness: Annotated[str | None, Rule(choices=("low", "medium", "high", "auto"))] = None
    create_response: bool | None = None
    interrupt_response: bool | None = None


class UnknownTurnDetection(Wire):
    """Another server's kind of turn detection."""

    type: Annotated[str | None, Rule(choices=("server_vad", "semantic_vad"), needed=True)] = None


TurnDetection = Annotated[
    Annotated[ServerVad, Tag("<server_vad>")]
    | Annotated[SemanticVad, Tag("<semantic_vad>")]
    | Annotated[UnknownTurnDetection, Tag("<other>")],
    _by_type("server_vad", "semantic_vad"),
]


class CustomVoice(Wire):
    id: Annotated[str | None, Needed] = None


Voice = str | CustomVoice


class AudioInput(Wire):
    """``turn_detection`` absent means the server's default, null means manual turns."""

    format: AudioFormat | None = None
    noise_reduction: Annotated[NoiseReduction | None, Nullable] = None
    transcription: Annotated[AudioTranscription | None, Nullable] = None
    turn_detection: Annotated[TurnDetection | None, Nullable] = None


class AudioOutput(Wire):
    format: AudioFormat | None = None
    voice: Voice | None = None
    speed: Annotated[float | None, Rule(least=0.25, most=1.5)] = None


class SessionAudio(Wire):
    input: AudioInput | None = None
    output: AudioOutput | None = None


class TranscriptionAudio(Wire):
    input: AudioInput | None = None


# -- session: tools ---------------------------------------------------------------------------


class FunctionTool(TypedObject):
    """``parameters`` is a JSON Schema."""

    type: str = "function"
    name: Annotated[str | None, Needed] = None
    description: str | None = None
    parameters: Any = None


class McpToolFilter(Wire):
    tool_names: list[str] | None = None
    read_only: bool | None = None


class McpApprovalFilter(Wire):
    always: McpToolFilter | None = None
    never: McpToolFilter | None = None


CONNECTORS = tuple(
    f"connector_{name}"
    for name in (
        "dropbox", "gmail", "googlecalendar", "googledrive", "microsoftteams", "outlookcalendar",
        "outlookemail", "sharepoint",
    )
)  # fmt: skip


class McpTool(TypedObject):
    """A tool server that the Realtime server itself calls."""

    type: str = "mcp"
    server_label: Annotated[str | None, Needed] = None
    server_url: str | None = None
    connector_id: Annotated[str | None, Rule(choices=CONNECTORS)] = None
    tunnel_id: str | None = None
    authorization: str | None = Field(default=None, repr=False)
    headers: dict[str, str] | None = Field(default=None, repr=False)
    allowed_tools: list[str] | McpToolFilter | None = None
    require_approval: Annotated[str | McpApprovalFilter | None, Rule(choices=("always", "never"))] = None
    server_description: str | None = None
    defer_loading: bool | None = None
    allowed_callers: Annotated[list[str] | None, Rule(choices=("direct", "programmatic"))] = None

    def own_problems(self) -> Iterator[Problem]:
        if not (self.server_url or self.connector_id or self.tunnel_id):
            text = "one of server_url, connector_id and tunnel_id is needed"
            yield Problem(("server_url",), "missing_required_parameter", text)


class UnknownTool(Wire):
    type: Annotated[str | None, Rule(choices=("function", "mcp"), needed=True)] = None


Tool = Annotated[
    Annotated[FunctionTool, Tag("<function>")]
    | Annotated[McpTool, Tag("<mcp>")]
    | Annotated[UnknownTool, Tag("<other>")],
    _by_type("function", "mcp"),
]


class ToolChoiceFunction(TypedObject):
    type: str = "function"
    name: Annotated[str | None, Needed] = None


class ToolChoiceMcp(TypedObject):
    type: str = "mcp"
    server_label: Annotated[str | None, Needed] = None
    name: Annotated[str | None, Nullable] = None


class UnknownToolChoice(Wire):
    type: Annotated[str | None, Rule(choices=("function", "mcp"), needed=True)] = None


def _choice_tag(value: Any) -> str:
    if isinstance(value, str):
        return "<word>"
    kind = _of(value, "type")
    return f"<{kind}>" if kind in ("function", "mcp") else "<other>"


ToolChoice = Annotated[
    Annotated[str, Tag("<word>")]
    | Annotated[ToolChoiceFunction, Tag("<function>")]
    | Annotated[ToolChoiceMcp, Tag("<mcp>")]
    | Annotated[UnknownToolChoice, Tag("<other>")],
    Discriminator(_choice_tag),
]

# -- session: the rest ------------------------------------------------------------------------


class Reasoning(Wire):
    effort: Annotated[str | None, Rule(choices=("minimal", "low", "medium", "high", "xhigh"))] = None


class TracingConfig(Wire):
    workflow_name: str | None = None
    group_id: str | None = None
    metadata: Any = None


class TruncationTokenLimits(Wire):
    post_instructions: Annotated[int | None, Rule(least=0)] = None


class TruncationRetentionRatio(TypedObject):
    """On overflow the history drops to ``retention_ratio`` of the window at once."""

    type: Annotated[str, Rule(choices=("retention_ratio",))] = "retention_ratio"
    retention_ratio: Annotated[float | None, Rule(least=0, most=1, needed=True)] = None
    token_limits: TruncationTokenLimits | None = None


class PromptCacheBreakpoint(Wire):
    mode: Annotated[str | None, Rule(choices=("explicit",), needed=True)] = None
    ttl: Annotated[str | None, Rule(choices=("30m", "12h"))] = None


class PromptText(TypedObject):
    type: str = "input_text"
    text: Annotated[str | None, Needed] = None
    prompt_cache_breakpoint: PromptCacheBreakpoint | None = None


class PromptImage(TypedObject):
    type: str = "input_image"
    detail: Annotated[str | None, Rule(choices=("low", "high", "auto", "original"), needed=True)] = None
    file_id: Annotated[str | None, Nullable] = None
    image_url: Annotated[str | None, Nullable] = Field(default=None, repr=False)
    prompt_cache_breakpoint: PromptCacheBreakpoint | None = None


class PromptFile(TypedObject):
    type: str = "input_file"
    detail: Annotated[str | None, Rule(choices=("auto", "low", "high"))] = None
    file_data: str | None = Field(default=None, repr=False)
    file_id: Annotated[str | None, Nullable] = None
    file_url: str | None = None
    filename: str | None = None
    prompt_cache_breakpoint: PromptCacheBreakpoint | None = None


class UnknownPromptVariable(Wire):
    type: Annotated[str | None, Rule(choices=("input_text", "input_image", "input_file"), needed=True)] = None


def _variable_tag(value: Any) -> str:
    if isinstance(value, str):
        return "<word>"
    kind = _of(value, "type")
    return f"<{kind}>" if kind in ("input_text", "input_image", "input_file") else "<other>"


PromptVariable = Annotated[
    Annotated[str, Tag("<word>")]
    | Annotated[PromptText, Tag("<input_text>")]
    | Annotated[PromptImage, Tag("<input_image>")]
    | Annotated[PromptFile, Tag("<input_file>")]
    | Annotated[UnknownPromptVariable, Tag("<other>")],
    Discriminator(_variable_tag),
]


class PromptReference(Wire):
    """A hosted prompt; values of its variables are words, or text, images and files as objects."""

    id: Annotated[str | None, Needed] = None
    version: Annotated[str | None, Nullable] = None
    variables: Annotated[dict[str, PromptVariable] | None, Nullable] = None


MaxOutputTokens = Annotated[int | str | None, Rule(choices=("inf",), least=1, most=4096)]
Modalities = Annotated[list[str] | None, Rule(choices=("text", "audio"), fewest_items=1, most_items=1)]
ToolChoiceField = Annotated[ToolChoice | None, Rule(choices=("none", "auto", "required"))]
Include = Annotated[
    list[str] | None, Rule(choices=("item.input_audio_transcription.logprobs",), nullable=True)
]


class RealtimeSession(TypedObject):
    """A conversation's settings, as sent in ``session.update`` and as told by the server."""

    type: Annotated[str, Rule(choices=("realtime", "transcription"), needed=True)] = "realtime"
    id: Annotated[str | None, ServerOnly] = None
    object: Annotated[str | None, ServerOnly] = None
    model: str | None = None
    expires_at: Annotated[int | None, ServerOnly] = None
    instructions: str | None = None
    output_modalities: Modalities = None
    audio: SessionAudio | None = None
    tools: list[Tool] | None = None
    tool_choice: ToolChoiceField = None
    parallel_tool_calls: bool | None = None
    max_output_tokens: MaxOutputTokens = None
    reasoning: Annotated[Reasoning | None, Nullable] = None
    truncation: Annotated[str | TruncationRetentionRatio | None, Rule(choices=("auto", "disabled"))] = None
    tracing: Annotated[str | TracingConfig | None, Rule(choices=("auto",), nullable=True)] = None
    prompt: Annotated[PromptReference | None, Nullable] = None
    include: Include = None


class TranscriptionSession(TypedObject):
    """A session that only writes down what it hears."""

    type: Annotated[str, Rule(choices=("transcription",), needed=True)] = "transcription"
    id: Annotated[str | None, ServerOnly] = None
    object: Annotated[str | None, ServerOnly] = None
    expires_at: Annotated[int | None, ServerOnly] = None
    audio: TranscriptionAudio | None = None
    include: Include = None


def _session_tag(value: Any) -> str:
    return "<transcription>" if _of(value, "type") == "transcription" else "<realtime>"


Session = Annotated[
    Annotated[RealtimeSession, Tag("<realtime>")] | Annotated[TranscriptionSession, Tag("<transcription>")],
    Discriminator(_session_tag),
]


# -- response ---------------------------------------------------------------------------------


class ResponseAudioOutput(Wire):
    format: AudioFormat | None = None
    voice: Voice | None = None


class ResponseAudio(Wire):
    output: ResponseAudioOutput | None = None


METADATA_PAIRS, METADATA_KEY_CHARS, METADATA_VALUE_CHARS = 16, 64, 512


class ResponseParams(Wire):
    """``response.create.response``: overrides of the session for one response."""

    instructions: str | None = None
    output_modalities: Modalities = None
    audio: ResponseAudio | None = None
    tools: list[Tool] | None = None
    tool_choice: ToolChoiceField = None
    parallel_tool_calls: bool | None = None
    max_output_tokens: MaxOutputTokens = None
    reasoning: Annotated[Reasoning | None, Nullable] = None
    prompt: Annotated[PromptReference | None, Nullable] = None
    conversation: str | None = None
    input: list[ResponseInput] | None = None
    metadata: Annotated[dict[str, str] | None, Nullable] = None

    def own_problems(self) -> Iterator[Problem]:
        pairs = self.metadata or {}
        if len(pairs) > METADATA_PAIRS:
            text = f"expected at most {METADATA_PAIRS} pairs, but got {len(pairs)}"
            yield Problem(("metadata",), "invalid_value", text)
        for key, value in pairs.items():
            if len(key) > METADATA_KEY_CHARS or len(value) > METADATA_VALUE_CHARS:
                text = f"keys hold at most {METADATA_KEY_CHARS} characters, values {METADATA_VALUE_CHARS}"
                yield Problem(("metadata", key), "string_above_max_length", text)


class ResponseStatusError(Wire):
    type: str | None = None
    code: str | None = None
    message: str | None = None


class ResponseStatusDetails(Wire):
    """Why a response ended; ``reason`` for cancelled and incomplete ones, ``error`` for failed ones."""

    type: str | None = None
    reason: str | None = None
    error: ResponseStatusError | None = None


class CachedTokensDetails(Wire):
    text_tokens: int | None = None
    audio_tokens: int | None = None
    image_tokens: int | None = None


class InputTokenDetails(Wire):
    """Cached tokens are counted within text, audio and image tokens."""

    text_tokens: int | None = None
    audio_tokens: int | None = None
    image_tokens: int | None = None
    cached_tokens: int | None = None
    cached_tokens_details: CachedTokensDetails | None = None


class OutputTokenDetails(Wire):
    text_tokens: int | None = None
    audio_tokens: int | None = None


class Usage(Wire):
    total_tokens: int | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    input_token_details: InputTokenDetails | None = None
    output_token_details: OutputTokenDetails | None = None


class Response(Wire):
    """One inference; ``conversation_id`` is null when it is out-of-band, ``usage`` until it is done."""

    id: str | None = None
    object: str | None = None
    status: str | None = None
    status_details: ResponseStatusDetails | str | None = None
    output: list[Item] | None = None
    conversation_id: str | None = None
    output_modalities: list[str] | None = None
    max_output_tokens: int | str | None = None
    audio: ResponseAudio | None = None
    usage: Usage | None = None
    metadata: dict[str, Any] | None = None


# -- smaller ones -----------------------------------------------------------------------------


class Conversation(Wire):
    id: str | None = None
    object: str | None = None


class TranscriptionInputDetails(Wire):
    audio_tokens: int | None = None
    text_tokens: int | None = None


class TranscriptionUsage(Wire):
    """``type`` tokens with counts, or duration with ``seconds``."""

    type: str | None = None
    seconds: float | None = None
    total_tokens: int | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    input_token_details: TranscriptionInputDetails | None = None


class TranscriptionLanguage(Wire):
    code: str | None = None


class LogProb(Wire):
    token: str | None = None
    bytes: list[int] | None = None
    logprob: float | None = None


class TranscriptionError(Wire):
    type: str | None = None
    code: str | None = None
    message: str | None = None
    param: str | None = None


class ErrorDetail(Wire):
    """``event_id`` is that of the client event to blame, when the server can tell."""

    type: str | None = None
    code: str | None = None
    message: str | None = None
    param: str | None = None
    event_id: str | None = None


class RateLimit(Wire):
    name: str | None = None
    limit: int | None = None
    remaining: int | None = None
    reset_seconds: float | None = None
