"""Keeping the agent from hearing itself: an echo canceller, half duplex, or nothing; chosen by a ladder."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import numpy as np

from realtime_cli.audio.echo_leak import EchoLeakDetector
from realtime_cli.audio.far_end import FarEnd
from realtime_cli.audio.pcm import RATE_HZ, SAMPLES_PER_MS, Samples, silence
from realtime_cli.audio.residual_echo import EchoPathDetector, ErleEstimator, ResidualEchoSuppressor
from realtime_cli.errors import ConfigError

Mode = Literal["aec", "half_duplex", "off"]
Wanted = Literal["auto", "aec", "half_duplex", "off"]
LADDER: tuple[Mode, ...] = ("aec", "half_duplex", "off")

STEP_SAMPLES = RATE_HZ // 100  # the canceller's own frame, 10 ms
CONVERGENCE_STEPS = 150  # of sound from the agent: what the canceller needs to learn another alignment
CONVERGENCE_AFTER_MISS_STEPS = 20
CONVERGENCE_AFTER_LEAK_STEPS = 50
AEC_DELAY_SAMPLES = 222  # of the canceller
DOUBLE_TALK_MIX = 0.6
BYPASS_AFTER_STEPS = 100  # without sound for the loudspeaker: longer than any echo lasts
WAKING_STEPS = 1  # in which the canceller still has the end of what it heard last in its filters
JUDGED_STEPS = 2  # what looks at the sound as a whole looks every 20 ms
LATENCY_S = 0.02
WAY_BACK_S = 0.06  # through the sound server and the microphone
MARGIN_S = 0.3  # half duplex stays closed so long after the last sound
AUDIBLE = 64  # of 32768: quieter than this, nobody hears an echo


class EchoGuard(Protocol):
    """Between the two devices. ``played`` is called on the audio thread, ``clean`` on the loop's."""

    mode: Mode

    def played(self, block: Samples) -> None: ...

    def clean(self, frame: Samples) -> Samples: ...


@dataclass(frozen=True, slots=True)
class EchoState:
    """``removed_db`` and ``residual_dbfs`` are estimates over the time in which the agent was heard."""

    mode: Mode
    removed_db: float | None = None
    residual_dbfs: float | None = None
    misses: int = 0
    realigned: int = 0


class EchoCanceller:
    """WebRTC's AEC3. About 0.2 ms of work for 10 ms of sound; adds 9 ms of delay.

    It follows delays up to 400 ms and a drift of the clocks by itself. What it leaves of the echo goes
    through a gate (see ``residue``). In the first 1.5 s of the agent's sound, and again after the
    reference has slipped or echo got through, it is half duplex: it has to learn. While nothing is played
    it rests, and what is heard is passed on as late as otherwise: that is half of a conversation's work.
    ``latency_s`` is what the loudspeaker was asked for: the room in which devices may be unpunctual.
    Raises :class:`ConfigError` when built, if the package is not there.
    """

    mode: Mode = "aec"

    def __init__(
        self,
        *,
        noise_suppression: bool = False,
        gain_control: bool = False,
        latency_s: float = LATENCY_S,
    ) -> None:
        self._processor = _processor(True, noise_suppression, gain_control)
        self._reference = FarEnd(_ahead_samples(latency_s))
        self._estimate = ErleEstimator()
        self._gate = ResidualEchoSuppressor()
        self._path = EchoPathDetector()
        self._changes_voice = noise_suppression or gain_control
        self._leak = EchoLeakDetector()
        self._unsure_steps = CONVERGENCE_STEPS
        self._heard = silence(STEP_SAMPLES)
        self._judged: list[tuple[Samples, Samples, Samples]] = []
        self._silent_steps = BYPASS_AFTER_STEPS
        self._awake_steps = 0
        self._cleaned_share = 0.0

    def played(self, block: Samples) -> None:
        """On the audio thread: this was given to the loudspeaker."""
        self._reference.put(block)

    def clean(self, frame: Samples) -> Samples:
        """The frame (a multiple of 10 ms) without the echo."""
        reference = self._follow(len(frame))
        places = [slice(at, at + STEP_SAMPLES) for at in range(0, len(frame), STEP_SAMPLES)]
        steps = [self._step(reference[place], frame[place]) for place in places]
        return steps[0] if len(steps) == 1 else np.concatenate(steps)

    def _step(self, reference: Samples, heard: Samples) -> Samples:
        self._heard = np.concatenate([self._heard[-STEP_SAMPLES:], heard])
        self._silent_steps = 0 if reference.any() else self._silent_steps + 1
        if self._silent_steps > BYPASS_AFTER_STEPS and not self._changes_voice:
            return self._rest(reference, heard)
        self._awake_steps += 1
        return self._faded(self._cancelled(reference, heard), self._awake_steps > WAKING_STEPS)

    def _rest(self, reference: Samples, heard: Samples) -> Samples:
        """Nothing can be echo. The canceller works one more step, so that its sound can go over."""
        cleaned = self._cancelled(reference, heard) if self._cleaned_share else heard
        self._awake_steps = 0
        self._judged.clear()
        self._gate.rest()
        return self._faded(cleaned, False)

    def _faded(self, cleaned: Samples, wanted: bool) -> Samples:
        """``cleaned`` if it is wanted or no echo can be, else what was heard, late; one goes over into the other."""
        began, self._cleaned_share = self._cleaned_share, float(wanted or self._changes_voice)
        if began == self._cleaned_share == 1.0 or self._path.absent:
            return cleaned
        late = self._late(len(cleaned))
        if began == self._cleaned_share:
            return late
        share = np.linspace(began, self._cleaned_share, len(cleaned), dtype=np.float32)
        mixed: Samples = (share * cleaned + (1 - share) * late).astype(np.int16)
        return mixed

    def _late(self, count: int) -> Samples:
        """What was heard, as late as the canceller gives it."""
        return self._heard[len(self._heard) - count - AEC_DELAY_SAMPLES : -AEC_DELAY_SAMPLES]

    def _cancelled(self, reference: Samples, heard: Samples) -> Samples:
        cleaned: Samples = self._processor.process(heard, reference)
        self._judge(reference, heard, cleaned)
        if self._path.absent:
            return cleaned if self._changes_voice else heard
        likeness = self._leak.likeness
        gated = self._gate.step(reference, heard, cleaned, learning=self.unsure, likeness=likeness)
        if self.unsure and self._gate.agent_sounds:
            self._unsure_steps -= 1
            return silence(len(heard))
        return self._beside_the_agent(gated) if self._gate.user_speaks else gated

    def _beside_the_agent(self, gated: Samples) -> Samples:
        """With some of what was heard: the canceller takes whole words out of a voice that it hears together
        with the agent's, and an echo that is so much softer than the user does less harm than that. (Word
        errors in lasting double talk, echo 12 dB softer than the user: 39 % without, 24 % with it.)"""
        mixed: Samples = ((1 - DOUBLE_TALK_MIX) * gated + DOUBLE_TALK_MIX * self._late(len(gated))).astype(
            np.int16
        )
        return mixed

    def _judge(self, reference: Samples, heard: Samples, cleaned: Samples) -> None:
        """Is there any way for an echo, does it get through, how much of it is left?"""
        self._judged.append((reference, heard, cleaned))
        if len(self._judged) < JUDGED_STEPS:
            return
        reference, heard, cleaned = map(np.concatenate, zip(*self._judged, strict=True))
        self._judged.clear()
        self._path.frame(reference, heard)
        self._estimate.frame(reference, heard, cleaned)
        if self._leak.frame(reference, cleaned):
            self._path.forget()
            self._unsure_steps = max(self._unsure_steps, CONVERGENCE_AFTER_LEAK_STEPS)

    def _follow(self, count: int) -> Samples:
        """The reference of this frame; notes when it has slipped."""
        misses, realigned = self._reference.misses, self._reference.realigned
        reference = self._reference.take(count)
        if self._reference.realigned != realigned:
            self._unsure_steps = CONVERGENCE_STEPS
        elif self._reference.misses != misses:
            self._unsure_steps = max(self._unsure_steps, CONVERGENCE_AFTER_MISS_STEPS)
        return reference

    @property
    def unsure(self) -> bool:
        """Still learning: what sounds like the user may be echo."""
        return self._unsure_steps > 0

    @property
    def state(self) -> EchoState:
        reference, estimate = self._reference, self._estimate
        return EchoState(
            "aec", estimate.removed_db, estimate.residual_dbfs, reference.misses, reference.realigned
        )


class HalfDuplex:
    """The microphone is closed while the agent is heard, and 300 ms longer.

    Closed means zeros, not nothing, so that the server's voice activity detection keeps time.
    ``latency_s`` is what the loudspeaker was asked for.
    """

    mode: Mode = "half_duplex"

    def __init__(self, latency_s: float = LATENCY_S, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._hold_s = latency_s + WAY_BACK_S + MARGIN_S
        self._clock = clock
        self._closed_until_s = -1.0

    def played(self, block: Samples) -> None:
        """On the audio thread: this was given to the loudspeaker."""
        if len(block) and (block.max() > AUDIBLE or block.min() < -AUDIBLE):
            self._closed_until_s = self._clock() + self._hold_s

    def clean(self, frame: Samples) -> Samples:
        """The frame, or as much silence."""
        return silence(len(frame)) if self.closed else frame

    @property
    def closed(self) -> bool:
        """Whether the user cannot be heard now."""
        return self._clock() < self._closed_until_s

    @property
    def state(self) -> EchoState:
        return EchoState("half_duplex")


class Passthrough:
    """No guard: headphones, files. Noise suppression and gain still work, if wanted."""

    mode: Mode = "off"

    def __init__(self, *, noise_suppression: bool = False, gain_control: bool = False) -> None:
        wanted = noise_suppression or gain_control
        self._processor = _processor(False, noise_suppression, gain_control) if wanted else None

    def played(self, block: Samples) -> None:
        """Nothing is done with it."""

    def clean(self, frame: Samples) -> Samples:
        """The frame, without noise and with gain if that was wanted."""
        return frame if self._processor is None else _process(self._processor, frame, None)

    @property
    def state(self) -> EchoState:
        return EchoState("off")


class SwitchableEchoControl:
    """The guard in use, which a key may change while the conversation goes on."""

    def __init__(self, mode: Mode, build: Callable[[Mode], Any]) -> None:
        self._build = build
        self._guard = build(mode)

    @property
    def mode(self) -> Mode:
        return self._guard.mode  # type: ignore[no-any-return]

    @property
    def state(self) -> EchoState:
        return self._guard.state  # type: ignore[no-any-return]

    @property
    def unsure(self) -> bool:
        """Whether what sounds like the user may be echo."""
        return getattr(self._guard, "unsure", False)

    def switch(self, mode: Mode | None = None) -> Mode:
        """Go to this mode, or to the next one; returns it. Raises :class:`ConfigError` as building does."""
        wanted = mode or LADDER[(LADDER.index(self.mode) + 1) % len(LADDER)]
        self._guard = self._build(wanted)
        return wanted

    def played(self, block: Samples) -> None:
        """On the audio thread: this was given to the loudspeaker."""
        self._guard.played(block)

    def clean(self, frame: Samples) -> Samples:
        """The microphone's frame as it should be sent."""
        return self._guard.clean(frame)  # type: ignore[no-any-return]


def make_echo_control(
    wanted: Wanted = "auto",
    *,
    noise_suppression: bool = False,
    gain_control: bool = False,
    can_echo: bool = True,
    latency_s: float = LATENCY_S,
    report: Callable[[Any, str, str], None] = lambda level, topic, text: None,
) -> SwitchableEchoControl:
    """The guard for this conversation.

    ``auto``: the canceller; half duplex where its package is missing; nothing where nothing can echo
    (``can_echo`` is False: a file at either end). Raises :class:`ConfigError` for ``aec`` without package.
    """

    def build(mode: Mode) -> Any:
        if mode == "aec":
            return EchoCanceller(
                noise_suppression=noise_suppression, gain_control=gain_control, latency_s=latency_s
            )
        if mode == "half_duplex":
            return HalfDuplex(latency_s)
        return Passthrough(noise_suppression=noise_suppression, gain_control=gain_control)

    if wanted != "auto":
        return SwitchableEchoControl(wanted, build)
    if not can_echo:
        return SwitchableEchoControl("off", build)
    try:
        return SwitchableEchoControl("aec", build)
    except ConfigError as error:
        report(
            "warning", "echo", f"{error.message} You cannot interrupt while the agent speaks. {error.remedy}"
        )
        return SwitchableEchoControl("half_duplex", build)


def _ahead_samples(latency_s: float) -> int:
    """Reference in hand. More than the way through both devices would make the echo come before it."""
    return min(30, max(20, round(latency_s * 1000) - 10)) * SAMPLES_PER_MS


def _processor(echo: bool, noise_suppression: bool, gain_control: bool) -> Any:
    try:
        from pywebrtc_audio import AudioProcessor
    except ImportError as error:
        remedy = 'Install it: pip install pywebrtc-audio; or use headphones and echo = "off".'
        raise ConfigError("The echo canceller is not installed.", remedy) from error
    return AudioProcessor(
        sample_rate=RATE_HZ,
        echo_cancellation=echo,
        noise_suppression=noise_suppression,
        auto_gain_control=gain_control,
    )


def _process(processor: Any, frame: Samples, reference: Samples | None) -> Samples:
    """In steps of 10 ms; a rest shorter than that is passed on as it is (frames are 20 ms long)."""
    cleaned = frame.copy()
    for start in range(0, len(frame) - STEP_SAMPLES + 1, STEP_SAMPLES):
        step = slice(start, start + STEP_SAMPLES)
        far = (reference[step],) if reference is not None else ()
        cleaned[step] = processor.process(frame[step], *far)
    return cleaned
