"""Each page says what is true: its commands are taken, its agent files load, its recordings can be read."""

from __future__ import annotations

import asyncio
import json
import re
import shlex
import tomllib
from pathlib import Path
from textwrap import indent
from typing import Any

import pytest
from openai import AsyncOpenAI
from typer.testing import CliRunner

from realtime_cli.cli import app
from realtime_cli.client import inputs
from realtime_cli.client.effects import Send, StopPlayback
from realtime_cli.commands.docs import names
from realtime_cli.config import AgentConfig, load_agent
from realtime_cli.config.providers import PROVIDERS
from realtime_cli.config.schema import agent_schema
from realtime_cli.recording.reader import read
from realtime_cli.tui.key_map import MEANINGS
from tests.docs.generated import path_of
from tests.docs.keys import tables_in
from tests.docs.printed import does_what_it_says
from tests.docs.test_readme import COMMANDS as README_COMMANDS

FOLLOWED = ("scripts", "getting-started")  # by tests of their own
TEXTS = {page: path_of(page).read_text(encoding="utf-8") for page in names()}
FOLLOWED = ("scripts", "getting-started")  # by tests of their own


def blocks(page: str, language: str) -> list[str]:
    return re.findall(rf"(?ms)^```{language}\n(.*?)^```", TEXTS[page])


COMMANDS = [
    (page, line[line.index("realtime-cli") :])
    for page in TEXTS
    for block in blocks(page, "sh")
    for line in block.splitlines()
    if "realtime-cli" in line
]


CONSOLE = sorted(
    {
        found[1]
        for page in TEXTS
        for block in blocks(page, "console")
        for found in re.finditer(r"(?m)^\w*\$ (realtime-cli .+)$", block)
    }
)


@pytest.mark.parametrize("line", CONSOLE)
def test_a_command_with_other_machines_in_it_is_one_that_the_program_takes(line: str) -> None:
    ended = CliRunner().invoke(app, [*shlex.split(line)[1:], "--help"])
    assert ended.exit_code == 0, ended.output


# Run elsewhere: by tests of their own, and by those of README.
ELSEWHERE = ("realtime-cli run configs/scripts", "realtime-cli serve --port 8765")
RUN = sorted({line for page, line in COMMANDS if page not in FOLLOWED[1:]} - {*ELSEWHERE, *README_COMMANDS})


@pytest.mark.xdist_group("pages")
@pytest.mark.parametrize("line", RUN)
def test_a_command_does_what_it_says(line: str, folder: Path, recording: Path, server: str) -> None:
    does_what_it_says(line, folder, recording, server)


def test_the_client_on_the_page_of_the_local_server_talks_to_it(server: str) -> None:
    (block,) = blocks("local-server", "python")
    code = f"async def client():\n{indent(block, '    ')}".replace(
        "ws://127.0.0.1:8765/v1", server[: -len("/realtime")]
    )
    names: dict[str, Any] = {"AsyncOpenAI": AsyncOpenAI}
    exec(code, names)
    asyncio.run(names["client"]())


@pytest.mark.parametrize(
    ("page", "block"),
    [(page, block) for page in TEXTS if page not in FOLLOWED for block in blocks(page, "toml")],
)
def test_an_agent_file_loads(page: str, block: str, tmp_path: Path) -> None:
    connection = "" if "[connection]" in block else '[connection]\nprovider = "xai"\n\n'
    (tmp_path / "agent.toml").write_text(connection + block)
    environ = dict.fromkeys(re.findall(r"(?<!\$)\$\{(\w+)\}", block), "given")
    warnings = load_agent(tmp_path / "agent.toml", (), environ).warnings
    assert [each for each in warnings if not each.startswith("session.extra is sent")] == []


def test_every_key_of_the_agent_file_is_in_an_example() -> None:
    examples = [tomllib.loads(block) for block in blocks("agent-file", "toml")]
    for section in AgentConfig.model_fields:
        tables = [found for example in examples for found in tables_of(example.get(section, {}), section)]
        written = {key for table in tables for key in table}
        for table in tables_in(agent_schema(), section):
            keys = {key for key, schema in table["properties"].items() if "const" not in schema}
            assert keys <= written, section


def tables_of(value: Any, section: str) -> list[dict[str, Any]]:
    """Tables of a section in a file: of ``[[tools]]`` and ``[mcp.NAME]`` there are many."""
    if isinstance(value, list):
        return value
    return list(value.values()) if section in ("mcp", "prices") else [value]


@pytest.mark.parametrize("page", TEXTS)
def test_pages_and_files_that_it_names_exist(page: str) -> None:
    named = re.findall(r"the page \*([\w-]+)\*", " ".join(TEXTS[page].split()))
    assert set(named) <= set(TEXTS)
    for path in re.findall(r"configs/[\w/-]+\.toml", TEXTS[page]):
        assert (Path(__file__).parents[2] / path).is_file()


def test_the_recorded_lines_are_read_as_they_are_explained(tmp_path: Path) -> None:
    lines = [line for block in blocks("recordings", "json") for line in block.splitlines()]
    path = tmp_path / "session.jsonl"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")

    recording = read(path)
    entries = list(recording.entries())

    assert not recording.header.foreign
    assert [entry.kind for entry in entries] == [json.loads(line)["kind"] for line in lines[1:5]] + [
        *("local", "sent") * 2
    ]
    assert isinstance(entries[1].value, Send)
    assert entries[2].value == inputs.Pressed(1.2, "interrupt")
    assert entries[3].value == StopPlayback("key")
    assert [entry.at for entry in entries[4:]] == [0.94, 0.94, 0.96, 0.96]
    assert (recording.end.crashed, recording.end.at) == (False, 61.2)


def test_every_single_key_is_explained() -> None:
    table = TEXTS["screen-and-keys"].split("## Single keys")[1].split("##")[0]
    keys = {key.strip().lower() for row in re.findall(r"(?m)^\| ([^|]+) \|", table) for key in row.split(",")}
    assert {"esc" if key == "escape" else key for key in MEANINGS} <= keys
    assert {"space", "t", "l", "?", "q"} <= keys


def test_every_key_of_a_provider_is_named() -> None:
    for provider in PROVIDERS.values():
        assert provider.key_env is None or f"`{provider.key_env}`" in TEXTS["environment"]
