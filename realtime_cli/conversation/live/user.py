"""The user's side of a Live conversation: stretches of speech, their words, and the turns that they make."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from realtime_cli.conversation import events as e
from realtime_cli.conversation.live.stretches import WORD_GAP_MS, Stretch, nearest
from realtime_cli.conversation.realtime.scene import Scene

BACKCHANNEL_MS = 1_000
TEXT_OVER_S = 1.5  # a fragment comes up to 0.7 s behind its sound
TEXT_MISSING_S = 8.0


@dataclass(slots=True)
class UserSpeech(Stretch):
    """One stretch of the user's speech; ``turn`` is set once it is known whether it makes one."""

    over_agent: bool = False
    doubtful: bool = False
    """Whether it is a backchannel depends on what the agent does."""
    turn: int | None = None
    ended_at: float | None = None
    text_at: float = 0.0
    told: str = field(default="")


class LiveUserSide:
    """``sent`` counts the stream; ``settle`` is called at every entry, for what is told by the time."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self._sent_ms = 0.0
        self._began_at = 0.0
        self._speeches: list[UserSpeech] = []
        self._count = 0

    @property
    def speech(self) -> UserSpeech | None:
        """What goes on."""
        last = self._speeches[-1] if self._speeches else None
        return last if last and last.end_ms is None else None

    def session_began(self) -> None:
        """A new session has a new clock: end what was said before."""
        self.finish()
        self._speeches.clear()
        self._sent_ms, self._began_at = 0.0, self._scene.at

    def sent(self, ms: float) -> None:
        self._sent_ms += ms

    def at_of(self, position_ms: float) -> float:
        """When the sound at this place of the stream was sent."""
        behind_ms = self._sent_ms - position_ms if self._sent_ms else 0.0
        now = self._scene.at if self._sent_ms else self._began_at + position_ms / 1000
        return max(0.0, now - max(0.0, behind_ms) / 1000)

    # -- speech -----------------------------------------------------------------------------------

    def began(self, position_ms: float, *, over_agent: bool, measured: bool = True) -> UserSpeech:
        known = self.speech
        if known and measured and not known.measured:  # its words came first
            known.measured, known.start_ms = True, min(known.start_ms, position_ms)
            return known
        self._count += 1
        speech = UserSpeech(f"speech_{self._count}", position_ms, measured=measured, over_agent=over_agent)
        speech.text_at = self._scene.at
        self._speeches.append(speech)
        at = self._scene.at
        self._scene.emit(e.UserSpeechBegan(at, "sound", self.at_of(position_ms), speech.item_id))
        return speech

    def ended(self, position_ms: float) -> UserSpeech | None:
        speech = self.speech
        if speech is None:
            return None
        speech.end_ms = max(position_ms, speech.start_ms)
        speech.ended_at = self._scene.at
        at = self._scene.at
        self._scene.emit(e.UserSpeechEnded(at, "sound", self.at_of(position_ms), speech.item_id))
        return speech

    def commit(self, speech: UserSpeech) -> None:
        """Make it a turn, or part of the current one."""
        if speech.turn is None:
            speech.doubtful = False
            speech.turn = self._scene.users_turn()
            self._scene.turn_of[speech.item_id] = speech.turn
            began_at, ended_at = self.at_of(speech.start_ms), self.at_of(speech.end_ms or speech.last_ms)
            self._scene.emit(
                e.UserTurnCommitted(
                    self._scene.at, speech.turn, "voice", began_at, ended_at, "sound", speech.item_id
                )
            )

    def make_none(self, speech: UserSpeech) -> None:
        """It is a backchannel, and belongs to the current turn."""
        speech.doubtful = False
        speech.turn = self._scene.turn

    def commit_spoken(self) -> None:
        """The agent answers: speech known by words alone, or not yet counted as a turn, becomes one."""
        for speech in self._speeches:
            if speech.end_ms is None and not speech.measured:
                self.ended(speech.last_ms)
            if speech.end_ms is not None and not speech.doubtful:
                self.commit(speech)

    # -- words --------------------------------------------------------------------------------------

    def fragment(self, text: str, start_ms: float, end_ms: float, *, over_agent: bool) -> None:
        speech = nearest(self._speeches, start_ms, end_ms)
        if speech is None:
            if (open_speech := self.speech) and not open_speech.measured:
                self.ended(open_speech.last_ms)
                self.commit(open_speech)
            speech = self.began(start_ms, over_agent=over_agent, measured=False)
        text = speech.add(text, end_ms)
        speech.text_at = self._scene.at
        turn = self._turn_of(speech)
        self._scene.emit(e.UserTextPartial(self._scene.at, turn, speech.item_id, text, speech.text.strip()))

    def _turn_of(self, speech: UserSpeech) -> int:
        return self._scene.next_users_turn if speech.turn is None else speech.turn

    def settle(self) -> None:
        """Texts to which nothing was added for a while are whole."""
        at = self._scene.at
        for speech in self._speeches:
            quiet_s = at - max(speech.text_at, speech.ended_at or 0.0)
            words_over = speech.end_ms is None and not speech.measured and quiet_s * 1000 >= WORD_GAP_MS
            if words_over:
                self.ended(speech.last_ms)
                self.commit(speech)
            if speech.turn is not None and quiet_s >= TEXT_OVER_S:
                self._tell(speech)
            if speech.turn is not None and quiet_s >= TEXT_MISSING_S and not speech.text:
                speech.text = " "
                text = "the server sent no transcript of it"
                self._scene.emit(e.UserTextMissing(at, speech.turn, speech.item_id, text))

    def finish(self) -> None:
        """No more will come."""
        for speech in self._speeches:
            if speech.end_ms is None:
                speech.end_ms = speech.last_ms
            if speech.turn is None:
                self.commit(speech)
            self._tell(speech)

    def _tell(self, speech: UserSpeech) -> None:
        text = speech.text.strip()
        if not text or text == speech.told:
            return
        revised = bool(speech.told)
        speech.told = text
        turn = self._turn_of(speech)
        self._scene.emit(e.UserTextFinal(self._scene.at, turn, text, True, speech.item_id, revised=revised))
        content = [{"type": "input_audio", "transcript": text}]
        item: dict[str, Any] = {"id": speech.item_id, "type": "message", "role": "user", "content": content}
        kind = e.ItemUpdated if revised else e.ItemCreated
        self._scene.emit(kind(self._scene.at, speech.item_id, item))
