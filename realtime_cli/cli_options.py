"""The options that several commands share, the panels of ``--help``, and how options become a value."""

from __future__ import annotations

from dataclasses import fields
from functools import partial
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer

MAX_COUNT = 10_000
MAX_NUMBER = 1e6  # neither infinity nor NaN
PORT: dict[str, Any] = {"min": 0, "max": 65535, "metavar": "PORT"}

agent_panel = partial(typer.Option, rich_help_panel="Agent")
sound_panel = partial(typer.Option, rich_help_panel="Sound")
recording_panel = partial(typer.Option, rich_help_panel="Recording")
output_panel = partial(typer.Option, rich_help_panel="Output")
selection_panel = partial(typer.Option, rich_help_panel="Which scripts")
running_panel = partial(typer.Option, rich_help_panel="How they run")
reports_panel = partial(typer.Option, rich_help_panel="Reports", metavar="FILE")
workers_panel = partial(typer.Option, rich_help_panel="Worker processes")
making_panel = partial(typer.Option, rich_help_panel="Making scripts", metavar="FILE")
selected_panel = partial(typer.Option, rich_help_panel="Which sessions")
view_panel = partial(typer.Option, rich_help_panel="What to play")
again_panel = partial(typer.Option, rich_help_panel="Run again and compare")
serving_panel = partial(typer.Option, rich_help_panel="Server")
trial_panel = partial(typer.Option, rich_help_panel="Try a device")
choice_panel = partial(typer.Option, rich_help_panel="Remember devices", metavar="DEVICE")
messages_panel = partial(typer.Option, rich_help_panel="Messages", metavar="FILE")
checks_panel = partial(typer.Option, rich_help_panel="What to check")
writing_panel = partial(typer.Option, rich_help_panel="What to write")

Scripts = Annotated[
    list[Path],
    typer.Argument(metavar="SCRIPTS", help="Script files, or folders of them.", show_default=False),
]
Config = Annotated[
    Path | None,
    agent_panel("--config", "-c", metavar="FILE", help="The agent file (TOML).", show_default=False),
]
Sets = Annotated[
    list[str] | None,
    agent_panel(
        "--set", metavar="KEY=VALUE", help="Override any key: --set session.audio.output.voice=cedar"
    ),
]
BaseUrl = Annotated[str | None, agent_panel(metavar="URL", help="Another Realtime server (ws:// or wss://).")]
Approve = Annotated[
    list[str] | None,
    agent_panel(
        "--approve", metavar="TOOL", help="Tool allowed to run without asking; repeat it, or give 'all'."
    ),
]
Trust = Annotated[
    list[str] | None,
    agent_panel(
        "--trust",
        metavar="HASH|PATH",
        help="Trust an agent or script without asking: the hash of 'config trust', its file, or a folder.",
    ),
]
Record = Annotated[
    Path | None, recording_panel(metavar="FILE", help="Where to record (default: the state folder).")
]
NoRecord = Annotated[bool, recording_panel("--no-record", help="Record nothing.")]
SpokenInput = Annotated[
    str | None,
    typer.Argument(
        metavar="FILE|DEVICE",
        help="A WAV file, - for stdin, or a microphone (default: that of [audio]).",
        show_default=False,
    ),
]
RealTime = Annotated[
    bool, sound_panel("--real-time", help="Send files in real time, not as fast as the server takes them.")
]
Plain = Annotated[bool, output_panel("--plain", help="Plain lines instead of a live screen.")]
Json = Annotated[bool, output_panel("--json", help="JSON lines on stdout.")]
Quiet = Annotated[bool, output_panel("--quiet", "-q", help="No messages on stderr.")]
FailIf = Annotated[
    list[str] | None,
    running_panel(
        "--fail-if",
        metavar="CONDITION",
        help='End with 1 if this holds, such as "first audio p95 > 800ms" or "failures > 1%".',
    ),
]
Users = Annotated[
    str,
    running_panel(
        "--users",
        "-u",
        metavar="COUNT",
        help="Sessions at once, or auto: as many as this machine can run.",
    ),
]
MaxCost = Annotated[
    float | None,
    running_panel(
        min=0, max=MAX_NUMBER, metavar="USD", help="Start nothing more once this many US dollars are spent."
    ),
]
AsMaster = Annotated[bool, workers_panel("--master", help="Act as the master of workers started elsewhere.")]
AsText = Annotated[
    bool, running_panel("--text", help="Type every turn; expectations that need a voice fail.")
]
ScriptsOrReports = Annotated[
    list[Path] | None,
    typer.Argument(metavar="SCRIPTS", help="Script files, or folders of them; with --merge: reports."),
]
Against = Annotated[
    str | None,
    agent_panel(metavar="SERVER", help="Another server: local, a ws:// address, or a recording (.jsonl)."),
]
Matrix = Annotated[
    list[str] | None,
    selection_panel(
        metavar="KEY=VALUES",
        help="Run for every value: connection.model=a,b; config=x.toml,y.toml.",
    ),
]
Seed = Annotated[
    int | None,
    selection_panel(metavar="NUMBER", help="Shuffle the scripts; the same seed gives the same order."),
]
Jobs = Annotated[
    int,
    running_panel(
        "--jobs", "-j", min=1, max=MAX_COUNT, metavar="COUNT", help="Conversations at once (in each process)."
    ),
]
Margin = Annotated[
    float,
    reports_panel(
        min=0,
        max=MAX_NUMBER,
        metavar="SHARE",
        help="How much slower than the baseline is acceptable (0.2: 20 %).",
    ),
]
Rejudge = Annotated[
    Path | None,
    reports_panel(metavar="FOLDER", help="Run nothing; judge the recordings in this folder by the scripts."),
]
Import = Annotated[
    Path | None,
    making_panel("--import", help="Write scripts from evals of Pipecat or promptfoo, and run nothing."),
]
Promote = Annotated[
    Path | None, making_panel(help="Write a script from a recorded session, and run nothing.")
]

T = TypeVar("T")


def options_from(kind: type[T], given: dict[str, Any]) -> T:
    """A command's options from its function's ``locals()``; what was not given keeps its default."""
    known = {field.name for field in fields(kind)}  # type: ignore[arg-type]
    chosen = {name: value for name, value in given.items() if name in known and value is not None}
    return kind(
        **{name: tuple(value) if isinstance(value, list) else value for name, value in chosen.items()}
    )
