"""``Session(call_id=...)`` and ``call_id`` of a script: a running call is looked at, and steered."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from realtime_cli import Session
from realtime_cli.errors import ConfigError
from tests.kit.call_server import ANSWER, CALL, SAID, SteeredCall, steered_call
from tests.kit.cli import run_cli


def joined(call: SteeredCall, **more: Any) -> Session:
    agent = {"connection": {"provider": "custom", "api_key": "sk-abcdef", "base_url": call.url}}
    return Session(agent, call_id=CALL, **more)


async def test_who_looks_on_sees_both_sides_and_sends_nothing() -> None:
    with steered_call() as call:
        async with joined(call) as session:
            assert (await session.wait_for_reply()).text == ANSWER
            user, agent = session.history
            assert SAID in str(user)
            assert ANSWER in str(agent)
            for steering in (session.say("Hello"), session.update(instructions="x"), session.interrupt()):
                with pytest.raises(ConfigError, match="steer=True"):
                    await steering
    assert call.heard == []
    assert call.paths == [f"/v1/realtime?call_id={CALL}"]


async def test_who_steers_types_and_changes_settings() -> None:
    with steered_call() as call:
        async with joined(call, steer=True) as session:
            assert (await session.wait_for_reply()).text == ANSWER
            reply = await session.say("Hurry.")
            assert reply.text == "You said Hurry."
            assert (await session.update(instructions="Be quick."))["instructions"] == "Be quick."
    assert "session.update" in [event["type"] for event in call.heard]


async def test_the_server_inside_holds_no_calls() -> None:
    with pytest.raises(ConfigError, match="holds no calls"):
        await Session(call_id=CALL).__aenter__()


def test_a_script_steers_a_call(tmp_path: Path) -> None:
    with steered_call() as call:
        (tmp_path / "steer.toml").write_text(f"""
call_id = "{{{{call}}}}"
[parameters]
call = "{CALL}"
[agent.connection]
provider = "custom"
auth = "none"
base_url = "{call.url}"
[[turns]]
expect = {{ contains = "{ANSWER}" }}
[[turns]]
user = "Hurry."
expect = {{ contains = "You said Hurry." }}
""")
        ended = run_cli("run", tmp_path / "steer.toml")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert call.paths == [f"/v1/realtime?call_id={CALL}"]
