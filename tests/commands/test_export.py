"""``export`` writes each format beside the recording, and never over it."""

from __future__ import annotations

from pathlib import Path

import pytest

from realtime_cli.commands.export import FORMATS, ExportOptions, export
from realtime_cli.errors import ConfigError
from tests.recording.conversation import record_conversation


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return record_conversation(tmp_path_factory.mktemp("export") / "s.jsonl")


@pytest.mark.parametrize("format", [name for name in FORMATS if name != "flac"])
def test_every_format_is_written_beside_the_recording(path: Path, format: str) -> None:
    own = {
        file.name: file.read_bytes() for file in path.parent.glob("s*") if file.suffix in (".jsonl", ".wav")
    }
    before = set(path.parent.iterdir())

    export(ExportOptions(path, format))

    (new,) = set(path.parent.iterdir()) - before
    assert new.stat().st_size > 200
    for name, content in own.items():
        assert (path.parent / name).read_bytes() == content


@pytest.mark.parametrize(
    ("name", "begins"),
    [
        ("x.srt", "1\n"),
        ("x.vtt", "WEBVTT"),
        ("x.md", "# "),
        ("x.labels.txt", "0.9"),
        ("x.txt", "Agent:"),
        ("x.html", "<!doc"),
    ],
)
def test_the_format_follows_from_the_name(path: Path, tmp_path: Path, name: str, begins: str) -> None:
    export(ExportOptions(path, output=tmp_path / name))

    assert (tmp_path / name).read_text().startswith(begins)


def test_dash_is_stdout(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    export(ExportOptions(path, "text", Path("-")))

    assert capsys.readouterr().out.startswith("Agent: Hello")


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"format": "mp5"}, "Unknown export format 'mp5'"),
        ({"output": Path("x.docx")}, "Unknown export format 'docx'"),
        ({"output": Path("/nowhere/x.md")}, "cannot be written"),
    ],
)
def test_what_cannot_be_done_says_so(path: Path, options: dict, sentence: str) -> None:
    with pytest.raises(ConfigError, match=sentence):
        export(ExportOptions(path, **options))


def test_two_recordings_stand_on_one_page(path: Path) -> None:
    export(ExportOptions(path, output=path.parent / "both.html", compare=path))
    assert (path.parent / "both.html").read_text(encoding="utf-8").count("<iframe") == 2
    with pytest.raises(ConfigError, match="--compare makes a page"):
        export(ExportOptions(path, "srt", compare=path))
