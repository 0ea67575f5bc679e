"""Agent files and scripts are data: any text is read, or refused with a sentence and a line."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime_cli.config import load_agent
from realtime_cli.errors import RealtimeCliError
from realtime_cli.script.load import load_script

ROOT = Path(__file__).parents[2]
AGENTS = sorted((ROOT / "configs").glob("*.toml"))
SCRIPTS = sorted((ROOT / "configs").glob("scripts/**/*.toml"))
PIECES = (
    "[connection]",
    "[session]",
    "[[tools]]",
    "[[turn]]",
    'user = "hi"',
    "provider = 3",
    "[[turn.expect]]",
    'provider = "local"',
    "[local]",
    "x = [",
    'contains = "a"',
    "turns = 1",
    '"""',
    "= =",
    "[mcp.a]",
    "a.b.c = {}",
    'instructions = { file = "/etc/hostname" }',
    "temperature = nan",
    "key = ${HOME}",
    "\x00",
    "é = 1",
    "- user: hi",
    "turns:",
    "  - expect: {}",
    "&a [*a]",
)
TEXTS = st.text(max_size=60) | st.lists(st.sampled_from(PIECES), max_size=10).map("\n".join)


def survives(text: str, suffix: str, load: object) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"file{suffix}"
        path.write_text(text, encoding="utf-8", errors="surrogatepass")
        told = "read"
        try:
            load(path)  # type: ignore[operator]
        except RealtimeCliError as error:
            told = error.message
        assert told


def agent(path: Path) -> object:
    return load_agent(path, (), os.environ, {})


@given(TEXTS)
def test_any_text_as_an_agent(text: str):
    survives(text, ".toml", agent)


@given(TEXTS, st.sampled_from([".toml", ".yaml"]))
def test_any_text_as_a_script(text: str, suffix: str):
    survives(text, suffix, load_script)


@pytest.mark.parametrize("kind", ["agent", "script"])
@given(data=st.data())
def test_real_files_with_a_hole_in_them(kind: str, data: st.DataObject):
    files, load = (AGENTS, agent) if kind == "agent" else (SCRIPTS or AGENTS, load_script)
    text = data.draw(st.sampled_from(files)).read_text()
    start = data.draw(st.integers(0, len(text)))
    survives(text[:start] + text[start + data.draw(st.integers(1, 40)) :], ".toml", load)
