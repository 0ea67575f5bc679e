"""Live's session object: ``[session]`` of an agent file, ``session.start``, and what a server reports.

Two readings, as for Realtime's: the lenient one for servers, ``protocol.strict`` for what people write. After
the start only ``delegation`` and ``triggers`` can be changed. The sentence below a field is its manual.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import Tag

from realtime_cli.protocol.live.limits import MAX_INPUT_MESSAGES
from realtime_cli.protocol.rules import Problem, Rule, TypedObject, Wire
from realtime_cli.protocol.session import (
    TOOL_NAME,
    McpTool,
    NotEmpty,
    Nullable,
    Required,
    ServerOnly,
    Voice,
    by_type,
)

G711_HZ = 8_000
PCM_HZ = (16_000, 24_000)
SERVICE_TIERS = ("auto", "default", "fast_tier_temp_pilot", "flex", "priority", "ultrafast")
BACKEND_TOOLS = (
    "function",
    "web_search",
    "file_search",
    "code_interpreter",
    "shell",
    "image_generation",
    "mcp",
    "custom",
    "namespace",
    "tool_search",
    "programmatic_tool_calling",
    "computer",
    "apply_patch",
)
TOOL_CHOICES = (
    "function",
    "mcp",
    "file_search",
    "web_search",
    "web_search_preview",
    "image_generation",
    "computer",
    "code_interpreter",
    "programmatic_tool_calling",
    "shell",
    "custom",
    "apply_patch",
    "allowed_tools",
)

# -- sound ----------------------------------------------------------------------------------------


class LiveAudioFormat(Wire):
    """One format for both directions, fixed once the session has started. Every kind names its rate."""

    type: Annotated[str | None, Rule(choices=("audio/pcm", "audio/pcmu", "audio/pcma"), required=True)] = None
    """audio/pcm (signed 16-bit little endian, mono), audio/pcmu (G.711 µ-law), audio/pcma (A-law)."""
    rate: Annotated[int | None, Required] = None
    """Samples a second: 16000 or 24000 for PCM, 8000 for G.711."""

    def own_problems(self) -> Iterator[Problem]:
        rates = PCM_HZ if self.type == "audio/pcm" else (G711_HZ,)
        if self.rate is not None and self.rate not in rates:
            words = " or ".join(str(rate) for rate in rates)
            yield Problem(("rate",), "invalid_value", f"{self.type} takes {words} Hz")

    @property
    def bytes_per_ms(self) -> int:
        """Bytes of a millisecond of sound on the wire."""
        return (self.rate or PCM_HZ[1]) * 2 // 1000 if self.type == "audio/pcm" else G711_HZ // 1000


class LiveAudioOutput(Wire):
    voice: Voice = None
    """Such as marin (the default) or cedar, or {id = "..."}; fixed once the session has started."""


class LiveAudio(Wire):
    format: LiveAudioFormat | None = None
    """Both directions: {type = "audio/pcm", rate = 24000}, {type = "audio/pcmu", rate = 8000} ..."""
    output: LiveAudioOutput | None = None
    """The voice."""


# -- the backend ----------------------------------------------------------------------------------


class BackendReasoning(Wire):
    effort: Annotated[
        str | None, Rule(choices=("none", "minimal", "low", "medium", "high", "xhigh"), nullable=True)
    ] = None
    """How long the backend thinks."""
    summary: Annotated[str | None, Rule(choices=("concise", "detailed", "auto"), nullable=True)] = None
    """A summary of its reasoning, where the model gives one."""


class BackendText(Wire):
    verbosity: Annotated[str | None, Rule(choices=("low", "medium", "high"), nullable=True)] = None
    """How detailed the backend writes; how the agent speaks does not depend on it."""


class BackendFunction(TypedObject):
    type: Literal["function"] = "function"
    """A function whose calls you answer; functions that this program runs stand in [[tools]]."""
    name: Annotated[str | None, TOOL_NAME] = None
    """What the backend calls it."""
    description: Annotated[str | None, Nullable] = None
    """When and how to use it."""
    parameters: Annotated[dict[str, Any] | None, Nullable] = None
    """JSON Schema of the arguments."""
    strict: Annotated[bool | None, Nullable] = None
    """Arguments keep to the schema."""


class UnknownBackendTool(Wire):
    """A tool of the Responses API that only the service runs; its keys are not judged here."""

    type: Annotated[str | None, Rule(choices=BACKEND_TOOLS, required=True)] = None
    environment: dict[str, Any] | None = None  # shell


BackendTool = Annotated[
    Annotated[BackendFunction, Tag("<function>")]
    | Annotated[McpTool, Tag("<mcp>")]
    | Annotated[UnknownBackendTool, Tag("<other>")],
    by_type("function", "mcp"),
]


class ForcedBackendTool(Wire):
    """A tool that the backend must call, or with ``allowed_tools`` those that it may."""

    type: Annotated[str | None, Rule(choices=TOOL_CHOICES, required=True)] = None
    """Its kind, or allowed_tools."""
    name: str | None = None
    """Its name (function, custom, mcp)."""
    server_label: str | None = None
    """Which MCP server (mcp)."""
    mode: Annotated[str | None, Rule(choices=("none", "auto", "required"))] = None
    """How to choose (allowed_tools)."""
    tools: list[ForcedBackendTool] | None = None
    """Which ones (allowed_tools)."""


BackendToolChoice = Annotated[
    str | ForcedBackendTool | None, Rule(choices=("auto", "none", "required"), nullable=True)
]


class ResponsesBackendChanges(Wire):
    """What may change of the backend while the session runs; ``tools`` replaces the whole list."""

    model: Annotated[str | None, Rule(min_length=1)] = None
    """A model of the Responses API; on Azure a deployment."""
    instructions: Annotated[str | None, Nullable] = None
    """The backend's prompt: business rules and how to use the tools."""
    max_output_tokens: Annotated[int | None, Rule(ge=1, nullable=True)] = None
    """Longest answer of the backend in tokens."""
    parallel_tool_calls: Annotated[bool | None, Nullable] = None
    """Several calls in one response."""
    reasoning: Annotated[BackendReasoning | None, Nullable] = None
    """How it thinks."""
    service_tier: Annotated[str | None, Rule(choices=SERVICE_TIERS, nullable=True)] = None
    """Which tier of the service answers."""
    text: Annotated[BackendText | None, Nullable] = None
    """How it writes."""
    tool_choice: BackendToolChoice = None
    """auto, none, required, or one tool."""
    tools: Annotated[list[BackendTool] | None, Nullable] = None
    """Tools of the Responses API; those that this program runs stand in [[tools]]."""


class ResponsesBackend(ResponsesBackendChanges):
    """The backend at the start: its model is required."""

    model: Annotated[str | None, NotEmpty] = None
    """A model of the Responses API, such as gpt-5.2; on Azure a deployment."""


# -- decisions ------------------------------------------------------------------------------------


class DecisionChoice(Wire):
    value: Annotated[str | bool | None, Required] = None
    """The answer."""
    description: Annotated[str | None, Nullable] = None
    """When it is the right one."""


class DecisionLevel(Wire):
    label: Annotated[str | None, Required] = None
    """The level's name."""
    description: Annotated[str | None, Nullable] = None
    """When it is the right one."""


QuestionText = Annotated[str | list[dict[str, Any]] | None, Required]


class ChoiceQuestion(TypedObject):
    type: Literal["choice"] = "choice"
    """One answer of several."""
    instructions: QuestionText = None
    """What is asked."""
    choices: Annotated[list[DecisionChoice] | None, NotEmpty] = None
    """The answers."""
    name: Annotated[str | None, Nullable] = None
    """The question's name in events."""


class PredicateQuestion(TypedObject):
    type: Literal["predicate"] = "predicate"
    """True or false."""
    instructions: QuestionText = None
    """What is asked."""
    name: Annotated[str | None, Nullable] = None
    """The question's name in events."""


class ScoreQuestion(TypedObject):
    type: Literal["score"] = "score"
    """One level of a scale."""
    instructions: QuestionText = None
    """What is asked."""
    levels: Annotated[list[DecisionLevel] | None, NotEmpty] = None
    """The scale."""
    name: Annotated[str | None, Nullable] = None
    """The question's name in events."""


class UnknownQuestion(Wire):
    type: Annotated[str | None, Rule(choices=("choice", "predicate", "score"), required=True)] = None


DecisionQuestion = Annotated[
    Annotated[ChoiceQuestion, Tag("<choice>")]
    | Annotated[PredicateQuestion, Tag("<predicate>")]
    | Annotated[ScoreQuestion, Tag("<score>")]
    | Annotated[UnknownQuestion, Tag("<other>")],
    by_type("choice", "predicate", "score"),
]


class DecisionsBackendChanges(Wire):
    model: Annotated[str | None, Rule(min_length=1)] = None
    """What decides."""
    questions: list[DecisionQuestion] | None = None
    """What is decided."""


class DecisionsBackend(DecisionsBackendChanges):
    model: Annotated[str | None, NotEmpty] = None
    """What decides."""
    questions: Annotated[list[DecisionQuestion] | None, Required] = None
    """What is decided."""


class TriggerQuestions(Wire):
    questions: Annotated[list[DecisionQuestion] | None, Required] = None
    """What is decided at each fragment."""


TRANSCRIPT_EVENTS = ("session.input_transcript.delta", "session.output_transcript.delta")


class DecisionTrigger(TypedObject):
    type: Annotated[str, Rule(choices=("decisions",), required=True)] = "decisions"
    """Always decisions."""
    event_type: Annotated[str | None, Rule(choices=TRANSCRIPT_EVENTS, required=True)] = None
    """What sets it off; at most one trigger for each of the two."""
    decisions: Annotated[TriggerQuestions | None, Required] = None
    """What is decided."""


# -- delegation -----------------------------------------------------------------------------------

AcknowledgementDelay = Annotated[int | None, Rule(ge=0, nullable=True)]


class ClientDelegation(TypedObject):
    type: Literal["client"] = "client"
    """Your application does the work, and says the result by an append."""
    acknowledgement_delay_ms: AcknowledgementDelay = None
    """Ahead of the spoken acknowledgement (0)."""


class ResponsesDelegation(TypedObject):
    type: Literal["responses"] = "responses"
    """A model of the Responses API does the work."""
    responses: Annotated[ResponsesBackend | None, Required] = None
    """That model, its prompt and its tools."""
    acknowledgement_delay_ms: AcknowledgementDelay = None
    """Ahead of the spoken acknowledgement (0)."""


class DecisionsDelegation(TypedObject):
    type: Literal["decisions"] = "decisions"
    """Questions about the conversation are decided."""
    decisions: Annotated[DecisionsBackend | None, Required] = None
    """What is decided, and by which model."""
    acknowledgement_delay_ms: AcknowledgementDelay = None
    """Ahead of the spoken acknowledgement (400)."""


class UnknownDelegation(Wire):
    type: Annotated[str | None, Rule(choices=("client", "responses", "decisions"), required=True)] = None


Delegation = Annotated[
    Annotated[ClientDelegation, Tag("<client>")]
    | Annotated[ResponsesDelegation, Tag("<responses>")]
    | Annotated[DecisionsDelegation, Tag("<decisions>")]
    | Annotated[UnknownDelegation, Tag("<other>")],
    by_type("client", "responses", "decisions"),
]


class ResponsesDelegationChanges(TypedObject):
    type: Literal["responses"] = "responses"
    responses: Annotated[ResponsesBackendChanges | None, Nullable] = None
    acknowledgement_delay_ms: AcknowledgementDelay = None


class DecisionsDelegationChanges(TypedObject):
    type: Literal["decisions"] = "decisions"
    decisions: Annotated[DecisionsBackendChanges | None, Nullable] = None
    acknowledgement_delay_ms: AcknowledgementDelay = None


DelegationChanges = Annotated[
    Annotated[ClientDelegation, Tag("<client>")]
    | Annotated[ResponsesDelegationChanges, Tag("<responses>")]
    | Annotated[DecisionsDelegationChanges, Tag("<decisions>")]
    | Annotated[UnknownDelegation, Tag("<other>")],
    by_type("client", "responses", "decisions"),
]


# -- history --------------------------------------------------------------------------------------


class HistoryText(Wire):
    type: Annotated[str | None, Rule(choices=("input_text", "text", "output_text"), nullable=True)] = None
    """input_text of developer and user; text or output_text of the assistant."""
    text: Annotated[str | None, Required] = None
    """The words."""


class HistoryMessage(Wire):
    """What was said before the session: text only, one part each. There is no system role."""

    role: Annotated[str | None, Rule(choices=("developer", "user", "assistant"), required=True)] = None
    """developer, user or assistant."""
    content: Annotated[list[HistoryText] | None, Rule(required=True, min_length=1, max_length=1)] = None
    """One part of text."""
    id: Annotated[str | None, Nullable] = None
    """Any name."""
    status: Annotated[str | None, Rule(choices=("incomplete", "completed"), nullable=True)] = None
    """incomplete or completed."""
    type: Annotated[str | None, Rule(choices=("message",), nullable=True)] = None
    """message."""

    def own_problems(self) -> Iterator[Problem]:
        kinds = ("text", "output_text") if self.role == "assistant" else ("input_text",)
        for index, part in enumerate(self.content or ()):
            if part.type is not None and part.type not in kinds:
                words = f"a part of {self.role} is {' or '.join(kinds)}"
                yield Problem(("content", index, "type"), "invalid_value", words)


# -- the session ----------------------------------------------------------------------------------


class EventSelector(Wire):
    type: Annotated[str | None, Required] = None
    """The event's type."""
    response_event: str | None = None
    """Which nested event, for response.event."""


class DataChannel(Wire):
    allowed_client_events: Annotated[Literal["all"] | list[str] | None, Nullable] = None
    """all, or the types that the browser may send."""
    allowed_server_events: Annotated[Literal["all"] | list[EventSelector] | None, Nullable] = None
    """all, or what the browser is sent."""


class LiveClientConfig(Wire):
    data_channel: Annotated[DataChannel | None, Required] = None
    """What a browser may do over WebRTC."""


class LiveSessionChanges(Wire):
    """``session.update``: the type of delegation stays; what is left out keeps its value."""

    delegation: Annotated[DelegationChanges | None, Nullable] = None
    triggers: Annotated[list[DecisionTrigger] | None, Nullable] = None


class LiveSessionConfig(Wire):
    """``session.start``: all that a Live session is, fixed from then on but for delegation and triggers."""

    model: Annotated[str | None, NotEmpty] = None
    instructions: Annotated[str | None, Nullable] = None
    """How the agent speaks, and when it delegates; the backend has a prompt of its own."""
    audio: Annotated[LiveAudio | None, Nullable] = None
    """Format and voice."""
    delegation: Annotated[Delegation | None, Nullable] = None
    """Who does the work that the agent hands over: client (the default), responses or decisions."""
    triggers: Annotated[list[DecisionTrigger] | None, Nullable] = None
    """Decisions on every fragment of a transcript."""
    input: Annotated[list[HistoryMessage] | None, Rule(max_length=MAX_INPUT_MESSAGES, nullable=True)] = None
    """What was said before."""
    store: Annotated[bool | None, Nullable] = None
    """Keep the session at the service, for its recording and for forks (false)."""
    safety_identifier: Annotated[str | None, Nullable] = None
    """A hash that stands for your user."""
    client: Annotated[LiveClientConfig | None, Nullable] = None
    """For browsers over WebRTC only."""


class LiveForkConfig(Wire):
    """``session.start`` of a fork: model, voice and instructions are those of the stored session."""

    audio: Annotated[LiveAudio | None, Nullable] = None
    client: Annotated[LiveClientConfig | None, Nullable] = None
    delegation: Annotated[DelegationChanges | None, Nullable] = None
    store: Annotated[bool | None, Nullable] = None


class LiveSessionResource(LiveSessionConfig):
    """The session as the server has it; ``status`` is always active, also once it is closed."""

    id: Annotated[str | None, ServerOnly] = None
    expires_at: Annotated[int | None, ServerOnly] = None
    status: Annotated[str | None, ServerOnly] = None
