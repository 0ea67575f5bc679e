"""``run --import`` and ``run --promote``: scripts from others' evals and from recordings."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from realtime_cli.app.console import echo, out
from realtime_cli.audio.pcm import Samples
from realtime_cli.audio.wav_file import wav_header
from realtime_cli.config import toml_file
from realtime_cli.errors import ConfigError, ExitCode


def write(
    convert: Path | None,
    promote: Path | None,
    output: Path | None,
    config: Path | None,
    max_cost: float | None = None,
) -> ExitCode:
    """Write the script or scripts and say where.

    1 when a promoted script fails in a run of its own. Raises ConfigError when nothing can be written.
    """
    if convert and promote:
        raise ConfigError("--import and --promote cannot be combined.", "Choose one.")
    if convert:
        _import(convert, output)
    elif promote:
        return _promote(promote, output, config, max_cost)
    return ExitCode.OK


def _import(source: Path, output: Path | None) -> None:
    """All that is wrong is told before anything is written."""
    from realtime_cli.script import pipecat, promptfoo
    from realtime_cli.script.eval_file import read_evals

    folder = output if output and output.is_dir() else (output or source).parent
    missing: list[str] = []

    def file_of(name: str) -> str:
        file = source.parent / name
        if not file.is_file():
            missing.append(f"the file {name}, which is not there")
        return name if str(output) == "-" else os.path.relpath(file.resolve(), folder.resolve())

    def read(name: str) -> Any:
        path = source.parent / name
        tree = path.suffix in (".json", ".yaml", ".yml")
        return read_evals(path, yes_is_text=True) if tree else toml_file.read_text(path)

    evals = read_evals(source)
    if promptfoo.is_config(evals):
        scripts = promptfoo.scripts_of(read_evals(source, yes_is_text=True), file_of, read)
    else:
        scripts = pipecat.scripts_of(evals, file_of)
    if output and not output.is_dir() and len(scripts) > 1:
        names = ", ".join(script["name"] for script, _ in scripts)
        raise ConfigError(
            f"--output names one file, and there are {len(scripts)} scripts: {names}.", "Name a folder."
        )
    paths = [
        output if output and not output.is_dir() else folder / f"{_file_name(script['name'])}.toml"
        for script, _ in scripts
    ]
    for path in paths:
        _must_be_new(path)
    for (script, left), path in zip(scripts, paths, strict=True):
        write_script(script, path)
        for thing in dict.fromkeys([*left, *missing]):
            echo(f"  not taken over: {thing}")


def _promote(source: Path, output: Path | None, config: Path | None, max_cost: float | None) -> ExitCode:
    from realtime_cli.commands.run_promoted import tried
    from realtime_cli.recording.reader import read
    from realtime_cli.recording.stored import find_or_path
    from realtime_cli.script.promote import promote

    recording = read(find_or_path(str(source)))
    path = output or Path(f"{_file_name(recording.path.name.partition('.')[0])}.toml")
    _must_be_new(path)
    made = promote(recording, path.stem, _relative(config, path) if config else None)
    with tempfile.TemporaryDirectory(prefix="realtime-cli-") as folder:
        draft = Path(folder, "script.toml")
        agent = {"agent": str(config.resolve())} if config else {}
        write_script({**made.script, **agent}, draft, made.clips, made.images, quiet=True)
        turns, failed = tried(draft, recording.path, made.script["turns"], max_cost)
    clips = {
        name: clip for name, clip in made.clips.items() if any(turn.get("wav") == name for turn in turns)
    }
    write_script({**made.script, "turns": turns}, path, clips, made.images)
    for thing in made.left_out:
        echo(f"  not taken over: {thing}")
    return ExitCode.EXPECTATION_FAILED if failed else ExitCode.OK


def _relative(config: Path, script: Path) -> str:
    return os.path.relpath(config.resolve(), script.resolve().parent)


def _file_name(name: str) -> str:
    return re.sub(r"[^\w.-]+", "-", name).strip("-") or "script"


def write_script(
    script: dict[str, Any],
    path: Path,
    clips: Mapping[str, Samples] = {},
    images: Mapping[str, bytes] = {},
    *,
    quiet: bool = False,
) -> None:
    """Write a script and its files beside it. Raises ConfigError for what exists or cannot be written."""
    import tomli_w

    nulls: list[str] = []
    text = tomli_w.dumps(without_null(script, "", nulls), multiline_strings=False)
    if str(path) == "-":
        out(text, end="")
        _say_nulls(nulls)
        if clips or images:
            echo("  not written: its sound and images; name a file with --output")
        return
    _must_be_new(path)
    try:
        path.write_text(text, encoding="utf-8")
        files = {
            name: wav_header(samples.nbytes) + samples.astype("<i2").tobytes()
            for name, samples in clips.items()
        }
        for name, data in {**files, **images}.items():
            file = path.parent / name
            file.parent.mkdir(exist_ok=True)
            file.write_bytes(data)
    except OSError as error:
        raise ConfigError(f"{error.filename or path} cannot be written: {error.strerror}.") from None
    if not quiet:
        echo(f"Written: {path}")
        _say_nulls(nulls)


def without_null(tree: Any, where: str, found: list[str]) -> Any:
    """The tree without null, for which TOML has no value; where it stood is added to ``found``."""
    if isinstance(tree, dict):
        found += [f"{where}{key} = null" for key, value in tree.items() if value is None]
        known = {key: value for key, value in tree.items() if value is not None}
        return {key: without_null(value, f"{where}{key}.", found) for key, value in known.items()}
    if isinstance(tree, list):
        found += [f"{where.rstrip('.')}: null" for value in tree if value is None]
        there = [value for value in tree if value is not None]
        return [without_null(value, f"{where.rstrip('.')}[{n}].", found) for n, value in enumerate(there)]
    return tree


def _say_nulls(found: list[str]) -> None:
    for thing in found:
        echo(f"  not taken over: {thing} (TOML has no null)")


def _must_be_new(path: Path) -> None:
    if path.exists():
        raise ConfigError(f"{path} already exists.", "Name another with --output.")
