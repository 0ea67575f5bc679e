"""What the echo canceller leaves: an estimate of it, and a suppressor that closes on it.

The canceller removes 35 to 50 dB, but for some 100 ms after a pause or a change of the room a residual
remains that a voice activity detection takes for a voice, however soft it is. It lies 15 dB and more
below the echo; a user who is worth hearing does not. So while the far end sounds, what is that far below
the echo becomes silence. (In thirty synthetic rooms every third gave a burst without the suppressor and
none with it; the price is a few points of word errors in lasting double talk.)

All sound here is int16 mono at 24 kHz, shape (n,): ``far_end`` was given to the loudspeaker, ``near_end``
is what the microphone heard then, ``aec_output`` is what the canceller left of it.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import numpy as np

from realtime_cli.audio.pcm import (
    FRAME_MS,
    SAMPLES_PER_MS,
    SILENCE_DBFS,
    STEP_MS,
    STEP_SAMPLES,
    Samples,
    dbfs,
    silence,
)
from realtime_cli.audio.voice_meter import USER

FAR_ACTIVE_DBFS = -50.0
"""Louder than this, the far end sounds."""
MAX_ERL_DB = 45.0
"""An echo that is so much softer than the far end is heard by nobody, and by no voice activity detection."""
LOUDER_STEPS = 20
RAMP = np.linspace(0, 1, STEP_SAMPLES, dtype=np.float32)


@dataclass(frozen=True, slots=True)
class SuppressorTuning:
    """How loud ``aec_output`` must be, against the estimated echo, to be let through.

    Ranges in brackets as in ``CancellerTuning``; without one no range was measured.
    """

    open_db: float = -15.0  # lower: more of the user passes, and more bursts of residual echo [-18+ .. -9+]
    onset_open_db: float = -8.0  # in the onset, when the canceller is at its worst
    alike_open_db: float = 0.0  # for what correlates with the far end: most likely no user
    very_alike_open_db: float = 12.0  # for what correlates strongly: almost surely echo
    alike: float = 0.4  # correlation; recorded speech of others reaches 0.35 (95th percentile)
    very_alike: float = 0.6  # echo in a room has 0.6 to 0.8
    slope_db: float = 6.0  # width of the half-open range; narrower is choppier
    onset_ms: int = 600  # the canceller's 350 ms after a pause, and a way of 250 ms through the room
    pause_ms: int = 200  # silence of the far end after which its next sound is an onset
    tail_ms: int = 350  # after the last far-end sound, its echo is still on the way
    reverberation_ms: int = 900  # a lively room rings this long; if shorter: blips after the agent has ended
    ringing_after_ms: int = 300  # of the far end's silence; AEC3 takes it for over soon after this
    ringing_db: float = 6.0  # against the echo; with less a room that rings is heard again
    ringing_fall_db_per_s: float = 40.0  # a lively room's (RT60 1.5 s); faster: it is heard when AEC3 lets go
    far_fall_db_per_s: float = 10.0  # faster: an echo 400 ms late counts as a user
    erl_rise_db_per_s: float = 15.0  # faster: a loud echo after a soft one counts as a user
    erl_fall_db_per_s: float = 50.0  # faster: the user's first word counts as echo
    turned_up_db: float = 6.0  # since an earlier session; more: the user's first words count as echo again
    sure_db: float = -6.0  # above the echo by this for ``sure_ms``: a voice, not a burst [-9+ .. -3+]
    sure_ms: int = 60  # longer: first syllables are lost; shorter: bursts count as voice [30+ .. 60]
    hangover_ms: int = 200  # after a sure voice, for its softer sounds [200 .. 400+; 100 failed]
    least_erl_rise_db_per_s: float = 1.0  # faster: after a pause an echo counts as louder than any
    min_voice_dbfs: float = USER.min_dbfs  # softer: a microphone's noise counts as a voice
    above_room_db: float = USER.above_room_db
    room_rise_db_per_s: float = 20.0  # while the agent is not heard; its echo says nothing of the room
    louder_db: float = 3.0  # above the loudest echo: only a user makes the microphone so loud
    louder_ms: int = 40  # of the last 200
    mostly_echo_db: float = 6.0  # what the canceller reduced by this much was echo, not the user


class ResidualEchoSuppressor:
    """Call it once for each step of 10 ms (240 samples). Open while the far end is silent."""

    def __init__(self, tuning: SuppressorTuning = SuppressorTuning()) -> None:
        self._tuning = tuning
        self._far_dbfs = SILENCE_DBFS
        self._erl_db = self._least_erl_db = MAX_ERL_DB
        self._knows_room = False
        self._learned_erl_db = 0.0  # the mean over ``_learned_ms``
        self._learned_ms = 0
        self._gain = 1.0
        self._tail_ms = 0
        self._far_silent_ms = max(tuning.pause_ms, tuning.reverberation_ms)
        self._onset_ms = 0
        self._loud_ms = 0
        self._hangover_ms = 0
        self._room_dbfs = 0.0  # of the near end, where nothing is heard
        self._louder: deque[bool] = deque(maxlen=LOUDER_STEPS)

    def begin_with(self, erl_db: float) -> None:
        """Before the first step: the echo was so much softer than the far end in an earlier session.

        Only what is louder than that by more than ``turned_up_db`` is taken for the user from the start.
        """
        self._erl_db, self._knows_room = min(MAX_ERL_DB, erl_db - self._tuning.turned_up_db), True

    @property
    def learned(self) -> tuple[float, float]:
        """How much softer the echo is than the far end (dB), and of how many seconds that is the mean."""
        return self._learned_erl_db, self._learned_ms / 1000

    @property
    def near_end_speaks(self) -> bool:
        """Whether the microphone surely hears a voice beside the echo."""
        return self._hangover_ms > 0

    @property
    def near_end_may_speak(self) -> bool:
        """Whether it may be one, from the first loud step on."""
        return self._loud_ms > 0 or self._hangover_ms > 0

    @property
    def louder_than_echo(self) -> bool:
        """Whether the microphone has just been louder than any echo, also where the room changes."""
        return STEP_MS * sum(self._louder) >= self._tuning.louder_ms

    @property
    def far_end_sounds(self) -> bool:
        """Whether the microphone may be hearing echo."""
        return self._tail_ms > 0

    @property
    def rings(self) -> bool:
        """Whether the room may still give back what the agent said."""
        return self._far_silent_ms < self._tuning.reverberation_ms

    def step(
        self,
        far_end: Samples,
        near_end: Samples,
        aec_output: Samples,
        *,
        converging: bool = False,
        learning: bool = False,
        correlation: float = 0.0,
    ) -> Samples:
        """``aec_output`` without what is most likely residual echo; all three are 10 ms long.

        ``correlation``: of ``aec_output`` with the far end, 0 to 1, see ``echo_leak``.
        ``converging``: nobody is listened to. ``learning``: a louder echo is believed at once.
        """
        step_ms = len(aec_output) // SAMPLES_PER_MS
        self._follow_far_end(dbfs(far_end), step_ms)
        near_dbfs, output_dbfs = dbfs(near_end), dbfs(aec_output)
        voice_dbfs = self._follow_room(near_dbfs, step_ms)
        loudest_echo_dbfs = self._far_dbfs - self._least_erl_db
        self._louder.append(near_dbfs > max(voice_dbfs, loudest_echo_dbfs + self._tuning.louder_db))
        self._follow_echo(near_dbfs, output_dbfs, step_ms, learning)
        openness = 1 + (output_dbfs - self._echo_dbfs - self._open_db(correlation)) / self._tuning.slope_db
        loud = output_dbfs > max(voice_dbfs, self._echo_dbfs + max(self._tuning.sure_db, self._ringing_db))
        self._follow_voice(loud, correlation < self._tuning.alike and not converging, step_ms)
        suppressing = self.rings and not self.near_end_speaks
        gain = min(1.0, max(0.0, openness)) if suppressing else 1.0
        before, self._gain = self._gain, gain
        if before == gain == 1.0:
            return aec_output
        if before == gain == 0.0:
            return silence(len(aec_output))
        faded: Samples = (aec_output * (before + (gain - before) * RAMP[: len(aec_output)])).astype(np.int16)
        return faded

    def skip(self, step_ms: int) -> None:
        """A step in which the far end has long been silent: nothing needs to be looked at."""
        self._follow_far_end(SILENCE_DBFS, step_ms)
        self._loud_ms, self._hangover_ms, self._gain = 0, max(0, self._hangover_ms - step_ms), 1.0

    def _open_db(self, correlation: float) -> float:
        """How loud the user has to be, against the echo."""
        tuning = self._tuning
        if correlation >= tuning.alike:
            return tuning.very_alike_open_db if correlation >= tuning.very_alike else tuning.alike_open_db
        return max(tuning.onset_open_db if self._onset_ms else tuning.open_db, self._ringing_db)

    @property
    def _ringing_db(self) -> float:
        """How loud the room may still ring, against the echo, once AEC3 takes the far end for over."""
        tuning = self._tuning
        over_ms = self._far_silent_ms - tuning.ringing_after_ms
        if over_ms <= 0:
            return SILENCE_DBFS
        return tuning.ringing_db - tuning.ringing_fall_db_per_s * over_ms / 1000

    def _follow_room(self, near_dbfs: float, step_ms: int) -> float:
        """How loud a voice is at least: it stands out of the room."""
        tuning = self._tuning
        rise_db = 0.0 if self.far_end_sounds else tuning.room_rise_db_per_s * step_ms / 1000
        risen_dbfs = self._room_dbfs + rise_db
        softest_dbfs = tuning.min_voice_dbfs - tuning.above_room_db
        self._room_dbfs = max(softest_dbfs, min(near_dbfs, risen_dbfs))
        return self._room_dbfs + tuning.above_room_db

    def _follow_voice(self, loud: bool, unlike_echo: bool, step_ms: int) -> None:
        self._loud_ms = self._loud_ms + step_ms if loud and unlike_echo else 0
        if self._loud_ms >= self._tuning.sure_ms:
            self._hangover_ms = self._tuning.hangover_ms
        else:
            self._hangover_ms = max(0, self._hangover_ms - step_ms) if unlike_echo else 0

    def _follow_far_end(self, far_dbfs: float, step_ms: int) -> None:
        tuning = self._tuning
        fallen_dbfs = self._far_dbfs - tuning.far_fall_db_per_s * step_ms / 1000
        self._far_dbfs = max(SILENCE_DBFS, far_dbfs, fallen_dbfs)
        sounds = far_dbfs > FAR_ACTIVE_DBFS
        if sounds and self._far_silent_ms >= tuning.pause_ms:
            self._onset_ms = tuning.onset_ms
        self._onset_ms = max(0, self._onset_ms - step_ms)
        self._far_silent_ms = 0 if sounds else self._far_silent_ms + step_ms
        self._tail_ms = tuning.tail_ms if sounds else max(0, self._tail_ms - step_ms)

    def _follow_echo(self, near_dbfs: float, output_dbfs: float, step_ms: int, learning: bool) -> None:
        tuning = self._tuning
        if self.far_end_sounds:
            self._erl_db = min(MAX_ERL_DB, self._erl_db + tuning.erl_rise_db_per_s * step_ms / 1000)
        mostly_echo = output_dbfs < near_dbfs - tuning.mostly_echo_db and not self.near_end_speaks
        if mostly_echo and self.far_end_sounds and near_dbfs > self._echo_dbfs:
            erl_db = self._far_dbfs - near_dbfs
            slowly_db = self._erl_db - tuning.erl_fall_db_per_s * step_ms / 1000
            at_once = learning and not self._knows_room
            self._erl_db = erl_db if at_once else max(erl_db, slowly_db)
        rise_db = tuning.least_erl_rise_db_per_s * step_ms / 1000 if self.far_end_sounds else 0.0
        least_db = MAX_ERL_DB if learning else self._least_erl_db + rise_db
        self._least_erl_db = min(self._erl_db, least_db)
        if self.far_end_sounds and not learning:
            self._learned_ms += step_ms
            self._learned_erl_db += (self._least_erl_db - self._learned_erl_db) * step_ms / self._learned_ms

    @property
    def _echo_dbfs(self) -> float:
        """As loud as the echo may be now."""
        return max(SILENCE_DBFS, self._far_dbfs - self._erl_db)


@dataclass(frozen=True, slots=True)
class EchoPathTuning:
    """When the loudspeaker is taken for headphones."""

    delay_ms: int = 400  # an echo comes within this time
    window_ms: int = 3000  # of the far end's sound; shorter takes a user who talks over it for an echo path
    judged_every_ms: int = 200  # a median costs more than all the rest


class EchoPathDetector:
    """Is there any way from the loudspeaker to the microphone? With headphones there is none.

    Where there is none, nothing has to be cancelled, and the canceller, which expects an echo, must not
    take the user's voice for it. Judged by the median over three seconds of the far end's sound: the user
    speaks for less than half of them. Call it for each frame of 20 ms (480 samples).
    """

    def __init__(self, tuning: EchoPathTuning = EchoPathTuning()) -> None:
        self._far_dbfs: deque[float] = deque(maxlen=tuning.delay_ms // FRAME_MS)
        self._erl_db: deque[float] = deque(maxlen=tuning.window_ms // FRAME_MS)
        self._judged_every = tuning.judged_every_ms // FRAME_MS
        self._frames = 0
        self.absent = False

    def frame(self, far_end: Samples, near_end: Samples) -> None:
        """Look at one frame of both sides."""
        self._far_dbfs.append(dbfs(far_end))
        loudest_dbfs = max(self._far_dbfs)
        if loudest_dbfs < FAR_ACTIVE_DBFS or len(self._far_dbfs) < (self._far_dbfs.maxlen or 0):
            return
        self._erl_db.append(loudest_dbfs - dbfs(near_end))
        self._frames += 1
        enough = len(self._erl_db) >= (self._erl_db.maxlen or 0) // 3
        if enough and self._frames % self._judged_every == 0:
            self.absent = float(np.median(self._erl_db)) > MAX_ERL_DB

    def reset(self) -> None:
        """Echo was heard after all."""
        self._erl_db.clear()
        self.absent = False


class ErleEstimator:
    """Echo return loss enhancement: the echo's level before and after the canceller.

    Looks only while the far end sounds and the user most likely does not.
    """

    TAIL_MS = 500  # longer than any echo lasts
    SMOOTHING = 0.02  # of each frame of 20 ms: an average over about a second

    def __init__(self) -> None:
        self._near_power = self._output_power = 0.0
        self._tail_ms = 0

    def frame(self, far_end: Samples, near_end: Samples, aec_output: Samples) -> None:
        """One frame of 20 ms (480 samples) of all three."""
        sounds = dbfs(far_end) > FAR_ACTIVE_DBFS
        self._tail_ms = self.TAIL_MS if sounds else max(0, self._tail_ms - FRAME_MS)
        near_power, output_power = _power(near_end), _power(aec_output)
        user_speaks = output_power > near_power / 2
        if not self._tail_ms or user_speaks:
            return
        self._near_power += (near_power - self._near_power) * self.SMOOTHING
        self._output_power += (output_power - self._output_power) * self.SMOOTHING

    @property
    def erle_db(self) -> float | None:
        """How much of the echo the canceller removes; None before any echo was heard."""
        if self._near_power <= 1:
            return None
        return 10 * float(np.log10(self._near_power / max(self._output_power, 1e-3)))

    @property
    def residual_dbfs(self) -> float | None:
        """How loud the residual echo is; None before any echo was heard."""
        if not self._near_power:
            return None
        return max(SILENCE_DBFS, 10 * float(np.log10(max(self._output_power, 1e-3) / 32768**2)))


def _power(samples: Samples) -> float:
    values = samples.astype(np.float32)
    return float(np.dot(values, values)) / max(1, len(values))
