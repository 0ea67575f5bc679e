"""Captions as files, each in the format that its name says."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from realtime_cli.app.console import echo
from realtime_cli.conversation.captions import Caption
from realtime_cli.errors import ConfigError
from realtime_cli.recording.export import subtitles
from realtime_cli.tui.caption_lines import caption_line

FORMATS: dict[str, Callable[[Sequence[Caption]], str]] = {
    ".srt": subtitles.srt,
    ".vtt": subtitles.vtt,
    ".txt": lambda captions: "".join(f"{caption_line(caption)}\n" for caption in captions),
}


def check_names(paths: Sequence[Path], others: Sequence[str] = ()) -> None:
    """Raise ConfigError for a name that says no format; ``others`` are written by somebody else."""
    for path in paths:
        if path.suffix not in (*FORMATS, *others):
            known = ", ".join((*FORMATS, *others))
            raise ConfigError(f"{path}: captions are written as {known}.", "Name such a file.")


def write_captions(paths: Sequence[Path], captions: Sequence[Caption], *, quiet: bool) -> None:
    """Write them in the order in which they were said. Raises ConfigError where that is not possible."""
    in_order = sorted(captions, key=lambda caption: caption.begin_s)
    for path in paths:
        try:
            path.write_text(FORMATS[path.suffix](in_order), encoding="utf-8")
        except OSError as error:
            why = f"{path} cannot be written: {error.strerror}."
            raise ConfigError(why, "Give --output another path.") from None
        if not quiet:
            echo(f"{path} written.")
