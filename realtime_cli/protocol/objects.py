"""Objects that events carry: items, content, response, usage, errors; the session is in ``session``.

Source: the published type contract of the Realtime API (types of the ``openai`` package) and its
reference; bounds and defaults are the API's. Field names are those of the wire. Fields that some
servers leave out or type differently are optional: what we *receive* must never be lost over a detail.
"""

from collections.abc import Iterator
from typing import Annotated, Any, Literal, get_args

from pydantic import Discriminator, Field, Tag

from realtime_cli.protocol.rules import Problem, Rule, TypedObject, Wire
from realtime_cli.protocol.session import (
    BYTES_PER_MS as BYTES_PER_MS,
)
from realtime_cli.protocol.session import (
    AudioFormat,
    MaxOutputTokens,
    Modalities,
    Nullable,
    PromptReference,
    Reasoning,
    Required,
    ServerOnly,
    SessionTool,
    ToolChoiceField,
    Voice,
    attribute,
    by_type,
)
from realtime_cli.protocol.session import (
    WireFormat as WireFormat,
)
from realtime_cli.protocol.session import (
    wire_format as wire_format,
)

STATUSES = ("completed", "incomplete", "in_progress")

# -- content parts ----------------------------------------------------------------------------


class InputText(TypedObject):
    type: str = "input_text"
    text: Annotated[str | None, Required] = None


class InputAudio(TypedObject):
    """User sound: ``audio`` is base64 in the session's input format; the server tells ``transcript``."""

    type: str = "input_audio"
    audio: str | None = Field(default=None, repr=False)
    transcript: Annotated[str | None, Nullable] = None


class InputImage(TypedObject):
    """An image as a data URI, PNG or JPEG; ``detail`` auto equals high."""

    type: str = "input_image"
    image_url: Annotated[str | None, Required] = Field(default=None, repr=False)
    detail: Annotated[str | None, Rule(choices=("auto", "low", "high"))] = None


class OutputText(TypedObject):
    type: str = "output_text"
    text: Annotated[str | None, Required] = None


class OutputAudio(TypedObject):
    type: str = "output_audio"
    transcript: Annotated[str | None, Nullable] = None
    audio: str | None = Field(default=None, repr=False)


class UnknownContent(TypedObject):
    """A content part of a kind that is not in the reference."""

    type: Annotated[
        str | None,
        Rule(
            choices=("input_text", "input_audio", "input_image", "output_text", "output_audio"), required=True
        ),
    ] = None


Content = Annotated[
    Annotated[InputText, Tag("<input_text>")]
    | Annotated[InputAudio, Tag("<input_audio>")]
    | Annotated[InputImage, Tag("<input_image>")]
    | Annotated[OutputText, Tag("<output_text>")]
    | Annotated[OutputAudio, Tag("<output_audio>")]
    | Annotated[UnknownContent, Tag("<other>")],
    by_type("input_text", "input_audio", "input_image", "output_text", "output_audio"),
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
    role: Annotated[str | None, Rule(choices=("system", "user", "assistant"), required=True)] = None
    content: Annotated[list[Content] | None, Required] = None

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
    name: Annotated[str | None, Required] = None
    arguments: Annotated[str | None, Required] = None
    call_id: str | None = None


class FunctionCallOutput(ItemBase):
    type: str = "function_call_output"
    call_id: Annotated[str | None, Required] = None
    output: Annotated[str | None, Required] = None


class McpItem(TypedObject):
    """Items about tools that the server itself calls carry neither ``object`` nor ``status``."""

    id: str | None = None


class McpListedTool(Wire):
    name: Annotated[str | None, Required] = None
    input_schema: Annotated[Any, Required] = None
    description: Annotated[str | None, Nullable] = None
    annotations: Annotated[Any, Nullable] = None


class McpListTools(McpItem):
    type: str = "mcp_list_tools"
    server_label: Annotated[str | None, Required] = None
    tools: Annotated[list[McpListedTool] | None, Required] = None


class McpError(Wire):
    """``protocol_error`` and ``http_error`` carry a code, ``tool_execution_error`` only a message."""

    type: Annotated[
        str | None, Rule(choices=("protocol_error", "tool_execution_error", "http_error"), required=True)
    ] = None
    code: int | None = None
    message: Annotated[str | None, Required] = None

    def own_problems(self) -> Iterator[Problem]:
        if self.type == "tool_execution_error" and self.code is not None:
            yield Problem(("code",), "unknown_parameter", f"{self.type} has no code")
        if self.type in ("protocol_error", "http_error") and self.code is None:
            yield Problem(("code",), "missing_required_parameter", f"{self.type} has a code")


class McpCall(McpItem):
    type: str = "mcp_call"
    server_label: Annotated[str | None, Required] = None
    name: Annotated[str | None, Required] = None
    arguments: Annotated[str | None, Required] = None
    output: Annotated[str | None, Nullable] = None
    error: Annotated[McpError | str | None, Nullable] = None
    approval_request_id: Annotated[str | None, Nullable] = None

    def own_problems(self) -> Iterator[Problem]:
        if isinstance(self.error, str):  # seen from servers only
            yield Problem(("error",), "invalid_type", "expected an object, but got a string instead")


class McpApprovalRequest(McpItem):
    type: str = "mcp_approval_request"
    server_label: Annotated[str | None, Required] = None
    name: Annotated[str | None, Required] = None
    arguments: Annotated[str | None, Required] = None


class McpApprovalResponse(McpItem):
    type: str = "mcp_approval_response"
    approval_request_id: Annotated[str | None, Required] = None
    approve: Annotated[bool | None, Required] = None
    reason: Annotated[str | None, Nullable] = None


class ItemReference(TypedObject):
    """Names an item of the conversation; legal only in ``response.create.response.input``."""

    type: str = "item_reference"
    id: Annotated[str | None, Required] = None


ItemType = Literal[
    "message",
    "function_call",
    "function_call_output",
    "mcp_list_tools",
    "mcp_call",
    "mcp_approval_request",
    "mcp_approval_response",
]
ITEM_TYPES: tuple[str, ...] = get_args(ItemType)


class UnknownItem(ItemBase):
    """An item of a kind, or a message of a role, that is not in the reference."""

    type: Annotated[str | None, Rule(choices=ITEM_TYPES, required=True)] = None
    role: Annotated[str | None, Rule(choices=("system", "user", "assistant"))] = None

    def own_problems(self) -> Iterator[Problem]:
        if self.type == "message" and self.role is None:
            yield Problem(("role",), "missing_required_parameter", "a message needs a role")


def _item_tag(value: Any) -> str:
    kind = attribute(value, "type")
    if kind == "message":
        role = attribute(value, "role")
        return f"<{role}>" if role in ("system", "user", "assistant") else "<other>"
    return f"<{kind}>" if kind in ITEM_TYPES else "<other>"


def _input_tag(value: Any) -> str:
    return "<item_reference>" if attribute(value, "type") == "item_reference" else _item_tag(value)


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


# -- response ---------------------------------------------------------------------------------


class ResponseAudioOutput(Wire):
    format: AudioFormat | None = None
    voice: Voice = None


class ResponseAudio(Wire):
    output: ResponseAudioOutput | None = None


METADATA_PAIRS, METADATA_KEY_CHARS, METADATA_VALUE_CHARS = 16, 64, 512


class ResponseParams(Wire):
    """``response.create.response``: overrides of the session for one response."""

    instructions: str | None = None
    output_modalities: Modalities = None
    audio: ResponseAudio | None = None
    tools: list[SessionTool] | None = None
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
