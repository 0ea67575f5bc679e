"""Files of their owner, byte for byte."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from textwrap import dedent

import pytest

from realtime_cli.private_file import is_locked, lock, open_private, open_text, read_at, write_at


@contextmanager
def opened(path: Path, flags: int = os.O_RDWR | os.O_CREAT) -> Iterator[int]:
    file = open_private(path, flags)
    try:
        yield file
    finally:
        os.close(file)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has other rights")
def test_a_file_that_is_made_is_its_owner_s_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        with opened(tmp_path / "made"):
            pass
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "made").stat().st_mode) == 0o600


def test_children_do_not_inherit_it(tmp_path: Path) -> None:
    with opened(tmp_path / "made") as file:
        assert not os.get_inheritable(file)


def test_bytes_are_read_and_written_where_they_are_wanted(tmp_path: Path) -> None:
    with opened(tmp_path / "made") as file:
        write_at(file, 0, b"one\ntwo\r\n\x00")
        write_at(file, 4, b"TWO")
        assert read_at(file, 4, 3) == b"TWO"
        assert read_at(file, 4, 100) == b"TWO\r\n\x00"
        assert read_at(file, 100, 4) == b""
        write_at(file, 0, b"")
    assert (tmp_path / "made").read_bytes() == b"one\nTWO\r\n\x00"


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such limit")
def test_a_disk_that_is_full_is_told_and_what_fitted_is_there(tmp_path: Path) -> None:
    """In a process of its own, whose files may have 100 bytes: the system takes what fits, then nothing."""
    program = """
        import os, resource, signal, sys
        from pathlib import Path
        from realtime_cli.private_file import open_private, write_at
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))
        file = open_private(Path(sys.argv[1]), os.O_RDWR | os.O_CREAT)
        write_at(file, 0, b"a" * 60)
        try:
            write_at(file, 60, b"b" * 60)
        except OSError as error:
            print(error.strerror)
    """
    command = [sys.executable, "-c", dedent(program), str(tmp_path / "full")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "File too large"
    assert (tmp_path / "full").read_bytes() == b"a" * 60 + b"b" * 40


def test_no_folder_is_the_caller_s_error(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="gone"):
        open_private(tmp_path / "gone" / "file", os.O_RDONLY)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has other rights")
def test_state_is_its_owner_s_whatever_the_umask_also_when_it_was_not(tmp_path: Path) -> None:
    state = tmp_path / "a" / "b" / "state.json"
    before = os.umask(0)
    try:
        with open_text(state, "w") as out:
            out.write("1")
        state.chmod(0o666)
        with open_text(state, "a") as out:
            out.write("2")
    finally:
        os.umask(before)

    assert state.read_text() == "12"
    assert stat.S_IMODE(state.stat().st_mode) == 0o600
    assert [stat.S_IMODE(each.stat().st_mode) for each in (state.parent, state.parent.parent)] == [0o700] * 2


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no flock")
def test_a_file_is_locked_as_long_as_it_is_open(tmp_path: Path) -> None:
    with opened(tmp_path / "f") as file:
        assert not is_locked(tmp_path / "f")
        lock(file)
        assert is_locked(tmp_path / "f")
    assert not is_locked(tmp_path / "f")
    assert not is_locked(tmp_path / "none")
