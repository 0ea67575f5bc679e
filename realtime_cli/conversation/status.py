"""One word for what is going on, from conversation events."""

from __future__ import annotations

from typing import Literal

from realtime_cli.conversation import events as e

StatusWord = Literal[
    "connecting",
    "reconnecting",
    "listening",
    "ready",
    "hearing you",
    "thinking",
    "calling",
    "speaking",
    "writing",
    "muted",
    "paused",
    "ended",
]


class Status:
    """``observe`` events in order; read ``word``, ``muted`` and ``hears`` (a microphone is open)."""

    def __init__(self, *, push_to_talk: bool = False, muted: bool = False) -> None:
        self.push_to_talk = push_to_talk
        self.muted = muted
        self.paused = False
        self.talking = False
        """The user holds the key to talk."""
        self.video_paused = False
        self.hears = False
        self._wire: Literal["connecting", "open", "reconnecting"] = "connecting"
        self._ended = False
        self._hearing = False
        self._awaiting = False
        self._response = False
        self._writing = False
        self._queued: dict[tuple[str, int], float] = {}  # heard so far of what the loudspeaker was given
        self._tools: dict[str, str] = {}

    @property
    def word(self) -> StatusWord:
        """The most telling of all that is going on at once."""
        if self._ended:
            return "ended"
        if self._wire != "open":
            return self._wire
        for word, holds in self._going_on():
            if holds:
                return word
        return "listening" if self.hears else "ready"

    def _going_on(self) -> list[tuple[StatusWord, bool]]:
        return [
            ("hearing you", self._hearing or self.talking),
            ("speaking", any(heard_ms > 0 for heard_ms in self._queued.values())),
            ("calling", bool(self._tools)),
            ("writing", self._writing),
            ("thinking", self._awaiting or self._response or bool(self._queued)),
            ("paused", self.paused),
            ("muted", self.muted),
        ]

    @property
    def tool(self) -> str:
        """The name of the tool that runs, when the word is ``calling``."""
        return next(iter(self._tools.values()), "")

    @property
    def words(self) -> str:
        """The word, with the tool's name."""
        return f"calling {self.tool}" if self.word == "calling" else self.word

    def observe(self, event: e.ConversationEvent) -> None:
        self._about_user(event)
        self._about_agent(event)
        match event:
            case e.ConnectionUp() | e.ConnectionRenewed():
                self._wire = "open"
            case e.ConnectionLost():
                self._wire = "reconnecting"
                self._hearing = self._awaiting = self._response = self._writing = False
            case e.SessionEnded():
                self._ended = True
            case e.ConversationPaused():
                self.paused = event.paused
            case e.MicrophoneMuted():
                self.muted = event.muted
            case e.MicrophoneOpened() | e.MicrophoneClosed():
                self.hears = isinstance(event, e.MicrophoneOpened)
            case e.KeyPressed(key="video"):
                self.video_paused = not self.video_paused

    def _about_user(self, event: e.ConversationEvent) -> None:
        match event:
            case e.UserSpeechBegan(by="key"):
                self.talking = True
            case e.UserSpeechEnded(by="key"):
                self.talking = False
            case e.UserSpeechBegan():
                self._hearing = True
            case e.UserSpeechEnded() | e.UserSpeechDiscarded() | e.UserTurnCommitted(by="voice"):
                self._hearing = False

    def _about_agent(self, event: e.ConversationEvent) -> None:
        match event:
            case e.AgentResponseRequested():
                self._awaiting = True
            case e.AgentResponseBegan():
                self._awaiting, self._response = False, True
            case e.AgentTextPartial(voice=False):
                self._writing = True
            case e.AgentResponseEnded():
                self._response = self._writing = self._awaiting = False
            case e.ErrorReported():
                self._awaiting = False
            case e.AgentSoundQueued():
                self._queued.setdefault((event.item_id, event.part), 0.0)
            case e.AgentHeard(finished=True):
                self._queued.pop((event.item_id, event.part), None)
            case e.AgentHeard():
                self._queued[(event.item_id, event.part)] = event.heard_ms
            case e.PlaybackEmptied():
                self._queued.clear()
            case e.ToolCalled(hosted=False):
                self._tools[event.call_id] = event.name
            case e.ToolEnded():
                self._tools.pop(event.call_id, None)
