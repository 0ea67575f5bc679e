"""Wrong arguments: one sentence, which names the argument."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from realtime_cli import Session
from realtime_cli.errors import ConfigError, SessionFailed
from realtime_cli.session_api.arguments import moment

ENDPOINT = {"url": "http://127.0.0.1:1/v1", "model": "m"}


@pytest.mark.parametrize(
    ("argument", "value", "words"),
    [
        ("agent", 5, "agent: found 5"),
        ("agent", {"session": {"voice": "cedar"}}, "session.voice: unknown key"),
        ("settings", 5, "settings: found 5"),
        ("settings", {5: 1}, "settings: found 5"),
        ("tools", "clock", "tools: found 'clock'"),
        ("tools", [lambda: 1], "'<lambda>' cannot be the name of a tool"),
        ("mocks", [{"tol": "x"}], "mocks[0].tool: is missing"),
        ("mocks", [5], "mocks[0]: found 5"),
        ("mocks", {"look": lambda back, /: 1}, "'look' cannot be a tool"),
        ("approve", 5, "approve: found 5"),
        ("trust", 5, "trust: found 5"),
        ("history", ["Hello"], "history[0]: found 'Hello'"),
        ("history", [{"role": "chair", "text": "x"}], "conversation.items[0].role"),
        ("video", 5, "video: found 5"),
        ("url", 5, "url: found 5"),
        ("url", "nowhere", "'nowhere' is not a valid server"),
        ("headers", "Authorization: secret", "headers: found str"),
        ("record", 5, "record: found 5"),
        ("timeout_s", 0, "timeout_s: found 0"),
        ("timeout_s", "soon", "timeout_s: found 'soon'"),
        ("judge", 5, "judge: found 5"),
        ("judge", {"url": "x", "model": "m"}, 'judge.url: found "x"'),
        ("judge", {**ENDPOINT, "modl": "m"}, "judge.modl: unknown key; did you mean model?"),
    ],
)
async def test_of_a_session(argument: str, value: Any, words: str) -> None:
    with pytest.raises(ConfigError) as raised:
        async with asyncio.timeout(10):
            await Session(**{argument: value}, text=True).__aenter__()
    assert str(raised.value).startswith(words)
    assert "\n" not in str(raised.value)
    assert "secret" not in str(raised.value)


@pytest.mark.parametrize(
    ("at", "words"),
    [
        ("soon", "at: found 'soon'"),
        (-5, "at: found -5"),
        (float("nan"), "at: found nan"),
        (float("inf"), "at: found inf"),
        ({"after": "tool.called", "ms": -1}, "at.ms: found -1"),
        ({"after": "tool.called", "ms": float("inf")}, "at.ms: found Infinity"),
        ({"after": "later"}, "at.after: 'later' is not an event"),
        ({"ms": 5}, "at.after: is missing"),
        ([5], "at: found list"),
    ],
)
def test_of_a_moment(at: Any, words: str) -> None:
    with pytest.raises(ConfigError) as raised:
        moment(at)
    assert str(raised.value).startswith(words)
    assert "\n" not in str(raised.value)


def test_a_moment_is_counted_from_the_agents_first_sound() -> None:
    assert moment(300) == moment({"after": "agent.speech_started", "ms": 300}) == moment(moment(300.0))


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda session: session.say(5), "text: found 5"),
        (lambda session: session.speak(5), "text: found 5"),
        (lambda session: session.update("x"), "settings: found 'x'"),
        (lambda session: session.update(instructions=5), "session settings: session.instructions"),
        (lambda session: session.send({"typ": "x"}), "An event needs a type"),
        (lambda session: session.send("x"), "event: found 'x'"),
        (lambda session: session.send({"type": "response.create", "response": 5}), "response.create: "),
        (lambda session: session.exchange({"typ": "x"}, "y"), "An event needs a type"),
        (lambda session: session.press("x"), "There is no key 'x'"),
        (lambda session: session.on(5, print), "There is no event 5"),
        (lambda session: session.on("item_created", 5), "5 is not a function"),
    ],
)
async def test_of_what_an_open_session_is_asked(call: Any, words: str) -> None:
    async with Session(text=True) as session:
        with pytest.raises((ConfigError, SessionFailed)) as raised:
            async with asyncio.timeout(5):
                await call(session)
        assert str(raised.value).startswith(words)
        assert "\n" not in str(raised.value)
