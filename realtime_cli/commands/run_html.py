"""``run --html``: the page of a run, and in a folder beside it the page of each session that was recorded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from realtime_cli.recording.export import page, sound
from realtime_cli.recording.reader import read
from realtime_cli.recording.timeline import timeline
from realtime_cli.script.baseline import Worse
from realtime_cli.script.result import CaseResult
from realtime_cli.script.run_page import run_page


def page_with_sessions(
    path: Path,
    results: Sequence[CaseResult],
    headline: str,
    started: str,
    worse: Sequence[Worse],
    baseline: Mapping[str, Any] | None,
) -> str:
    """The page that is to be written to ``path``; the pages of the sessions are written beside it.

    Raises OSError if one of those cannot be written.
    """
    return run_page(results, headline, started, worse, baseline, _session_pages(path, results))


def _session_pages(path: Path, results: Sequence[CaseResult]) -> dict[str, str]:
    """Recording -> the address of its page."""
    folder = path.with_suffix(".sessions")
    written: dict[str, str] = {}
    for result in results:
        if not (result.recording and Path(result.recording).is_file()):
            continue
        folder.mkdir(exist_ok=True)
        recording = read(result.recording)
        stem = recording.path.name.removesuffix(".gz").removesuffix(".jsonl")
        made = page.page(
            timeline(recording), recording.header, sound.stereo(recording), recording.sound().image
        )
        (folder / f"{stem}.html").write_text(made, encoding="utf-8")
        written[result.recording] = quote(f"{folder.name}/{stem}.html")
    return written
