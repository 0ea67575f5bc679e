"""Conversations from Python, and from pytest."""

from __future__ import annotations

import asyncio
import copy
import importlib
import re
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from realtime_cli import Session
from realtime_cli.audio.pcm import RATE_HZ
from realtime_cli.client import deadlines
from realtime_cli.config import load_agent
from realtime_cli.errors import ConfigError, ConnectionFailed, LimitReached, SessionFailed
from realtime_cli.server.engine.ports import EngineText
from realtime_cli.tools import trusted_folders
from realtime_cli.tools.permissions import permissions_of
from tests.kit.fault_injection import Quirks
from tests.kit.forked_cli import run_pytest_forked
from tests.kit.live_session import serving
from tests.kit.scripted_engine import ScriptedEngine

pytestmark = pytest.mark.usefixtures("recordings_verify")

CLIPS = Path(__file__).parents[1] / "configs" / "scripts" / "clips"


async def test_typed_turns_have_text_tools_and_timings() -> None:
    async with Session(text=True, mocks={"weather": {"sky": "clear"}}) as session:
        reply = await session.say("What is the weather?")
        assert "clear" in reply.text
        assert [(call.name, call.output) for call in reply.tool_calls] == [("weather", '{"sky": "clear"}')]
        assert reply.first_sound_ms is not None
        assert (reply.interrupted, reply.errors) == (False, ())
        assert "two" in (await session.say("say after me: two")).text.lower()


def clock_agent(folder: Path, *, trusted: bool = False, approve: str = "") -> Path:
    """An agent whose tool writes a file when it really runs."""
    (folder / "clock.sh").write_text('#!/bin/sh\ntouch ran\nprintf "half past nine"\n')
    (folder / "clock.sh").chmod(0o700)
    agent = folder / "agent.toml"
    agent.write_text(
        '[connection]\nprovider = "local"\n[[tools]]\nname = "clock"\ncommand = ["./clock.sh"]\n'
        f'cwd = "."\ndescription = "Tells the time"\n{approve}'
    )
    if trusted:
        trusted_folders.trust(permissions_of(load_agent(agent)))
    return agent


ASKED = "Please use the clock tool."


async def test_a_tool_that_is_left_out_is_warned_of_and_the_warning_says_what_to_do(tmp_path: Path) -> None:
    agent = clock_agent(tmp_path)
    with pytest.warns(UserWarning, match=r'Not loaded: clock\..*pass trust="HASH"'):
        async with Session(agent, text=True) as session:
            assert (await session.say(ASKED)).tool_calls == ()
    with pytest.raises(ConfigError, match=r'approve=\["clok"\]: no such tool'):
        async with Session(agent, text=True, approve=["clok"]):
            pass


async def test_a_tool_runs_that_is_approved_here_or_in_a_trusted_file(tmp_path: Path) -> None:
    async with Session(clock_agent(tmp_path), text=True, approve=["clock"], trust=tmp_path) as session:
        [call] = (await session.say(ASKED)).tool_calls
        assert (call.output, call.failed) == ("half past nine", False)
    async with Session(clock_agent(tmp_path, trusted=True), text=True) as session:
        [call] = (await session.say(ASKED)).tool_calls
        assert call.failed
        assert 'pass approve=["clock"].' in str(call.output)
    in_file = clock_agent(tmp_path, trusted=True, approve='approve = "always"\n')
    async with Session(in_file, text=True) as session:
        [call] = (await session.say(ASKED)).tool_calls
        assert call.output == "half past nine"


async def test_a_mock_needs_neither_trust_nor_approval(tmp_path: Path) -> None:
    async with Session(clock_agent(tmp_path), text=True, mocks={"clock": "noon"}) as session:
        [call] = (await session.say(ASKED)).tool_calls
        assert call.output == "noon"
    assert not (tmp_path / "ran").exists()


async def test_a_function_stands_in_for_a_tool_and_describes_it() -> None:
    def weather(city: str = "Oslo") -> str:
        """Tells the weather."""
        return f"snow in {city}"

    async def clock(zone: str = "UTC") -> dict[str, str]:
        """Tells the time."""
        await asyncio.sleep(0)
        return {"zone": zone}

    def lamp() -> None:
        """Switches the lamp."""
        raise OSError("no bulb")

    async with Session(text=True, mocks={"weather": weather, "clock": clock, "lamp": lamp}) as session:
        described = {tool["name"]: tool for tool in session._live.session.options.patch["tools"]}
        assert described["weather"]["description"] == "Tells the weather."
        assert described["weather"]["parameters"]["properties"]["city"]["type"] == "string"
        outputs = []
        for name in ("weather", "clock", "lamp"):
            [call] = (await session.say(f"Please use the {name} tool.")).tool_calls
            outputs.append((call.output, call.failed))
    assert outputs[0][0] is not None
    assert outputs[0][0].startswith("snow in")
    assert outputs[1:] == [('{"zone": "UTC"}', False), ("lamp failed: OSError: no bulb", True)]


async def test_mocks_of_a_list_are_those_of_a_script() -> None:
    tools = [
        {"tool": "clock", "error": "It has stopped.", "delay_ms": 1, "description": "Tells the time"},
    ]
    async with Session(text=True, mocks=tools) as session:
        [call] = (await session.say(ASKED)).tool_calls
        assert (call.output, call.failed) == ("It has stopped.", True)
    with pytest.raises(ConfigError, match=r"mocks\[0\].resutl: unknown key; did you mean result"):
        Session(mocks=[{"tool": "clock", "resutl": "noon"}])
    with pytest.raises(ConfigError, match="'clock' cannot be a tool"):
        Session(mocks={"clock": print})


async def test_spoken_turns_are_heard_and_interrupt(tmp_path: Path) -> None:
    async with Session(record=tmp_path) as session:
        turn = await session.send_audio(CLIPS / "what-time-is-it.wav")
        assert "time" in turn.heard.lower()
        assert turn.text
        assert turn.first_sound_ms is not None
    assert list(tmp_path.glob("*.jsonl"))


async def test_settings_events_and_errors() -> None:
    async with Session(text=True, timeout_s=1.0) as session:
        await session.update({"instructions": 'Always answer "Aye."'})
        await session.send({"type": "conversation.item.delete", "item_id": "nowhere"})
        await session.until("error")
        with pytest.raises(SessionFailed, match=r"no tool\.called within 0\.05 s"):
            await session.until("tool.called", 0.05)
        with pytest.raises(SessionFailed, match="no reply within"):
            await session.wait_for_reply()


async def test_an_update_that_is_not_in_force_is_an_error() -> None:
    async with Session(text=True) as session:
        refused: list[tuple[dict[str, Any], str]] = [
            ({"model": "gpt-other"}, "model is chosen when the connection is opened"),
            ({"temprature": 0.5}, "temprature"),
            ({"audio": {"output": {"speed": 9}}}, "speed"),
        ]
        for settings, why in refused:
            with pytest.raises(SessionFailed, match=why):
                await session.update(settings)
        await session.update({"instructions": 'Always answer "Aye."'})
        assert (await session.say("Well?")).text == "Aye."


async def test_a_detection_that_is_changed_in_part_keeps_its_type() -> None:
    semantic = {"type": "semantic_vad", "eagerness": "low"}
    async with Session(text=True, settings={"session.audio.input.turn_detection": semantic}) as session:
        await session.update({"audio": {"input": {"turn_detection": {"eagerness": "high"}}}})
        detection = session._live.session.effective_session["audio"]["input"]["turn_detection"]
        assert (detection["type"], detection["eagerness"]) == ("semantic_vad", "high")


async def test_every_event_can_be_sent_and_its_answer_read() -> None:
    message = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Hello."}]}
    aside = {"conversation": "none", "metadata": {"for": "mood"}, "input": [], "output_modalities": ["text"]}
    async with Session(text=True, timeout_s=5.0) as session:
        create = {"type": "conversation.item.create", "item": {"id": "mine", **message}}
        added = await session.exchange(create, "conversation.item.added")
        assert added["item"]["id"] == "mine"
        retrieve = {"type": "conversation.item.retrieve", "item_id": "mine"}
        item = (await session.exchange(retrieve, "conversation.item.retrieved"))["item"]
        assert item["content"] == message["content"]
        done = await session.exchange(
            {"type": "response.create", "response": aside},
            "response.done",
            lambda event: (event["response"].get("metadata") or {}).get("for") == "mood",
        )
        assert done["response"]["conversation_id"] is None
        await session.exchange({"type": "input_audio_buffer.clear"}, "input_audio_buffer.cleared")
        delete = {"type": "conversation.item.delete", "item_id": "mine"}
        await session.exchange(delete, "conversation.item.deleted")
        refusals: list[tuple[dict[str, Any], str]] = [
            (retrieve, "item_retrieve_invalid_item_id"),
            ({"type": "response.cancel"}, "response_cancel_not_active"),
            ({"type": "response.create", "response": {**aside, "max_output_tokens": 0}}, "below_min"),
        ]
        for refused, code in refusals:
            with pytest.raises(SessionFailed, match=code):
                await session.exchange(refused, "nothing")
        with pytest.raises(SessionFailed, match=r"no session\.updated within"):
            await session.exchange({"type": "input_audio_buffer.clear"}, "session.updated", timeout_s=0.1)


async def test_hooks_are_told_in_scripts_and_from_python(tmp_path: Path) -> None:
    (tmp_path / "watch.py").write_text(
        "import pathlib\n"
        "def write(item_id, item):\n"
        "    with open(pathlib.Path(__file__).with_name('told'), 'a') as file: "
        "print(item['role'], file=file)\n"
    )
    agent = tmp_path / "agent.toml"
    agent.write_text(
        '[connection]\nprovider = "local"\n[hooks]\non_conversation_item_created = "watch.py:write"\n'
    )
    async with Session(agent, text=True, trust=agent) as session:
        await session.say("Hello.")
    assert (tmp_path / "told").read_text() == "user\nassistant\n"


TALE = EngineText("Once upon a time there was a king who told his people a very long story every night.")


async def test_a_reply_that_is_interrupted_returns_and_says_so() -> None:
    async with (
        serving(ScriptedEngine(answers=[[TALE], [TALE], [EngineText("Short.")]])) as listener,
        Session(url=listener.url, timeout_s=10) as session,
    ):
        first = asyncio.create_task(session.say("A story, please."))
        await asyncio.sleep(0)
        await session.until("agent.speech_started")
        session.press("interrupt")
        assert (await first).interrupted
        second = asyncio.create_task(session.say("Another one."))
        await asyncio.sleep(0)
        await session.until("agent.speech_started")
        third = await session.say("Enough.")
        assert (await second).interrupted
        assert (third.text, third.interrupted, third.interrupts) == ("Short.", False, True)


async def test_a_reply_that_the_next_turn_overtakes_returns_too() -> None:
    async with (
        serving(ScriptedEngine(answers=[[TALE], [TALE]])) as listener,
        Session(url=listener.url, timeout_s=10) as session,
    ):
        first = asyncio.create_task(session.say("A story, please."))
        await asyncio.sleep(0)
        second = await session.say("Another one.")
        assert second.text
        assert (await first).interrupted


async def test_a_reply_is_whole_though_its_turn_cut_the_greeting() -> None:
    async with (
        serving(ScriptedEngine(answers=[[TALE], [EngineText("It is noon.")]])) as listener,
        Session(url=listener.url, settings={"conversation.greet": True}, timeout_s=10) as session,
    ):
        reply = await session.say("What time is it?")
        assert reply.text.endswith("It is noon.")
        assert not reply.interrupted


@pytest.mark.parametrize(
    ("quirks", "settings", "error", "why"),
    [
        (Quirks(close_after_events=3, close_code=1008), {}, SessionFailed, "1008"),
        (Quirks(), {"limits.minutes": 0.02}, LimitReached, "minutes"),
    ],
)
async def test_a_session_that_ends_while_a_clip_is_sent_says_why(
    quirks: Quirks,
    settings: dict[str, Any],
    error: type[SessionFailed],
    why: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(deadlines, "LIMIT_GRACE_S", 0.2)
    async with (
        serving(ScriptedEngine(), quirks) as listener,
        Session(url=listener.url, settings=settings, timeout_s=5) as session,
        asyncio.timeout(5),
    ):
        with pytest.raises(SessionFailed, match=f"while the sound was being sent.*{why}") as raised:
            await session.send_audio(np.full(20 * RATE_HZ, 8000, np.int16))
        assert raised.type is error
        with pytest.raises(error, match="ended before there was a session"):
            await session.exchange({"type": "session.update", "session": {}}, "session.updated")


async def test_the_callers_agent_stays_as_it_is() -> None:
    agent = {"connection": {"provider": "local"}, "session": {"instructions": "Be brief."}}
    before = copy.deepcopy(agent)
    async with Session(agent, text=True, settings={"session.instructions": "Be long."}) as session:
        assert (await session.say("say after me: one")).text
    assert agent == before


async def test_a_session_that_cannot_be_had_says_why() -> None:
    with pytest.raises(ConnectionFailed):
        async with Session(url="ws://127.0.0.1:9/v1", text=True, settings={"connection.reconnect_tries": 0}):
            pass
    with pytest.raises(ConfigError, match="speeed"):
        async with Session(settings={"session.audio.output.speeed": 1}):
            pass
    with pytest.raises(ConfigError, match="not open"):
        await Session().say("hi")


def test_pytest_finds_the_plugin_by_itself() -> None:
    written = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text())
    plugins = written["project"]["entry-points"]["pytest11"]
    assert [hasattr(importlib.import_module(module), "realtime") for module in plugins.values()] == [True]


BRIEF = (
    'mode = "text"\ntags = ["quick"]\n[[turns]]\nuser = "say after me: one"\n[turns.expect]\nequals = "one"\n'
)


def run_pytest(folder: Path, *options: str) -> str:
    """What pytest prints with the plugin; it runs in the folder, in a process of its own."""
    plugins = ("realtime_cli.pytest_plugin", "no:cacheprovider", "no:asyncio", "no:anyio", "no:xdist")
    named = [word for plugin in plugins for word in ("-p", plugin)]
    more: list[str | Path] = ["--rootdir", folder, "-q", "-W", "ignore::pytest.PytestAssertRewriteWarning"]
    more += ["--continue-on-collection-errors", *options, folder]
    return run_pytest_forked(*named, *more, cwd=folder, timeout_s=120)[1]


def test_pytest_collects_scripts_and_lends_sessions(tmp_path: Path) -> None:
    for name, expected in (("good", "one"), ("bad", "two")):
        (tmp_path / f"{name}.voice.toml").write_text(
            BRIEF.replace('equals = "one"', f'equals = "{expected}"'), encoding="utf-8"
        )
    (tmp_path / "wrong.voice.toml").write_text("[[turn]]\n", encoding="utf-8")
    (tmp_path / "test_it.py").write_text(
        "async def test_it(realtime):\n"
        "    async with realtime(text=True) as session:\n"
        "        assert (await session.say('say after me: one')).text == 'One'\n",
        encoding="utf-8",
    )
    assert "1 passed, 2 deselected, 1 error" in run_pytest(tmp_path, "-m", "quick", "-k", "good")
    found = run_pytest(tmp_path)
    assert "2 passed" in found
    assert "1 failed" in found
    assert "1 error" in found
    assert 'expected the reply "two"; found "One"  [bad.voice.toml:' in found
    assert ">>>" in found, "the conversation stands around it"
    [command] = set(re.findall("look at it: realtime-cli replay (.+) --from turn:1", found))  # twice in CI
    assert Path(command).is_file(), "what failed is kept; what passed is not"
    assert len(list(Path(command).parent.glob("*.jsonl"))) == 1
    assert "did you mean turns" in found


def test_pytest_runs_the_tools_that_are_approved(tmp_path: Path) -> None:
    clock_agent(tmp_path)
    turn = f'[[turns]]\nuser = "{ASKED}"\n[turns.expect]\ncalls = [{{ name = "clock" }}]\n'
    (tmp_path / "it.voice.toml").write_text(f'mode = "text"\nagent = "agent.toml"\n{turn}', encoding="utf-8")
    (tmp_path / "none.voice.toml").write_text(BRIEF, encoding="utf-8")  # an agent without that tool
    (tmp_path / "test_it.py").write_text(
        "async def test_it(realtime):\n"
        "    async with realtime('agent.toml', text=True) as session:\n"
        f"        [call] = (await session.say('{ASKED}')).tool_calls\n"
        "        assert call.output == 'half past nine'\n",
        encoding="utf-8",
    )
    left_out = run_pytest(tmp_path)
    assert "1 passed" in left_out
    assert "2 failed" in left_out
    assert "Not loaded: clock. " in left_out
    assert "pass --realtime-trust HASH" in left_out
    trusted = ("--realtime-trust", str(tmp_path))
    assert "3 passed" in run_pytest(tmp_path, "--realtime-approve", "clock", *trusted)
    in_file = ("-o", "realtime_approve=clock", "-o", "realtime_trust=agent.toml")
    assert "1 passed" in run_pytest(tmp_path, *in_file, "-k", "it.voice")
