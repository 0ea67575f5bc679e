"""The agent file as one frozen value."""

from typing import Literal, Self

from pydantic import Field, model_validator

from realtime_cli.config.audio import Audio
from realtime_cli.config.connection import Connection
from realtime_cli.config.conversation import ConversationStart
from realtime_cli.config.providers import DEFAULT_LIVE_MODEL
from realtime_cli.config.section import HttpAddress, NotEmpty, Section, empty_list, empty_table
from realtime_cli.config.session import AgentSession, JsonObject, live_session
from realtime_cli.config.tools import McpServer, Tool
from realtime_cli.config.video import Video

Hook = str | list[str]


class ChatEndpointConfig(Section):
    """An OpenAI-compatible chat endpoint."""

    chat_url: HttpAddress | None = None
    """An OpenAI-compatible chat endpoint: Ollama, llama.cpp, vLLM."""
    chat_model: NotEmpty | None = None
    """The model to ask there."""
    chat_key_env: str | None = None
    """The environment variable with its key, if it wants one."""
    chat_timeout_s: float = Field(default=60, gt=0)
    """For the first word of its answer."""

    @model_validator(mode="after")
    def _model_for_chat(self) -> Self:
        if self.chat_url and not self.chat_model:
            raise ValueError("chat_url needs chat_model as well")
        return self


class DelegationConfig(ChatEndpointConfig):
    """``[delegation]``: who does the work that a Live agent hands over to this program."""

    tool: NotEmpty | None = None
    """The [[tools]] entry that does it; by default the only one there is."""
    instructions: NotEmpty | None = None
    """What the chat endpoint is told; by default to answer briefly, to be spoken."""
    result: Literal["commentary", "thinking"] = "commentary"
    """commentary: the agent says the result; thinking: it knows it, and is silent."""

    @model_validator(mode="after")
    def _one_of_two(self) -> Self:
        if self.chat_url and self.tool:
            raise ValueError("tool and chat_url exclude each other: one of them does the work")
        return self


class RecordingConfig(Section):
    enabled: bool = True
    """Record every session."""
    path: str | None = None
    """A file for the next session; by default a new one in the folder."""
    folder: str | None = None
    """Where recordings go; by default the user's state folder."""
    audio: bool = True
    """Keep the sound too."""


class ScreenConfig(Section):
    face: Literal["auto", "live", "plain", "json"] = "auto"
    """auto: live in a terminal, plain lines elsewhere."""
    theme: Literal["auto", "dark", "light"] = "auto"
    """Colours for a dark or a light background; auto: colours that can be read on both."""
    frames_per_second: int = Field(default=10, ge=1, le=30)
    """How often the levels in the live rows are drawn; words are drawn at once."""
    ascii: bool = False
    """No glyphs beyond ASCII."""


class LimitsConfig(Section):
    cost: float | None = Field(default=None, gt=0)
    """US dollars a session may cost. Refused where no price is known; no limit on the local server."""
    minutes: float | None = Field(default=None, gt=0)
    """Minutes a session may last."""
    idle_minutes: float | None = Field(default=None, gt=0)
    """Minutes without a word from either side."""
    tool_rounds: int = Field(default=8, ge=1)
    """Rounds of tool calls without input from the user."""


class Price(Section):
    """US dollars per million tokens; a part without a price makes the cost unknown, never 0."""

    text_in: float | None = Field(default=None, ge=0)
    """Text read."""
    text_cached: float | None = Field(default=None, ge=0)
    """Text read from the cache."""
    text_out: float | None = Field(default=None, ge=0)
    """Text written."""
    audio_in: float | None = Field(default=None, ge=0)
    """Sound heard."""
    audio_cached: float | None = Field(default=None, ge=0)
    """Sound from the cache."""
    audio_out: float | None = Field(default=None, ge=0)
    """Sound spoken."""
    image_in: float | None = Field(default=None, ge=0)
    """Images seen."""
    image_cached: float | None = Field(default=None, ge=0)
    """Images from the cache."""
    per_session_minute: float | None = Field(default=None, ge=0)
    """A minute of the session, instead of tokens."""
    per_text_item: float | None = Field(default=None, ge=0)
    """A typed message, where the session is paid by the minute."""


class HooksConfig(Section):
    on_conversation_item_created: Hook | None = None
    """"module:function" (item id, item), or a command that gets JSON on stdin: an item is in the history."""
    on_conversation_item_updated: Hook | None = None
    """The same, when an item changed: transcript there, finished, cut."""
    timeout_s: float = Field(default=10, gt=0)
    """A hook that takes longer is stopped."""


class LocalConfig(ChatEndpointConfig):
    """``[local]``: what the embedded server and ``serve`` are made of."""

    chat_sees: bool = False
    """Pass images on to it."""
    speech: Literal["auto", "hibari", "espeak", "canned"] = "auto"
    """What speaks; canned is a tone as long as the words, for tests of load."""
    voice: NotEmpty = "heart"
    """The voice of the offline synthesiser."""
    transcription: bool = True
    """Sessions begin with transcription on (OpenAI's begin without)."""
    silence_duration_ms: int = Field(default=480, ge=100, le=5000)
    """Silence that ends a turn, unless the session says otherwise."""
    host: str = "127.0.0.1"
    """Where ``serve`` listens."""
    port: int = Field(default=8765, ge=0, le=65535)
    """The port of ``serve``; 0 takes a free one."""
    key_env: str | None = None
    """The environment variable with the key that clients must send; without it none is needed."""
    max_connections: int = Field(default=16, ge=1)
    """Clients at one time."""
    max_session_minutes: float = Field(default=60, gt=0)
    """Longest session."""


class AgentConfig(Section):
    """An agent: one TOML file."""

    connection: Connection = Connection.model_construct()
    """Which server."""
    session: AgentSession = AgentSession.model_construct()
    """The API's session object; only what is written here is sent."""
    conversation: ConversationStart = ConversationStart.model_construct()
    """What stands at its beginning."""
    audio: Audio = Audio.model_construct()
    """Microphone and speaker."""
    video: Video = Video.model_construct()
    """What the agent sees."""
    tools: list[Tool] = Field(default_factory=empty_list)
    """What the agent can do."""
    delegation: DelegationConfig = DelegationConfig.model_construct()
    """Live: who does the work that the agent hands over."""
    mcp: dict[str, McpServer] = Field(default_factory=empty_table)
    """Local MCP servers by name."""
    recording: RecordingConfig = RecordingConfig.model_construct()
    """What is kept."""
    screen: ScreenConfig = ScreenConfig.model_construct()
    """What is shown."""
    limits: LimitsConfig = LimitsConfig.model_construct()
    """When to stop."""
    prices: dict[str, Price] = Field(default_factory=empty_table)
    """Prices by model, over the built-in table."""
    hooks: HooksConfig = HooksConfig.model_construct()
    """Your code on events of the conversation."""
    local: LocalConfig = LocalConfig.model_construct()
    """The server inside this program."""

    def seed(self) -> tuple[JsonObject, ...]:
        """The conversation's first items; without an initial system message where there are instructions."""
        items = self.conversation.seed()
        instructed = bool(self.session.instructions)
        return items[1:] if instructed and items and items[0].get("role") == "system" else items

    @property
    def limits_nothing(self) -> bool:
        """Whether there is a limit on the cost of a server that costs nothing: the local one."""
        free = self.connection.effective_provider == "local" and not self.prices
        return self.limits.cost is not None and free

    def session_patch(self) -> JsonObject:
        """What ``session.update`` (Live: ``session.start``) carries: the keys that the user set.

        For a provider of another shape pass it through :func:`realtime_cli.config.providers.for_provider`.
        """
        if self.connection.effective_protocol == "live":
            return live_session(self.session, self.connection.model or DEFAULT_LIVE_MODEL)
        return self.session.patch()
