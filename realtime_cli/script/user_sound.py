"""What the user of a script sounds like: words, pauses, files and keys, and the conditions over them."""

from __future__ import annotations

import zlib
from pathlib import Path

import numpy as np

from realtime_cli.audio import background, impairments
from realtime_cli.audio.pcm import FRAME_SAMPLES, RATE_HZ, Floats, Samples, to_float, to_int16
from realtime_cli.script import clips
from realtime_cli.script.clips import Clip, SpeechSource
from realtime_cli.script.conditions import Conditions
from realtime_cli.script.format import Saying, Script, ScriptTurn

BED_S = 12  # of noise between the turns, again and again
OTHER_PITCH = 0.85  # of whoever else speaks
TV_SAYS = "Good evening, and welcome back. Tomorrow will be cloudy in the north, with some rain by noon."
CROWD_SAYS = (
    "So I told him that we would meet on Sunday, and he never even answered.",
    "Could you pass me the menu? I think I will have the soup of the day.",
    "They moved to the country two years ago, and they have never been happier.",
)


class UserSounds:
    """Makes the clips of one script; relative files are those beside it."""

    def __init__(self, script: Script, folder: Path, voice: SpeechSource) -> None:
        self._script, self._folder, self._voice = script, folder, voice
        self._levels: list[float] = []

    async def clip(self, number: int, turn: ScriptTurn) -> Clip | None:
        """The sound of a turn, None where it has none. Raises ConfigError."""
        if turn.silence_ms is not None:
            return clips.silent(turn.silence_ms)
        clean = await self._clean(turn)
        if clean is None:
            return None
        conditions = (self._script.conditions or Conditions()).overlaid_by(turn.conditions)
        if not conditions.model_fields_set:
            return clips.clip_of(clean)
        spoken, heard = await self._under(conditions, clean, number)
        # Where the user begins and ends is to be found in the voice, not in the noise.
        return Clip(clips.clip_of(heard).frames, clips.clip_of(spoken).sounding)

    async def between(self) -> Clip | None:
        """What is heard between the turns: the noise of the script's conditions, None without one."""
        conditions = self._script.conditions
        if conditions is None or not conditions.noises:
            return None
        level = float(np.mean(self._levels)) if self._levels else 10 ** (background.SPEECH_DBFS / 20)
        noise = await self._noise(conditions, BED_S * RATE_HZ, _Chances(conditions.seed, 0))
        noise = background.at_level(noise, level * 10 ** (-conditions.snr_db / 20))
        return clips.clip_of(self._by_line(conditions, noise, _Chances(conditions.seed, 0)))

    async def _clean(self, turn: ScriptTurn) -> Samples | None:
        if turn.say is not None:
            return await self._said(turn.say)
        if turn.wav is not None:
            return clips.joined([await self._part(part) for part in _parts(turn.wav)])
        return clips.dtmf(turn.dtmf) if turn.dtmf is not None else None

    async def _said(self, saying: Saying) -> Samples:
        return clips.joined(
            [part if isinstance(part, float) else await self._voice(part) for part in _parts(saying)]
        )

    async def _part(self, part: str | float) -> Samples | float:
        return part if isinstance(part, float) else clips.read_samples(self._folder / part)

    # -- conditions ---------------------------------------------------------------------------

    async def _under(self, conditions: Conditions, clean: Samples, number: int) -> tuple[Samples, Samples]:
        """The voice alone, and what the far end hears of it."""
        chances = _Chances(conditions.seed, number)
        sound = impairments.stretched(to_float(clean), conditions.speed or 1.0)
        if conditions.reverb_ms is not None:
            sound = impairments.in_room(sound, conditions.reverb_ms, chances.of("room"))
        level = background.speech_rms(sound)
        self._levels.append(level)
        spoken, heard = sound, sound
        if conditions.noises:
            noise = await self._noise(conditions, len(sound), chances)
            heard = heard + background.at_level(noise, level * 10 ** (-conditions.snr_db / 20))
        if conditions.second_speaker:
            other = await self._other(conditions.second_speaker)
            other = background.at_level(other, level * 10 ** (conditions.second_speaker_db / 20))
            heard = heard + np.pad(other, (0, max(0, len(heard) - len(other))))[: len(heard)]
        return to_int16(spoken), self._by_line(conditions, heard, chances)

    def _by_line(self, conditions: Conditions, sound: Floats, chances: _Chances) -> Samples:
        """Through the microphone and over the line."""
        if conditions.gain_db is not None:
            sound = impairments.amplified(sound, conditions.gain_db)
        if conditions.clip_db is not None:
            sound = impairments.overdriven(sound, conditions.clip_db)
        if conditions.dtmf:
            keys = to_float(clips.dtmf(conditions.dtmf))
            sound = sound + np.pad(keys, (0, max(0, len(sound) - len(keys))))[: len(sound)]
        line = to_int16(sound)
        if conditions.codec:
            line = impairments.through_g711(line, a_law=conditions.codec == "g711_alaw")
        if conditions.packet_loss or conditions.jitter_ms:
            lost = impairments.lost_packets(
                -(-len(line) // FRAME_SAMPLES),
                conditions.packet_loss or 0.0,
                conditions.burst_packets,
                conditions.jitter_ms or 0.0,
                chances.of("line"),
            )
            line = impairments.concealed(line, lost)
        return line

    async def _noise(self, conditions: Conditions, count: int, chances: _Chances) -> Floats:
        """All noises at once, equally loud."""
        mixed = np.zeros(count, np.float32)
        for name in conditions.noises:
            mixed += background.at_level(await self._one_noise(name, count, chances.of(name)), 0.1)
        return mixed

    async def _one_noise(self, name: str, count: int, chance: np.random.Generator) -> Floats:
        match name:
            case "room":
                return background.room_noise(count, chance)
            case "babble":
                return background.crowd([await self._other(text) for text in CROWD_SAYS], count, chance)
            case "tv":
                return background.television(await self._other(TV_SAYS), count, chance)
            case _:
                sound = to_float(clips.read_samples(self._folder / name))
                return np.resize(np.roll(sound, int(chance.integers(len(sound)))), count)

    async def _other(self, text: str) -> Floats:
        return background.pitched(to_float(await self._voice(text)), OTHER_PITCH)


class _Chances:
    """A source of chance for each condition, so that one more of them does not change the others."""

    def __init__(self, seed: int, number: int) -> None:
        self._seed, self._number = seed, number

    def of(self, name: str) -> np.random.Generator:
        return np.random.default_rng([self._seed, self._number, zlib.crc32(name.encode())])


def _parts(saying: Saying) -> list[str | float]:
    return [saying] if isinstance(saying, str) else list(saying)
