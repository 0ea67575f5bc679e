"""Scripts that are read, and mistakes that are shown where they stand."""

from __future__ import annotations

from pathlib import Path

import pytest

from realtime_cli.errors import ConfigError, ExitCode
from realtime_cli.script.load import load_script, load_scripts, script_files


def written(folder: Path, text: str, name: str = "a.toml") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_a_script_is_named_after_its_file(tmp_path: Path) -> None:
    loaded = load_script(written(tmp_path, '[[turns]]\nuser = "hi"', "hours.voice.toml"))
    assert loaded.name == "hours"
    assert loaded.script.turns[0].kind == "user"


def test_every_mistake_is_shown_under_its_line_with_a_caret(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        """
[[turns]]
user = "hi"
[turns.expect]
contain = "a"
regex = "("
within_ms = "fast"
events = ["bla"]
""",
    )
    with pytest.raises(ConfigError) as caught:
        load_script(path)
    assert caught.value.exit_code == ExitCode.USAGE
    told = caught.value.message.splitlines()
    assert told[0].startswith(f"{path}:5: turns[0].expect.contain: unknown key; did you mean contains?")
    assert told[1:3] == ['  contain = "a"', "  ^^^^^^^"]
    assert [line.split(":")[1] for line in told[::3]] == ["5", "6", "7", "8"]
    assert "not a valid regular expression" in told[3]
    assert 'found "fast"; allowed: a number of at least 0' in told[6]
    assert "agent.speech_started" in told[9]


@pytest.mark.parametrize(
    ("turn", "told"),
    [
        ('user = "a"\ndtmf = "1"', "does user and dtmf at once"),
        ('say = "a"\nimage = "b.png"', "an image goes with user, or alone"),
        ('text = "a"', "text without wav"),
        ('wav = "gone.wav"', "there is no file"),
        ('dtmf = "12x"', 'found "12x"'),
        ('user = "a"\nexpect = { judge = "is kind" }', "no [judge]"),
        ('user = "a"\nexpect = { check = "gone.py:f" }', "there is no file"),
        (
            'user = "a"\nexpect = { calls = [{ name = "f", args = { x = [{ regex = "(" }] } }] }',
            "not a valid regular",
        ),
        (
            'user = "a"\nexpect = { calls = [{ name = "f", output = { x = { regex = 5 } } }] }',
            "not text in quotes",
        ),
        ('user = "a"\nexpect = { claims = [{ says = "((a{999}){999}){999}", call = "f" }] }', "repeats more"),
        ('user = "a"\nat = { after = "lunch" }', "'lunch' is not an event"),
        ('user = "a"\nat = { after = "agent.spoke" }', "'agent.spoke' is not an event"),
    ],
)
def test_what_a_turn_cannot_be(tmp_path: Path, turn: str, told: str) -> None:
    with pytest.raises(ConfigError, match=r"a\.toml") as caught:
        load_script(written(tmp_path, f"[[turns]]\n{turn}"))
    assert told in caught.value.message


def test_files_that_are_not_there_are_told_with_the_rest(tmp_path: Path) -> None:
    text = """
agent = "gone.toml"
[[turns]]
wav = "gone.wav"
expect = { check = "gone.py:f", contian = "x" }
[[turns]]
image = ["gone.png", 3]
"""
    with pytest.raises(ConfigError) as caught:
        load_script(written(tmp_path, text))
    told = caught.value.message
    assert [
        told.count(f"{tmp_path / name}\n") for name in ("gone.toml", "gone.wav", "gone.py", "gone.png")
    ] == [1] * 4
    assert "did you mean contains?" in told
    assert "found 3" in told


def test_the_mistakes_of_all_scripts_come_together(tmp_path: Path) -> None:
    files = [written(tmp_path, "[[turns]]\nuser = 1", name) for name in ("a.toml", "b.toml")]
    with pytest.raises(ConfigError) as caught:
        load_scripts(files)
    assert "a.toml:2" in caught.value.message
    assert "b.toml:2" in caught.value.message


def test_yaml_is_read_with_its_lines(tmp_path: Path) -> None:
    good = written(tmp_path, "turns:\n  - user: hi\n    expect: {contains: Hello}\n", "good.yaml")
    assert load_script(good).script.turns[0].expect.contains == "Hello"
    bad = written(tmp_path, "turns:\n  - user: hi\n    expect:\n      contians: Hello\n", "bad.yaml")
    with pytest.raises(ConfigError, match=r"bad\.yaml:4: turns.0..expect.contians"):
        load_script(bad)
    torn = written(tmp_path, "turns: [", "torn.yaml")
    with pytest.raises(ConfigError, match=r"torn\.yaml:1: not YAML"):
        load_script(torn)


def test_folders_stand_for_the_scripts_in_them(tmp_path: Path) -> None:
    one, two = (written(tmp_path, "", name) for name in ("b.toml", "a.yaml"))
    written(tmp_path, "", "notes.txt")
    agent = written(tmp_path, '[connection]\nprovider = "local"\n', "agent.toml")
    assert script_files([tmp_path]) == [two, one]
    with pytest.raises(ConfigError, match=r"is an agent file.*talk"):
        load_scripts(script_files([agent]))
    in_yaml = written(tmp_path, "session: {}", "agent.yaml")
    with pytest.raises(ConfigError, match="Agent files are TOML"):
        load_script(in_yaml)
    with pytest.raises(ConfigError, match="There is no script"):
        script_files([tmp_path / "gone.toml"])


def test_every_script_of_ours_can_be_read() -> None:
    folder = Path(__file__).parents[2] / "configs" / "scripts"
    tags = {tag for script in load_scripts(script_files([folder])) for tag in script.script.tags}
    assert {"speech", "text", "tools", "interruption", "manual", "settings", "image", "errors"} <= tags
