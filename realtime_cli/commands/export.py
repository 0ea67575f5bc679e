"""``realtime-cli export``: a recording as sound, text, subtitles, items or one HTML page."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from realtime_cli.app.console import echo, out
from realtime_cli.app.progress import progress
from realtime_cli.conversation.timeline import Timeline
from realtime_cli.errors import ConfigError, ExitCode
from realtime_cli.recording.export import page, sound, subtitles, text
from realtime_cli.recording.export.compared_page import PagedSession, compared_page
from realtime_cli.recording.reader import Recording, read
from realtime_cli.recording.stored import find_or_path
from realtime_cli.recording.timeline import timeline


@dataclass(frozen=True, slots=True)
class ExportOptions:
    """``recording``: a path, a name as ``sessions list`` tells it, or ``last``.

    ``format``: one of :data:`FORMATS`, guessed from ``output`` when None; ``output`` - is stdout.
    ``compare``: another recording to stand beside it, on a page.
    """

    recording: Path
    format: str | None = None
    output: Path | None = None
    compare: Path | None = None


Maker = Callable[[Recording, Timeline, sound.Chunks], "str | bytes"]


def _page(recording: Recording, made: Timeline, chunks: sound.Chunks, share: int = 1) -> str:
    """``share``: how many sessions have to share what a page may take."""
    header, samples, image = recording.header, sound.stereo(recording), recording.sound().image
    return page.page(made, header, samples, image, chunks, sound.MAX_MP3_BYTES // share)


def _flac(recording: Recording, made: Timeline, chunks: sound.Chunks) -> bytes:
    return sound.compressed(sound.stereo(recording), "FLAC", chunks)


FORMATS: dict[str, tuple[str, Maker]] = {
    "wav": (".wav", lambda recording, made, chunks: sound.wav(sound.stereo(recording))),
    "flac": (
        ".flac",
        lambda recording, made, chunks: sound.compressed(sound.stereo(recording), "FLAC", chunks),
    ),
    "markdown": (".md", lambda recording, made, chunks: text.markdown(made, recording.header)),
    "srt": (".srt", lambda recording, made, chunks: subtitles.srt(subtitles.captions(made))),
    "vtt": (".vtt", lambda recording, made, chunks: subtitles.vtt(subtitles.captions(made))),
    "labels": (".labels.txt", lambda recording, made, chunks: text.audacity_labels(made)),
    "text": (".txt", lambda recording, made, chunks: text.plain_text(made)),
    "items": (".items.json", lambda recording, made, chunks: text.items_json(made)),
    "html": (".html", _page),
}
_ALIASES = {"md": "markdown", "txt": "text", "json": "items", "audacity": "labels", "htm": "html"}


def export(options: ExportOptions) -> ExitCode:
    """Write one export; says where it is. Raises ConfigError for what cannot be read, made or written."""
    name = _format(options)
    suffix, make = FORMATS[name]
    if options.compare is not None and name != "html":
        raise ConfigError("--compare makes a page.", "Leave it out, or give --format html.")
    if options.compare is not None:
        make = partial(_page, share=2)
    source = find_or_path(str(options.recording))
    recording, made, content = _made(source, name, make)
    if options.compare is not None:
        other = _made(find_or_path(str(options.compare)), name, make)
        pages = [
            PagedSession(told, one.header, str(text))
            for one, told, text in ((recording, made, content), other)
        ]
        content = compared_page(*pages)
    if options.output is not None and str(options.output) == "-":
        _to_stdout(content)
        return ExitCode.OK
    path = options.output or _beside(source, suffix)
    _write(path, content)
    echo(f"{path} written.")
    return ExitCode.OK


def _made(source: Path, name: str, make: Maker) -> tuple[Recording, Timeline, str | bytes]:
    recording = read(source)
    with progress(f"Reading {source.name}", recording.line_count()) as step:
        made = timeline(recording, step=step)
        step.phase(f"Making {name}")
        return recording, made, make(recording, made, partial(step.over, f"Making {name}"))


def _format(options: ExportOptions) -> str:
    requested = options.format or ("html" if options.compare and options.output is None else None)
    if requested is None and options.output is not None:
        long = [name for name, (suffix, _) in FORMATS.items() if suffix.count(".") > 1]
        ending = options.output.name.endswith
        requested = next((name for name in long if ending(FORMATS[name][0])), options.output.suffix[1:])
    name = _ALIASES.get(requested or "markdown", requested or "markdown")
    if name not in FORMATS:
        raise ConfigError(f"Unknown export format {requested!r}.", f"Choose one of {', '.join(FORMATS)}.")
    return name


def _beside(recording: Path, suffix: str) -> Path:
    """Next to the recording, but never in place of its own sound."""
    stem = recording.name.removesuffix(".gz").removesuffix(".jsonl")
    path = recording.with_name(stem + suffix)
    return recording.with_name(f"{stem}.export{suffix}") if suffix == ".wav" else path


def _write(path: Path, content: str | bytes) -> None:
    data = content.encode("utf-8", "replace") if isinstance(content, str) else content
    try:
        path.write_bytes(data)
    except OSError as error:
        why = f"{path} cannot be written: {error.strerror}."
        raise ConfigError(why, "Give --output another path.") from None


def _to_stdout(content: str | bytes) -> None:
    if isinstance(content, bytes):
        sys.stdout.buffer.write(content)
    else:
        out(content, end="")
