"""Agent files and scripts are data: any text is read, or refused with a sentence and a line."""

from __future__ import annotations

import copy
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import tomli_w
import yaml
from hypothesis import given
from hypothesis import strategies as st

from realtime_cli.commands.run_convert import without_null
from realtime_cli.config import load_agent
from realtime_cli.errors import ConfigError, RealtimeCliError
from realtime_cli.script import pipecat, promptfoo
from realtime_cli.script.load import load_script, load_scripts
from tests.script.test_pipecat import CALLER, TEXT
from tests.script.test_promptfoo import ASSERTIONS, CONFIG

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


ODD: tuple[Any, ...] = (
    None,
    5,
    -1,
    1e999,
    True,
    "",
    "x",
    "file://x.json",
    "{{x}}",
    [],
    [None],
    {},
    {"x": None},
)
ALL_ASSERTIONS = "prompts: [hi]\nproviders: ['openai:realtime:x']\ntests:\n- assert:\n" + "".join(
    f"  - {written}\n" for written, _ in ASSERTIONS
)


def _places(tree: Any, above: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    below = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    for key, value in below:
        yield (*above, key)
        yield from _places(value, (*above, key))


@pytest.mark.parametrize("text", [CONFIG, ALL_ASSERTIONS, TEXT, CALLER])
@given(data=st.data())
def test_others_evals_with_an_odd_value_in_them(text: str, data: st.DataObject):
    tree = copy.deepcopy(yaml.safe_load(text))
    *above, last = data.draw(st.sampled_from(list(_places(tree))))
    inner = tree
    for key in above:
        inner = inner[key]
    inner[last] = data.draw(st.sampled_from(ODD))
    try:
        if promptfoo.is_config(tree):
            made = promptfoo.scripts_of(tree, str, {"x.json": 5, "s.json": {}}.__getitem__)
        else:
            made = pipecat.scripts_of(tree)
    except ConfigError:
        return
    for script, _ in made:
        survives(tomli_w.dumps(without_null(script, "", [])), ".toml", lambda path: load_scripts([path]))
