"""Every script on the page *scripts* passes as it stands, and every key is used by one of them."""

from __future__ import annotations

import asyncio
import json
import re
import shutil
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from realtime_cli.app.audio_io import question
from realtime_cli.errors import ExitCode
from realtime_cli.script.conditions import Conditions
from realtime_cli.script.format import (
    Caller,
    Claim,
    Expect,
    ExpectedCall,
    ExpectedStep,
    Fact,
    Habits,
    Mock,
    Script,
    ScriptTurn,
)
from tests.docs.test_pages import blocks
from tests.kit.chat_server import Answer, ChatServer
from tests.kit.cli import run_cli
from tests.kit.threads import loop_in_a_thread

ROOT = Path(__file__).parents[2]
SCRIPTS = blocks("scripts", "toml")
VERDICT = {"content": '{"score": 0.9, "why": "It says hello."}'}


@pytest.fixture(scope="module")
def judge() -> Iterator[str]:
    """A chat endpoint that finds every rubric true."""
    with loop_in_a_thread() as loop:
        server = ChatServer([Answer([json.dumps({"choices": [{"message": VERDICT}]})])])
        asyncio.run_coroutine_threadsafe(server.__aenter__(), loop).result(20)
        yield server.url
        asyncio.run_coroutine_threadsafe(server.__aexit__(None, None, None), loop).result(20)


@pytest.mark.heavy
@pytest.mark.parametrize("script", SCRIPTS)
def test_a_script_passes(script: str, tmp_path: Path, judge: str) -> None:
    shutil.copy(question(), tmp_path / "question.wav")
    shutil.copy(ROOT / "configs" / "pictures" / "1-one.png", tmp_path / "picture.png")
    (tmp_path / "checks.py").write_text(*blocks("scripts", "python"))
    (tmp_path / "sums.csv").write_text(*blocks("scripts", "csv"))
    (tmp_path / "base.toml").write_text(next(text for text in SCRIPTS if text.startswith("# base.toml")))
    (tmp_path / "script.toml").write_text(script.replace("http://127.0.0.1:11434/v1", judge))
    ended = run_cli("run", "script.toml", "--no-record", "--trust", ".", cwd=tmp_path)
    assert ended.returncode == ExitCode.OK, ended.stdout + ended.stderr


def test_every_key_is_in_a_script() -> None:
    files = [tomllib.loads(script) for script in SCRIPTS]
    scripts = [*files, *(scenario for file in files for scenario in file.get("scenarios", ()))]
    turns = [turn for script in scripts for turn in script.get("turns", ())]
    callers = [script["caller"] for script in scripts if "caller" in script]
    assert keys(Caller) <= {key for caller in callers for key in caller}
    assert keys(Habits) <= {key for caller in callers for key in caller.get("habits", ())}
    facts = [
        fact for caller in callers for fact in caller.get("knows", {}).values() if isinstance(fact, dict)
    ]
    assert keys(Fact) <= {key for fact in facts for key in fact}
    expects = [part["expect"] for part in (*scripts, *turns) if "expect" in part]
    there = {key for script in scripts for key in script}
    assert keys(Script) - there == {"call_id"}, "which needs a call that another client holds"
    assert keys(ScriptTurn) <= {key for turn in turns for key in turn}
    conditions = [part["conditions"] for part in (*scripts, *turns) if "conditions" in part]
    assert keys(Conditions) <= {key for part in conditions for key in part}
    assert keys(Expect) <= {key for expect in expects for key in expect}
    assert keys(Mock) <= {key for script in scripts for mock in script.get("mocks", ()) for key in mock}
    calls = [call for expect in expects for call in expect.get("calls", ())]
    assert keys(ExpectedCall) <= {key for call in calls for key in call}
    for name, model in (("steps", ExpectedStep), ("claims", Claim)):
        assert keys(model) - {"error"} <= {
            key for each in expects for one in each.get(name, ()) for key in one
        }


def keys(model: type) -> set[str]:
    return {field.alias or name for name, field in model.model_fields.items()}  # type: ignore[attr-defined]


def test_what_the_text_says_of_the_timeline_is_there() -> None:
    from realtime_cli.conversation.timeline import SpokenLine, Timeline, TimelineMark
    from realtime_cli.conversation.turns import ConversationTurn, ToolUse

    text_of_page = (ROOT / "realtime_cli" / "docs" / "scripts.md").read_text(encoding="utf-8")
    paragraph = " ".join(text_of_page.split("The timeline has ")[1].split("\n\n")[0].split())
    named = set(re.findall(r"`(\w+)`", paragraph))
    known = {name for kind in (SpokenLine, TimelineMark, ConversationTurn, ToolUse) for name in dir(kind)}
    known |= {
        name for kind in (SpokenLine, TimelineMark, ConversationTurn, ToolUse) for name in kind.__slots__
    }
    assert named <= known | set(vars(Timeline())) | set(dir(Timeline))
