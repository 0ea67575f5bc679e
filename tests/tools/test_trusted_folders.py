"""Folders that a person trusts."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from realtime_cli.tools import trusted_folders


def test_a_folder_is_trusted_once_it_was_said_and_its_neighbours_are_not(tmp_path: Path) -> None:
    mine, other = tmp_path / "mine", tmp_path / "other"
    mine.mkdir()
    assert not trusted_folders.is_trusted(mine)
    trusted_folders.trust(mine)
    trusted_folders.trust(mine)
    assert trusted_folders.is_trusted(mine)
    assert not trusted_folders.is_trusted(other)
    assert not trusted_folders.is_trusted(mine / "below")
    assert not trusted_folders.is_trusted(tmp_path)


def test_a_folder_is_the_same_by_every_way_to_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "mine")
    trusted_folders.trust(tmp_path / "link")
    monkeypatch.chdir(tmp_path)
    assert trusted_folders.is_trusted(tmp_path / "mine")
    assert trusted_folders.is_trusted(Path("mine"))


def test_a_link_that_points_elsewhere_later_is_not_trusted(tmp_path: Path) -> None:
    for name in ("mine", "theirs"):
        (tmp_path / name).mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "mine")
    trusted_folders.trust(tmp_path / "link")
    (tmp_path / "link").unlink()
    (tmp_path / "link").symlink_to(tmp_path / "theirs")
    assert not trusted_folders.is_trusted(tmp_path / "link")


@pytest.mark.parametrize("written", ["", "{", '"text"', '{"a": 1}', "[1, null]", "\xff"])
def test_a_list_that_is_damaged_trusts_nobody_and_can_be_written_again(tmp_path: Path, written: str) -> None:
    trusted_folders.file().parent.mkdir(parents=True)
    trusted_folders.file().write_text(written, encoding="latin-1")
    assert not trusted_folders.is_trusted(tmp_path)
    trusted_folders.trust(tmp_path)
    assert trusted_folders.is_trusted(tmp_path)


def test_where_nothing_can_be_written_one_is_only_asked_again(tmp_path: Path) -> None:
    trusted_folders.file().parent.parent.mkdir(parents=True)
    trusted_folders.file().parent.write_text("a file where the folder should be")
    trusted_folders.trust(tmp_path)
    assert not trusted_folders.is_trusted(tmp_path)


def test_what_is_trusted_is_the_owners_business(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        trusted_folders.trust(tmp_path)
    finally:
        os.umask(before)
    assert stat.S_IMODE(trusted_folders.file().stat().st_mode) == 0o600
    assert stat.S_IMODE(trusted_folders.file().parent.stat().st_mode) == 0o700
