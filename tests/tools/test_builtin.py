"""The tools that come with the program."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, get_args

import pytest

from realtime_cli.config.tools import BuiltinTool
from realtime_cli.errors import ConfigError
from realtime_cli.tools.arguments import schema_mistake
from realtime_cli.tools.builtin import builtin_tool
from tests.kit.toolbox import toolbox


async def one(folder: Path, entry: str, name: str, **arguments: Any) -> tuple[str, bool]:
    async with toolbox(folder, f"[[tools]]\n{entry}") as box:
        result = await box.call(name, **arguments)
        return result.output, result.failed


def test_their_parameters_are_schemas(tmp_path: Path) -> None:
    """Nobody checks it again when they are opened."""
    for name in get_args(BuiltinTool.model_fields["builtin"].annotation):
        written = BuiltinTool(builtin=name, root=str(tmp_path) if name == "read_file" else None)
        assert schema_mistake(builtin_tool(written, tmp_path).parameters) == "", name


async def test_the_clock_in_a_zone(tmp_path: Path) -> None:
    output, failed = await one(tmp_path, 'builtin = "clock"', "clock", zone="Asia/Kathmandu")
    assert not failed
    told = json.loads(output)
    assert set(told) == {"time", "date", "weekday", "zone"}
    assert told["zone"] == "Asia/Kathmandu"


@pytest.mark.parametrize("zone", ["Moon/Crater", "../../etc/passwd", "/etc/passwd", "Europe"])
async def test_a_zone_that_is_none(tmp_path: Path, zone: str) -> None:
    output, failed = await one(tmp_path, 'builtin = "clock"', "clock", zone=zone)
    assert failed
    assert "no time zone" in output


async def test_the_calculator(tmp_path: Path) -> None:
    entry = 'builtin = "calculator"\nname = "sums"'
    assert await one(tmp_path, entry, "sums", expression="17 * 23") == ("391", False)
    assert (await one(tmp_path, entry, "sums", expression="import os"))[1]
    assert "required" in (await one(tmp_path, entry, "sums"))[0]


async def test_notes_are_kept(tmp_path: Path) -> None:
    entry = 'builtin = "note"'
    assert await one(tmp_path, entry, "note") == ("There are no notes.", False)
    assert await one(tmp_path, entry, "note", text="buy\nmilk") == ("Noted.", False)
    notes, _ = await one(tmp_path, entry, "note")
    assert notes.endswith("buy milk\n")
    assert len(notes.splitlines()) == 1


async def test_hanging_up_is_said_to_the_session(tmp_path: Path) -> None:
    async with toolbox(tmp_path, '[[tools]]\nbuiltin = "hang_up"') as box:
        assert (await box.call("hang_up")).hang_up


@pytest.fixture
def shelf(tmp_path: Path) -> Path:
    (tmp_path / "secret.txt").write_text("hidden")
    (tmp_path / "open" / "inner").mkdir(parents=True)
    (tmp_path / "open" / "menu.txt").write_text("soup\n")
    (tmp_path / "open" / "photo.bin").write_bytes(bytes(range(256)))
    (tmp_path / "open" / "way_out").symlink_to(tmp_path)
    return tmp_path


READER = 'builtin = "read_file"\nroot = "open"\nmax_output_bytes = 300'


async def test_files_of_the_root_are_read_and_listed(shelf: Path) -> None:
    assert await one(shelf, READER, "read_file", path="menu.txt") == ("soup\n", False)
    assert (await one(shelf, READER, "read_file"))[0] == "inner/\nmenu.txt\nphoto.bin\nway_out/"
    (shelf / "open" / "long.txt").write_text("é" * 5000)
    assert (await one(shelf, READER, "read_file", path="long.txt"))[0].endswith("[cut: 10000 bytes in all]")


@pytest.mark.parametrize(
    "path", ["../secret.txt", "way_out/secret.txt", "/etc/passwd", "inner/../../secret.txt"]
)
async def test_nothing_outside_of_the_root_is_read(shelf: Path, path: str) -> None:
    output, failed = await one(shelf, READER, "read_file", path=path)
    assert failed
    assert "outside" in output


@pytest.mark.parametrize("path", ["none.txt", "photo.bin", "a\0b"])
async def test_what_cannot_be_read_is_told(shelf: Path, path: str) -> None:
    assert (await one(shelf, READER, "read_file", path=path))[1]


async def test_a_root_that_is_none(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="not a folder"):
        await one(tmp_path, READER, "read_file")
