"""The conditions under which a user is heard: keys of a script, for all of it or for one turn."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from realtime_cli.config.section import Section

BACKGROUNDS = ("room", "babble", "tv")


def _is_background(name: str) -> str:
    if name in BACKGROUNDS or name.endswith(".wav"):
        return name
    raise ValueError(f"{name!r} is not a known noise; use {', '.join(BACKGROUNDS)}, or a WAV file")


Noise = Annotated[str, AfterValidator(_is_background)]


class Conditions(Section):
    """What stands between a user's mouth and the server, in the order in which it happens."""

    seed: int = Field(default=0, ge=0)
    """The same number gives the same sound, sample for sample."""
    speed: float | None = Field(default=None, ge=0.5, le=2)
    """Faster (above 1) or slower speech, at the same pitch."""
    reverb_ms: float | None = Field(default=None, gt=0, le=3000)
    """A room in which sound falls by 60 dB in this time."""
    noise: Noise | list[Noise] | None = None
    """Behind the voice: room, babble, tv, or a WAV file beside the script; several are mixed."""
    snr_db: float = Field(default=10, ge=-20, le=60)
    """How much louder than the noise the voice is."""
    second_speaker: str | None = None
    """Words that somebody else says over the user's."""
    second_speaker_db: float = Field(default=-10, ge=-40, le=20)
    """How loud they are against the user's voice."""
    gain_db: float | None = Field(default=None, ge=-60, le=40)
    """A microphone that is turned up or down."""
    clip_db: float | None = Field(default=None, ge=0, le=40)
    """A microphone that is overdriven: so far over full scale is the loudest sample before it is cut off."""
    dtmf: str | None = Field(default=None, pattern=r"^[0-9A-D*#]+$", examples=["5#"])
    """Telephone keys that are pressed while the user speaks."""
    codec: Literal["g711_ulaw", "g711_alaw"] | None = None
    """By telephone: 8 kHz, eight bits a sample."""
    packet_loss: float | None = Field(default=None, ge=0, le=0.9)
    """The share of packets of 20 ms that are lost; what is missing is filled by repeating what was there."""
    burst_packets: float = Field(default=1, ge=1)
    """How many are lost in a row, on average."""
    jitter_ms: float | None = Field(default=None, ge=0)
    """How much packets are delayed, on average; what comes later than 60 ms is lost."""

    @property
    def noises(self) -> list[str]:
        return [self.noise] if isinstance(self.noise, str) else list(self.noise or ())

    def overlaid_by(self, other: Conditions | None) -> Conditions:
        """These, with the keys that are set in ``other`` instead."""
        if other is None:
            return self
        return self.model_copy(update={name: getattr(other, name) for name in other.model_fields_set})
