"""Users over time."""

from __future__ import annotations

from pathlib import Path

import pytest

from realtime_cli.errors import ConfigError
from realtime_cli.load.shapes import LoadStage, read_stages, soak, spike, users_at


def test_a_spike_is_all_users_at_once_in_the_middle_fifth() -> None:
    stages = spike(100, 5.0, 100.0)
    assert [users_at(stages, at) for at in (0, 39.9, 40, 59.9, 60, 100)] == [
        (10, 5.0),
        (10, 5.0),
        (100, 100),
        (100, 100),
        (10, 100),
        None,
    ]


def test_a_soak_comes_and_goes_slowly() -> None:
    stages = soak(100, 50.0, 1000.0)
    assert users_at(stages, 0) == (100, 1.0)
    assert users_at(stages, 949) == (100, 1.0)
    assert users_at(stages, 951) == (0, 2.0)
    assert users_at(stages, 1000) is None


def test_stages_of_a_file_follow_one_another(tmp_path: Path) -> None:
    path = tmp_path / "shape.toml"
    path.write_text("stages = [{ seconds = 30, users = 5 }, { seconds = 10, users = 50, rate = 25 }]")
    assert read_stages(path) == (LoadStage(30, 5, 10), LoadStage(40, 50, 25))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "stages = []",
        "stages = 5",
        "stages = [{ seconds = 0, users = 5 }]",
        "stages = [{ second = 3 }]",
        "=",
    ],
)
def test_a_file_that_says_no_stages_is_a_mistake_with_a_name(tmp_path: Path, text: str) -> None:
    path = tmp_path / "shape.toml"
    path.write_text(text)
    with pytest.raises(ConfigError, match=r"shape\.toml"):
        read_stages(path)
    with pytest.raises(ConfigError, match="nosuch"):
        read_stages(tmp_path / "nosuch.toml")
