"""Paths as people write them."""

from __future__ import annotations

from pathlib import Path

import pytest

from realtime_cli.user_path import user_path


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("a.py", "/folder/a.py"),
        ("/a.py", "/a.py"),
        ("~/a.py", "/home/me/a.py"),
        ("~nobody-of-that-name/a.py", "/folder/~nobody-of-that-name/a.py"),
    ],
)
def test_a_path_is_home_absolute_or_in_the_folder(
    written: str, meant: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", "/home/me")
    assert user_path(written, Path("/folder")) == Path(meant)
