"""A few lines of YAML do not become billions of values."""

from __future__ import annotations

from pathlib import Path

import pytest

from realtime_cli.errors import ConfigError
from realtime_cli.script.eval_file import read_evals
from realtime_cli.script.load import parse_yaml

ALIASES = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{level}: &a{level} [{', '.join([f'*a{level - 1}'] * 10)}]\n" for level in range(1, 10)
)
MERGES = "a0: &a0 {x: 1, y: 2}\n" + "".join(
    f"a{level}: &a{level} {{<<: [{', '.join([f'*a{level - 1}'] * 10)}]}}\n" for level in range(1, 10)
)
ITSELF = "a: &a [*a]\n"


@pytest.mark.parametrize("text", [ALIASES, MERGES, ITSELF])
def test_aliases_that_stand_for_too_much_are_refused(text: str, tmp_path: Path) -> None:
    path = tmp_path / "s.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match="stand for more than 1000000 values"):
        read_evals(path)
    with pytest.raises(ConfigError, match="stand for more than 1000000 values"):
        parse_yaml(text, "s.yaml")


def test_an_alias_that_is_used_twice_is_read(tmp_path: Path) -> None:
    text = "a: &a {x: [1]}\nb: *a\nc: {<<: *a, y: 2}\n"
    path = tmp_path / "s.yaml"
    path.write_text(text, encoding="utf-8")
    wanted = {"a": {"x": [1]}, "b": {"x": [1]}, "c": {"x": [1], "y": 2}}
    assert read_evals(path) == wanted
    assert parse_yaml(text, "s.yaml")[0] == wanted


def test_an_empty_file_is_nothing(tmp_path: Path) -> None:
    (tmp_path / "s.yaml").write_text("", encoding="utf-8")
    assert read_evals(tmp_path / "s.yaml") is None


def test_characters_that_yaml_has_not_are_refused_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "s.yaml").write_text("a: \x07", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"s\.yaml is not YAML: unacceptable character"):
        read_evals(tmp_path / "s.yaml")
