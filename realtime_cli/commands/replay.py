"""``realtime-cli replay``: a recorded session again: shown, played, verified, served, or held again."""

from __future__ import annotations

import shutil
from functools import partial

from realtime_cli.app import interrupts
from realtime_cli.app.console import echo, out
from realtime_cli.app.player import PlaybackOptions, Player
from realtime_cli.app.progress import progress
from realtime_cli.commands.replay_options import ReplayOptions
from realtime_cli.config.time_span import seconds_of
from realtime_cli.errors import ConfigError, ExitCode
from realtime_cli.recording import time_warp
from realtime_cli.recording.reader import Recording, read
from realtime_cli.recording.stored import find_or_path
from realtime_cli.recording.verify import side_by_side, verify


def replay(options: ReplayOptions) -> ExitCode:
    """Do with the recording what the options say; returns the exit code."""
    if sum((options.verify, options.serve, options.resend)) > 1:
        raise ConfigError("--verify, --serve and --resend cannot be combined.", "Choose one.")
    recording = read(find_or_path(options.recording))
    if options.verify:
        return _verify(recording)
    if options.serve:
        from realtime_cli.commands.replay_serve import serve

        return serve(recording, options)
    if options.resend:
        from realtime_cli.commands.replay_resend import resend

        return resend(recording, options)
    return interrupts.run(_show(recording, options))


def _verify(recording: Recording) -> ExitCode:
    with progress("Verifying", recording.line_count()) as step:
        verdict = verify(recording, step)
    if not verdict.different:
        echo(f"{recording.path}: {verdict.steps} steps, all as recorded.")
        return ExitCode.OK
    out(side_by_side(verdict, shutil.get_terminal_size((120, 24)).columns), end="")
    echo(f"{recording.path}: {len(verdict.different)} of {verdict.steps} steps differ.")
    return ExitCode.EXPECTATION_FAILED


async def _show(recording: Recording, options: ReplayOptions) -> ExitCode:
    player = Player(recording, pace_of(recording, options), plain=options.plain, json=options.json)
    interrupts.on_signals(partial(player.quit, ExitCode.INTERRUPTED))
    return await player.run()


def pace_of(recording: Recording, options: ReplayOptions) -> PlaybackOptions:
    """The pace that the options ask for. Raises ConfigError for what cannot be."""
    if options.speed <= 0:
        raise ConfigError(f"Invalid speed: {options.speed:g}.", "Give a number above 0, or --max.")
    if options.audio and (options.max or options.speed != 1):
        raise ConfigError(
            "Sound is played at its own speed only.", "Leave out --audio, or --speed and --max."
        )
    idle_s = None if options.idle_limit is None else seconds_of(options.idle_limit, "--idle-limit")
    end_s = None if options.end is None else time_warp.moment_of(recording, options.end, "--to")
    begin_s = _begin_s(recording, options)
    if end_s is not None and end_s <= begin_s:
        raise ConfigError(
            f"The end ({end_s:g} s) is not behind the beginning ({begin_s:g} s).", "See --from and --to."
        )
    return PlaybackOptions(
        speed=None if options.max else options.speed,
        times=time_warp.time_warp(recording, idle_s),
        begin_s=begin_s,
        end_s=end_s,
        speaker=(options.output or "default") if options.audio else None,
    )


def _begin_s(recording: Recording, options: ReplayOptions) -> float:
    given = [name for name in ("begin", "turn", "marker") if getattr(options, name) is not None]
    if len(given) > 1:
        raise ConfigError("--from, --turn and --marker each say where to begin.", "Give one of them.")
    if options.turn is not None:
        return time_warp.turn_at(recording, options.turn)
    if options.marker is not None:
        return time_warp.marker_at(recording, options.marker)
    return 0.0 if options.begin is None else time_warp.moment_of(recording, options.begin, "--from")
