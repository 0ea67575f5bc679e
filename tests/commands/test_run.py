"""``run`` from files to exit codes, on the local server; in text, because that takes no time."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from realtime_cli.commands.replay import replay
from realtime_cli.commands.replay_options import ReplayOptions
from realtime_cli.commands.run import RunOptions, run
from realtime_cli.commands.run_convert import write
from realtime_cli.errors import ConfigError, ExitCode
from tests.test_pattern import ENDLESS, LONG

pytestmark = pytest.mark.usefixtures("recordings_verify")

SCRIPTS = Path(__file__).parents[2] / "configs" / "scripts"
GOOD = """
mode = "text"
agent = { connection = { provider = "local" } }
[[mocks]]
tool = "book_table"
description = "Book a table in the restaurant"
parameters = { type = "object", properties = { people = { type = "integer" } }, required = ["people"] }
result = "booked by the window"
[[turns]]
user = "Book a table for four people"
[turns.expect]
contains = "window"
calls = [{ name = "book_table", args = { people = 4 } }]
"""
BAD = """
mode = "text"
agent = { connection = { provider = "local" } }
[[turns]]
user = "say after me: one"
[turns.expect]
contains = "two"
[[turns]]
user = "say after me: two"
[turns.expect]
contains = "two"
"""


def script(folder: Path, name: str, text: str) -> Path:
    path = folder / f"{name}.toml"
    path.write_text(text, encoding="utf-8")
    return path


def run_with(*scripts: Path, **more: Any) -> ExitCode:
    return run(RunOptions(scripts, quiet=True, **more))


def test_what_goes_as_expected_is_ok_and_recorded(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    good = script(tmp_path, "good", GOOD)
    assert run_with(good, record=tmp_path / "kept", json=tmp_path / "results.json") == ExitCode.OK
    assert "1 passed of 1" in capsys.readouterr().out
    (result,) = json.loads((tmp_path / "results.json").read_text(encoding="utf-8"))["results"]
    assert Path(result["recording"]).is_file()
    assert result["turns"][0]["figures"]["within_ms"] > 0


def test_a_failure_ends_its_script_and_says_how_to_look_at_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = script(tmp_path, "bad", BAD), script(tmp_path, "good", GOOD)
    reports = {"junit": tmp_path / "junit.xml", "markdown": tmp_path / "summary.md"}
    assert run_with(*files, jobs=2, record=tmp_path / "kept", **reports) == ExitCode.EXPECTATION_FAILED
    out = capsys.readouterr().out
    assert 'turn 1: contains: expected a reply with "two"; found "One"' in out
    assert "turn 2" not in out
    assert f"realtime-cli replay {tmp_path / 'kept'}" in out
    assert 'failures="1"' in reports["junit"].read_text(encoding="utf-8")
    assert "| passed | good |" in reports["markdown"].read_text(encoding="utf-8")


def test_the_newest_recording_is_named_last_and_shown_from_the_turn_that_failed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("realtime_cli.recording.file.folder", lambda: tmp_path)
    monkeypatch.setattr("realtime_cli.commands.run.folder", lambda: tmp_path)
    two = BAD.replace('contains = "two"', 'contains = "one"', 1).replace('contains = "two"', 'contains = "3"')
    assert run_with(script(tmp_path, "bad", two)) == ExitCode.EXPECTATION_FAILED
    out = capsys.readouterr().out
    assert 'turn 2: contains: expected a reply with "3"; found "Two"  [bad.toml:11]' in out
    assert "look at it: realtime-cli replay LAST --from turn:2\n" in out
    assert replay(ReplayOptions("LAST", begin="turn:2", max=True, plain=True)) == ExitCode.OK
    shown = capsys.readouterr().out
    assert "two" in shown
    assert "one" not in shown
    with pytest.raises(ConfigError, match="no turn 3"):
        replay(ReplayOptions("LAST", begin="turn:3", max=True))


LEFT_OUT = """
mode = "text"
agent = { connection = { provider = "local" }, tools = [{ name = "lamp", command = ["true"] }] }
[[turns]]
user = "Please use the lamp tool."
[turns.expect]
calls = [{ name = "lamp" }]
"""


def test_a_tool_that_was_left_out_is_named_next_to_what_failed_for_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # an agent in a script has the folder where we are
    lamp, good = script(tmp_path, "lamp", LEFT_OUT), script(tmp_path, "good", GOOD)
    files = {"junit": tmp_path / "junit.xml", "json": tmp_path / "results.json"}
    assert run_with(lamp, no_record=True, **files) == ExitCode.EXPECTATION_FAILED
    sentence = f"Not loaded: lamp. {lamp} is not trusted yet, and there is no terminal to ask."
    found = capsys.readouterr().out
    assert found.index("turn 1: calls") < found.index(sentence)
    assert "Pass --trust " in found
    assert all(sentence in file.read_text(encoding="utf-8") for file in files.values())
    assert run_with(files["json"], merge=True) == ExitCode.EXPECTATION_FAILED
    assert sentence in capsys.readouterr().out
    trusted = {"no_record": True, "trust": (str(tmp_path),)}
    assert run_with(lamp, good, **trusted, approve=("lamp",)) == ExitCode.OK, "good has no lamp"
    with pytest.raises(ConfigError, match=r"--approve lmap: no such tool\. There are: lamp"):
        run_with(lamp, good, approve=("lmap",))


def test_a_recording_that_is_not_kept_is_not_shown(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_with(script(tmp_path, "bad", BAD), no_record=True) == ExitCode.EXPECTATION_FAILED
    told = capsys.readouterr().out
    assert "bad: failed" in told
    assert "realtime-cli replay" not in told


def test_a_connection_that_failed_has_no_recording_to_look_at(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    good = script(tmp_path, "good", GOOD)
    sets = ("connection.reconnect_tries=0",)
    nobody = "ws://127.0.0.1:9/v1/realtime"
    assert run_with(good, record=tmp_path / "kept", sets=sets, against=nobody) == ExitCode.CONNECTION
    told = capsys.readouterr().out
    assert "Nothing is listening" in told
    assert "look at it" not in told
    assert not list((tmp_path / "kept").iterdir())


def test_a_server_that_never_answers_fails_the_turn_and_the_run_goes_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mute = script(tmp_path, "mute", BAD.replace('contains = "two"', "", 1) + "[[turns]]\ntimeout_ms = 300\n")
    assert run_with(mute, script(tmp_path, "good", GOOD), no_record=True) == ExitCode.EXPECTATION_FAILED
    out = capsys.readouterr().out
    assert "turn 3: timeout: expected an answer within 0.3 s; found nothing more" in out
    assert "1 passed, 1 failed of 2" in out


def test_a_hook_gets_the_recording(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "checks.py").write_text(
        "def polite(recording):\n"
        "    assert recording.said[-1].speaker == 'agent'\n"
        "def short(recording, turn):\n"
        "    return f'turn {turn} is too long'\n",
        encoding="utf-8",
    )
    trusted = {"no_record": True, "trust": (str(tmp_path),)}
    good = GOOD + 'check = "checks.py:polite"\n'
    assert run_with(script(tmp_path, "good", good), **trusted) == ExitCode.OK
    bad = GOOD + 'check = "checks.py:short"\n'
    assert run_with(script(tmp_path, "bad", bad), **trusted) == ExitCode.EXPECTATION_FAILED
    assert "turn 1 is too long" in capsys.readouterr().out


def test_mistakes_are_told_before_anything_runs(tmp_path: Path) -> None:
    good = script(tmp_path, "good", GOOD)
    for shard in ("1/0", "²/2"):
        with pytest.raises(ConfigError, match=shard):
            run_with(good, shard=shard)
    with pytest.raises(ConfigError, match="KEY=VALUE"):
        run_with(good, matrix=("x",))
    with pytest.raises(ConfigError, match="No scripts to run"):
        run_with()
    with pytest.raises(ConfigError, match="not a report of run"):
        run_with(good, baseline=script(tmp_path, "b", '{"format": "other"}').with_suffix(".toml"))
    with pytest.raises(ConfigError, match="speeed"):
        run_with(good, sets=("session.audio.output.speeed=1",))


def test_a_budget_wants_prices(tmp_path: Path) -> None:
    good = script(tmp_path, "good", GOOD)
    assert run_with(good, max_cost=0.01, no_record=True) == ExitCode.OK, "the local server costs nothing"
    odd = script(tmp_path, "odd", GOOD.replace('provider = "local"', 'model = "odd-model"'))
    with pytest.raises(ConfigError, match="the price of odd-model is not known"):
        run_with(good, odd, max_cost=0.01)


def test_a_run_is_the_baseline_of_the_next(tmp_path: Path) -> None:
    good, results = script(tmp_path, "good", GOOD), tmp_path / "results.json"
    assert run_with(good, json=results, no_record=True) == ExitCode.OK
    script(tmp_path, "good", GOOD.replace('contains = "window"', 'contains = "door"'))
    assert run_with(good, pass_rate=0.0, no_record=True) == ExitCode.OK
    assert run_with(good, baseline=results, pass_rate=0.0, no_record=True) == ExitCode.EXPECTATION_FAILED


def test_a_recording_stands_in_for_the_server_and_becomes_a_script(tmp_path: Path) -> None:
    good, kept = script(tmp_path, "good", GOOD), tmp_path / "kept"
    assert run_with(good, record=kept) == ExitCode.OK
    (recording,) = kept.glob("*.jsonl")
    assert run_with(good, against=str(recording), no_record=True) == ExitCode.OK
    promoted = tmp_path / "promoted.toml"
    assert write(None, recording, promoted, None) == ExitCode.OK
    text = promoted.read_text(encoding="utf-8")
    assert 'user = "Book a table for four people"' in text
    assert 'name = "book_table"' in text
    assert run_with(promoted, no_record=True) == ExitCode.OK


def test_silence_types_nothing_in_text(tmp_path: Path) -> None:
    silence = GOOD + "[[turns]]\nsilence_ms = 200\n[turns.expect]\nno_reply = true\n"
    assert run_with(script(tmp_path, "silence", silence), no_record=True) == ExitCode.OK


def test_pipecat_scripts_are_written_beside_theirs(tmp_path: Path) -> None:
    theirs = tmp_path / "theirs.yaml"
    theirs.write_text(
        "name: hello\nturns:\n  - user: hello\n    expect: [{event: response, text_contains: hello}]\n",
        encoding="utf-8",
    )
    assert write(theirs, None, None, None) == ExitCode.OK
    local = tmp_path / "local.toml"
    local.write_text('[connection]\nprovider = "local"\n', encoding="utf-8")
    assert run_with(tmp_path / "hello.toml", config=local, no_record=True) == ExitCode.OK
    with pytest.raises(ConfigError, match="already"):
        write(theirs, None, None, None)


def test_our_text_scripts_pass() -> None:
    assert run_with(SCRIPTS, text=True, jobs=8, tags=("image", "tools"), no_record=True) == ExitCode.OK


def test_speech_is_heard_answered_and_interrupted() -> None:
    assert run_with(SCRIPTS, match="barge-in", no_record=True) == ExitCode.OK


def test_a_tool_that_may_not_run_is_no_reason_to_wait_for_ever(tmp_path: Path) -> None:
    (tmp_path / "agent.toml").write_text(
        '[connection]\nprovider = "local"\n[[tools]]\ncommand = ["true"]\n', encoding="utf-8"
    )
    hello = 'mode = "text"\n[[turns]]\nuser = "hello"\n[turns.expect]\ncontains = "Hello"\n'
    path = script(tmp_path, "hello", hello)
    assert run_with(path, config=tmp_path / "agent.toml", no_record=True) == ExitCode.OK


def test_a_pattern_without_end_is_a_failure_with_its_place(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = BAD.replace('contains = "two"', f"regex = '{ENDLESS}'", 1).replace("one", LONG)
    assert run_with(script(tmp_path, "slow", text)) == ExitCode.EXPECTATION_FAILED
    out = capsys.readouterr().out
    assert f"The pattern {ENDLESS} took longer than 1 s." in out
    assert "slow.toml:7" in out


@pytest.mark.parametrize("name", ["x" * 400, "é" * 300, "../" * 100])
def test_a_name_that_no_file_can_have_is_cut_and_found_again(tmp_path: Path, name: str) -> None:
    path, kept = script(tmp_path, "good", f'name = "{name}"\n{GOOD}'), tmp_path / "kept"
    assert run_with(path, record=kept, repeat=2, html=tmp_path / "run.html") == ExitCode.OK
    assert len(list(kept.glob("*.jsonl"))) == 2
    assert run_with(path, rejudge=kept) == ExitCode.OK
