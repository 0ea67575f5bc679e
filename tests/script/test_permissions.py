"""What a script may do, read from it: hosts, keys, code and files that need trust, and its hash."""

from __future__ import annotations

from pathlib import Path

import pytest

from realtime_cli.errors import ConfigError
from realtime_cli.script.load import load_script
from realtime_cli.script.permissions import permissions_of_script
from realtime_cli.tools.permissions import Permissions
from realtime_cli.tools.trust import Trust, require_trust

TURN = '\n[[turns]]\nuser = "Hello."\n'


def wanted(folder: Path, written: str, name: str = "it.voice.toml") -> Permissions:
    (folder / name).write_text(written, encoding="utf-8")
    return permissions_of_script(load_script(folder / name))


def judged_by(url: str, more: str = "") -> str:
    return f'[judge]\nurl = "{url}"\nmodel = "m"\n{more}{TURN}expect = {{ judge = "is kind" }}\n'


@pytest.mark.parametrize(
    ("script", "demands"),
    [
        (TURN, []),
        (judged_by("http://127.0.0.1:1/v1"), []),
        (judged_by("https://evil.example/v1"), ["tells https://evil.example/v1 what is said"]),
        (
            judged_by("http://127.0.0.1:1/v1", 'key_env = "NPM_TOKEN"\n'),
            ["tells http://127.0.0.1:1/v1 what is said, with NPM_TOKEN"],
        ),
        (f'{TURN}expect = {{ check = "checks.py:kind" }}\n', []),
        ('[[turns]]\nimage = ["near.png", "../far.png"]\n', []),
    ],
)
def test_what_a_script_does_beside_talking_needs_trust(
    tmp_path: Path, script: str, demands: list[str]
) -> None:
    inner = tmp_path / "inner"
    inner.mkdir()
    (inner / "checks.py").write_text("import near\ndef kind(recording): ...\n")
    (inner / "near.png").write_bytes(b"png")
    (tmp_path / "far.png").write_bytes(b"png")
    made = wanted(inner, script)
    assert [demand.text for demand in made.demands] == demands
    if demands:
        with pytest.raises(ConfigError, match=r"The script of .* is not trusted yet") as refused:
            require_trust(made)
        assert refused.value.remedy.startswith("Pass --trust HASH (`realtime-cli config trust ")
        require_trust(made, Trust((made.hash,)))
