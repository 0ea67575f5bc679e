"""The forty-six events that a server sends, and the one that holds what nobody knows.

Every field but ``type`` may be missing: compatible servers leave out even ``event_id``.
"""

from typing import Any, Literal

from pydantic import Field

from realtime_cli.protocol.objects import (
    ContentPart,
    Conversation,
    ErrorDetail,
    Item,
    LogProb,
    RateLimit,
    Response,
    TranscriptionError,
    TranscriptionLanguage,
    TranscriptionUsage,
)
from realtime_cli.protocol.rules import TypedObject
from realtime_cli.protocol.session import Session


class ServerEventBase(TypedObject):
    """What every server event carries."""

    type: str
    event_id: str | None = None


class UnknownServerEvent(ServerEventBase):
    """An event that is not in the reference, or too unlike it to be read; its fields are extras."""


# -- session and conversation -----------------------------------------------------------------


class ErrorEvent(ServerEventBase):
    """Most errors leave the session usable; decide by ``error.code``."""

    type: Literal["error"] = "error"
    error: ErrorDetail = Field(default_factory=ErrorDetail)


class SessionCreated(ServerEventBase):
    """First on every socket, with the defaults in force."""

    type: Literal["session.created"] = "session.created"
    session: Session | None = None


class SessionUpdated(ServerEventBase):
    """Answers an accepted update with the whole effective session."""

    type: Literal["session.updated"] = "session.updated"
    session: Session | None = None


class ConversationCreated(ServerEventBase):
    """Documented, but absent on today's WebSockets: never wait for it."""

    type: Literal["conversation.created"] = "conversation.created"
    conversation: Conversation | None = None


class ItemEvent(ServerEventBase):
    """An item and its place; ``previous_item_id`` null means first."""

    item: Item | None = None
    previous_item_id: str | None = None


class ConversationItemAdded(ItemEvent):
    """The item entered history; assistant items enter in progress and empty."""

    type: Literal["conversation.item.added"] = "conversation.item.added"


class ConversationItemCreated(ItemEvent):
    """Old name of added; the codec reads it as that."""

    type: Literal["conversation.item.created"] = "conversation.item.created"


class ConversationItemDone(ItemEvent):
    """The item is complete, or cut short."""

    type: Literal["conversation.item.done"] = "conversation.item.done"


class ConversationItemRetrieved(ServerEventBase):
    """Answer to retrieve: the item with its sound."""

    type: Literal["conversation.item.retrieved"] = "conversation.item.retrieved"
    item: Item | None = None


class ConversationItemDeleted(ServerEventBase):
    type: Literal["conversation.item.deleted"] = "conversation.item.deleted"
    item_id: str | None = None


class ConversationItemTruncated(ServerEventBase):
    type: Literal["conversation.item.truncated"] = "conversation.item.truncated"
    item_id: str | None = None
    content_index: int | None = None
    audio_end_ms: int | None = None


# -- transcription of the user: any order, keyed by item_id -----------------------------------


class TranscriptionEvent(ServerEventBase):
    """A part of a user item."""

    item_id: str | None = None
    content_index: int | None = None


class ConversationItemInputAudioTranscriptionDelta(TranscriptionEvent):
    type: Literal["conversation.item.input_audio_transcription.delta"] = (
        "conversation.item.input_audio_transcription.delta"
    )
    delta: str | None = None
    logprobs: list[LogProb] | None = None


class ConversationItemInputAudioTranscriptionCompleted(TranscriptionEvent):
    """Authoritative over the deltas."""

    type: Literal["conversation.item.input_audio_transcription.completed"] = (
        "conversation.item.input_audio_transcription.completed"
    )
    transcript: str | None = None
    usage: TranscriptionUsage | None = None
    languages: list[TranscriptionLanguage] | None = None
    logprobs: list[LogProb] | None = None


class ConversationItemInputAudioTranscriptionFailed(TranscriptionEvent):
    """Not fatal: the model heard the sound itself."""

    type: Literal["conversation.item.input_audio_transcription.failed"] = (
        "conversation.item.input_audio_transcription.failed"
    )
    error: TranscriptionError | None = None


class ConversationItemInputAudioTranscriptionSegment(TranscriptionEvent):
    """Diarizing models: who said what, ``start`` and ``end`` in seconds."""

    type: Literal["conversation.item.input_audio_transcription.segment"] = (
        "conversation.item.input_audio_transcription.segment"
    )
    id: str | None = None
    text: str | None = None
    speaker: str | None = None
    start: float | None = None
    end: float | None = None


# -- input audio buffer -----------------------------------------------------------------------


class InputAudioBufferCommitted(ServerEventBase):
    type: Literal["input_audio_buffer.committed"] = "input_audio_buffer.committed"
    item_id: str | None = None
    previous_item_id: str | None = None


class InputAudioBufferCleared(ServerEventBase):
    type: Literal["input_audio_buffer.cleared"] = "input_audio_buffer.cleared"


class InputAudioBufferSpeechStarted(ServerEventBase):
    """``audio_start_ms`` counts from the first sound ever appended, padding included."""

    type: Literal["input_audio_buffer.speech_started"] = "input_audio_buffer.speech_started"
    audio_start_ms: int | None = None
    item_id: str | None = None


class InputAudioBufferSpeechStopped(ServerEventBase):
    """``audio_end_ms`` includes the silence that ended the turn."""

    type: Literal["input_audio_buffer.speech_stopped"] = "input_audio_buffer.speech_stopped"
    audio_end_ms: int | None = None
    item_id: str | None = None


class InputAudioBufferTimeoutTriggered(ServerEventBase):
    """``idle_timeout_ms`` ran out."""

    type: Literal["input_audio_buffer.timeout_triggered"] = "input_audio_buffer.timeout_triggered"
    audio_start_ms: int | None = None
    audio_end_ms: int | None = None
    item_id: str | None = None


class InputAudioBufferDtmfEventReceived(ServerEventBase):
    """SIP only; carries no ``event_id``."""

    type: Literal["input_audio_buffer.dtmf_event_received"] = "input_audio_buffer.dtmf_event_received"
    event: str | None = None
    received_at: int | None = None


# -- output audio buffer: WebRTC and SIP only -------------------------------------------------


class OutputAudioBufferStarted(ServerEventBase):
    type: Literal["output_audio_buffer.started"] = "output_audio_buffer.started"
    response_id: str | None = None


class OutputAudioBufferStopped(ServerEventBase):
    type: Literal["output_audio_buffer.stopped"] = "output_audio_buffer.stopped"
    response_id: str | None = None


class OutputAudioBufferCleared(ServerEventBase):
    type: Literal["output_audio_buffer.cleared"] = "output_audio_buffer.cleared"
    response_id: str | None = None


# -- tools that the server lists and calls ----------------------------------------------------


class McpListToolsInProgress(ServerEventBase):
    type: Literal["mcp_list_tools.in_progress"] = "mcp_list_tools.in_progress"
    item_id: str | None = None


class McpListToolsCompleted(ServerEventBase):
    type: Literal["mcp_list_tools.completed"] = "mcp_list_tools.completed"
    item_id: str | None = None


class McpListToolsFailed(ServerEventBase):
    type: Literal["mcp_list_tools.failed"] = "mcp_list_tools.failed"
    item_id: str | None = None


class McpCallEvent(ServerEventBase):
    """Progress of a call; names no response, for it may end behind ``response.done``."""

    item_id: str | None = None
    output_index: int | None = None


class ResponseMcpCallInProgress(McpCallEvent):
    type: Literal["response.mcp_call.in_progress"] = "response.mcp_call.in_progress"


class ResponseMcpCallCompleted(McpCallEvent):
    type: Literal["response.mcp_call.completed"] = "response.mcp_call.completed"


class ResponseMcpCallFailed(McpCallEvent):
    type: Literal["response.mcp_call.failed"] = "response.mcp_call.failed"


# -- response ---------------------------------------------------------------------------------


class RateLimitsUpdated(ServerEventBase):
    type: Literal["rate_limits.updated"] = "rate_limits.updated"
    rate_limits: list[RateLimit] | None = None


class ResponseCreated(ServerEventBase):
    type: Literal["response.created"] = "response.created"
    response: Response = Field(default_factory=Response)


class ResponseDone(ServerEventBase):
    """Always the last event of a response, whatever its end; no sound in it."""

    type: Literal["response.done"] = "response.done"
    response: Response = Field(default_factory=Response)


class OutputItemEvent(ServerEventBase):
    """An item of a response, at ``output_index``."""

    response_id: str | None = None
    output_index: int | None = None
    item: Item | None = None


class ResponseOutputItemAdded(OutputItemEvent):
    type: Literal["response.output_item.added"] = "response.output_item.added"


class ResponseOutputItemDone(OutputItemEvent):
    type: Literal["response.output_item.done"] = "response.output_item.done"


class ResponsePartEvent(ServerEventBase):
    """Where in a response something belongs."""

    response_id: str | None = None
    item_id: str | None = None
    output_index: int | None = None
    content_index: int | None = None


class ResponseContentPartAdded(ResponsePartEvent):
    type: Literal["response.content_part.added"] = "response.content_part.added"
    part: ContentPart | None = None


class ResponseContentPartDone(ResponsePartEvent):
    type: Literal["response.content_part.done"] = "response.content_part.done"
    part: ContentPart | None = None


class ResponseOutputTextDelta(ResponsePartEvent):
    type: Literal["response.output_text.delta"] = "response.output_text.delta"
    delta: str | None = None


class ResponseOutputTextDone(ResponsePartEvent):
    type: Literal["response.output_text.done"] = "response.output_text.done"
    text: str | None = None


class ResponseOutputAudioDelta(ResponsePartEvent):
    """``delta`` is base64 in the output format; comes faster than it is to be heard."""

    type: Literal["response.output_audio.delta"] = "response.output_audio.delta"
    delta: str | None = Field(default=None, repr=False)


class ResponseOutputAudioDone(ResponsePartEvent):
    """All sound of the part was sent; carries none itself."""

    type: Literal["response.output_audio.done"] = "response.output_audio.done"


class ResponseOutputAudioTranscriptDelta(ResponsePartEvent):
    """Runs ahead of the sound."""

    type: Literal["response.output_audio_transcript.delta"] = "response.output_audio_transcript.delta"
    delta: str | None = None


class ResponseOutputAudioTranscriptDone(ResponsePartEvent):
    type: Literal["response.output_audio_transcript.done"] = "response.output_audio_transcript.done"
    transcript: str | None = None


class ArgumentsEvent(ServerEventBase):
    """The arguments of a function call, as JSON text."""

    response_id: str | None = None
    item_id: str | None = None
    output_index: int | None = None
    call_id: str | None = None


class ResponseFunctionCallArgumentsDelta(ArgumentsEvent):
    type: Literal["response.function_call_arguments.delta"] = "response.function_call_arguments.delta"
    delta: str | None = None


class ResponseFunctionCallArgumentsDone(ArgumentsEvent):
    """Older servers omit ``name``: take it from ``response.output_item.added``."""

    type: Literal["response.function_call_arguments.done"] = "response.function_call_arguments.done"
    name: str | None = None
    arguments: str | None = None


class McpArgumentsEvent(ServerEventBase):
    """The arguments of a call that the server makes itself."""

    response_id: str | None = None
    item_id: str | None = None
    output_index: int | None = None


class ResponseMcpCallArgumentsDelta(McpArgumentsEvent):
    type: Literal["response.mcp_call_arguments.delta"] = "response.mcp_call_arguments.delta"
    delta: str | None = None
    obfuscation: str | None = None


class ResponseMcpCallArgumentsDone(McpArgumentsEvent):
    type: Literal["response.mcp_call_arguments.done"] = "response.mcp_call_arguments.done"
    arguments: str | None = None


ServerEvent = (
    ErrorEvent
    | SessionCreated
    | SessionUpdated
    | ConversationCreated
    | ConversationItemAdded
    | ConversationItemCreated
    | ConversationItemDone
    | ConversationItemRetrieved
    | ConversationItemDeleted
    | ConversationItemTruncated
    | ConversationItemInputAudioTranscriptionDelta
    | ConversationItemInputAudioTranscriptionCompleted
    | ConversationItemInputAudioTranscriptionFailed
    | ConversationItemInputAudioTranscriptionSegment
    | InputAudioBufferCommitted
    | InputAudioBufferCleared
    | InputAudioBufferSpeechStarted
    | InputAudioBufferSpeechStopped
    | InputAudioBufferTimeoutTriggered
    | InputAudioBufferDtmfEventReceived
    | OutputAudioBufferStarted
    | OutputAudioBufferStopped
    | OutputAudioBufferCleared
    | McpListToolsInProgress
    | McpListToolsCompleted
    | McpListToolsFailed
    | ResponseMcpCallInProgress
    | ResponseMcpCallCompleted
    | ResponseMcpCallFailed
    | RateLimitsUpdated
    | ResponseCreated
    | ResponseDone
    | ResponseOutputItemAdded
    | ResponseOutputItemDone
    | ResponseContentPartAdded
    | ResponseContentPartDone
    | ResponseOutputTextDelta
    | ResponseOutputTextDone
    | ResponseOutputAudioDelta
    | ResponseOutputAudioDone
    | ResponseOutputAudioTranscriptDelta
    | ResponseOutputAudioTranscriptDone
    | ResponseFunctionCallArgumentsDelta
    | ResponseFunctionCallArgumentsDone
    | ResponseMcpCallArgumentsDelta
    | ResponseMcpCallArgumentsDone
    | UnknownServerEvent
)


def _events(base: type[ServerEventBase]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for event in base.__subclasses__():
        name = event.model_fields["type"].default
        found.update({name: event} if isinstance(name, str) else _events(event))
    return found


SERVER_EVENTS: dict[str, type[ServerEventBase]] = _events(ServerEventBase)
