"""All parts at once, and the ways in which loading can fail."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from realtime_cli.errors import ConfigError
from realtime_cli.server.engine.chat import Chat
from realtime_cli.server.engine.config import EngineConfig
from realtime_cli.server.engine.dialogue import Dialogue
from realtime_cli.server.engine.engine import Engine, Once
from realtime_cli.server.engine.synthesiser import CannedVoice, HibariVoice

pytestmark = pytest.mark.xdist_group("voice")


async def test_everything_is_loaded_and_warm() -> None:
    engine = await Engine.load()
    assert isinstance(engine.synthesiser, HibariVoice)
    assert isinstance(engine.reply, Dialogue)
    sound = np.concatenate(list(engine.synthesiser.speak("The door is open.")))
    assert max(engine.voice_activity().feed(sound)) > 0.9
    assert "door is open" in engine.recogniser.transcribe(sound).lower()


async def test_a_wrong_setting_is_one_error_and_no_group() -> None:
    with pytest.raises(ConfigError, match="no speech engine 'none'"):
        await Engine.load(EngineConfig(speech="none"))


async def test_an_unusable_chat_endpoint_is_told_at_the_start() -> None:
    with pytest.raises(ConfigError, match="chat_model"):
        await Engine.load(EngineConfig(speech="canned", chat_url="http://127.0.0.1:1/v1"))


def test_a_chat_endpoint_takes_the_place_of_the_rules() -> None:
    engine = Engine(EngineConfig(speech="canned", chat_url="http://127.0.0.1:1/v1", chat_model="m"))
    assert isinstance(engine.reply, Chat)
    assert isinstance(engine.synthesiser, CannedVoice)


def test_threads_that_ask_at_once_share_one_model() -> None:
    opened: list[object] = []

    def open_slowly() -> object:
        time.sleep(0.02)
        opened.append(object())
        return opened[-1]

    once = Once(open_slowly)
    with ThreadPoolExecutor(8) as threads:
        found = set(threads.map(lambda _: once.get(), range(8)))
    assert found == set(opened)
    assert len(opened) == 1
