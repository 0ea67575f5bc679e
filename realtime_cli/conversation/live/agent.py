"""The agent's side of a Live conversation: utterances in a stream that never ends."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from realtime_cli.conversation import events as e
from realtime_cli.conversation.live.stretches import WORD_GAP_MS, Stretch, nearest
from realtime_cli.conversation.realtime.scene import Scene

YIELD_MS = 2_000.0  # a side that falls silent this soon after being talked over has yielded
BRIEF_YIELD_MS = 1_000.0  # the same where that was as short as a backchannel
PAUSE_MS = 800.0  # within an utterance: what the voice meter waits for
WORDS_OVER_S = 0.3  # the last words of an utterance may come this long after its sound


@dataclass(slots=True)
class AgentStretch(Stretch):
    """``announced``: readers know of it. ``began_at``, ``ended_at``: session seconds of the entries."""

    began_at: float = 0.0
    ended_at: float | None = None
    turn: int = 0
    announced: bool = False
    complete: bool = False
    talked_over_ms: float | None = None
    yields_within_ms: float = YIELD_MS
    yielded: bool = False
    heard_at: float | None = None
    heard_ms: float = 0.0
    heard_all: bool = False
    text_at: float = 0.0
    told: str = ""
    counted_ms: float = 0.0


class LiveAgentSide:
    """Positions are those of the agent's stream, whose time is the session's."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self._received_ms = 0.0
        self._delta_ms = 0.0  # the last piece
        self._played_ms: float | None = None
        self._utterances: list[AgentStretch] = []
        self._count = 0

    @property
    def utterance(self) -> AgentStretch | None:
        """The one that goes on."""
        last = self._utterances[-1] if self._utterances else None
        return last if last and last.end_ms is None else None

    def session_began(self) -> None:
        self.finish()
        self._utterances.clear()
        self._received_ms = 0.0
        self._played_ms = None

    # -- sound ------------------------------------------------------------------------------------

    def sound(self, ms: float) -> None:
        """More of the stream has come."""
        self._received_ms += ms
        self._delta_ms = ms
        if (one := self.utterance) and one.measured and one.announced:
            self._count_sound(one)

    def _count_sound(self, one: AgentStretch) -> None:
        """Report what has come of an utterance since the last report.

        After the first report this leaves out what may be the silence behind the utterance.
        """
        first = one.counted_ms == 0
        voice_until_ms = self._received_ms - (0.0 if first else PAUSE_MS)
        so_far_ms = (voice_until_ms if one.end_ms is None else one.end_ms) - one.start_ms
        new_ms = so_far_ms - one.counted_ms
        if new_ms <= 0:
            return
        one.counted_ms = so_far_ms
        at = one.began_at if first else self._scene.at
        self._scene.emit(e.AgentSoundReceived(at, one.turn, one.item_id, one.item_id, 0, new_ms, first))
        if self._played_ms is not None:
            self._scene.emit(e.AgentSoundQueued(self._scene.at, one.item_id, 0, new_ms))

    def began(self, position_ms: float, *, measured: bool = True) -> AgentStretch:
        """Begin an utterance. The narrator announces it, since only it knows whether it answers."""
        known = self.utterance
        if known and measured and not known.measured:
            known.measured, known.start_ms = True, position_ms
            return known
        self._count += 1
        at = self._scene.at
        ago_ms = min(self._received_ms - position_ms, 2 * self._delta_ms) if measured else 0.0
        began_at = max(0.0, at - max(0.0, ago_ms) / 1000)  # within the piece that brought it
        one = AgentStretch(
            f"utterance_{self._count}", position_ms, measured=measured, began_at=began_at, text_at=at
        )
        self._utterances.append(one)
        return one

    def announce(self, one: AgentStretch, turn: int) -> None:
        if one.announced:
            return
        one.announced, one.turn = True, turn
        self._scene.turn_of[one.item_id] = turn
        self._scene.awaiting = False
        self._scene.emit(e.AgentResponseBegan(one.began_at, turn, one.item_id))
        self._scene.emit(e.AgentMessageBegan(one.began_at, turn, one.item_id, one.item_id))
        if one.text:
            self._delta(one, one.text)
        self._count_sound(one) if one.measured else None

    def talked_over(self, user_position_ms: float) -> None:
        """The user begins to speak while the agent does."""
        if (one := self.utterance) and one.talked_over_ms is None:
            one.talked_over_ms = user_position_ms

    def talked_over_briefly(self) -> None:
        """By what may be a backchannel, or a word that means stop."""
        if one := self.utterance:
            one.yields_within_ms = BRIEF_YIELD_MS

    def went_on(self) -> bool:
        """Whether the utterance has outlasted what may have been a word that means stop."""
        one = self.utterance
        if one is None or one.talked_over_ms is None:
            return False
        return self._received_ms - one.talked_over_ms > BRIEF_YIELD_MS + PAUSE_MS

    def not_talked_over(self) -> None:
        """It was a backchannel."""
        if one := self.utterance:
            one.talked_over_ms, one.yields_within_ms = None, YIELD_MS

    def ended(self, position_ms: float) -> AgentStretch | None:
        """End an utterance at its last sound or word. With sound, the pause after it is over already."""
        one = self.utterance
        if one is None:
            return None
        one.end_ms, one.ended_at = max(position_ms, one.start_ms), self._scene.at
        over_ms = one.talked_over_ms
        one.yielded = over_ms is not None and 0 <= one.end_ms - over_ms <= one.yields_within_ms
        if one.announced and one.measured and one.text:
            self._complete(one)
        return one

    def played(self, position_ms: float) -> None:
        """The loudspeaker has come so far in the stream."""
        self._played_ms = position_ms
        for one in self._utterances[-6:]:
            if one.announced and one.measured and not one.heard_all and position_ms > one.start_ms:
                self._heard(one, position_ms)

    def _heard(self, one: AgentStretch, position_ms: float) -> None:
        end_ms = position_ms if one.end_ms is None else one.end_ms
        one.heard_ms = min(position_ms, end_ms) - one.start_ms  # less than before if that was a pause
        one.heard_all = one.complete and position_ms >= end_ms
        first = one.heard_at is None
        if one.heard_at is None:
            one.heard_at = max(one.began_at - 0.1, self._scene.at - (position_ms - one.start_ms) / 1000)
        at = one.heard_at + one.heard_ms / 1000 if one.heard_all else self._scene.at
        self._scene.emit(
            e.AgentHeard(
                at,
                one.turn,
                one.item_id,
                one.item_id,
                0,
                round(one.heard_ms, 1),
                one.heard_at,
                first,
                one.heard_all,
            )
        )

    # -- words --------------------------------------------------------------------------------------

    def fragment(self, text: str, start_ms: float, end_ms: float) -> AgentStretch:
        """Add a fragment to the utterance it belongs to, or begin a new one."""
        one = nearest(self._utterances, start_ms, end_ms)
        if one is None:
            if (last := self.utterance) and not last.measured:
                self.ended(last.last_ms)
            one = self.began(start_ms, measured=False)
        text = one.add(text, end_ms)
        one.text_at = self._scene.at
        if one.announced and not one.complete:
            self._delta(one, text)
        elif one.complete:
            self._final(one)
        return one

    def _delta(self, one: AgentStretch, text: str) -> None:
        self._scene.emit(
            e.AgentTextPartial(self._scene.at, one.turn, one.item_id, one.item_id, 0, text, True)
        )

    def _final(self, one: AgentStretch) -> None:
        text = one.text.strip()
        if not text or text == one.told:
            return
        kind = e.ItemUpdated if one.told else e.ItemCreated
        one.told = text
        self._scene.emit(e.AgentTextFinal(self._scene.at, one.turn, one.item_id, one.item_id, 0, text, True))
        content = [{"type": "output_audio", "transcript": text}]
        item: dict[str, Any] = {
            "id": one.item_id,
            "type": "message",
            "role": "assistant",
            "content": content,
        }
        self._scene.emit(kind(self._scene.at, one.item_id, item))

    # -- the end ------------------------------------------------------------------------------------

    def settle(self) -> None:
        """Called with the time: end utterances known by words alone, and report ended ones in full."""
        at = self._scene.at
        last = self.utterance
        if last and not last.measured and (at - last.text_at) * 1000 >= WORD_GAP_MS:
            self.ended(last.last_ms)
        for one in self._utterances:
            over = one.ended_at is not None and at - max(one.ended_at, one.text_at) >= WORDS_OVER_S
            if one.announced and over and not one.complete:
                self._complete(one)

    def finish(self) -> None:
        for one in self._utterances:
            if one.end_ms is None:
                one.end_ms = max(one.last_ms, self._received_ms if one.measured else 0.0)
            if one.announced and not one.complete:
                self._complete(one)

    def _complete(self, one: AgentStretch) -> None:
        at = self._scene.at
        one.complete = True
        if one.measured:
            self._count_sound(one)
            self._scene.emit(e.AgentSoundComplete(at, one.item_id, 0))
        self._final(one)
        self._scene.emit(e.AgentMessageEnded(at, one.turn, one.item_id, one.item_id, one.yielded))
        if self._played_ms is not None and one.measured and not one.heard_all:
            self._heard(one, self._played_ms)
        if one.yielded:
            self._interrupted(one)
        status, reason = ("cancelled", "turn_detected") if one.yielded else ("completed", "")
        self._scene.emit(e.AgentResponseEnded(at, one.turn, one.item_id, status, reason, spoke=True))

    def _interrupted(self, one: AgentStretch) -> None:
        heard_ms = one.heard_ms if self._played_ms is not None else (one.end_ms or 0.0) - one.start_ms
        part = e.PartHeard(one.turn, one.item_id, 0, heard_ms, False)
        silent_at = (one.began_at if one.heard_at is None else one.heard_at) + heard_ms / 1000
        self._scene.emit(e.AgentInterrupted(silent_at, one.turn, one.item_id, heard_ms, "voice", (part,)))
