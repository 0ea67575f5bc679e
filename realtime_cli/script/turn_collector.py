"""What a conversation shows of each turn of its script: a fold of conversation events.

A turn of a script is what stands in the script, be it spoken, a key or silence, and begins where the script
says so (``ScriptAnnotated``). A reply belongs to the turn in which its response began, however long it
lasts; an interruption to the turn that caused it. All times are session seconds.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from realtime_cli.client.lost_answer import ABOUT_ANSWERS, NAMELESS_CALL
from realtime_cli.conversation import events as e
from realtime_cli.conversation.cost import Spending
from realtime_cli.conversation.turns import ConversationTurn, TurnLog

PAUSE_S = 0.3  # a longer silence between two items is the end of what the agent says
BLOCK_S = 0.02  # sound is played in blocks of 20 ms: what is closer is one sound, and times are no finer

Span = tuple[float, float]


@dataclass(slots=True)
class TurnRecord:
    """All that is known of one turn; number 0 is what was ahead of the first."""

    number: int
    timing: ConversationTurn
    """Its times, tools, tokens and cost."""
    spoke_at: float | None = None
    """When the first sound of the user's turn was sent, or its message."""
    ended_at: float | None = None
    """When the last sound of it was sent, or its message."""
    spans: dict[tuple[str, int], list[Span]] = field(default_factory=dict)
    """When each part, by item id and index, was audible; silence is not heard."""
    played_until: float | None = None
    """When the last of its sound was played, be it silence."""
    texts: dict[tuple[str, int], str] = field(default_factory=dict)
    text_at: dict[tuple[str, int], float] = field(default_factory=dict)
    """When the first word of each came."""
    response_of: dict[tuple[str, int], str] = field(default_factory=dict)
    """Whose those texts are."""
    heard: dict[str, str] = field(default_factory=dict)
    """The transcripts of what the user said, by item id."""
    events: list[tuple[float, str]] = field(default_factory=list)
    errors: list[tuple[str, str]] = field(default_factory=list)
    """Code and message; the code of what was not even sent is ``settings``."""
    refused: list[str] = field(default_factory=list)
    """What of the settings that were asked for is not in force, and why."""
    interrupted_at: float | None = None
    interrupted_heard_ms: float = 0.0
    statuses: dict[str, str | None] = field(default_factory=dict)
    """By response id; None while it runs, ``lost`` when its connection was."""
    late_ms: float = 0.0
    cut_off: bool = False
    """The agent's last response was cut, or its sound."""
    failed: bool = False
    """The agent's last response failed."""
    timed_out: str = ""
    """What was waited for in vain."""
    written_down: bool = False
    """In a session that only transcribes: there is a transcript, or none will come."""
    trouble: str = ""
    """What was said last of an answer that failed, was refused or was lost."""

    @property
    def reply(self) -> str:
        """All that the agent said or wrote, in order."""
        return " ".join(text.strip() for text in self.texts.values() if text.strip())

    @property
    def transcript(self) -> str:
        """All that the user was understood to say."""
        return " ".join(self.heard.values())

    @property
    def answered(self) -> bool:
        """A response came to its end other than by being cut, and none after it failed."""
        return self.written_down or (
            not self.failed
            and any(status not in (None, "cancelled", "lost") for status in self.statuses.values())
        )

    def forget_lost(self) -> None:
        """Forget the part of a lost answer: the whole answer will come again."""
        for part in [part for part, of in self.response_of.items() if self.statuses.get(of) == "lost"]:
            self.texts.pop(part, None)


class TurnCollector:
    """``observe`` events in order. Without ``with_voice`` the agent's text counts as its voice.

    ``text_mode``: the user does not speak either. ``only_transcribes``: a transcript is all there is to come.

    ``sounded`` must be called for whatever the speaker plays that is not silence.
    """

    def __init__(
        self, *, text_mode: bool = False, with_voice: bool = True, only_transcribes: bool = False
    ) -> None:
        self.text_mode = text_mode
        self.with_voice = with_voice and not text_mode
        self._only_transcribes = only_transcribes
        self.turns: list[TurnRecord] = []
        self.warnings: list[str] = []
        """Of tools and hooks that were left out, and of calls that nobody allowed."""
        self.spending = Spending()
        """All of it; a turn knows what its answers cost, not what the session costs by the minute."""
        self._log = TurnLog()
        self._turn_of: dict[str, TurnRecord] = {}  # response or item id -> turn
        self._sounding_until = 0.0
        self._sounds: list[Span] = []
        self._greeting_owed = False  # requested before the first turn, and not begun
        self._asking = False  # something was asked for, and the server has not said anything since
        self._begin(0, 0.0)

    @property
    def now(self) -> TurnRecord:
        """The turn that is going on."""
        return self.turns[-1]

    def observe(self, event: e.ConversationEvent) -> None:
        if isinstance(event, e.ServerEventSeen):
            self._asking = False
            self._note(event.at, event.name)
            return
        handler = _HANDLERS.get(type(event))
        if handler:
            handler(self, event)

    def _note(self, at: float, name: str) -> None:
        self.now.events.append((at, name))

    def _begin(self, number: int, at: float) -> None:
        timing = ConversationTurn(len(self.turns) + 1, at)
        self._log.turns.append(timing)
        self.turns.append(TurnRecord(number, timing))

    def ids_of(self, turn: TurnRecord) -> list[str]:
        """The responses and items of a turn, in the order in which they began."""
        return [one for one, found in self._turn_of.items() if found is turn]

    def _record(self, *ids: str) -> TurnRecord:
        """The turn of the first id that is known; the other ids are remembered as the turn's."""
        found = next((self._turn_of[each] for each in ids if each in self._turn_of), self.now)
        for each in ids:
            if each:
                self._turn_of.setdefault(each, found)
        return found

    def _time(self, record: TurnRecord, event: Any, **more: Any) -> None:
        """Count an event in the figures of this turn, whatever the conversation counts it to."""
        self._log.observe(replace(event, turn=record.timing.number, **more))

    # -- the user -----------------------------------------------------------------------------

    def _annotated(self, event: e.ScriptAnnotated) -> None:
        at, data = event.at, event.data
        match event.mark:
            case "turn":
                self._begin(int(data["turn"]), at)
                self._note(at, "turn")
            case "speaking" if self.now.spoke_at is None:
                self.now.spoke_at = at
            case "said":
                self._user_done(at)
            case "delivered" if self.now.ended_at is None:
                self._user_done(at)
            case "late":
                self.now.late_ms = max(self.now.late_ms, float(data["ms"]))
            case "over":
                self.now.timed_out = str(data.get("waited_for", ""))

    def _user_done(self, at: float) -> None:
        self.now.ended_at = self.now.timing.ended_at = at

    def _committed(self, event: e.UserTurnCommitted) -> None:
        turn = self._record(event.item_id)
        if event.by == "text" and turn.spoke_at is None:
            turn.spoke_at = turn.ended_at = event.ended_at
        # The script knows better than the server when the last sound went out.
        self._time(turn, event, ended_at=event.ended_at if turn.ended_at is None else turn.ended_at)

    def _asked(self, event: e.SettingsRequested | e.RawEventRequested) -> None:
        self._asking = True

    def _speech_began(self, event: e.UserSpeechBegan) -> None:
        if event.by in ("server", "sound"):
            self._note(event.at, "user.speech_started")

    def _speech_ended(self, event: e.UserSpeechEnded) -> None:
        if event.by in ("server", "sound"):
            self._note(event.at, "user.speech_stopped")

    def _user_text(self, event: e.UserTextFinal) -> None:
        if event.spoken:
            turn = self._record(event.item_id)
            turn.heard[event.item_id] = event.text
            turn.events.append((event.at, "user.transcribed"))
            turn.written_down = self._only_transcribes

    def _text_missing(self, event: e.UserTextMissing) -> None:
        self._record(event.item_id).written_down = self._only_transcribes

    # -- the agent ----------------------------------------------------------------------------

    def _response_requested(self, event: e.AgentResponseRequested) -> None:
        if self.now.number == 0 and not event.out_of_band:
            self._greeting_owed = not self.now.statuses

    def _response_began(self, event: e.AgentResponseBegan) -> None:
        greets, self._greeting_owed = self._greeting_owed and not event.out_of_band, False
        turn = self.turns[0] if greets else self.now
        self._turn_of[event.response_id] = turn
        turn.forget_lost()
        turn.statuses[event.response_id] = None
        turn.cut_off = turn.failed = False
        self._time(turn, event)

    def _message_began(self, event: e.AgentMessageBegan) -> None:
        self._record(event.response_id, event.item_id)

    def _text_delta(self, event: e.AgentTextPartial) -> None:
        turn, part = self._record(event.response_id, event.item_id), (event.item_id, event.part)
        if not self.with_voice and not turn.texts:
            self._note(event.at, "agent.speech_started")
        turn.texts[part] = turn.texts.get(part, "") + event.delta
        turn.text_at.setdefault(part, event.at)
        turn.response_of[part] = event.response_id
        self._time(turn, event)

    def _text(self, event: e.AgentTextFinal) -> None:
        turn, part = self._record(event.response_id, event.item_id), (event.item_id, event.part)
        turn.texts[part] = event.text
        turn.text_at.setdefault(part, event.at)

    def _sound(self, event: e.AgentSoundReceived) -> None:
        if event.first:
            self._time(self._record(event.response_id, event.item_id), event)

    def _response_ended(self, event: e.AgentResponseEnded) -> None:
        turn = self._record(event.response_id)
        turn.statuses[event.response_id] = event.status
        cancelled = event.status == "cancelled"
        turn.cut_off = turn.cut_off or cancelled
        if event.status == "failed" and not event.out_of_band:
            turn.failed = True
            turn.errors.append(("failed", event.reason))
        elif cancelled:
            turn.trouble = "The answer was cancelled."
        self._time(turn, event)
        if event.spoke:
            self._note(event.at, "agent.replied")
        if not self.with_voice:
            self._note(event.at, "agent.speech_stopped")
            if cancelled and turn is not self.now:
                self._interruption(event.at, 0.0)

    def _connection_lost(self, event: e.ConnectionLost) -> None:
        for turn in self.turns:
            for response_id, status in turn.statuses.items():
                if status is None:
                    turn.statuses[response_id] = "lost"

    def _error(self, event: e.ErrorReported) -> None:
        self._greeting_owed = False
        self.now.errors.append((event.code, event.message))

    # -- tools --------------------------------------------------------------------------------

    def _tool(self, event: e.ToolCalled | e.ToolWaiting | e.ToolAnswered | e.ToolEnded) -> None:
        response_id = event.response_id if isinstance(event, e.ToolCalled) else ""
        self._time(self._record(response_id, event.call_id), event)
        if isinstance(event, e.ToolCalled):
            self._note(event.at, "tool.called")
        elif isinstance(event, e.ToolEnded) and event.status != "cancelled":
            self._note(event.at, "tool.finished")

    def _answered(self, event: e.ToolAnswered) -> None:
        self._tool(event)
        if event.verdict == "no":
            run = next((run for _, run in self._log.tools if run.call_id == event.call_id), None)
            self._warn(f"{run.name if run else 'A tool'} was not allowed to run. {event.text}".rstrip())

    def _notice(self, event: e.NoticeIssued) -> None:
        if event.level not in ("warning", "error"):
            return
        if event.topic in ABOUT_ANSWERS:
            self.now.trouble = event.text
        elif event.topic in ("tools", "hooks", NAMELESS_CALL):
            self._warn(event.text)
        elif event.topic == "settings":
            self.now.refused.append(event.text)
            if event.level == "error" and self._asking:  # an error of the server is among them by itself
                self.now.errors.append(("settings", event.text))

    def _warn(self, text: str) -> None:
        if text not in self.warnings:
            self.warnings.append(text)

    # -- the loudspeaker ----------------------------------------------------------------------

    def sounded(self, begin_s: float, end_s: float) -> None:
        """The speaker was loud enough to be heard."""
        if self._sounds and begin_s <= self._sounds[-1][1] + BLOCK_S:
            begin_s = self._sounds.pop()[0]
        self._sounds.append((begin_s, end_s))

    def sounds_since(self, begin_s: float) -> list[Span]:
        """When the speaker was loud enough, from the span on that began then."""
        return [span for span in self._sounds if span[0] >= begin_s]

    def _agent_heard(self, event: e.AgentHeard) -> None:
        turn, part = self._record(event.response_id, event.item_id), (event.item_id, event.part)
        if event.heard_ms > 0:
            turn.played_until = event.at
        if audible := self._audible(event.began_at, event.at):
            begin = audible[0][0]
            paused = begin > self._sounding_until + PAUSE_S or not self._sounding_until
            # Another turn's answer begins, pause or none.
            if part not in turn.spans and (paused or turn.timing.first_played_at is None):
                self._note(begin, "agent.speech_started")
            if turn.timing.first_played_at is None:
                turn.timing.first_played_at = begin
            turn.spans[part] = audible
            self._sounding_until = max(self._sounding_until, audible[-1][1])
        if event.finished and part in turn.spans:
            self._note(event.at, "agent.speech_stopped")

    def _audible(self, begin_s: float, end_s: float) -> list[Span]:
        """When between these times the speaker was not silent."""
        found: list[Span] = []
        for begin, end in reversed(self._sounds):
            if end <= begin_s:
                break
            if begin < end_s:
                found.append((max(begin, begin_s), min(end, end_s)))
        return found[::-1]

    def _interrupted(self, event: e.AgentInterrupted) -> None:
        for part in event.parts:
            if not part.finished:
                self._record(part.item_id).cut_off = True
        self._interruption(event.at, event.heard_ms)
        self._sounding_until = 0.0  # whatever is heard next is said anew
        self._note(event.at, "agent.speech_stopped")

    def _interruption(self, at: float, heard_ms: float) -> None:
        if self.now.interrupted_at is None:
            self.now.interrupted_at, self.now.interrupted_heard_ms = at, heard_ms
        self._note(at, "interrupted")


_HANDLERS: dict[type, Any] = {
    e.ConnectionLost: TurnCollector._connection_lost,
    e.ScriptAnnotated: TurnCollector._annotated,
    e.SettingsRequested: TurnCollector._asked,
    e.RawEventRequested: TurnCollector._asked,
    e.UserTurnCommitted: TurnCollector._committed,
    e.UserSpeechBegan: TurnCollector._speech_began,
    e.UserSpeechEnded: TurnCollector._speech_ended,
    e.UserTextFinal: TurnCollector._user_text,
    e.UserTextMissing: TurnCollector._text_missing,
    e.AgentResponseRequested: TurnCollector._response_requested,
    e.AgentResponseBegan: TurnCollector._response_began,
    e.AgentResponseEnded: TurnCollector._response_ended,
    e.AgentMessageBegan: TurnCollector._message_began,
    e.AgentTextPartial: TurnCollector._text_delta,
    e.AgentTextFinal: TurnCollector._text,
    e.AgentSoundReceived: TurnCollector._sound,
    e.AgentHeard: TurnCollector._agent_heard,
    e.AgentInterrupted: TurnCollector._interrupted,
    e.ErrorReported: TurnCollector._error,
    e.UsageReported: lambda self, event: self.spending.observe(event),
    e.NoticeIssued: TurnCollector._notice,
    e.ToolCalled: TurnCollector._tool,
    e.ToolWaiting: TurnCollector._tool,
    e.ToolAnswered: TurnCollector._answered,
    e.ToolEnded: TurnCollector._tool,
}
