"""Files in Pipecat's way (cases b03 to b08): converted as a user converts them, and what is lost is named."""

from __future__ import annotations

import asyncio
import tomllib
from pathlib import Path
from typing import Any

import pytest

from tests.cases.case import answered
from tests.kit.cli import run_cli
from tests.kit.verbatim_server import saying


def imported(folder: Path, text: str, **files: str) -> tuple[dict[str, Any], list[str]]:
    """The script that is written to stdout, and what is named as not taken over."""
    for name, content in {"scenario": text, **files}.items():
        file = folder / f"{name.replace('__', '/')}.yaml"
        file.parent.mkdir(exist_ok=True)
        file.write_text(content, encoding="utf-8")
    done = run_cli("run", "--import", str(folder / "scenario.yaml"), "-o", "-")
    assert done.returncode == 0, done.stderr
    named = [line.partition("not taken over: ")[2] for line in done.stderr.splitlines()]
    return tomllib.loads(done.stdout), named


def test_b03_included_files_are_read_relative_to_the_one_that_names_them(tmp_path: Path) -> None:
    script, _ = imported(
        tmp_path,
        "name: s\njudge: !include shared/judge.yaml\n"
        "turns: [{user: hi, expect: [{event: response, eval: greets}]}]\n",
        shared__judge="modality: text\neval: !include model.yaml\n",
        shared__model="{service: ollama, model: 'gemma4:12b'}\n",
    )
    assert script["judge"]["model"] == "gemma4:12b"


def test_b03_files_that_include_each_other_and_files_that_are_not_there_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "s.yaml"
    for name, why in (("s.yaml", "includes itself"), ("gone.yaml", "gone.yaml")):
        file.write_text(f"judge: !include {name}\n", encoding="utf-8")
        done = run_cli("run", "--import", str(file), "-o", "-")
        assert done.returncode == 2
        assert why in done.stderr


def test_b05_what_is_not_taken_over_is_named(tmp_path: Path) -> None:
    script, named = imported(
        tmp_path,
        """
name: stopped
judge:
  eval: {endpoint: "http://10.0.0.5:11434/v1", extra: {reasoning_effort: none}}
  transcription: {service: x}
user: {modality: audio, speech: {service: y, voice: z, language: en, speed: 1.3}}
trigger_disconnect: true
turns:
  - user: Cancel it
    expect:
      - {event: function_call_stopped, calls: [{name: write, args: {cancelled: true}}]}
      - {event: user_transcription, absent: true, within_ms: 3000}
      - {event: llm_response, eval: says one, within_ms: 1000}
      - {event: response, eval: is friendly, within_ms: 9000}
""",
    )
    assert script["judge"] == {"url": "http://10.0.0.5:11434/v1", "model": "gemma4:12b"}
    assert script["conditions"] == {"speed": 1.3}
    [turn] = script["turns"]
    assert turn["expect"]["judge"] == "All of this is true: (1) says one; (2) is friendly"
    assert turn["expect"]["within_ms"] == 1000
    assert turn["expect"]["calls"] == [{"name": "write", "status": "cancelled"}]
    assert named == [
        "turn 1: user_transcription.within_ms: it is absent for as long as the turn takes",
        "turn 1: response.within_ms of a further reply: the turn may take that long",
        "judge.eval.extra",
        "trigger_disconnect",
        "user.speech.service",
        "user.speech.voice",
        "user.speech.language",
        "judge.transcription",
    ]


@pytest.mark.parametrize(("within", "timeout_ms"), [("", 60_000), ("45000", 60_000), ("90000", 90_000)])
def test_b06_the_time_limit_is_at_least_what_the_scenario_allows(
    tmp_path: Path, within: str, timeout_ms: int
) -> None:
    limit = f", within_ms: {within}" if within else ""
    script, _ = imported(tmp_path, f"turns: [{{user: hi, expect: [{{event: response{limit}}}]}}]\n")
    assert script["timeout_ms"] == timeout_ms


@pytest.mark.heavy
async def test_b06_an_answer_after_24_seconds_is_in_time(tmp_path: Path) -> None:
    script, _ = imported(tmp_path, "turns: [{user: hi, expect: [{event: response, within_ms: 45000}]}]\n")
    assert script["mode"] == "text"
    agent = tmp_path / "agent.toml"
    path = tmp_path / "slow.toml"
    assert run_cli("run", "--import", str(tmp_path / "scenario.yaml"), "-o", str(path)).returncode == 0
    async with saying(answered(1, "r1", after=24)) as server:
        agent.write_text(f'[connection]\nprovider = "custom"\nbase_url = "{server.url}"\n', encoding="utf-8")
        done = await asyncio.to_thread(run_cli, "run", str(path), "--config", str(agent), "--no-record")
    assert done.returncode == 0, done.stdout + done.stderr


SHARED = """
judge: {modality: text}
turns: [{user: "What is the capital of France?", expect: [{event: response, text_contains: Paris}]}]
scenarios:
  - name: typed
  - name: spoken
    user: {modality: audio}
"""


def test_b07_scenarios_share_the_turns_of_their_file(tmp_path: Path) -> None:
    (tmp_path / "shared.yaml").write_text(SHARED, encoding="utf-8")
    done = run_cli("run", "--import", str(tmp_path / "shared.yaml"))
    assert done.returncode == 0, done.stderr
    typed, spoken = (
        tomllib.loads((tmp_path / f"{name}.toml").read_text(encoding="utf-8")) for name in ("typed", "spoken")
    )
    assert typed["turns"][0]["user"] == spoken["turns"][0]["say"] == "What is the capital of France?"
    assert "mode" not in spoken


def test_b07_one_file_cannot_take_two_scripts_and_a_folder_can(tmp_path: Path) -> None:
    (tmp_path / "shared.yaml").write_text(SHARED, encoding="utf-8")
    done = run_cli("run", "--import", str(tmp_path / "shared.yaml"), "-o", str(tmp_path / "out.toml"))
    assert done.returncode == 2
    assert "names one file, and there are 2 scripts: typed, spoken" in done.stderr
    assert not (tmp_path / "out.toml").exists()
    into = tmp_path / "into"
    into.mkdir()
    assert run_cli("run", "--import", str(tmp_path / "shared.yaml"), "-o", str(into)).returncode == 0
    assert sorted(file.name for file in into.iterdir()) == ["spoken.toml", "typed.toml"]


def test_b07_nothing_is_written_where_one_of_the_files_is_there_already(tmp_path: Path) -> None:
    (tmp_path / "shared.yaml").write_text(SHARED, encoding="utf-8")
    (tmp_path / "spoken.toml").touch()
    assert run_cli("run", "--import", str(tmp_path / "shared.yaml")).returncode == 2
    assert not (tmp_path / "typed.toml").exists()


def test_b08_keys_of_a_telephone_are_digits_as_written(tmp_path: Path) -> None:
    script, named = imported(
        tmp_path, "turns: [{dtmf: 012}, {dtmf: 0x10}, {dtmf: 1_000}, {dtmf: 12:30}, {dtmf: '5#'}]\n"
    )
    assert [turn["dtmf"] for turn in script["turns"]] == ["012", "1000", "5#"]
    assert named == [
        "turn 2: dtmf: 0x10 are not telephone keys; the turn",
        "turn 4: dtmf: 12:30 are not telephone keys; the turn",
    ]
