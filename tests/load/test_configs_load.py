"""What ``configs/load`` and the page *load* show of many machines: the program takes every command."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from realtime_cli.cli import app
from realtime_cli.load.shapes import read_stages
from realtime_cli.script.load import load_scripts, script_files

ROOT = Path(__file__).parents[2]
LOAD = ROOT / "configs" / "load"
PAGE = (ROOT / "realtime_cli" / "docs" / "load.md").read_text(encoding="utf-8")
CONSOLE = "\n".join(re.findall(r"```console\n(.*?)```", PAGE, flags=re.DOTALL))
(PIPELINE,) = re.findall(r"```yaml\n(.*?)```", PAGE, flags=re.DOTALL)


def jobs(name: str) -> list[dict[str, Any]]:
    return [
        one
        for one in yaml.safe_load_all((LOAD / "kubernetes" / name).read_text(encoding="utf-8"))
        if one["kind"] == "Job"
    ]


def containers(name: str) -> list[dict[str, Any]]:
    return [one["spec"]["template"]["spec"]["containers"][0] for one in jobs(name)]


def lines() -> Iterator[str]:
    yield from re.findall(r"realtime-cli [^:|\n]+", CONSOLE)
    for step in (step for job in yaml.safe_load(PIPELINE)["jobs"].values() for step in job["steps"]):
        yield from re.findall(r"realtime-cli [^|]+", re.sub(r"\$\{\{.*?\}\}", "1", step.get("run", "")))
    yield from re.findall(r"realtime-cli [^|]+", containers("shards.yaml")[0]["args"][0])
    yield from (shlex.join(one["args"]) for one in containers("workers.yaml"))


@pytest.mark.parametrize("line", sorted(lines()))
def test_a_command_is_one_that_the_program_takes(line: str) -> None:
    ended = CliRunner().invoke(app, [*shlex.split(line)[1:], "--help"])
    assert ended.exit_code == 0, ended.output


def test_there_is_a_command_in_every_place() -> None:
    assert len(list(lines())) >= 9


@pytest.mark.skipif(os.name == "nt", reason="a shell as Kubernetes has it")
def test_each_index_of_the_job_is_one_shard(tmp_path: Path) -> None:
    (job,) = jobs("shards.yaml")
    assert job["spec"]["completionMode"] == "Indexed"
    (container,) = containers("shards.yaml")
    said = tmp_path / "realtime-cli"  # says what it was called with
    said.write_text('#!/bin/sh\necho "$@"\nexit 1\n', encoding="utf-8")
    said.chmod(0o755)
    variables = {one["name"]: one["value"] for one in container["env"]}
    assert variables["SHARDS"] == str(job["spec"]["completions"])
    shards = []
    for index in range(job["spec"]["completions"]):
        environ = {**variables, "JOB_COMPLETION_INDEX": str(index), "PATH": f"{tmp_path}:/usr/bin:/bin"}
        ended = subprocess.run(
            [*container["command"], *container["args"]], env=environ, capture_output=True, text=True
        )
        assert ended.returncode == 0, "a verdict is no accident"
        shards += re.findall(r"--shard (\S+)", ended.stdout)
    assert shards == [f"{number}/8" for number in range(1, 9)]


def test_the_master_waits_for_as_many_workers_as_there_are() -> None:
    _, workers = jobs("workers.yaml")
    assert workers["spec"]["completionMode"] == "Indexed"
    (expected,) = re.findall(r"--expect-workers=(\d+)", " ".join(containers("workers.yaml")[0]["args"]))
    assert int(expected) == workers["spec"]["completions"]


def test_scripts_and_shapes_can_be_read() -> None:
    assert len(load_scripts(script_files([LOAD]))) == 3
    assert max(stage.users for stage in read_stages(LOAD / "shapes" / "spike.toml")) == 100
