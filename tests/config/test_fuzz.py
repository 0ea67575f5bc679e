"""Whatever stands in an agent file, it is an agent, or one clear error; nothing else, and at once."""

from __future__ import annotations

import copy
import tomllib
from pathlib import Path
from typing import Any

import tomli_w
from hypothesis import given
from hypothesis import strategies as st

from realtime_cli.config import load_agent
from realtime_cli.errors import ConfigError

CONFIGS = [
    tomllib.loads(path.read_text()) for path in sorted((Path(__file__).parents[2] / "configs").glob("*.toml"))
]
SCALARS = (
    st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats()
    | st.text(max_size=12)
    | st.datetimes()
    | st.dates()
    | st.sampled_from(
        ["", "auto", "${HOME}", "${", "inf", "audio/pcm", "-1", "a:b", "../x", "\x00", "ws://", "file.mp4"]
    )
)
KEYS = st.text(max_size=6) | st.sampled_from(
    [
        "session",
        "audio",
        "input",
        "output",
        "tools",
        "mcp",
        "type",
        "name",
        "command",
        "python",
        "hooks",
        "prices",
        "limits",
    ]
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=6,
)


def places(value: Any, place: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every key of a nest of tables and lists."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [found for key, below in inner for found in ((*place, key), *places(below, (*place, key)))]


@st.composite
def spoilt(draw: st.DrawFn) -> dict[str, Any]:
    """An agent that works, with some of its values replaced, and some keys that nobody knows."""
    agent = copy.deepcopy(draw(st.sampled_from(CONFIGS)))
    for _ in range(draw(st.integers(1, 3))):
        *way, last = draw(st.sampled_from(places(agent)))
        table = agent
        for key in way:
            table = table[key]
        table[last] = draw(VALUES)
        if not places(agent):
            break
    if draw(st.booleans()):
        agent[draw(KEYS)] = draw(VALUES)
    return agent


def told(*arguments: Any) -> str:
    """What is wrong with it; nothing if it is an agent."""
    try:
        load_agent(*arguments)
    except ConfigError as error:
        return error.message or "(nothing is told)"
    return ""


@given(text=st.text() | st.binary())
def test_any_bytes_are_an_agent_or_an_error(tmp_path_factory: Any, text: str | bytes):
    path = tmp_path_factory.getbasetemp() / "any.toml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass"))
    wrong = told(path, (), {"HOME": "/home/me"})
    assert not wrong or str(path) in wrong


@given(agent=spoilt())
def test_a_spoilt_agent_is_an_agent_or_an_error_that_names_the_file(
    tmp_path_factory: Any, agent: dict[str, Any]
):
    path = tmp_path_factory.getbasetemp() / "spoilt.toml"
    path.write_text(tomli_w.dumps(agent), encoding="utf-8")
    wrong = told(path, (), {"HOME": "/home/me"})
    assert not wrong or str(path) in wrong


@given(
    sets=st.lists(
        st.text(max_size=30) | st.builds("{}={}".format, st.text(max_size=20), st.text(max_size=20)),
        max_size=3,
    )
)
def test_any_set_option_is_an_agent_or_an_error(sets: list[str]):
    assert "(nothing is told)" not in told(None, sets, {})
