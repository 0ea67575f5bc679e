"""``devices``: list microphones and loudspeakers; a level meter and a test tone."""

from __future__ import annotations

import asyncio
import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from realtime_cli.app import interrupts
from realtime_cli.app.console import echo, out
from realtime_cli.audio import device
from realtime_cli.audio.device_choice import Device, Direction
from realtime_cli.audio.pcm import RATE_HZ, SILENCE_DBFS, Samples, dbfs
from realtime_cli.commands.devices_save import remember
from realtime_cli.errors import ConfigError, ExitCode
from realtime_cli.tui.theme import theme_for

TONE_HZ = 440
TONE_S = 1.0
METER_WIDTH = 40
METER_FLOOR_DBFS = -60.0
WARM_UP_S = 0.5
DIRECTIONS: tuple[Direction, ...] = ("input", "output")


@dataclass(frozen=True, slots=True)
class DevicesOptions:
    """``meter``, ``tone``, ``input`` and ``output`` name a device (index, name, part of a name, ``default``).

    ``save``: the agent file that remembers ``input`` and ``output``.
    """

    json: bool = False
    meter: str | None = None
    tone: str | None = None
    seconds: float = 5.0
    save: Path | None = None
    input: str | None = None
    output: str | None = None


def devices(options: DevicesOptions) -> ExitCode:
    """List the devices, try one, or save some. Raises AudioDeviceError, and ConfigError for a bad file."""
    if options.save is None and (options.input or options.output):
        raise ConfigError(
            "--input and --output are for --save.", "To try a device: --meter NAME, --tone NAME."
        )
    if options.save is not None:
        chosen: dict[Direction, str | None] = {"input": options.input, "output": options.output}
        remember(options.save, {way: choice for way, choice in chosen.items() if choice is not None})
        return ExitCode.OK
    if options.meter is not None:
        interrupts.run(_meter(options.meter, options.seconds))
    if options.tone is not None:
        interrupts.run(_tone(options.tone))
    if options.meter is None and options.tone is None:
        _list(as_json=options.json)
    return ExitCode.OK


def _list(*, as_json: bool) -> None:
    rows = [_row(found, direction) for direction in DIRECTIONS for found in _with(direction)]
    if as_json:
        out(json.dumps(rows, indent=2, ensure_ascii=False))
    elif rows:
        _print_table(rows)
    else:
        echo("There are no sound devices. Use files: realtime-cli talk --input a.wav --output b.wav")


def _with(direction: Direction) -> list[Device]:
    return [found for found in device.list_devices() if found.channels(direction)]


def _row(found: Device, direction: Direction) -> dict[str, Any]:
    return {
        "direction": direction,
        "index": found.index,
        "name": found.name,
        "host_api": found.host_api,
        "channels": found.channels(direction),
        "rates_hz": device.rates(found, direction),
        "default": found.is_default(direction),
    }


def _print_table(rows: list[dict[str, Any]]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("", "#", "direction", "name", "host", "channels", "rates that open (Hz)"):
        table.add_column(column, justify="right" if column in ("#", "channels") else "left")
    for row in rows:
        rates = ", ".join(map(str, row["rates_hz"])) or "none now"
        mark = "*" if row["default"] else ""
        cells = (mark, row["index"], row["direction"], row["name"], row["host_api"], row["channels"], rates)
        table.add_row(*map(str, cells))
    console = Console(width=None if sys.stdout.isatty() else 160, markup=False)
    console.print(table)
    if console.is_terminal:
        console.print("* default. Try one: --meter NAME (microphone), --tone NAME (loudspeaker).")


async def _meter(choice: str, seconds: float) -> None:
    """The level of one microphone, ten times a second; the highest at the end."""
    levels: list[float] = []

    def deliver(frame: Samples | None) -> None:
        if frame is not None:
            levels.append(dbfs(frame))

    told: list[str] = []

    def report(level: object, topic: str, text: str) -> None:
        told.append(text)
        _say(text)

    microphone = device.open_microphone(choice, report=report)
    try:
        microphone.start(deliver)
        for _ in range(round(seconds * 10)):
            await asyncio.sleep(0.1)
            _draw(max(levels[-5:], default=SILENCE_DBFS))
    finally:
        _clear()
        name = microphone.device_name
        await microphone.close()
    highest = max(levels, default=SILENCE_DBFS)
    out(f"{name}: highest level {highest:.1f} dBFS{'' if told else _advice(highest)}")


def _say(text: str) -> None:
    """Print a line of its own; the meter goes on below it."""
    _clear()
    echo(text)


def _clear() -> None:
    if sys.stderr.isatty():
        print("\r\x1b[K", end="", file=sys.stderr, flush=True)


def _draw(level_dbfs: float) -> None:
    if not sys.stderr.isatty():
        return
    share = min(1.0, max(0.0, 1 - level_dbfs / METER_FLOOR_DBFS))
    theme, filled = theme_for(sys.stderr.encoding), round(share * METER_WIDTH)
    bar = theme.bar * filled + theme.rail * (METER_WIDTH - filled)
    print(f"\r{bar} {level_dbfs:6.1f} dBFS ", end="", file=sys.stderr, flush=True)


def _advice(highest_dbfs: float) -> str:
    if highest_dbfs <= SILENCE_DBFS:
        return ": only silence. Is it muted, or is access blocked?"
    if highest_dbfs < -45:
        return ": very soft. Raise its level, or set auto_gain = true in [audio]."
    return ": too loud, it may clip. Lower its level." if highest_dbfs > -3 else ""


async def _tone(choice: str) -> None:
    """One second of 440 Hz on one loudspeaker."""
    speaker = device.open_speaker(choice, report=lambda level, topic, text: echo(text))
    try:
        speaker.start()
        await asyncio.sleep(WARM_UP_S)
        speaker.playout.push("tone", 0, _sine())
        speaker.playout.end("tone", 0)
        await asyncio.wait_for(speaker.drained(), TONE_S + 5)
        latency_ms = speaker.latency_s * 1000
        out(
            f"{speaker.device_name}: {TONE_HZ} Hz played at {speaker.rate_hz} Hz, latency {latency_ms:.0f} ms"
        )
    finally:
        await speaker.close()


def _sine() -> Samples:
    turns = np.arange(round(RATE_HZ * TONE_S)) * TONE_HZ / RATE_HZ
    ramp = np.minimum(1, np.minimum(np.arange(len(turns)), np.arange(len(turns))[::-1]) / 480)
    return (6_000 * ramp * np.sin(2 * np.pi * turns)).astype(np.int16)
