"""What shows of broken tools without running any of them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from realtime_cli.errors import ConfigError
from realtime_cli.tools.preflight import check_approved, problems, require
from tests.config.agents import loader

CREATED = ("hooks", "on_conversation_item_created")


def told(folder: Path, text: str) -> list[tuple[tuple[str | int, ...], str]]:
    agent = loader(folder)(text)
    return [(each.path, each.text) for each in problems(agent.config, folder, os.environ)]


@pytest.mark.parametrize(
    ("written", "path", "words"),
    [
        ('[[tools]]\npython = "gone.py:f"', ("tools", 0, "python"), "there is no file"),
        ('[[tools]]\npython = "t.py:gone"', ("tools", 0, "python"), "there is no function gone in"),
        ('[[tools]]\npython = "bad.py:f"', ("tools", 0, "python"), "is not Python"),
        (
            '[[tools]]\ncommand = ["nosuchprogram"]',
            ("tools", 0, "command"),
            "there is no program nosuchprogram",
        ),
        ('[[tools]]\ncommand = ["ls"]\ncwd = "gone"', ("tools", 0, "cwd"), "there is no folder"),
        (
            '[mcp.x]\ncommand = ["./nosuchserver"]',
            ("mcp", "x", "command"),
            "there is no program ./nosuchserver",
        ),
        (
            '[[tools]]\npython = "t.py:f"\n[[tools]]\ncommand = ["ls"]\nname = "f"',
            ("tools", 1),
            "is the second tool named f; tools[0] is the first",
        ),
        (
            '[[tools]]\nbuiltin = "clock"\n[[tools]]\nbuiltin = "clock"',
            ("tools", 1),
            "is the second tool named clock",
        ),
        (
            '[[session.tools]]\ntype = "function"\nname = "f"\n' * 2,
            ("session", "tools", 1),
            "is the second tool named f; session.tools[0] is the first",
        ),
        ('[[tools]]\npython = "nosuchmodule:f"', ("tools", 0, "python"), "there is no module nosuchmodule"),
        ('[[tools]]\npython = "t:gone"', ("tools", 0, "python"), "there is no function gone in"),
        ('[[tools]]\npython = "pack.t:gone"', ("tools", 0, "python"), "there is no function gone in"),
        ('[[tools]]\npython = "pack.nosuch:f"', ("tools", 0, "python"), "there is no module pack.nosuch"),
        ('[[tools]]\npython = "t.below:f"', ("tools", 0, "python"), "there is no module t.below"),
        ('[[tools]]\npython = "t.py:inside"', ("tools", 0, "python"), "there is no function inside in"),
        ('[hooks]\non_conversation_item_created = "t:gone"', CREATED, "there is no function gone in"),
        ('[hooks]\non_conversation_item_created = ["gone"]', CREATED, "there is no program gone"),
    ],
)
def test_what_is_not_there_is_named_by_its_key(
    tmp_path: Path, written: str, path: tuple[str | int, ...], words: str
) -> None:
    source = "raise SystemExit('it was run')\ndef f():\n  def inside(): ...\n"
    (tmp_path / "t.py").write_text(source)
    (tmp_path / "bad.py").write_text("def f(:\n")
    (tmp_path / "pack").mkdir()
    for name in ("__init__.py", "t.py"):
        (tmp_path / "pack" / name).write_text(source)
    [(found, text)] = told(tmp_path, written)
    assert found == path
    assert words in text


@pytest.mark.parametrize(
    "source",
    [
        "async def f(): ...",
        "f = 1",
        "from x import f",
        "from x import g as f",
        "from x import *",
        "if 1:\n  f = 2",
        "class f: ...",
        "def __getattr__(name): ...",
        "def g():\n  global f\n  f = 1",
    ],
)
def test_whatever_may_define_the_function_is_good(tmp_path: Path, source: str) -> None:
    (tmp_path / "t.py").write_text(source)
    tools = ["t.py:f", "json:dumps", "math:sqrt", "os.path:join", "time:time"]
    assert told(tmp_path, "".join(f'[[tools]]\npython = "{tool}"\n' for tool in tools)) == []


def test_names_that_are_left_out_are_not_looked_at(tmp_path: Path) -> None:
    agent = loader(tmp_path)(
        '[[tools]]\npython = "gone.py:f"\n[[tools]]\ncommand = ["gone"]\nname = "g"\n'
        '[hooks]\non_conversation_item_created = ["gone"]\n[mcp.x]\ncommand = ["gone"]\n'
    )
    assert len(list(problems(agent.config, tmp_path, os.environ))) == 4
    require(agent, os.environ, {"f", "g", CREATED[1]})
    with pytest.raises(ConfigError, match=r"agent\.toml:2: tools\[0\]\.python: there is no file"):
        require(agent, os.environ, {"g", CREATED[1]})


def test_a_program_beside_the_agent_is_found_from_its_own_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "there.sh").write_text("#!/bin/sh\n")
    (tmp_path / "there.sh").chmod(0o700)
    agent = loader(tmp_path)('[[tools]]\ncommand = ["./there.sh"]\n')
    monkeypatch.chdir(tmp_path)
    assert list(problems(agent.config, Path(), os.environ)) == []


AGENT = """
    [session]
    tools = [{ type = "mcp", server_label = "docs", server_url = "https://x" }]
    [hooks]
    on_conversation_item_created = ["true"]
    [mcp.files]
    command = ["x"]
    [[tools]]
    builtin = "clock"
    """


@pytest.mark.parametrize(
    "name", ["all", "clock", "files", "files__read", "docs", "docs.search", "on_conversation_item_created"]
)
def test_what_the_agent_has_may_be_approved(tmp_path: Path, name: str) -> None:
    check_approved([name], loader(tmp_path)(AGENT).config)


def test_a_name_that_nothing_has_is_not_approved_in_silence(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"--approve clok: no such tool\. There are: clock, files, docs"):
        check_approved(["clok"], loader(tmp_path)(AGENT).config)
