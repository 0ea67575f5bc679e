"""``doctor --acoustic``: what the room and the canceller do to chirps and speech from the loudspeaker."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date

import numpy as np

from realtime_cli.app import interrupts
from realtime_cli.app.audio_io import question
from realtime_cli.app.diagnostics import Finding, ok, warning
from realtime_cli.audio import chirp, device, room
from realtime_cli.audio.echo_canceller import EchoCanceller
from realtime_cli.audio.pcm import RATE_HZ, SILENCE_DBFS, Samples, dbfs, silence
from realtime_cli.audio.wav_file import read_wav
from realtime_cli.commands.doctor_sound import MICROPHONE_RIGHTS
from realtime_cli.config.audio import Audio
from realtime_cli.errors import AudioDeviceError, ConfigError

CHIRPS, EVERY_S = 3, 0.8
SPEECH_S = 6.0
JUDGED_S = 3.0  # the end of the speech: by then the canceller has learned the room
WARM_UP_S = 0.6
AFTERWARDS_S = 0.6
MAX_DELAY_MS = 400  # that the canceller follows
NOISY_DBFS = -38.0
CLIPPED_DBFS = -1.0
GOOD_DB, POOR_DB = 20.0, 8.0
UNHEARD_DBFS = -60.0


@dataclass
class Log:
    """Every block in order of time, as the canceller gets them: (seconds, played or heard, samples)."""

    blocks: list[tuple[float, bool, Samples]] = field(default_factory=list)
    devices: tuple[str, str] = "", ""  # microphone and loudspeaker

    def played(self, block: Samples) -> None:
        """On the audio thread: this was given to the loudspeaker."""
        self.blocks.append((time.monotonic(), True, block.copy()))

    def heard(self, frame: Samples | None) -> None:
        if frame is not None:
            self.blocks.append((time.monotonic(), False, frame))

    def track(self, played: bool) -> tuple[float, Samples]:
        """When the first sample was there, and all samples.

        Blocks come late, never early: the earliest counts.
        """
        count, began_s = 0, float("inf")
        for at_s, was_played, block in self.blocks:
            if was_played == played:
                before = count if played else count + len(block)
                began_s = min(began_s, at_s - before / RATE_HZ)
                count += len(block)
        parts = [block for _, was_played, block in self.blocks if was_played == played]
        return began_s, np.concatenate(parts) if parts else silence(0)


@dataclass(frozen=True, slots=True)
class Measured:
    """``removed_db`` and ``left_dbfs`` are None where there is no canceller."""

    echo: chirp.MeasuredEcho | None
    noise_dbfs: float
    highest_dbfs: float
    removed_db: float | None = None
    left_dbfs: float | None = None
    learned: tuple[float, float] = 0.0, 0.0  # by the canceller: echo return loss (dB), of so many seconds


def acoustic(audio: Audio) -> Iterator[Finding]:
    """Play, listen, and say what to use. Raises :class:`AudioDeviceError`."""
    log = interrupts.run(_play_and_listen(audio, sounds()))
    measured = measure(log, audio.latency_ms / 1000)
    yield from report(measured)
    if room.keep(log.devices, *measured.learned, date.today()):
        yield ok(
            "known room", f"saved: the echo is {measured.learned[0]:.0f} dB softer; talk starts from that"
        )


def sounds() -> Samples:
    """What is played: chirps to measure by, then speech for the canceller to learn from."""
    with question().open("rb") as file:
        speech = np.concatenate(list(read_wav(file, "the recorded question")))
    requested = round(SPEECH_S * RATE_HZ)
    often = -(-requested // len(speech))
    return np.concatenate([chirp.chirps(CHIRPS, EVERY_S), np.tile(speech, often)[:requested]])


async def _play_and_listen(audio: Audio, sound: Samples) -> Log:
    log = Log()

    def ignore(level: object, topic: str, text: str) -> None:
        """Ignore what devices report: it is measured here."""

    microphone = device.open_microphone(audio.input, report=ignore, block_ms=audio.block_ms)
    try:
        speaker = device.open_speaker(
            audio.output,
            on_played=log.played,
            report=ignore,
            block_ms=audio.block_ms,
            latency_ms=audio.latency_ms,
        )
        try:
            microphone.start(log.heard)
            speaker.start()
            log.devices = microphone.device_name, speaker.device_name
            await asyncio.sleep(WARM_UP_S)
            speaker.playout.push("doctor", 0, sound)
            speaker.playout.end("doctor", 0)
            async with asyncio.timeout(len(sound) / RATE_HZ + 5):
                await speaker.drained()
            await asyncio.sleep(AFTERWARDS_S)
        except TimeoutError:
            raise AudioDeviceError(
                f"{speaker.device_name} accepts the sound too slowly.", "Choose another: realtime-cli devices"
            ) from None
        finally:
            await speaker.close()
    finally:
        await microphone.close()
    return log


def measure(log: Log, latency_s: float = 0.04) -> Measured:
    """What the log shows. ``latency_s`` is what the loudspeaker was asked for."""
    played_at_s, played = log.track(played=True)
    heard_at_s, heard = log.track(played=False)
    sounding = np.flatnonzero(played)
    if not len(sounding) or not len(heard):
        return Measured(None, SILENCE_DBFS, dbfs(heard))
    first = int(sounding[0])
    begin = max(0, round((played_at_s + first / RATE_HZ - heard_at_s) * RATE_HZ))
    train = played[first : first + round(CHIRPS * EVERY_S * RATE_HZ)]
    listened = heard[begin : begin + len(train) + round(chirp.MAX_DELAY_S * RATE_HZ)]
    noise_dbfs = chirp.quietest_dbfs(heard[:begin])
    highest = float(np.abs(heard.astype(np.int32)).max()) / 32768
    highest_dbfs = 20 * float(np.log10(highest)) if highest else SILENCE_DBFS
    judged_s = played_at_s + int(sounding[-1]) / RATE_HZ - JUDGED_S
    return Measured(
        chirp.find(train, listened), noise_dbfs, highest_dbfs, *_cancelled(log, judged_s, latency_s)
    )


def _cancelled(
    log: Log, from_s: float, latency_s: float
) -> tuple[float | None, float | None, tuple[float, float]]:
    """What the canceller takes from the end of the speech (dB), what it leaves (dBFS), what it learned."""
    try:
        canceller = EchoCanceller(latency_s=latency_s)
    except ConfigError:
        return None, None, (0.0, 0.0)
    before, after = [silence(0)], [silence(0)]
    for at_s, was_played, block in log.blocks:
        if was_played:
            canceller.played(block)
            continue
        cleaned = canceller.process(block)
        if from_s <= at_s < from_s + JUDGED_S:
            before.append(block)
            after.append(cleaned)
    left_dbfs = dbfs(np.concatenate(after))
    return dbfs(np.concatenate(before)) - left_dbfs, left_dbfs, canceller.learned


def report(measured: Measured) -> Iterator[Finding]:
    """The figures, then what to use."""
    echo = measured.echo
    yield ok("room", f"{measured.noise_dbfs:.0f} dBFS in silence", noise_dbfs=round(measured.noise_dbfs, 1))
    if echo:
        yield ok(
            "echo",
            f"comes {echo.delay_ms:.0f} ms after the sound, {echo.loss_db:.0f} dB softer",
            delay_ms=round(echo.delay_ms),
            loss_db=round(echo.loss_db, 1),
            sureness=round(echo.sureness, 1),
        )
        if measured.removed_db is not None and measured.left_dbfs is not None:
            yield ok(
                "echo canceller",
                f"takes away {measured.removed_db:.0f} dB of it, leaves {measured.left_dbfs:.0f} dBFS",
                removed_db=round(measured.removed_db, 1),
                left_dbfs=round(measured.left_dbfs, 1),
            )
    yield advice(measured)


def advice(measured: Measured) -> Finding:
    """Headphones, the canceller, half duplex or push to talk."""
    echo, removed_db = measured.echo, measured.removed_db
    if measured.highest_dbfs <= SILENCE_DBFS:
        return warning(
            "advice",
            "the microphone delivers only silence, so nothing could be measured.",
            MICROPHONE_RIGHTS["Linux"],
            use=None,
        )
    if measured.noise_dbfs > NOISY_DBFS:
        return warning(
            "advice",
            "the room is loud.",
            "A headset, audio.noise_suppression = true, or push to talk (audio.push_to_talk = true).",
            use="push_to_talk",
        )
    if echo is None:
        return ok(
            "advice", "no echo: headphones are on, or the loudspeaker is off. Nothing to do.", use="off"
        )
    if measured.highest_dbfs >= CLIPPED_DBFS:
        return warning(
            "advice",
            "the echo is so loud that the microphone clips, which no canceller can undo.",
            "Turn the loudspeaker or the microphone down, then measure again; or use headphones.",
            use="headphones",
        )
    if echo.delay_ms > MAX_DELAY_MS:
        return warning(
            "advice",
            f"the echo comes later than the canceller can follow ({MAX_DELAY_MS} ms).",
            'Use wired headphones instead of Bluetooth; or echo = "half_duplex" in [audio].',
            use="half_duplex",
        )
    if removed_db is None or measured.left_dbfs is None:
        return warning(
            "advice",
            "without the canceller's package you cannot interrupt by voice.",
            'Use headphones with echo = "off"; or stay with half duplex.',
            use="half_duplex",
        )
    if removed_db >= GOOD_DB or measured.left_dbfs <= UNHEARD_DBFS:
        return ok("advice", 'the echo canceller does (echo = "auto", the default).', use="aec")
    if removed_db >= POOR_DB:
        return warning(
            "advice",
            "the canceller leaves some echo: the agent may interrupt itself.",
            'Use headphones; or echo = "half_duplex" in [audio].',
            use="half_duplex",
        )
    return warning(
        "advice",
        "the canceller does not help here.",
        "Use headphones, or push to talk (audio.push_to_talk = true).",
        use="headphones",
    )
