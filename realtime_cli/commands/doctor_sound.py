"""``doctor``: devices, the rates they take, and whether the microphone gives more than zeros."""

from __future__ import annotations

import asyncio
import platform
from collections.abc import Iterator
from datetime import date

from realtime_cli.app import interrupts
from realtime_cli.app.diagnostics import Finding, failure, ok, warning
from realtime_cli.audio import device, room
from realtime_cli.audio.device_choice import Device, Direction, pick
from realtime_cli.audio.pcm import RATE_HZ, SILENCE_DBFS, Samples, dbfs
from realtime_cli.commands.doctor_machine import surroundings
from realtime_cli.config.audio import Audio, names_a_file
from realtime_cli.errors import AudioDeviceError

LISTEN_S = 1.2
NOUNS: dict[Direction, str] = {"input": "microphone", "output": "loudspeaker"}
WHERE_SOUND_IS = {
    "ssh": "Over SSH the sound card of the far machine is used; forward sound (PULSE_SERVER), or use files.",
    "wsl": "WSL 2 with WSLg has sound through PulseAudio: apt-get install libasound2-plugins; or use files.",
    "container": "Give the container the sound server's socket and PULSE_SERVER, or /dev/snd; or use files.",
    "": "Plug one in, or use files: --input question.wav --output answer.wav",
}
MICROPHONE_RIGHTS = {
    "Darwin": "System Settings, Privacy & Security, Microphone: allow your terminal, then restart it.",
    "Windows": "Settings, Privacy, Microphone: let desktop apps use it.",
    "Linux": "Unmute it (alsamixer, pavucontrol), choose another (realtime-cli devices), join group audio.",
}


def devices(audio: Audio) -> Iterator[Finding]:
    """Microphone and loudspeaker that the agent file means."""
    for direction, choice in (("input", audio.input), ("output", audio.output)):
        yield _device("input" if direction == "input" else "output", choice)


def _device(direction: Direction, choice: str | int) -> Finding:
    noun = NOUNS[direction]
    if names_a_file(str(choice)):
        return ok(noun, f"{choice} (a file)")
    try:
        listed = device.list_devices()
        if not any(found.channels(direction) for found in listed) and choice == "default":
            remedy = WHERE_SOUND_IS[surroundings()]
            return warning(noun, f"this machine has no {noun}; talk plays a recorded question.", remedy)
        found = pick(listed, choice, direction)
        return _rates(noun, found, direction, device.rates(found, direction))
    except AudioDeviceError as error:
        return failure(noun, error)


def _rates(noun: str, found: Device, direction: Direction, rates_hz: list[int]) -> Finding:
    facts = {"index": found.index, "name": found.name, "host_api": found.host_api, "rates_hz": rates_hz}
    name = f"{found.index}: {found.name} ({found.host_api})"
    if RATE_HZ in rates_hz:
        return ok(noun, f"{name}, supports 24000 Hz", **facts)
    if rates_hz:
        return ok(noun, f"{name}, resampled from {found.rate_hz} Hz", **facts)
    remedy = f"Is another program using it? Others: realtime-cli devices, then --set audio.{direction}=NAME"
    return warning(noun, f"{name} cannot be opened at any usual sample rate.", remedy, **facts)


def microphone(choice: str | int) -> Finding:
    """Listen for a second: a system that denies permission gives zeros, not an error."""
    try:
        level_dbfs, frames = interrupts.run(_listen(choice))
    except AudioDeviceError as error:
        return failure("microphone level", error)
    facts = {"highest_dbfs": round(level_dbfs, 1), "frames": frames}
    if not frames:
        return warning(
            "microphone level",
            "the device was opened but delivered nothing.",
            "Unplug it and plug it in again, or choose another: realtime-cli devices",
            **facts,
        )
    if level_dbfs <= SILENCE_DBFS:
        remedy = MICROPHONE_RIGHTS.get(platform.system(), MICROPHONE_RIGHTS["Linux"])
        return warning("microphone level", "only silence: muted, or access is blocked.", remedy, **facts)
    return ok("microphone level", f"up to {level_dbfs:.0f} dBFS within {LISTEN_S:g} s", **facts)


def rooms(today: date) -> Finding:
    """Between which devices the echo is known from earlier sessions."""
    complaints: list[str] = []
    known = [
        f"{each.microphone} and {each.loudspeaker} ({each.heard_on})"
        for each in room.known_rooms(today, complaints.append)
    ]
    if complaints:
        return warning("known rooms", complaints[0], "Delete it: rooms are learned again.")
    return ok("known rooms", ", ".join(known) or "none yet")


async def _listen(choice: str | int) -> tuple[float, int]:
    """The highest level of a frame, and how many frames there were."""
    levels: list[float] = []

    def deliver(frame: Samples | None) -> None:
        if frame is not None:
            levels.append(dbfs(frame))

    opened = device.open_microphone(choice, report=lambda level, topic, text: None)
    try:
        opened.start(deliver)
        await asyncio.sleep(LISTEN_S)
    finally:
        await opened.close()
    return max(levels, default=SILENCE_DBFS), len(levels)
