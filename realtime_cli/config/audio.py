"""``[audio]``: devices, echo, who may speak when."""

from typing import Literal

from pydantic import Field

from realtime_cli.config.section import Section

Echo = Literal["auto", "aec", "half_duplex", "off"]
COMPRESSED = (".mp3", ".m4a", ".aac", ".ogg", ".opus", ".flac", ".webm")
STREAMS = ("-", "null")


def names_a_file(name: str) -> bool:
    """Whether a name stands for a file or pipe rather than a device."""
    endings = (".wav", ".wave", ".raw", ".pcm", *COMPRESSED)
    return name in STREAMS or name.lower().endswith(endings) or "/" in name


class Audio(Section):
    input: str | int = "default"
    """Microphone: name, part of a name, index, default, a WAV file, or - for stdin."""
    output: str | int = "default"
    """Speaker: name, part of a name, index, default, a WAV file, - for stdout, or null."""
    echo: Echo = "auto"
    """What keeps the agent from hearing itself: aec (canceller), half_duplex, off; auto chooses."""
    noise_suppression: bool = False
    """Take steady noise out of the microphone."""
    auto_gain: bool = False
    """Bring a quiet microphone up."""
    push_to_talk: bool = False
    """Speak while the key is held (or after a tap); needs session.audio.input.turn_detection = false."""
    pre_roll_ms: int = Field(default=300, ge=0, le=2000)
    """Sound from just before the key, so that first syllables are not lost."""
    end_of_turn: Literal["server", "vad"] = "server"
    """vad: where turn_detection is false, this program listens for the end of your turn."""
    silence_ms: int = Field(default=500, ge=100, le=5000)
    """With end_of_turn = "vad": silence that ends a turn."""
    start_paused: bool = False
    """Begin with the microphone muted."""
    vad_gate: bool = False
    """Send silence while nobody speaks: the same number of bytes, nothing from the room, 120 ms later."""
    barge_in: Literal["immediate", "reversible", "duck", "never"] = "immediate"
    """What your voice does to the agent's: cut it off, hold it until you surely mean it, lower it."""
    barge_in_ms: int | None = Field(default=None, ge=0, le=5000)
    """Speech this long cuts the agent off with duck (400 if not set), twice as long with reversible (600)."""
    latency_ms: int = Field(default=20, ge=5, le=500)
    """Requested device buffer; widened automatically if it proves too small."""
    block_ms: Literal[10, 20] = 10
    """Device block: 10, or 20, which uses less CPU but reacts later."""
    fast: bool = False
    """With files: as fast as the server accepts them, not in real time."""
    pause_between_files_ms: int = Field(default=1500, ge=0)
    """With several input files: silence between two."""
