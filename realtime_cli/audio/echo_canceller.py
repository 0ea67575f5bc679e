"""The echo canceller: WebRTC's AEC3, and around it a small state table that decides what is sent.

The canceller's own output is not enough. It needs some sound to learn a room (0.35 s until a user can be
heard, 1.5 s for the level of the echo), leaves a residual
after each pause (see ``residual_echo``), lets everything through when the echo path changes (see
``echo_leak``), and takes whole words out of a voice that it hears together with the agent's. So each
step of 10 ms is in one of five states, and each state has a gain for the canceller's output and one for
the microphone as it was, or, where libspeexdsp is installed, as that leaves it.

All sound here is int16 mono at 24 kHz, shape (n,). Far end: what the loudspeaker plays. Near end: what
the microphone hears. A step is 10 ms, 240 samples.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from functools import partial
from typing import Any, Literal

import numpy as np

from realtime_cli.audio.echo_leak import EchoLeakDetector
from realtime_cli.audio.far_end import FarEnd
from realtime_cli.audio.pcm import (
    FRAME_MS,
    RATE_HZ,
    SAMPLES_PER_MS,
    STEP_MS,
    STEP_SAMPLES,
    Samples,
    dbfs,
    silence,
)
from realtime_cli.audio.pre_roll import PreRoll
from realtime_cli.audio.residual_echo import (
    EchoPathDetector,
    ErleEstimator,
    ResidualEchoSuppressor,
    SuppressorTuning,
)
from realtime_cli.audio.speex_echo import WordsOnDemand
from realtime_cli.errors import ConfigError
from realtime_cli.install_hint import install

EchoMode = Literal["aec", "half_duplex", "off"]
AEC_DELAY_SAMPLES = 222  # what AEC3 adds, measured
OUTPUT_LATENCY_S = 0.02


class TalkState(Enum):
    """Who is heard, or what the canceller can do about it."""

    IDLE = "idle"
    FAR_END_ONLY = "far end only"
    DOUBLE_TALK = "double talk"
    CONVERGING = "converging"
    NO_ECHO_PATH = "no echo path"


@dataclass(frozen=True, slots=True)
class StateGain:
    """What of the suppressed canceller output and of the near end is sent, 0 to 1 each."""

    aec_output: float
    near_end: float

    def mix(self, aec_output: Samples, near_end: Samples) -> Samples:
        """Both of one length, at these gains."""
        if (self.aec_output, self.near_end) == (1, 0):
            return aec_output
        if (self.aec_output, self.near_end) == (0, 1):
            return near_end
        mixed: Samples = (self.aec_output * aec_output + self.near_end * near_end).astype(np.int16)
        return mixed


@dataclass(frozen=True, slots=True)
class CancellerTuning:
    """The canceller's numbers. Ranges in brackets passed ``bench_double_talk --tune``.

    They gave at most +25 points of word errors at 60 ms and 12 dB, and left no voice of the echo alone.
    Beyond them it failed, or was not tried where there is a +.
    """

    double_talk_mix: float = 0.6  # more: fewer words lost, more echo sent [0.3 .. 0.75; 0 costs 44 points]
    # Far-end sound before anybody is heard; longer: first words are lost [200 .. 800, by voice left].
    converging_ms: int = 350
    # Far-end sound in which a louder echo is believed at once: longer: the user's first words count as echo;
    # shorter: an echo 330 ms late counts as a voice [450 .. 1500; 400 left a voice in one of 48 rooms].
    learning_ms: int = 500
    # Far-end sound until its loudest was heard: only then a voice must be louder than the loudest echo;
    # shorter: the user's first words are lost [500 .. 1500+, by voice left].
    loudest_ms: int = 1500
    converging_after_miss_ms: int = 200  # after a gap in the far end; not tuned by a bench
    converging_after_leak_ms: int = 500  # after echo got through; shorter: it gets through again
    leak_reduced_db: float = 20.0  # what is taken out by this much is no leak, however alike what is left
    leak_unwatched_ms: int = 60  # after a leak was found; longer: what follows it is muted for less long
    bypass_after_ms: int = 1000  # far-end silence until it is off; shorter: less work, cuts late echo
    # Where libspeexdsp gives the words: what was said before a voice was sure, and after it.
    pre_roll_ms: int = 300  # shorter: first syllables are lost
    words_ms: int = 400  # shorter: gaps in which AEC3 leaves nothing of a voice
    warm_up_ms: int = 10  # after a bypass the canceller's filters still hold what it heard last
    suppressor: SuppressorTuning = field(default_factory=SuppressorTuning)


def gains(mix: float, processes_voice: bool) -> Mapping[TalkState, StateGain]:
    """The table.

    With ``processes_voice`` (noise suppression, gain) nothing goes past the processor but in double talk.
    """
    near_end = StateGain(aec_output=1, near_end=0) if processes_voice else StateGain(aec_output=0, near_end=1)
    return {
        TalkState.IDLE: near_end,
        TalkState.FAR_END_ONLY: StateGain(aec_output=1, near_end=0),
        # An echo much softer than the user does less harm than the words that the canceller takes out.
        TalkState.DOUBLE_TALK: StateGain(aec_output=1 - mix, near_end=mix),
        TalkState.CONVERGING: StateGain(aec_output=0, near_end=0),
        TalkState.NO_ECHO_PATH: near_end,
    }


@dataclass(frozen=True, slots=True)
class EchoMetrics:
    """``erle_db`` and ``residual_dbfs`` are estimates over the time in which the far end was heard."""

    mode: EchoMode
    erle_db: float | None = None
    residual_dbfs: float | None = None
    misses: int = 0
    realigned: int = 0


class EchoCanceller:
    """AEC3 with its state table. About 0.25 ms of work for 10 ms of sound; adds 9 ms of delay.

    With libspeexdsp nothing is sent while the agent is heard until a voice is sure; then what was said
    meanwhile is sent at once (see ``pre_roll``), and the words come from there (see ``speex_echo``).

    It follows delays up to 400 ms and a drift of the clocks by itself. In the first 0.35 s of the agent's
    sound, and again after the far end has slipped or echo got through, it is half duplex. While nothing is
    played it is bypassed, with the same delay. With headphones (no echo path) the near end is sent
    undelayed. ``latency_s`` is what the loudspeaker was asked for: how unpunctual devices may be.
    Raises :class:`ConfigError` when built, if the package is not there.
    """

    mode: EchoMode = "aec"

    def __init__(
        self,
        *,
        noise_suppression: bool = False,
        gain_control: bool = False,
        latency_s: float = OUTPUT_LATENCY_S,
        tuning: CancellerTuning = CancellerTuning(),
    ) -> None:
        self._tuning = tuning
        self._new_processor = partial(audio_processor, True, noise_suppression, gain_control)
        self._processor = self._new_processor()
        self._processes_voice = noise_suppression or gain_control
        self._far_end = FarEnd(_ahead_ms(latency_s))
        self._erle = ErleEstimator()
        self._suppressor = ResidualEchoSuppressor(tuning.suppressor)
        self._path = EchoPathDetector()
        self._leak = EchoLeakDetector()
        self._converging_ms = tuning.converging_ms
        self._learning_ms = tuning.learning_ms
        self._near_end = silence(STEP_SAMPLES)  # this step and the one before
        self._words_echo = None if self._processes_voice else _words_echo(tuning.pre_roll_ms)
        # With libspeexdsp who is no louder than the echo is heard through AEC3 alone: no echo is sent along.
        self._gains = gains(0.0 if self._words_echo else tuning.double_talk_mix, self._processes_voice)
        self._words: list[Samples] = []  # of the near end, about as late as the canceller's output
        self._words_ms = 0
        self._pre_roll = PreRoll(tuning.pre_roll_ms, STEP_MS)
        self._unjudged: list[tuple[Samples, Samples, Samples]] = []
        self._far_silent_ms = tuning.bypass_after_ms
        self._awake_ms = 0
        self._active_share = 0.0
        self.talk_state = TalkState.IDLE

    def played(self, block: Samples) -> None:
        """On the audio thread: this was given to the loudspeaker. Any length."""
        self._far_end.put(block)

    def process(self, near_end: Samples) -> Samples:
        """The microphone's frame (a multiple of 10 ms) without the echo; for a while more or less of it."""
        far_end = self._take_far_end(len(near_end))
        if self._asleep and not np.count_nonzero(far_end):
            return self._step(far_end, near_end)
        places = [slice(at, at + STEP_SAMPLES) for at in range(0, len(near_end), STEP_SAMPLES)]
        steps = [self._step(far_end[place], near_end[place]) for place in places]
        return steps[0] if len(steps) == 1 else np.concatenate(steps)

    def begin_with(self, erl_db: float) -> None:
        """Before the first frame: the echo return loss that was :attr:`learned` of this room earlier."""
        self._suppressor.begin_with(erl_db)

    @property
    def learned(self) -> tuple[float, float]:
        """Echo return loss (dB), and of how many seconds of the far end's sound it is the mean."""
        return self._suppressor.learned

    @property
    def converging(self) -> bool:
        """Still learning: what sounds like the user may be echo."""
        return self._converging_ms > 0

    @property
    def state(self) -> EchoMetrics:
        erle, far_end = self._erle, self._far_end
        return EchoMetrics("aec", erle.erle_db, erle.residual_dbfs, far_end.misses, far_end.realigned)

    def _take_far_end(self, count: int) -> Samples:
        """The far end of this frame; notes when it has slipped."""
        misses, realigned = self._far_end.misses, self._far_end.realigned
        far_end = self._far_end.take(count)
        if self._far_end.realigned != realigned:
            # A new AEC3 learns a room in 0.35 s; one that knows another room needs 1.5 s.
            self._processor = self._new_processor()
            self._converging_ms = self._tuning.converging_ms
            self._learning_ms = self._tuning.learning_ms
            self._unlearn_words()
        elif self._far_end.misses != misses:
            self._converge(self._tuning.converging_after_miss_ms)
        return far_end

    def _unlearn_words(self) -> None:
        if self._words_echo is not None:
            self._words_echo.unlearn()

    def _converge(self, at_least_ms: int) -> None:
        self._converging_ms = max(self._converging_ms, at_least_ms)

    @property
    def _is_deaf(self) -> bool:
        """Nothing is sent now, nor soon, so that it matters little whether this frame is echo."""
        least_ms = self._tuning.converging_after_leak_ms - self._tuning.leak_unwatched_ms
        return self._converging_ms > least_ms and self._suppressor.far_end_sounds and not self._path.absent

    @property
    def _asleep(self) -> bool:
        """Bypassed, and not just going over into it: a step of any length will do."""
        long_silent = self._far_silent_ms > self._tuning.bypass_after_ms
        return long_silent and not self._processes_voice and not self._active_share

    def _step(self, far_end: Samples, near_end: Samples) -> Samples:
        step_ms = len(near_end) // SAMPLES_PER_MS
        self._near_end = np.concatenate([self._near_end[-STEP_SAMPLES:], near_end])
        self._far_silent_ms = 0 if np.count_nonzero(far_end) else self._far_silent_ms + step_ms
        idle = self._far_silent_ms > self._tuning.bypass_after_ms and not self._processes_voice
        self._awake_ms = 0 if idle else self._awake_ms + step_ms
        output = near_end
        if not idle or self._active_share:  # one step more than needed, to fade out of
            output = self._cancel(far_end, near_end)
        if idle:
            self._unjudged.clear()
            self._suppressor.skip(step_ms)
            self.talk_state = TalkState.NO_ECHO_PATH if self._path.absent else TalkState.IDLE
            self._words_ms = 0
        output = self._cross_fade(output)
        return output if self._words_echo is None else self._send_words(output)

    def _send_words(self, output: Samples) -> Samples:
        """``output``, or what was said from before it was sure; while it is not, silence."""
        active = self._active_share == 1.0 and not self._path.absent
        speaks = self.talk_state is TalkState.DOUBLE_TALK
        if active and self._louder_speaks:
            return self._pre_roll.release(self._words)
        if active and not speaks and (self._suppressor.rings or self.talk_state is TalkState.CONVERGING):
            return self._pre_roll.withhold(self._words)
        self._pre_roll.forget()
        return output

    def _cross_fade(self, output: Samples) -> Samples:
        """``output``, or what is sent in idle; in the step between the two, one goes over into the other."""
        before = self._active_share
        self._active_share = float(self._awake_ms > self._tuning.warm_up_ms or self._processes_voice)
        if before == self._active_share == 1.0 or self._path.absent:
            return output
        bypassed = self._gains[TalkState.IDLE].mix(output, self._delayed(len(output)))
        if before == self._active_share:
            return bypassed
        share = np.linspace(before, self._active_share, len(output), dtype=np.float32)
        mixed: Samples = (share * output + (1 - share) * bypassed).astype(np.int16)
        return mixed

    def _cancel(self, far_end: Samples, near_end: Samples) -> Samples:
        """One step through the canceller and the state table."""
        aec_output: Samples = self._processor.process(near_end, far_end)
        self._judge(far_end, near_end, aec_output)
        if self._path.absent:
            self.talk_state = TalkState.NO_ECHO_PATH
            return self._gains[self.talk_state].mix(aec_output, near_end)
        suppressed = self._suppressor.step(
            far_end,
            near_end,
            aec_output,
            converging=self.converging,
            learning=self._learning_ms > 0,
            correlation=self._leak.correlation,
        )
        if self._suppressor.far_end_sounds:
            self._learning_ms -= STEP_MS
        if self.converging and self._suppressor.far_end_sounds:
            self._converging_ms -= STEP_MS
            self.talk_state = TalkState.CONVERGING
        elif self._speaks():
            self.talk_state = TalkState.DOUBLE_TALK
        else:
            self.talk_state = TalkState.FAR_END_ONLY
        if self._words_echo is None:
            return self._gains[self.talk_state].mix(suppressed, self._delayed(len(suppressed)))
        self._words = self._words_echo.step(
            far_end,
            near_end,
            echoes=self._suppressor.far_end_sounds,
            speaks=self._louder_speaks,
            may_speak=self._suppressor.near_end_may_speak,
        )
        if self._louder_speaks:
            return self._words[-1]
        return self._gains[self.talk_state].mix(suppressed, near_end)

    @property
    def _louder_speaks(self) -> bool:
        """Whether the user is heard, louder than the echo: the words are sent as libspeexdsp leaves them."""
        return self.talk_state is TalkState.DOUBLE_TALK and self._words_ms > 0

    def _speaks(self) -> bool:
        """Whether the user is heard; with libspeexdsp also while AEC3 takes the voice out for a moment."""
        unsure = (
            self._words_echo is not None and self._far_end.behind
        )  # an echo that comes before its far end
        if self._suppressor.near_end_speaks and not unsure:
            heard_ms = self._tuning.learning_ms - self._learning_ms
            if self._words_echo and (self._suppressor.louder_than_echo or heard_ms < self._tuning.loudest_ms):
                self._words_ms = self._tuning.words_ms
            return True
        self._words_ms = max(0, self._words_ms - STEP_MS)
        return self._words_ms > 0

    def _delayed(self, count: int) -> Samples:
        """The near end, as late as the canceller gives it."""
        return self._near_end[len(self._near_end) - count - AEC_DELAY_SAMPLES : -AEC_DELAY_SAMPLES]

    def _judge(self, far_end: Samples, near_end: Samples, aec_output: Samples) -> None:
        """Every 20 ms: is there an echo path, does echo get through, how much of it is left?"""
        self._unjudged.append((far_end, near_end, aec_output))
        if len(self._unjudged) * STEP_MS < FRAME_MS:
            return
        far_end, near_end, aec_output = map(np.concatenate, zip(*self._unjudged, strict=True))
        self._unjudged.clear()
        self._path.frame(far_end, near_end)
        self._erle.frame(far_end, near_end, aec_output)
        reduced_db = dbfs(near_end) - dbfs(aec_output)
        looks = not self._is_deaf and reduced_db < self._tuning.leak_reduced_db
        if self._leak.frame(far_end, aec_output, looks=looks):
            self._path.reset()
            self._converge(self._tuning.converging_after_leak_ms)
            self._unlearn_words()


def audio_processor(echo: bool, noise_suppression: bool, gain_control: bool) -> Any:
    """WebRTC's audio processing at 24 kHz. Raises :class:`ConfigError` if the package is not there."""
    try:
        from pywebrtc_audio import AudioProcessor
    except ImportError as error:
        remedy = f'Install it: {install("pywebrtc-audio")}, or use headphones and echo = "off".'
        raise ConfigError("The echo canceller is not installed.", remedy) from error
    return AudioProcessor(
        sample_rate=RATE_HZ,
        echo_cancellation=echo,
        noise_suppression=noise_suppression,
        auto_gain_control=gain_control,
    )


def _words_echo(pre_roll_ms: int) -> WordsOnDemand | None:
    try:
        return WordsOnDemand(pre_roll_ms)
    except OSError:
        return None


def _ahead_ms(latency_s: float) -> int:
    """Far end in hand. With more than the way through both devices the echo would come before it."""
    return min(30, max(20, round(latency_s * 1000) - 10))
