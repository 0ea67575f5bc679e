"""``barge_in = "reversible"``: an interruption that can be taken back.

At the first sound the voice is held, and while it is silent the sound is told apart (``SoundJudged``). If
the user means it, what is held is stopped, and truncated where it was held; if not, the voice goes on from
the same sample. The server is told neither to interrupt nor to answer by itself: it would do both for a
cough. So answers are asked for here, but for turns that were only a cough or a word beside the agent's.

Without somebody who tells sounds apart (no microphone of this program's), the server's word must do: speech
that lasts is meant.
"""

from __future__ import annotations

from typing import Literal

from realtime_cli.client import inputs
from realtime_cli.client.backchannels import only_backchannels
from realtime_cli.client.barge_in import BargeIn
from realtime_cli.client.effect_queue import EffectQueue
from realtime_cli.client.effects import Duck, SetTimer
from realtime_cli.client.options import SessionOptions
from realtime_cli.client.playback import Playback
from realtime_cli.client.response_queue import ResponseQueue
from realtime_cli.client.session_part import SessionPart
from realtime_cli.client.waits import MAX_HOLD_S

WHY = {
    "noise": "a noise",
    "short": "a short word",
    "far": "a voice much softer than yours",
    "over": "it was over before it could be speech",
    "waited": "nothing more was heard of it",
}


class ReversibleBargeIn(SessionPart):
    """Holds, goes on, or interrupts; says which turns of the user are to be answered."""

    def __init__(
        self,
        effects: EffectQueue,
        options: SessionOptions,
        responses: ResponseQueue,
        playback: Playback,
        barge_in: BargeIn,
    ) -> None:
        self._on = options.barge_in == "reversible"
        self._effects = effects
        self._after_s = options.barge_in_after_ms / 1000
        self._responses = responses
        self._playback = playback
        self._barge_in = barge_in
        self._held_at: float | None = None
        self._judged_here = False  # sounds are told apart here; the server's word is not needed
        self._meant = False  # in the user's turn that goes on
        self._over_agent = False  # the turn began beside the agent's voice
        self._last: inputs.SoundJudged | None = None
        self._taken_back: set[str] = set()  # items of the user that were a word beside the agent's voice

    @property
    def held(self) -> bool:
        return self._held_at is not None

    # -- what is heard ------------------------------------------------------------------------

    def judged(self, happened: inputs.SoundJudged, *, ready: bool) -> None:
        """What a sound turned out to be."""
        if not self._on:
            return
        self._judged_here = True
        self._last = happened
        if happened.verdict == "begun":
            self._hold(happened.at, happened.at + MAX_HOLD_S)
        elif happened.verdict == "meant":
            self._meant = True
            self._stop(happened.at, ready=ready)
        else:
            self._go_on(happened.at, WHY[happened.verdict])

    def speech_started(self, at: float) -> None:
        """The server hears the user."""
        if self._on:
            self._over_agent = self._playback.unheard
            if not self._judged_here:
                self._hold(at, at + self._after_s)

    def on_user_speech(self, at: float, *, speaking: bool) -> None:
        if not speaking and not self._judged_here:
            self._go_on(at, WHY["over"])

    def on_disconnect(self) -> None:
        self._meant = self._over_agent = False
        self._taken_back.clear()

    def overdue(self, at: float, *, user_speaks: bool, ready: bool) -> None:
        """It has been held for long enough."""
        if user_speaks and not self._judged_here:
            self._meant = True
            self._stop(at, ready=ready)
        else:
            self._go_on(at, WHY["waited"])

    def server_cut(self, at: float, *, ready: bool) -> None:
        """The server cancelled its answer because it heard the user, though it was told not to."""
        if self.held:
            self._meant = True
            self._stop(at, ready=ready)

    # -- the user's turns ---------------------------------------------------------------------

    def answers(self, item_id: str | None) -> bool:
        """The user's turn is complete: whether it is to be answered."""
        only_beside = self._over_agent and not self._meant
        if only_beside and item_id and self._was_short:
            self._taken_back.add(item_id)
        self._meant = self._over_agent = False
        return not only_beside

    @property
    def _was_short(self) -> bool:
        return self._last is None or self._last.verdict == "short"

    def words(self, item_id: str, text: str, *, ready: bool) -> bool:
        """What was taken for a word beside the agent's voice is known: whether it has to be answered."""
        if item_id not in self._taken_back:
            return False
        self._taken_back.discard(item_id)
        if only_backchannels(text):
            return False
        self._barge_in.interrupt("voice", ready=ready)
        return True

    # -- the agent's voice --------------------------------------------------------------------

    def _hold(self, at: float, until: float) -> None:
        if self._playback.unheard and not self.held:
            self._held_at = at
            self._effects.do(Duck(True, hold=True), SetTimer(until, "barge_in"))

    def _go_on(self, at: float, why: str) -> None:
        held_ms = self._release(at)
        if held_ms is not None:
            self._note("info", f"The agent was held for {held_ms:.0f} ms and goes on: {why}.")

    def _stop(self, at: float, *, ready: bool) -> None:
        if not self.held and not self._playback.unheard:
            return
        self._barge_in.interrupt("voice", ready=ready)
        if (held_ms := self._release(at)) is not None:
            self._note("debug", f"The agent was held for {held_ms:.0f} ms and stopped: you went on.")

    def stopped(self, at: float) -> None:
        """The voice was stopped, by whatever cause."""
        self._release(at)

    def _release(self, at: float) -> float | None:
        """How long the voice was held, in ms; None if it was not."""
        if self._held_at is None:
            return None
        held_ms = 1000 * (at - self._held_at)
        self._held_at = None
        self._effects.do(Duck(False), SetTimer(None, "barge_in"))
        return held_ms

    def _note(self, level: Literal["debug", "info"], text: str) -> None:
        self._effects.note(level, "barge_in", text)
