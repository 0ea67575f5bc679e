"""The command line: options in, one call, exit code out.

Commands are imported when they run, so that ``--help`` answers at once.
"""

from __future__ import annotations

import gc
import sys
from copy import copy
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer
from typer.models import CommandInfo

from realtime_cli.app.ending import (
    drop_stdout,
    exit_code_of,
    explain,
    flush_stdout,
    prepare_streams,
)
from realtime_cli.app.interrupts import catch_signals, interrupted, release_signals
from realtime_cli.cli_options import (
    MAX_COUNT,
    MAX_NUMBER,
    PORT,
    Against,
    Approve,
    AsMaster,
    AsText,
    BaseUrl,
    Config,
    FailIf,
    Import,
    Jobs,
    Json,
    Margin,
    Matrix,
    MaxCost,
    NoRecord,
    Plain,
    Promote,
    Quiet,
    RealTime,
    Record,
    Rejudge,
    Scripts,
    ScriptsOrReports,
    Seed,
    Sets,
    SpokenInput,
    Trust,
    Users,
    again_panel,
    agent_panel,
    checks_panel,
    choice_panel,
    making_panel,
    messages_panel,
    options_from,
    output_panel,
    recording_panel,
    reports_panel,
    running_panel,
    selected_panel,
    selection_panel,
    serving_panel,
    sound_panel,
    trial_panel,
    view_panel,
    workers_panel,
    writing_panel,
)
from realtime_cli.commands.examples import epilog
from realtime_cli.commands.grouped_help import GroupedHelp
from realtime_cli.errors import ConfigError, ExitCode, RealtimeCliError

EXIT_CODES = """Exit codes: 0 ok, 1 expectation failed, 2 usage or configuration, 3 connection or
authentication, 4 audio device, 5 session ended by the server or a protocol error, 6 limit
reached, 70 a bug, 130 interrupted."""

app = typer.Typer(
    name="realtime-cli",
    help="A voice agent for the terminal, speaking the OpenAI Realtime protocol.",
    epilog=EXIT_CODES,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # rich's help would cost 300 ms at every --help
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(requested: bool) -> None:
    if requested:
        from realtime_cli.commands.version import version_text

        print(version_text())
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    pass


@app.command(cls=GroupedHelp, epilog=epilog("talk"))
def talk(
    agent: Annotated[
        Path | None,
        typer.Argument(metavar="AGENT", help="The agent file; the same as --config.", show_default=False),
    ] = None,
    config: Config = None,
    sets: Sets = None,
    base_url: BaseUrl = None,
    approve: Approve = None,
    trust: Trust = None,
    inputs: Annotated[
        list[str] | None,
        sound_panel(
            "--input", "-i", metavar="DEVICE|FILE", help="Microphone: a device, a WAV file, or - for stdin."
        ),
    ] = None,
    output: Annotated[
        str | None,
        sound_panel(
            "--output", "-o", metavar="DEVICE|FILE", help="Speaker: a device, a WAV file, - or null."
        ),
    ] = None,
    fast: Annotated[
        bool, sound_panel("--fast", help="Send files as fast as the server accepts them, not in real time.")
    ] = False,
    record: Record = None,
    no_record: NoRecord = False,
    resume: Annotated[
        Path | None,
        recording_panel(
            "--continue",
            metavar="FILE",
            help="Continue from the text and tool results of a recorded session.",
        ),
    ] = None,
    plain: Plain = False,
    json: Json = False,
) -> None:
    """Hold a spoken conversation: microphone, speaker, live screen.

    While it lasts, space mutes (or talks, with push to talk), i interrupts, t types, e changes the echo
    mode, ? shows all keys, q quits. Without a sound card, or with files, it goes on to the end of what
    there is to hear.
    """
    from realtime_cli.commands import talk as command

    if agent and config:
        raise ConfigError(f"Two agent files are given: {agent} and {config}.", "Name one.")
    config = agent or config
    options = options_from(command.TalkOptions, locals())
    raise typer.Exit(command.talk(options))


@app.command(cls=GroupedHelp, epilog=epilog("text"))
def text(
    messages: Annotated[
        list[str] | None,
        typer.Argument(metavar="MESSAGES", help="What to say; if omitted, lines are read from stdin."),
    ] = None,
    file: Annotated[
        Path | None,
        messages_panel("--file", "-f", help="A file with one message per line; - is stdin."),
    ] = None,
    images: Annotated[
        list[Path] | None,
        messages_panel("--image", help="A picture to send with the first message."),
    ] = None,
    config: Config = None,
    sets: Sets = None,
    base_url: BaseUrl = None,
    approve: Approve = None,
    trust: Trust = None,
    record: Record = None,
    no_record: NoRecord = False,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Send messages, and print nothing but the answers on stdout."""
    from realtime_cli.commands import text as command

    options = options_from(command.TextOptions, locals())
    raise typer.Exit(command.text(options))


@app.command(cls=GroupedHelp, epilog=epilog("transcribe"))
def transcribe(
    input: SpokenInput = None,
    config: Config = None,
    sets: Sets = None,
    base_url: BaseUrl = None,
    trust: Trust = None,
    model: Annotated[
        str | None, agent_panel(metavar="NAME", help="The transcription model: gpt-realtime-whisper, ...")
    ] = None,
    language: Annotated[str | None, agent_panel(metavar="CODE", help="What is spoken, such as en.")] = None,
    speakers: Annotated[
        list[str] | None,
        sound_panel("--speaker", metavar="NAME", help="Who speaks; twice: left and right of a stereo file."),
    ] = None,
    real_time: RealTime = False,
    outputs: Annotated[
        list[Path] | None,
        output_panel(
            "--output", "-o", metavar="FILE", help="Write subtitles at the end: .srt, .vtt or .txt."
        ),
    ] = None,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Write down what is said, as live captions and subtitles."""
    from realtime_cli.commands import transcribe as command

    options = options_from(command.TranscribeOptions, locals())
    raise typer.Exit(command.transcribe(options))


@app.command(cls=GroupedHelp, epilog=epilog("translate"))
def translate(
    input: SpokenInput = None,
    to: Annotated[
        str | None, agent_panel("--to", metavar="CODE", help="The language to translate into, such as es.")
    ] = None,
    config: Config = None,
    sets: Sets = None,
    base_url: BaseUrl = None,
    trust: Trust = None,
    model: Annotated[
        str | None, agent_panel(metavar="NAME", help="The model that translates: gpt-realtime-translate.")
    ] = None,
    source: Annotated[bool, agent_panel("--source", help="Write down what is said, too.")] = False,
    play: Annotated[
        bool | None,
        sound_panel("--play/--no-play", help="Speak the translation (default: of a microphone only)."),
    ] = None,
    real_time: RealTime = False,
    outputs: Annotated[
        list[Path] | None,
        output_panel(
            "--output", "-o", metavar="FILE", help="Write the translation: .wav, .srt, .vtt or .txt."
        ),
    ] = None,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Translate what is said: speech, captions, subtitles."""
    from realtime_cli.commands import translate as command

    options = options_from(command.TranslateOptions, locals())
    raise typer.Exit(command.translate(options))


@app.command(cls=GroupedHelp, epilog=epilog("attach"))
def attach(
    call_id: Annotated[
        str, typer.Argument(metavar="CALL_ID", help="The call (rtc_...), as the server named it.")
    ],
    steer: Annotated[
        bool, running_panel("--steer", help="Let typed lines, /say, /set, /send and i act on the call.")
    ] = False,
    config: Config = None,
    sets: Sets = None,
    base_url: BaseUrl = None,
    trust: Trust = None,
    record: Record = None,
    no_record: NoRecord = False,
    plain: Plain = False,
    json: Json = False,
) -> None:
    """Show what goes on in a call over WebRTC or telephone.

    Nothing is sent, unless you steer. It ends when the call does.
    """
    from realtime_cli.commands import attach as command

    options = options_from(command.AttachOptions, locals())
    raise typer.Exit(command.attach(options))


@app.command(cls=GroupedHelp, epilog=epilog("run"))
def run(
    scripts: ScriptsOrReports = None,
    config: Config = None,
    sets: Sets = None,
    against: Against = None,
    approve: Approve = None,
    trust: Trust = None,
    tags: Annotated[
        list[str] | None, selection_panel("--tag", metavar="TAG", help="Only scripts with this tag.")
    ] = None,
    match: Annotated[
        str, selection_panel("--match", "-k", metavar="WORDS", help="Only scripts with this in their name.")
    ] = "",
    shard: Annotated[str, selection_panel(metavar="I/N", help="Run only shard I of N, such as 2/4.")] = "1/1",
    seed: Seed = None,
    matrix: Matrix = None,
    repeat: Annotated[
        int, selection_panel(min=1, max=MAX_COUNT, metavar="COUNT", help="Run each script this many times.")
    ] = 1,
    pass_rate: Annotated[
        float, selection_panel(min=0, max=1, metavar="SHARE", help="Share of repeats that must pass.")
    ] = 1.0,
    text: AsText = False,
    jobs: Jobs = 1,
    workers: Annotated[
        int,
        running_panel(
            min=1, max=MAX_COUNT, metavar="COUNT", help="Number of processes to spread the scripts over."
        ),
    ] = 1,
    fail_fast: Annotated[bool, running_panel("--fail-fast", "-x", help="Stop at the first failure.")] = False,
    max_cost: MaxCost = None,
    junit: Annotated[Path | None, reports_panel(help="Write JUnit XML.")] = None,
    json: Annotated[Path | None, reports_panel(help="Write the results as JSON; - is stdout.")] = None,
    markdown: Annotated[Path | None, reports_panel(help="Write a summary in Markdown; - is stdout.")] = None,
    baseline: Annotated[
        Path | None, reports_panel(help="Fail if results are worse than in this --json file.")
    ] = None,
    margin: Margin = 0.2,
    html: Annotated[
        Path | None,
        reports_panel(help="Write a page with verdicts, charts and, beside it, the page of each session."),
    ] = None,
    rejudge: Rejudge = None,
    merge: Annotated[
        bool, reports_panel("--merge", help="Run nothing; combine reports of shards (--json) into one.")
    ] = False,
    record: Annotated[
        Path | None, recording_panel(metavar="FOLDER", help="The folder for the recordings.")
    ] = None,
    no_record: NoRecord = False,
    quiet: Annotated[bool, output_panel("--quiet", "-q", help="No progress on stderr.")] = False,
    convert: Import = None,
    promote: Promote = None,
    output: Annotated[
        Path | None, making_panel("--output", "-o", help="Where --import and --promote write.")
    ] = None,
) -> None:
    """Run scripted conversations with expectations; for CI."""
    from realtime_cli.commands import run as command

    options = options_from(command.RunOptions, locals())
    raise typer.Exit(command.run(options))


@app.command(cls=GroupedHelp, epilog=epilog("load"))
def load(
    scripts: Scripts,
    config: Config = None,
    sets: Sets = None,
    against: Annotated[
        str | None, agent_panel(metavar="URL", help="The server to test: a ws:// or wss:// address.")
    ] = None,
    approve: Approve = None,
    trust: Trust = None,
    users: Users = "10",
    ramp: Annotated[
        str, running_panel(metavar="RATE", help="How many sessions to start per second.")
    ] = "10/s",
    duration: Annotated[
        str | None, running_panel(metavar="TIME", help="Such as 90s, 10m, 1h (default: until Ctrl+C).")
    ] = None,
    shape: Annotated[
        str, running_panel(metavar="SHAPE", help="ramp, spike, soak, or a file with [[stages]].")
    ] = "ramp",
    finish: Annotated[
        str,
        running_panel(metavar="TIME", help="Time for running sessions to finish at the end, such as 1.5s."),
    ] = "0s",
    max_cost: MaxCost = None,
    fail_if: FailIf = None,
    text: AsText = False,
    processes: Annotated[
        int | None,
        workers_panel(metavar="COUNT", help="Number of workers on this machine; -1: one for each core."),
    ] = None,
    worker: Annotated[
        bool, workers_panel("--worker", help="Act as a worker of the master at --master-host.")
    ] = False,
    master: AsMaster = False,
    master_host: Annotated[str, workers_panel(metavar="HOST", help="Address of the master.")] = "127.0.0.1",
    master_port: Annotated[int, workers_panel(**PORT, help="Port of the master.")] = 5557,
    expect_workers: Annotated[
        int | None,
        workers_panel(metavar="COUNT", help="--master: number of workers to wait for (default: 1)."),
    ] = None,
    bind: Annotated[
        str,
        workers_panel(
            metavar="HOST", help="--master, --web: address to listen on. There is no password protection."
        ),
    ] = "127.0.0.1",
    web: Annotated[
        bool, reports_panel("--web", help="Open Locust's web page and start the test there.")
    ] = False,
    web_port: Annotated[int, reports_panel(**PORT, help="The port of --web.")] = 8089,
    csv: Annotated[
        Path | None,
        reports_panel(metavar="PREFIX", help="Write tables to files whose names start with this."),
    ] = None,
    html: Annotated[Path | None, reports_panel(help="Write a report with charts.")] = None,
    json: Annotated[Path | None, reports_panel(help="Write a summary as JSON.")] = None,
) -> None:
    """Run many scripted sessions at once, on one machine or many.

    Locust starts and stops them.
    """
    from realtime_cli.commands import load as command

    command.load(options_from(command.LoadOptions, locals()))


@app.command(cls=GroupedHelp, epilog=epilog("engine"))
def engine(
    scripts: Scripts,
    config: Config = None,
    sets: Sets = None,
    against: Annotated[
        str | None, agent_panel(metavar="SERVER", help="Another server: local, or a ws:// address.")
    ] = None,
    approve: Approve = None,
    trust: Trust = None,
    text: AsText = False,
    record: Annotated[
        Path | None, recording_panel(metavar="FOLDER", help="Record every session into this folder.")
    ] = None,
) -> None:
    """Run scripted sessions for another program.

    It speaks JSON lines on stdin and stdout.
    """
    from realtime_cli.commands import engine as command

    options = options_from(command.EngineOptions, locals())
    raise typer.Exit(command.engine(options))


@app.command(cls=GroupedHelp, epilog=epilog("replay"))
def replay(
    recording: Annotated[
        str,
        typer.Argument(
            metavar="RECORDING", help="A .jsonl file, a session's name, or last.", show_default=False
        ),
    ],
    begin: Annotated[
        str | None,
        view_panel("--from", metavar="TIME", help="Where to start: turn:2, or a time such as 1m30s."),
    ] = None,
    end: Annotated[
        str | None, view_panel("--to", metavar="TIME", help="Where to stop: turn:3, or a time such as 2:30.")
    ] = None,
    turn: Annotated[int | None, view_panel(metavar="NUMBER", help="Start at this turn.")] = None,
    marker: Annotated[
        str | None, view_panel(metavar="WORDS", help="Start at the first note with these words.")
    ] = None,
    speed: Annotated[float, view_panel(min=0.01, max=1000, metavar="FACTOR", help="Speed factor.")] = 1.0,
    max: Annotated[bool, view_panel("--max", help="As fast as possible.")] = False,
    idle_limit: Annotated[
        str | None, view_panel(metavar="TIME", help="Longest pause to keep, such as 1s.")
    ] = None,
    audio: Annotated[bool, view_panel("--audio", help="Play the sound of both sides.")] = False,
    output: Annotated[
        str | None,
        view_panel("--output", "-o", metavar="DEVICE|FILE", help="Speaker or file for --audio."),
    ] = None,
    plain: Plain = False,
    json: Json = False,
    serve: Annotated[
        bool, serving_panel("--serve", help="Act as the recorded server for any client.")
    ] = False,
    host: Annotated[str, serving_panel(metavar="HOST", help="Where --serve listens.")] = "127.0.0.1",
    port: Annotated[int, serving_panel(**PORT, help="The port of --serve; 0 picks a free one.")] = 8765,
    lenient: Annotated[bool, serving_panel("--lenient", help="--serve: match events by type only.")] = False,
    once: Annotated[bool, serving_panel("--once", help="--serve: stop after one client.")] = False,
    verify: Annotated[
        bool,
        again_panel(
            "--verify", help="Run the inputs through a new session and compare; exit code 1 if they differ."
        ),
    ] = False,
    resend: Annotated[
        bool, again_panel("--resend", help="Send the recorded input to a live server and compare.")
    ] = False,
    config: Config = None,
    sets: Sets = None,
    base_url: BaseUrl = None,
    trust: Trust = None,
) -> None:
    """Show a recorded conversation again.

    It can also be verified, served, or sent to another agent.
    """
    from realtime_cli.commands import replay as command
    from realtime_cli.commands.replay_options import ReplayOptions

    options = options_from(ReplayOptions, locals())
    raise typer.Exit(command.replay(options))


@app.command(cls=GroupedHelp, epilog=epilog("serve"))
def serve(
    config: Config = None,
    sets: Sets = None,
    trust: Trust = None,
    host: Annotated[
        str | None, serving_panel(metavar="HOST", help="Address to listen on (default: this machine only).")
    ] = None,
    port: Annotated[
        int | None,
        serving_panel(**PORT, help="Port (default 8765); 0 picks a free one."),
    ] = None,
    origins: Annotated[
        list[str] | None,
        serving_panel("--allow-origin", metavar="ORIGIN", help="Web pages that may connect from a browser."),
    ] = None,
) -> None:
    """Run the local server alone, for any Realtime or Live client."""
    from realtime_cli.commands import serve as command

    options = command.from_agent(
        config, tuple(sets or ()), host, port, tuple(origins or ()), tuple(trust or ())
    )
    raise typer.Exit(command.serve(options))


@app.command(cls=GroupedHelp, epilog=epilog("secret"))
def secret(
    config: Config = None,
    sets: Sets = None,
    base_url: BaseUrl = None,
    trust: Trust = None,
    life: Annotated[
        str, serving_panel(metavar="TIME", help="How long it may open sessions: from 10s to 2h.")
    ] = "10m",
    json: Json = False,
) -> None:
    """Make a client secret (ek_...), so that a browser needs no key.

    Its sessions begin with the settings of the agent file.
    """
    from realtime_cli.commands import secret as command

    options = options_from(command.SecretOptions, locals())
    raise typer.Exit(command.secret(options))


@app.command(cls=GroupedHelp, epilog=epilog("devices"))
def devices(
    meter: Annotated[
        str | None, trial_panel(metavar="DEVICE", help="Show the level of this input for a few seconds.")
    ] = None,
    seconds: Annotated[
        float, trial_panel(min=0.1, max=3600, metavar="SECONDS", help="How long --meter listens.")
    ] = 5.0,
    tone: Annotated[
        str | None, trial_panel(metavar="DEVICE", help="Play a test tone on this output.")
    ] = None,
    save: Annotated[
        Path | None, choice_panel(metavar="FILE", help="Write --input and --output into this agent file.")
    ] = None,
    input: Annotated[str | None, choice_panel("--input", "-i", help="The microphone for --save.")] = None,
    output: Annotated[str | None, choice_panel("--output", "-o", help="The loudspeaker for --save.")] = None,
    json: Json = False,
) -> None:
    """List microphones and speakers.

    They can be tried, and saved in an agent file.
    """
    from realtime_cli.commands import devices as command

    options = options_from(command.DevicesOptions, locals())
    raise typer.Exit(command.devices(options))


@app.command(cls=GroupedHelp, epilog=epilog("doctor"))
def doctor(
    config: Config = None,
    sets: Sets = None,
    base_url: BaseUrl = None,
    trust: Trust = None,
    acoustic: Annotated[
        bool,
        checks_panel(
            "--acoustic", help="Play chirps and speech; measure echo, delay and what the canceller does."
        ),
    ] = False,
    offline: Annotated[bool, checks_panel("--offline", help="Skip the server checks.")] = False,
    bundle: Annotated[
        Path | None,
        output_panel(metavar="FILE", help="Write a report without keys or names, to attach to a bug report."),
    ] = None,
    json: Annotated[bool, output_panel("--json", help="Everything as JSON on stdout.")] = False,
) -> None:
    """Check everything that a conversation needs.

    It says how to fix what is wrong.
    """
    from realtime_cli.commands import doctor as command

    options = options_from(command.DoctorOptions, locals())
    raise typer.Exit(command.doctor(options))


@app.command(cls=GroupedHelp, epilog=epilog("export"))
def export(
    recording: Annotated[
        Path, typer.Argument(metavar="RECORDING", help="A recorded session (.jsonl).", show_default=False)
    ],
    format: Annotated[
        str | None,
        writing_panel(
            "--format",
            "-f",
            metavar="FORMAT",
            help="wav, flac, md, txt, srt, vtt, labels, items or html.",
        ),
    ] = None,
    output: Annotated[
        Path | None,
        writing_panel("--output", "-o", metavar="FILE", help="The file to write; - is stdout."),
    ] = None,
    compare: Annotated[
        Path | None,
        writing_panel(metavar="RECORDING", help="html: another recording, to be shown beside this one."),
    ] = None,
) -> None:
    """Turn a recording into WAV, Markdown, subtitles or a web page."""
    from realtime_cli.commands import export as command

    raise typer.Exit(command.export(command.ExportOptions(recording, format, output, compare)))


@app.command(cls=GroupedHelp, epilog=epilog("init"))
def init(
    path: Annotated[Path, typer.Argument(metavar="FILE", help="The agent file to write.")] = Path(
        "agent.toml"
    ),
    template: Annotated[
        str,
        writing_panel(
            help="assistant, tutor, interpreter, support, phone, screen-share or local.", metavar="NAME"
        ),
    ] = "assistant",
    provider: Annotated[
        str | None, writing_panel(help="openai, azure, xai, local or custom.", metavar="NAME")
    ] = None,
    force: Annotated[bool, writing_panel("--force", help="Overwrite an existing file.")] = False,
) -> None:
    """Write a commented agent file that works right away.

    It asks nothing. Without --provider it uses the provider whose key is in the environment, otherwise
    the local server, which needs no key.
    """
    from realtime_cli.commands import init as command

    raise typer.Exit(command.init(path, template=template, provider=provider, force=force))


@app.command(cls=GroupedHelp, epilog=epilog("docs"))
def docs(
    page: Annotated[
        str | None,
        typer.Argument(metavar="PAGE", help="The page to show; without it, all pages.", show_default=False),
    ] = None,
) -> None:
    """Read the documentation in the terminal."""
    from realtime_cli.commands import docs as command

    raise typer.Exit(command.docs(page))


config_app = typer.Typer(
    no_args_is_help=True, rich_markup_mode=None, help="Check and show agent files.", epilog=epilog("config")
)
app.add_typer(config_app, name="config")


@config_app.command("check", cls=GroupedHelp)
def config_check(
    paths: Annotated[list[Path], typer.Argument(metavar="FILES", help="Agent files.", show_default=False)],
    sets: Sets = None,
) -> None:
    """Check agent files without connecting; report all errors at once."""
    from realtime_cli.commands import config as command

    raise typer.Exit(command.check(paths, sets or ()))


@config_app.command("trust", cls=GroupedHelp)
def config_trust(
    path: Annotated[
        Path, typer.Argument(metavar="FILE", help="An agent file, or a script.", show_default=False)
    ],
    sets: Sets = None,
) -> None:
    """Print the hash that --trust takes, and what it allows."""
    from realtime_cli.commands import config as command

    raise typer.Exit(command.trust(path, sets or ()))


@config_app.command("show", cls=GroupedHelp)
def config_show(
    path: Annotated[
        Path | None, typer.Argument(metavar="FILE", help="The agent file.", show_default=False)
    ] = None,
    sets: Sets = None,
    origin: Annotated[bool, output_panel("--origin", help="Say which layer set each value.")] = False,
    json: Json = False,
) -> None:
    """Print every effective value, secrets masked."""
    from realtime_cli.commands import config as command

    raise typer.Exit(command.show(path, sets or (), origin=origin, as_json=json))


@config_app.command("convert", cls=GroupedHelp)
def config_convert(
    path: Annotated[Path, typer.Argument(metavar="FILE", help="The agent file.", show_default=False)],
    to: Annotated[str, typer.Option("--to", metavar="live", help="The protocol to convert it to.")],
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="FILE", help="Where to write it (default: stdout)."),
    ] = None,
) -> None:
    """Write an agent file for another protocol."""
    from realtime_cli.commands import config_convert as command

    raise typer.Exit(command.convert(path, to, output))


@config_app.command("schema", cls=GroupedHelp)
def config_schema(
    script: Annotated[
        bool, output_panel("--script", help="The schema of scripts instead of agent files.")
    ] = False,
) -> None:
    """Print the JSON Schema of agent files, for editors."""
    from realtime_cli.commands import config as command

    raise typer.Exit(command.schema(of_scripts=script))


sessions_app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    help="Manage recorded sessions.",
    epilog=epilog("sessions"),
)
app.add_typer(sessions_app, name="sessions")
Folder = Annotated[
    Path | None,
    selected_panel(metavar="FOLDER", help="Where the recordings are (default: the state folder)."),
]


@sessions_app.command("list", cls=GroupedHelp)
def sessions_list(folder: Folder = None, json: Json = False) -> None:
    """List the recorded sessions, newest last."""
    from realtime_cli.commands import sessions as command

    raise typer.Exit(command.list_sessions(folder, as_json=json))


@sessions_app.command("show", cls=GroupedHelp)
def sessions_show(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Name, part of a name, or path.")],
    folder: Folder = None,
) -> None:
    """Show one session's conversation and figures."""
    from realtime_cli.commands import sessions as command

    raise typer.Exit(command.show(name, folder))


@sessions_app.command("search", cls=GroupedHelp)
def sessions_search(
    words: Annotated[str, typer.Argument(metavar="WORDS", help="What was said.")], folder: Folder = None
) -> None:
    """Find what was said in any session."""
    from realtime_cli.commands import sessions as command

    raise typer.Exit(command.search(words, folder))


@sessions_app.command("prune", cls=GroupedHelp)
def sessions_prune(
    days: Annotated[
        float, selected_panel(min=0, max=MAX_NUMBER, metavar="DAYS", help="Keep sessions younger than this.")
    ],
    folder: Folder = None,
    dry_run: Annotated[bool, selected_panel("--dry-run", help="Only list what would be deleted.")] = False,
) -> None:
    """Delete sessions by age."""
    from realtime_cli.commands import sessions as command

    raise typer.Exit(command.prune(days, folder, dry_run=dry_run))


@sessions_app.command("delete", cls=GroupedHelp)
def sessions_delete(
    names: Annotated[list[str], typer.Argument(metavar="NAMES", help="Names, parts of names, or paths.")],
    folder: Folder = None,
) -> None:
    """Delete sessions by name."""
    from realtime_cli.commands import sessions as command

    raise typer.Exit(command.delete(names, folder))


def main() -> NoReturn:
    """Run the command line. Every outcome is an exit code, and no traceback reaches the user."""
    prepare_streams()
    catch_signals()
    arguments = sys.argv[1:]
    if arguments and arguments[0].endswith(".toml"):
        arguments = ["talk", *arguments]
    if arguments[:1] in (["talk"], ["text"]):
        gc.disable()  # until the session owns the process: looking through the imports takes 40 ms
    try:
        code: Any = _asked(arguments)(args=arguments, standalone_mode=False)
        sys.stdout.flush()
    except BaseException as error:
        code = None if interrupted() else _code_of(error)
    if interrupted():
        code = ExitCode.INTERRUPTED
    gc.enable()  # for a caller that imported this function
    release_signals()
    flush_stdout()
    sys.exit(int(code or 0))


def _code_of(error: BaseException) -> Any:
    match error:
        case RealtimeCliError():
            return explain(error)
        case KeyboardInterrupt() | typer.Abort():
            return ExitCode.INTERRUPTED
        case BrokenPipeError():
            return drop_stdout()
        case SystemExit():  # the parser turns a broken pipe into exit code 1
            return drop_stdout() if isinstance(error.__context__, BrokenPipeError) else error.code
        case _:  # asyncio.CancelledError, too, which is not an Exception
            return exit_code_of(error)


def _asked(arguments: list[str]) -> typer.Typer:
    """The program with only the requested command, if one is named: building all options is slow."""
    asked = arguments[0] if arguments else ""
    one = copy(app)
    one.registered_commands = [each for each in app.registered_commands if _name(each) == asked]
    one.registered_groups = [each for each in app.registered_groups if each.name == asked]
    return one if one.registered_commands or one.registered_groups else app


def _name(command: CommandInfo) -> str | None:
    return command.name or getattr(command.callback, "__name__", None)
