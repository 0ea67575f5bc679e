"""What may stand in a script. The sentence below each field is its manual.

The words are those of Pipecat's evals where both have the same thing: turns, expect, within_ms, calls,
absent. A key that is not there asks nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any, Literal, TypeVar

from pydantic import AfterValidator, Field, model_validator

from realtime_cli.config.conversation import Seed
from realtime_cli.config.section import Section
from realtime_cli.config.session import JsonObject
from realtime_cli.pattern import check_pattern
from realtime_cli.script.conditions import Conditions
from realtime_cli.untrusted_schema import schema_problem

SEMANTIC_EVENTS = (
    "agent.speech_started",
    "agent.speech_stopped",
    "agent.replied",
    "user.speech_started",
    "user.speech_stopped",
    "user.transcribed",
    "tool.called",
    "tool.finished",
    "interrupted",
    "turn",
)
KINDS = ("user", "say", "wav", "dtmf", "silence_ms", "event", "settings", "press", "video")
STEP_KINDS = ("says", "call", "event", "error")
SOUND_KINDS = ("say", "wav", "dtmf", "silence_ms")
T = TypeVar("T")


def _compiles(pattern: str) -> str:
    check_pattern(pattern)
    return pattern


def _patterns_compile(wanted: T) -> T:
    for value in wanted.values() if isinstance(wanted, dict) else ():
        _check_patterns(value)
    return wanted


def _check_patterns(value: Any) -> None:
    """Raise ValueError for a ``{regex = ...}`` in it that is no pattern."""
    if isinstance(value, dict) and set(value) == {"regex"}:
        if not isinstance(value["regex"], str):
            raise ValueError("has a regex that is not text in quotes")
        check_pattern(value["regex"])
    for below in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        _check_patterns(below)


def _is_schema(value: bool | JsonObject) -> bool | JsonObject:
    if isinstance(value, dict) and (problem := schema_problem(value)):
        raise ValueError(f"is not a JSON Schema: {problem}")
    return value


def _is_event(name: str) -> str:
    ours = name.partition(".")[0] in {known.partition(".")[0] for known in SEMANTIC_EVENTS}
    if name in SEMANTIC_EVENTS or name == "error" or ("." in name and not ours):
        return name
    raise ValueError(
        f"{name!r} is not an event; use {', '.join(SEMANTIC_EVENTS)}, or an event of the protocol"
    )


# Where the API takes null: false stands for it, as in the agent file, for TOML has no null.
NULLABLE = {
    "turn_detection",
    "transcription",
    "noise_reduction",
    "idle_timeout_ms",
    "tracing",
    "prompt",
    "include",
}


def _with_nulls(settings: Any) -> Any:
    if not isinstance(settings, dict):
        return settings
    return {
        key: None if value is False and key in NULLABLE else _with_nulls(value)
        for key, value in settings.items()
    }


Pattern = Annotated[str, AfterValidator(_compiles)]
WantedValues = Annotated[JsonObject, AfterValidator(_patterns_compile)]
"""Keys that must be there, with their values; ``{regex = "..."}`` instead of a value is a pattern."""
EventName = Annotated[str, AfterValidator(_is_event)]
Milliseconds = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Texts = str | list[str]
Saying = str | list[str | Annotated[float, Field(gt=0)]]
"""Words or sound files, in order, with the pauses between them in ms."""
VideoChange = Literal["pause", "resume", "low", "high", "auto"]


def _words_of(saying: Iterable[str | float]) -> list[str]:
    return [part for part in saying if isinstance(part, str)]


class Judged(Section):
    """What a language model is asked."""

    rubric: str
    """What must be true."""
    score: float = Field(default=0.7, ge=0, le=1)
    """The least score, from 0 to 1."""


class ExpectedCall(Section):
    """A tool call that is expected."""

    name: str
    """The tool."""
    args: WantedValues = Field(default_factory=dict)
    """Arguments that must be present (others may be as well); {regex = "..."} matches text or number."""
    count: int | None = Field(default=None, ge=1)
    """Exactly this many such calls (default: at least one)."""
    output: Annotated[Texts | JsonObject | None, AfterValidator(_patterns_compile)] = None
    """What its result has in it: text (all of them), or keys of its JSON."""
    status: Literal["done", "failed", "cancelled"] | None = None
    """How it ended."""
    judge: Judged | str | None = None
    """What a language model must find true of the call and its arguments; needs [judge]."""


class ExpectedStep(Section):
    """One thing that the agent does: a message, a call, an event or an error."""

    says: str | None = None
    """A message with this in it."""
    call: str | None = None
    """A call of this tool."""
    args: WantedValues = Field(default_factory=dict)
    """Arguments that the call has."""
    event: EventName | None = None
    """An event."""
    error: str | None = None
    """An error of the server with this code."""

    @property
    def kind(self) -> str:
        """``says``, ``call``, ``event`` or ``error``."""
        return next(name for name in STEP_KINDS if getattr(self, name) is not None)

    @model_validator(mode="after")
    def _one_kind(self) -> ExpectedStep:
        kinds = [name for name in STEP_KINDS if getattr(self, name) is not None]
        if len(kinds) != 1:
            raise ValueError(f"takes one of {', '.join(STEP_KINDS)}; found {' and '.join(kinds) or 'none'}")
        return self


class Claim(Section):
    """Words that may only be said when something was done."""

    says: Pattern
    """What the agent claims: a pattern, whatever the case."""
    call: str
    """The tool that does it: called in this turn or before, and done."""
    args: WantedValues = Field(default_factory=dict)
    """Arguments that the call has."""


class Similar(Section):
    """A text that the reply resembles."""

    to: str
    """What the reply should be like."""
    least: float = Field(default=0.8, ge=0, le=1)
    """The share of words in common, in the same order: 2 x common / (words of both). Not the meaning."""


class Expect(Section):
    """What must be true of a turn, or, at the top of a script, of the whole conversation."""

    contains: Texts | None = None
    """The reply contains this text (all of them); case is ignored."""
    regex: Pattern | None = None
    """The reply matches this somewhere; Python's patterns, and a search of more than 1 s fails."""
    equals: str | None = None
    """The reply is this text; case, punctuation and spaces are ignored."""
    any_of: list[str] | None = Field(default=None, min_length=1)
    """The reply contains at least one of these."""
    excludes: Texts | None = Field(default=None, alias="not")
    """The reply contains none of these."""
    max_words: int | None = Field(default=None, ge=1)
    """The reply is no longer than this."""
    no_reply: bool = False
    """The agent says nothing."""
    heard: Texts | None = None
    """The transcript of what the user said contains this."""
    calls: list[ExpectedCall] | None = None
    """Tools that are called, in any order; [] means none at all."""
    calls_in_order: bool = False
    """The calls come in the order that is written here."""
    steps: list[ExpectedStep] | None = None
    """Messages, calls, events and errors that come, in any order; each is something of its own."""
    steps_in_order: bool = False
    """The steps come in the order that is written here; others may come between."""
    no_more: bool = False
    """Nothing more than this: no call beside calls and steps and, with steps, no other message or error."""
    since: EventName | None = None
    """Words, calls, events and steps count from the first such event on."""
    claims: list[Claim] | None = None
    """What is said to be done was done: whoever says the words has called the tool."""
    reads_back: Texts | None = None
    """The reply has this number, in digits or in English words: "4155550132"."""
    is_json: Annotated[bool | JsonObject, AfterValidator(_is_schema)] | None = None
    """The reply is JSON; with a table, JSON that fits this JSON Schema. A fence around it does not matter."""
    similar: Similar | str | None = None
    """The reply is nearly this, word by word."""
    audible: bool | None = None
    """Whether the agent is heard: sound above -45 dBFS, not silence of the right length."""
    audible_text: Texts | None = None
    """What was played has this in it (all of it), as the local recogniser hears it."""
    audible_wer: Annotated[float, Field(ge=0)] | None = None
    """The share of the transcript's words that may sound otherwise, as the local recogniser hears them."""
    interrupted: bool | None = None
    """Whether this turn cuts the agent off."""
    backchannel: bool = False
    """This turn is only a backchannel ("mhm"): the agent speaks on, and does not answer it. As a caller's
    success it holds of each backchannel of the caller."""
    interrupted_within_ms: Milliseconds | None = None
    """From the first sound of this turn to the agent's silence."""
    within_ms: Milliseconds | None = None
    """From the end of the user's turn to the first audible sample of the reply (in text: its first word)."""
    done_within_ms: Milliseconds | None = None
    """From the end of the user's turn to the end of the response, tool calls included."""
    dead_air_ms: Milliseconds | None = None
    """The longest silence from the end of the user's turn to the end of the agent's."""
    talk_over_ms: Milliseconds | None = None
    """For how long both speak at once, whoever began."""
    events: list[EventName] | None = None
    """Events that come, in any order."""
    in_order: list[EventName] | None = None
    """Events that come in this order; others may come between."""
    absent: list[EventName] | None = None
    """Events that do not come."""
    errors: list[str] | None = None
    """The codes of the server's errors; [] means none."""
    max_tokens: int | None = Field(default=None, ge=0)
    """Tokens of all kinds."""
    max_cost: float | None = Field(default=None, ge=0)
    """US dollars; fails where the price is not known."""
    check: str | None = Field(default=None, pattern=r"^.+:.+$", examples=["checks.py:greets_by_name"])
    """Your function, "file.py:name" beside this script: gets the recording, returns what is wrong or None."""
    judge: Judged | str | None = None
    """What a language model must find true of the reply; needs [judge]."""
    trajectory: Judged | str | None = None
    """The same of all that was said, called and reported so far, calls with their results, in order."""

    @property
    def judged(self) -> bool:
        """Whether it needs a judge."""
        calls = any(call.judge is not None for call in self.calls or ())
        return calls or self.judge is not None or self.trajectory is not None

    @property
    def asks(self) -> set[str]:
        """The names of the expectations that are set."""
        return {name for name in self.model_fields_set if getattr(self, name) is not None}


class At(Section):
    """When a turn begins, if not when the turn before is over: that is how one interrupts."""

    after: EventName
    """The event that is waited for, from the beginning of the turn before on."""
    ms: Milliseconds = 0
    """How long after it."""


class ScriptTurn(Section):
    """One thing the user does, and what is expected of the agent. With nothing to do, the agent opens."""

    include: str | None = None
    """The turns of a block, by its name, or of another script, by its file, instead of this one."""
    note: str | None = None
    """A name for reports."""
    user: str | None = None
    """A typed message."""
    say: Saying | None = None
    """Words that the local voice speaks (typed, when run in text), or a list of them and of pauses in ms."""
    wav: Saying | None = None
    """A sound file, relative to the script, or a list of them and of pauses in ms."""
    text: str | None = None
    """What the sound file says: typed instead when the script runs in text."""
    image: Texts | None = None
    """One or more image files, relative to the script, or data URIs; with or without user = "..."."""
    detail: Literal["low", "high", "auto"] | None = None
    """How closely the images are looked at."""
    dtmf: str | None = Field(default=None, pattern=r"^[0-9A-D*#]+$", examples=["123#"])
    """Telephone keys, as tones."""
    silence_ms: float | None = Field(default=None, gt=0)
    """The user says nothing for this long."""
    event: JsonObject | None = None
    """A client event, as in the protocol."""
    settings: Annotated[JsonObject | None, AfterValidator(_with_nulls)] = None
    """A change of the session, in the shape of the API's session object; false stands for null."""
    press: Literal["mute", "talk", "release", "commit", "interrupt"] | None = None
    """A key."""
    video: VideoChange | None = None
    """Pause or resume the frames of video.source, or change how closely they are looked at."""
    respond: bool = True
    """Whether the agent is asked to answer a typed message."""
    conditions: Conditions | None = None
    """What stands between the user's mouth and the server, over the script's."""
    at: At | None = None
    """Begin at a point of time instead of after the turn before."""
    timeout_ms: float | None = Field(default=None, gt=0)
    """Instead of the script's."""
    expect: Expect = Expect()
    """What must be true of it."""

    @property
    def kind(self) -> str:
        """What the user does: one of KINDS, ``image``, or ``nothing``."""
        found = next((kind for kind in KINDS if getattr(self, kind) is not None), None)
        return found or ("image" if self.image is not None else "nothing")

    @property
    def words(self) -> str | None:
        """What the user says, where the script knows it."""
        said = self.say if isinstance(self.say, str) else " ".join(_words_of(self.say or ()))
        return self.user or said or self.text

    @property
    def expects_reply(self) -> bool:
        """Whether the turn is over only when the agent has answered."""
        if self.expect.no_reply or self.expect.backchannel or not self.respond:
            return False
        if self.kind == "event":
            return (self.event or {}).get("type") == "response.create"
        return self.kind not in ("silence_ms", "settings", "press", "video")

    @model_validator(mode="after")
    def _one_thing(self) -> ScriptTurn:
        kinds = [kind for kind in KINDS if getattr(self, kind) is not None]
        if len(kinds) > 1:
            raise ValueError(f"does {' and '.join(kinds)} at once: make two turns of it")
        if self.image is not None and kinds not in ([], ["user"]):
            raise ValueError(f"has an image beside {kinds[0]}: an image goes with user, or alone")
        if self.text is not None and self.wav is None:
            raise ValueError("has text without wav: a typed message is user")
        return self


class Mock(Section):
    """Stands in for a tool; several for the same tool are tried in order."""

    tool: str = Field(pattern=r"^[a-zA-Z0-9_-]{1,64}$", examples=["book_table"])
    """The tool's name; one that the agent does not have is added to it."""
    when: WantedValues = Field(default_factory=dict)
    """Only for calls with these arguments."""
    result: Any = None
    """What the tool gives back."""
    error: str | None = None
    """The tool fails, and this is what the model is told."""
    delay_ms: Milliseconds = 0
    """How long the tool takes."""
    description: str | None = None
    """What the model is told of the tool, if the agent does not have it."""
    parameters: JsonObject | None = None
    """JSON Schema of its arguments, likewise."""


class JudgeEndpoint(Section):
    """An OpenAI-compatible chat endpoint."""

    url: str = Field(pattern=r"^https?://", examples=["http://127.0.0.1:11434/v1"])
    """Up to and with /v1."""
    model: str
    """The model to ask."""
    key_env: str | None = None
    """The environment variable with its key."""
    timeout_s: float = Field(default=60, gt=0)
    """For one verdict."""


class Fact(Section):
    """Something that a caller knows."""

    value: str | int | float | bool
    """What it is."""
    say: str | None = None
    """How it is told; "The NAME is VALUE." by itself."""
    asked: Pattern | None = None
    """How an agent asks for it: a pattern, whatever the case; its name and usual words by itself."""


Share = Annotated[float, Field(ge=0, le=1)]


class Habits(Section):
    """What people do: in which share of its turns a caller without a model does it, from 0 to 1."""

    hesitates: Share = 0.0
    """Says "um", and pauses in the middle of a sentence."""
    corrects_itself: Share = 0.0
    """Says a wrong number or day first, and then the right one."""
    interrupts: Share = 0.0
    """Begins to speak while the agent does."""
    backchannels: Share = 0.0
    """Says "mm-hmm" while the agent speaks."""


class Caller(Section):
    """Somebody with a goal, instead of turns: what is said depends on what the agent says."""

    goal: str = ""
    """What the caller wants, and says first; {NAME} stands for what is known by that name."""
    persona: str | None = None
    """Who is calling: for the language model."""
    knows: dict[str, Fact | str | int | float | bool] = Field(default_factory=dict)
    """What the caller tells when the agent asks for it, by name."""
    success: Expect | str = Expect()
    """What must be true of the whole conversation; the call ends as soon as it is. Text is for the judge."""
    max_turns: int = Field(default=10, ge=1)
    """The caller gives up after this many turns."""
    patience_ms: float = Field(default=20_000, gt=0)
    """The longest that the caller waits for an answer, and hangs up then."""
    voice: Literal["normal", "low", "high"] = "normal"
    """How high the local voice speaks."""
    conditions: Conditions | None = None
    """How the caller is heard, over the script's."""
    habits: Habits = Habits()
    """What the caller does as people do, by chance."""
    seed: int = Field(default=0, ge=0)
    """Of that chance."""
    model: JudgeEndpoint | None = None
    """A language model that writes the caller's words. Without one the caller goes by rules."""

    @property
    def wanted(self) -> Expect:
        """The success test as expectations."""
        return Expect(judge=self.success) if isinstance(self.success, str) else self.success

    @model_validator(mode="after")
    def _wants_something(self) -> Caller:
        if not self.goal and not (self.persona and self.model):
            raise ValueError("has no goal; only a model with a persona can do without one")
        return self


class Script(Section):
    """A conversation and what is expected of it."""

    name: str | None = None
    """For reports and --match; the file's name otherwise."""
    description: str | None = None
    """What it is about."""
    tags: list[str] = Field(default_factory=list)
    """For --tag."""
    agent: str | JsonObject = Field(default_factory=dict)
    """The agent file, relative to the script, or the agent itself as a table."""
    extends: str | None = None
    """Another script, relative to this one, whose keys hold where this one has none."""
    scenarios: list[JsonObject] = Field(default_factory=list)
    """Several scripts in one file: tables with the keys of a script; the others of the file hold for all."""
    blocks: dict[str, list[JsonObject]] = Field(default_factory=dict)
    """Turns by name, for include."""
    parameters: JsonObject = Field(default_factory=dict)
    """Values for {{NAME}} in this script; --matrix parameters.NAME=A,B tries several."""
    rows: str | list[JsonObject] | None = None
    """Parameters for one run each: a CSV or JSON lines file, relative to the script, or tables."""
    history: list[Seed] = Field(default_factory=list)
    """What was said before the first turn: {role, text}, or items as the API has them."""
    set: JsonObject = Field(default_factory=dict)
    """Keys over the agent's: {"session.audio.output.voice" = "cedar"}."""
    mode: Literal["agent", "text"] = "agent"
    """text: everything is typed, and answered in text."""
    call_id: str | None = None
    """Joins this running call instead of beginning a session; what is typed steers it."""
    timeout_ms: float = Field(default=20_000, gt=0)
    """The longest that a turn may take from the end of what the user does."""
    quiet_ms: Milliseconds = 1000
    """A turn without an answer is over when nothing has happened for this long."""
    stop_on_failure: bool = True
    """A failed turn ends the conversation."""
    judge: JudgeEndpoint | None = None
    """Who judges."""
    conditions: Conditions | None = None
    """How the user is heard, all along: noise is there between the turns, too."""
    matrix: dict[str, list[Any]] = Field(default_factory=dict)
    """Runs it once for every combination: {"session.audio.output.voice" = ["cedar", "marin"]}."""
    mocks: list[Mock] = Field(default_factory=list)
    """Instead of real tools."""
    expect: Expect = Expect()
    """What must be true of the whole conversation."""
    caller: Caller | None = None
    """Who calls, instead of turns."""
    turns: list[ScriptTurn] = Field(default_factory=list)
    """What happens, in order."""

    @property
    def agent_opens(self) -> bool:
        """Whether the first turn is the agent's."""
        return bool(self.turns) and self.turns[0].kind == "nothing"

    @model_validator(mode="after")
    def _somebody_speaks(self) -> Script:
        if self.caller is None and not self.turns:
            raise ValueError("has neither turns nor a caller: [[turns]] say what the user does")
        if self.caller is not None and self.turns:
            raise ValueError("has turns and a caller: make two scripts of it")
        return self

    @model_validator(mode="after")
    def _judged_by_somebody(self) -> Script:
        goal = [self.caller.wanted] if self.caller else []
        asks = any(part.judged for part in (self.expect, *goal, *(turn.expect for turn in self.turns)))
        if asks and self.judge is None:
            raise ValueError("has something to judge, but no [judge] with url and model")
        return self
