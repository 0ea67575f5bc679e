"""Keeping the agent from hearing itself: an echo canceller, half duplex, or nothing; a key switches.

All sound here is int16 mono at 24 kHz, shape (n,). Far end: what the loudspeaker plays. Near end: what
the microphone hears.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from realtime_cli.audio.echo_canceller import (
    OUTPUT_LATENCY_S,
    EchoCanceller,
    EchoMetrics,
    EchoMode,
    audio_processor,
)
from realtime_cli.audio.pcm import STEP_SAMPLES, Samples, silence
from realtime_cli.errors import ConfigError

EchoChoice = Literal["auto", "aec", "half_duplex", "off"]
MODES: tuple[EchoMode, ...] = ("aec", "half_duplex", "off")


class EchoMethod(Protocol):
    """Between the two devices. ``played`` is called on the audio thread, ``process`` on the loop's."""

    mode: EchoMode

    @property
    def converging(self) -> bool: ...

    @property
    def state(self) -> EchoMetrics: ...

    def played(self, block: Samples) -> None: ...

    def process(self, near_end: Samples) -> Samples: ...


@dataclass(frozen=True, slots=True)
class HalfDuplexTuning:
    """When the microphone is closed."""

    return_path_s: float = 0.06  # through the sound server and the microphone
    margin_s: float = 0.3  # if longer, the user's first word is lost; if shorter, the end of the echo is sent
    audible_peak: int = 64  # of 32768: a softer echo is inaudible


class HalfDuplex:
    """The microphone is closed while the agent is heard, and 300 ms longer.

    Closed means zeros, not nothing, so that the server's voice activity detection keeps time.
    ``latency_s`` is what the loudspeaker was asked for.
    """

    mode: EchoMode = "half_duplex"
    converging = False

    def __init__(
        self,
        latency_s: float = OUTPUT_LATENCY_S,
        *,
        clock: Callable[[], float] = time.monotonic,
        tuning: HalfDuplexTuning = HalfDuplexTuning(),
    ) -> None:
        self._hold_s = latency_s + tuning.return_path_s + tuning.margin_s
        self._audible_peak = tuning.audible_peak
        self._clock = clock
        self._closed_until_s = -1.0

    def played(self, block: Samples) -> None:
        """On the audio thread: this was given to the loudspeaker."""
        if len(block) and (block.max() > self._audible_peak or block.min() < -self._audible_peak):
            self._closed_until_s = self._clock() + self._hold_s

    def process(self, near_end: Samples) -> Samples:
        """The microphone's frame, or as much silence."""
        return silence(len(near_end)) if self.closed else near_end

    @property
    def closed(self) -> bool:
        """Whether the user cannot be heard now."""
        return self._clock() < self._closed_until_s

    @property
    def state(self) -> EchoMetrics:
        return EchoMetrics("half_duplex")


class Passthrough:
    """No echo control: headphones, files. Noise suppression and gain still work, if wanted."""

    mode: EchoMode = "off"
    converging = False

    def __init__(self, *, noise_suppression: bool = False, gain_control: bool = False) -> None:
        requested = noise_suppression or gain_control
        self._processor = audio_processor(False, noise_suppression, gain_control) if requested else None

    def played(self, block: Samples) -> None:
        """Nothing is done with it."""

    def process(self, near_end: Samples) -> Samples:
        """The frame, in steps of 10 ms without noise and with gain if that was wanted."""
        if self._processor is None:
            return near_end
        processed = near_end.copy()
        for start in range(0, len(near_end) - STEP_SAMPLES + 1, STEP_SAMPLES):
            step = slice(start, start + STEP_SAMPLES)
            processed[step] = self._processor.process(near_end[step])
        return processed

    @property
    def state(self) -> EchoMetrics:
        return EchoMetrics("off")


class SwitchableEchoControl:
    """The method in use, which a key may change while the conversation goes on."""

    def __init__(self, mode: EchoMode, build: Callable[[EchoMode], EchoMethod]) -> None:
        self._build = build
        self._erl_db: float | None = None
        self._method = build(mode)

    @property
    def mode(self) -> EchoMode:
        return self._method.mode

    @property
    def state(self) -> EchoMetrics:
        return self._method.state

    @property
    def converging(self) -> bool:
        """Whether what sounds like the user may be echo."""
        return self._method.converging

    def switch(self, mode: EchoMode | None = None) -> EchoMode:
        """Go to this mode, or to the next one; returns it. Raises :class:`ConfigError` as building does."""
        requested = mode or MODES[(MODES.index(self.mode) + 1) % len(MODES)]
        self._method = self._build(requested)
        if self._erl_db is not None:
            self.begin_with(self._erl_db)
        return requested

    def begin_with(self, erl_db: float) -> None:
        """Before the first frame: how much softer the echo was in earlier sessions."""
        self._erl_db = erl_db
        if isinstance(self._method, EchoCanceller):
            self._method.begin_with(erl_db)

    @property
    def learned(self) -> tuple[float, float]:
        """Echo return loss (dB), and of how many seconds of echo; none without the canceller."""
        return self._method.learned if isinstance(self._method, EchoCanceller) else (0.0, 0.0)

    def played(self, block: Samples) -> None:
        """On the audio thread: this was given to the loudspeaker."""
        self._method.played(block)

    def process(self, near_end: Samples) -> Samples:
        """The microphone's frame as it should be sent; in the long run as much, for a moment more or less."""
        return self._method.process(near_end)


def make_echo_control(
    choice: EchoChoice = "auto",
    *,
    noise_suppression: bool = False,
    gain_control: bool = False,
    can_echo: bool = True,
    latency_s: float = OUTPUT_LATENCY_S,
    report: Callable[[Any, str, str], None] = lambda level, topic, text: None,
) -> SwitchableEchoControl:
    """The echo control for this conversation.

    ``auto``: the canceller; half duplex where its package is missing; nothing where nothing can echo
    (``can_echo`` is False: a file at either end). Raises :class:`ConfigError` for ``aec`` without package.
    """

    def build(mode: EchoMode) -> EchoMethod:
        if mode == "aec":
            return EchoCanceller(
                noise_suppression=noise_suppression, gain_control=gain_control, latency_s=latency_s
            )
        if mode == "half_duplex":
            return HalfDuplex(latency_s)
        return Passthrough(noise_suppression=noise_suppression, gain_control=gain_control)

    if choice != "auto":
        return SwitchableEchoControl(choice, build)
    if not can_echo:
        return SwitchableEchoControl("off", build)
    try:
        return SwitchableEchoControl("aec", build)
    except ConfigError as error:
        text = f"{error.message} You cannot interrupt while the agent speaks. {error.remedy}"
        report("warning", "echo", text)
        return SwitchableEchoControl("half_duplex", build)
