"""``barge_in = "reversible"``: an interruption that can be taken back.

At the first sound the voice is held, and while it is silent the sound is told apart (``SoundJudged``). If
the user means it, what is held is stopped, and truncated where it was held; if not, the voice goes on from
the same sample. To wait costs the user nothing, who hears silence from the first sound on. So more judges
than one are asked: a dog or a siren may sound meant, and the server, too, has to hear speech in it; some
words may be only a listener's ("yes, of course"), and their transcript has to tell.

The server is told neither to interrupt nor to answer by itself: it would do both for a cough. So answers
are asked for here, but for turns that were only a cough or a word beside the agent's.

Without somebody who tells sounds apart (no microphone of this program's), the server's word must do: speech
that lasts is meant.
"""

from __future__ import annotations

from typing import Literal

from realtime_cli.client import inputs
from realtime_cli.client.backchannels import interrupts
from realtime_cli.client.barge_in import BargeIn
from realtime_cli.client.effect_queue import EffectQueue
from realtime_cli.client.effects import Duck, SetTimer
from realtime_cli.client.options import SessionOptions
from realtime_cli.client.playback import Playback
from realtime_cli.client.response_queue import ResponseQueue
from realtime_cli.client.session_part import SessionPart
from realtime_cli.client.waits import ENDED_S, MAX_HOLD_S, SERVER_HEARS_S, WORDS_S

WaitsFor = Literal["verdict", "server", "words"]
"""What the voice is held for: what the sound is, whether it is speech to the server, what was said."""
WHY = {
    "noise": "a noise",
    "short": "a short word",
    "far": "a voice much softer than yours",
    "over": "it was over before it could be speech",
    "waited": "nothing more was heard of it",
    "unheard": "the server heard no speech",
    "muted": "the microphone was muted",
    "listener": "a listener's words",
    "wordless": "the server heard no words",
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
        self._judged_here = False  # sounds are told apart here; the server's word is not enough
        self._waits_for: WaitsFor | None = None
        self._server_hears = False
        # Of the sound that goes on, or the last one:
        self._server_heard = False
        self._words_known = False
        # Of the user's turn that goes on:
        self._verdicts: set[str] = set()
        self._over_agent = False  # it began beside the agent's voice
        # Of the user's turns before it:
        self._awaits_id = False  # the last one was a word beside the agent's voice; its item is to come
        self._taken_back: set[str] = set()  # items that were such words

    @property
    def held(self) -> bool:
        return self._held_at is not None

    @property
    def _meant(self) -> bool:
        return "meant" in self._verdicts

    # -- what is heard ------------------------------------------------------------------------

    def judged(
        self, happened: inputs.SoundJudged, *, server_tells: bool, transcript_comes: bool, ready: bool
    ) -> None:
        """What a sound turned out to be.

        ``server_tells``: whether the server says when it hears speech; ``transcript_comes``: and what it was.
        """
        if not self._on:
            return
        self._judged_here = True
        at, verdict = happened.at, happened.verdict
        if verdict == "begun":
            if not self._server_hears:
                self._verdicts.clear()
                self._server_heard = self._words_known = False
            self._hold("verdict", at, MAX_HOLD_S)
            return
        self._verdicts.add(verdict)
        if verdict == "words" and not (transcript_comes and ready):
            self._verdicts.add("meant")
        if verdict not in ("meant", "words"):
            self._go_on(at, verdict)
        elif self._server_heard or not server_tells or not ready:
            self._speech(at, ready=ready)
        else:
            self._hold("server", at, SERVER_HEARS_S)

    def _speech(self, at: float, *, ready: bool) -> None:
        """What sounds meant, or may be, is speech to the server, too."""
        if self._meant:
            self._stop(at, ready=ready)
        elif not self._words_known:
            self._hold("words", at, WORDS_S)

    def speech_started(self, at: float, *, ready: bool) -> None:
        """The server hears the user."""
        if not self._on:
            return
        self._over_agent = self._playback.unheard
        if self._waits_for == "server" or self._meant:
            self._speech(at, ready=ready)
        elif not self._judged_here:
            self._hold("verdict", at, self._after_s)

    def on_user_speech(self, at: float, *, speaking: bool) -> None:
        self._server_hears = speaking
        self._server_heard = self._server_heard or speaking
        if speaking or self._waits_for != "verdict":
            return
        if self._judged_here:
            self._hold("verdict", at, ENDED_S)
        else:
            self._go_on(at, "over")

    def muted(self, at: float) -> None:
        """What is heard from now on is not for the agent."""
        self._verdicts.discard("meant")
        self._go_on(at, "muted")

    def on_disconnect(self) -> None:
        self._over_agent = self._awaits_id = False
        self._verdicts.clear()
        self._taken_back.clear()

    def overdue(self, at: float, *, ready: bool) -> bool:
        """It has been held for long enough. Returns whether a turn that is over is to be answered now."""
        if self._waits_for == "words" or (self._server_hears and not self._judged_here):
            self._verdicts.add("meant")
            self._stop(at, ready=ready)
            answers = bool(self._taken_back)
            self._taken_back.clear()
            return answers
        self._go_on(at, "unheard" if self._waits_for == "server" else "waited")
        self._verdicts.discard("meant")
        return False

    def server_cut(self, at: float, *, ready: bool) -> None:
        """The server cancelled its answer because it heard the user, though it was told not to."""
        if self.held:
            self._verdicts.add("meant")
            self._stop(at, ready=ready)

    # -- the user's turns ---------------------------------------------------------------------

    def answers(self) -> bool:
        """The user's turn is over: whether it is to be answered."""
        only_beside = self._over_agent and not self._meant
        word = not self._verdicts or bool(self._verdicts & {"short", "words"})
        self._over_agent = False
        self._verdicts.clear()
        if only_beside and word and self._agent_is_over:
            return True
        self._awaits_id = only_beside and word
        return not only_beside

    def committed(self, item_id: str | None) -> None:
        """The item of the turn that is over."""
        if self._awaits_id and item_id:
            self._taken_back.add(item_id)
        self._awaits_id = False
        self._verdicts.discard("meant")

    def words(self, at: float, item_id: str, text: str, *, ready: bool) -> bool:
        """What was taken for a word beside the agent's voice is known: whether it has to be answered.

        "Yes" is, if the agent has ended by now: it answers what the agent asked last.
        """
        if item_id not in self._taken_back:
            return False
        self._taken_back.discard(item_id)
        self._words_known = True
        if not interrupts(text):
            if self._waits_for == "words":
                self._go_on(at, "listener" if text else "wordless")
            return bool(text) and self._agent_is_over
        self._barge_in.interrupt("voice", ready=ready)
        self._stopped(at)
        return True

    @property
    def _agent_is_over(self) -> bool:
        return not self._playback.unheard and not self._responses.busy

    # -- the agent's voice --------------------------------------------------------------------

    def _hold(self, waits_for: WaitsFor, at: float, longest_s: float) -> None:
        if not self._playback.unheard:
            return
        if not self.held:
            self._held_at = at
            self._effects.do(Duck(True, hold=True))
        self._waits_for = waits_for
        self._effects.do(SetTimer(at + longest_s, "barge_in"))

    def _go_on(self, at: float, why: str) -> None:
        held_ms = self._release(at)
        if held_ms is not None:
            self._note("info", f"The agent was held for {held_ms:.0f} ms and goes on: {WHY[why]}.")

    def _stop(self, at: float, *, ready: bool) -> None:
        if self.held or self._playback.unheard:
            self._barge_in.interrupt("voice", ready=ready)
            self._stopped(at)

    def _stopped(self, at: float) -> None:
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
        self._held_at = self._waits_for = None
        self._effects.do(Duck(False), SetTimer(None, "barge_in"))
        return held_ms

    def _note(self, level: Literal["debug", "info"], text: str) -> None:
        self._effects.note(level, "barge_in", text)
