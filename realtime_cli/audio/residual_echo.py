"""What the echo canceller leaves: an estimate of it, and a gate that closes on it.

The canceller takes out 35 to 50 dB, but for some 100 ms after a pause or a change of the room a rest
remains that a voice activity detection takes for a voice, however soft it is. It lies 15 dB and more
under the echo that was there before; a user who is worth hearing does not. So while the agent sounds,
what is that far under the echo becomes silence. (In thirty synthetic rooms every third gave a burst
without the gate and none with it; the price is a few points of word errors in lasting double talk.)
"""

from __future__ import annotations

from collections import deque

import numpy as np

from realtime_cli.audio.pcm import SILENCE_DBFS, Samples, dbfs

FAR_ACTIVE_DBFS = -50.0
TAIL_FRAMES = 25  # of 20 ms: longer than any echo lasts
WAY_FRAMES = 20  # of 20 ms: an echo comes within 400 ms
PATH_FRAMES = 150
JUDGED_EVERY = 10  # frames: a median costs more than all the rest
ABSENT_DB = -45.0  # under the loudspeaker's signal: nobody hears that, no voice activity detection either
TAIL_STEPS = 35  # of 10 ms
OPEN_DB = -15.0  # against the echo that was heard
OPEN_AT_ONSET_DB = -8.0  # the canceller is at its worst when the agent begins after a pause
OPEN_IF_LIKE_DB = 0.0  # what looks somewhat like the agent's sound is no louder than its echo, the user is
OPEN_IF_VERY_LIKE_DB = 12.0
LIKE = 0.4
VERY_LIKE = 0.6
SLOPE_DB = 6.0
ONSET_STEPS = 60  # 350 ms, and a way of 250 ms through the room
PAUSE_STEPS = 20
GIVEN_FALL_DB = 0.1  # in 10 ms: the echo of what was loud comes up to 400 ms later
FALL_DB = 0.15  # by which the way through the room is taken to lose more in 10 ms of the agent's sound, echo included ...
RISE_DB = 0.5  # ... and less: the canceller takes a part of a first word for echo too
SURE_DB = -6.0  # so loud against the echo ...
SURE_STEPS = 6  # ... and so long: that is a voice, not a burst
HANGOVER_STEPS = 20  # and its softer sounds are wanted, too
MOSTLY_ECHO_DB = 6.0  # the canceller took out so much: then it was not the user


class ResidualEchoSuppressor:
    """Steps of 10 ms. Open while the agent is silent."""

    def __init__(self) -> None:
        self._given_dbfs = SILENCE_DBFS
        self._way_db = ABSENT_DB
        self._gain = 1.0
        self._tail = 0
        self._silent_steps = PAUSE_STEPS
        self._onset = 0
        self._loud_steps = 0
        self._held = 0

    @property
    def user_speaks(self) -> bool:
        """Whether what is heard is surely a voice beside the agent's."""
        return self._held > 0

    @property
    def agent_sounds(self) -> bool:
        """Whether what the microphone hears may have echo in it."""
        return self._tail > 0

    def step(
        self,
        reference: Samples,
        before: Samples,
        after: Samples,
        *,
        learning: bool = False,
        likeness: float = 0.0,
    ) -> Samples:
        """``after`` without what is most likely only a rest of the echo.

        ``likeness``: how much it looks like the agent's sound, see ``leak``.
        ``learning``: nobody is listened to, so what is heard is taken for echo at once; else a louder
        echo is believed slowly, or the gate would take the user's first word for it.
        """
        self._follow_agent(dbfs(reference))
        left_dbfs = dbfs(after)
        self._follow_echo(dbfs(before), left_dbfs, learning)
        share = 1 + (left_dbfs - self._echo_dbfs - self._open_db(likeness)) / SLOPE_DB
        self._hold(left_dbfs > self._echo_dbfs + SURE_DB, likeness < LIKE and not learning)
        gain = min(1.0, max(0.0, share)) if self._tail and not self._held else 1.0
        if gain == self._gain == 1.0:
            return after
        ramp = np.linspace(self._gain, gain, len(after), dtype=np.float32)
        self._gain = gain
        return (after * ramp).astype(np.int16)

    def rest(self) -> None:
        """A step in which nothing is to be looked at: the agent has been silent for long."""
        self._follow_agent(SILENCE_DBFS)
        self._loud_steps, self._held, self._gain = 0, max(0, self._held - 1), 1.0

    def _open_db(self, likeness: float) -> float:
        """How loud the user has to be, against the echo."""
        if likeness >= LIKE:
            return OPEN_IF_VERY_LIKE_DB if likeness >= VERY_LIKE else OPEN_IF_LIKE_DB
        return OPEN_AT_ONSET_DB if self._onset else OPEN_DB

    def _hold(self, loud: bool, strange: bool) -> None:
        """Who speaks is not cut between two syllables."""
        self._loud_steps = self._loud_steps + 1 if loud and strange else 0
        if not strange:
            self._held = 0
        self._held = HANGOVER_STEPS if self._loud_steps >= SURE_STEPS else max(0, self._held - 1)

    def _follow_agent(self, given_dbfs: float) -> None:
        self._given_dbfs = max(SILENCE_DBFS, given_dbfs, self._given_dbfs - GIVEN_FALL_DB)
        sounds = given_dbfs > FAR_ACTIVE_DBFS
        if sounds and self._silent_steps >= PAUSE_STEPS:
            self._onset = ONSET_STEPS
        self._onset = max(0, self._onset - 1)
        self._silent_steps = 0 if sounds else self._silent_steps + 1
        self._tail = TAIL_STEPS if sounds else max(0, self._tail - 1)

    def _follow_echo(self, heard_dbfs: float, left_dbfs: float, learning: bool) -> None:
        if self._tail:
            self._way_db = max(ABSENT_DB, self._way_db - FALL_DB)
        mostly_echo = left_dbfs < heard_dbfs - MOSTLY_ECHO_DB and not self._held
        if mostly_echo and self._tail and heard_dbfs > self._echo_dbfs:
            way_db = heard_dbfs - self._given_dbfs
            self._way_db = way_db if learning else min(way_db, self._way_db + RISE_DB)

    @property
    def _echo_dbfs(self) -> float:
        """As loud as the echo may be now."""
        return max(SILENCE_DBFS, self._given_dbfs + self._way_db)


class EchoPathDetector:
    """Is there any way from the loudspeaker to the microphone? With headphones there is none.

    Where there is none, nothing has to be cancelled, and the canceller, which expects an echo, must not
    take the user's voice for it. Judged by the median over three seconds of the agent's sound: the user
    speaks for less than half of them.
    """

    def __init__(self) -> None:
        self._given: deque[float] = deque(maxlen=WAY_FRAMES)
        self._returned: deque[float] = deque(maxlen=PATH_FRAMES)
        self._frames = 0
        self.absent = False

    def frame(self, reference: Samples, heard: Samples) -> None:
        """One frame of 20 ms: given to the loudspeaker, heard by the microphone."""
        self._given.append(dbfs(reference))
        loudest = max(self._given)
        if loudest < FAR_ACTIVE_DBFS or len(self._given) < WAY_FRAMES:
            return
        self._returned.append(dbfs(heard) - loudest)
        self._frames += 1
        if len(self._returned) >= PATH_FRAMES // 3 and self._frames % JUDGED_EVERY == 0:
            self.absent = float(np.median(self._returned)) < ABSENT_DB

    def forget(self) -> None:
        """Echo was heard after all."""
        self._returned.clear()
        self.absent = False


class ErleEstimator:
    """How much echo there is before and after, while the agent sounds and the user most likely does not."""

    def __init__(self) -> None:
        self._before = self._after = 0.0
        self._tail = 0

    def frame(self, reference: Samples, before: Samples, after: Samples) -> None:
        """One frame of 20 ms: given to the loudspeaker, heard by the microphone, left by the canceller."""
        self._tail = TAIL_FRAMES if dbfs(reference) > FAR_ACTIVE_DBFS else max(0, self._tail - 1)
        power_before, power_after = _power(before), _power(after)
        user_speaks = power_after > power_before / 2
        if not self._tail or user_speaks:
            return
        self._before += (power_before - self._before) * 0.02  # over about a second
        self._after += (power_after - self._after) * 0.02

    @property
    def removed_db(self) -> float | None:
        return 10 * float(np.log10(self._before / max(self._after, 1e-3))) if self._before > 1 else None

    @property
    def residual_dbfs(self) -> float | None:
        if not self._before:
            return None
        return max(SILENCE_DBFS, 10 * float(np.log10(max(self._after, 1e-3) / 32768**2)))


def _power(samples: Samples) -> float:
    values = samples.astype(np.float32)
    return float(np.dot(values, values)) / max(1, len(values))
