"""A copy of a recording is a recording: readable, whole, its owner's."""

from __future__ import annotations

from pathlib import Path

import pytest

from realtime_cli.errors import ConfigError
from realtime_cli.recording.copy import copy
from realtime_cli.recording.reader import read
from realtime_cli.recording.sidecar import sidecars
from tests.recording.conversation import record_conversation


def test_it_reads_like_the_first(tmp_path: Path) -> None:
    first, second = tmp_path / "first.jsonl", tmp_path / "second.jsonl"
    record_conversation(first)
    images = sidecars(first)[2]
    images.mkdir(mode=0o700, exist_ok=True)
    (images / "a.jpg").write_bytes(b"jpeg")
    copy(first, second)
    assert list(read(second).entries()) == list(read(first).entries())
    for source, target in zip(sidecars(first), sidecars(second), strict=True):
        assert target.exists() == source.exists()
        assert not source.exists() or target.stat().st_mode == source.stat().st_mode
    assert (sidecars(second)[2] / "a.jpg").read_bytes() == b"jpeg"


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    first = tmp_path / "first.jsonl"
    record_conversation(first)
    before = first.read_bytes()
    with pytest.raises(ConfigError, match="already exists"):
        copy(first, first)
    assert first.read_bytes() == before


def test_a_place_that_cannot_be_written(tmp_path: Path) -> None:
    first = tmp_path / "first.jsonl"
    record_conversation(first)
    with pytest.raises(ConfigError, match="There is no folder"):
        copy(first, tmp_path / "none" / "x.jsonl")
    with pytest.raises(ConfigError, match=r"Nothing can be saved at .*: File name too long"):
        copy(first, tmp_path / f"{'a' * 300}.jsonl")
