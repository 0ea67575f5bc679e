"""Every agent that comes with the program holds a conversation with the local server: none is only for show.

Only the way there is changed, as a user would, by keys over the file; the server is one for all of them.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from realtime_cli.app.audio_io import question
from realtime_cli.app.local_server import ServeOptions, listen
from realtime_cli.commands import config as config_command
from realtime_cli.commands import init
from realtime_cli.commands.talk import TalkOptions, talk
from realtime_cli.commands.text import TextOptions, text
from realtime_cli.errors import ExitCode
from tests.kit import chat_server
from tests.kit.chat_server import ChatServer
from tests.kit.cli import run_cli
from tests.kit.threads import loop_in_a_thread

pytestmark = pytest.mark.usefixtures("recordings_verify")

ROOT = Path(__file__).parents[2]
CONFIGS = sorted(path.name for path in (ROOT / "configs").glob("*.toml"))
SPOKEN = [name for name in CONFIGS if name != "text.toml"]
INSTEAD = {"screen-share.toml": ("video.source=pictures/*.png",)}  # there may be no screen here
pytestmark = pytest.mark.xdist_group("configs")


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """The address of the local server."""
    with loop_in_a_thread() as loop:
        started = asyncio.run_coroutine_threadsafe(listen(ServeOptions(port=0)), loop).result(60)
        yield started.url
        asyncio.run_coroutine_threadsafe(started.close(), loop).result(20)


def there(url: str) -> tuple[str, ...]:
    """The keys that lead an agent to ``url``; the local server asks for no key."""
    return ("connection.provider=local", f"connection.base_url={url}")


@pytest.fixture
def at_configs(monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(ROOT)
    return ROOT / "configs"


@pytest.mark.parametrize("name", CONFIGS)
def test_a_config_is_checked_without_a_warning(name: str, at_configs: Path) -> None:
    assert config_command.check([at_configs / name]) == ExitCode.OK


@pytest.mark.parametrize("name", CONFIGS)
def test_a_config_answers_typed_words(
    name: str, at_configs: Path, server: str, capsys: pytest.CaptureFixture[str]
) -> None:
    options = TextOptions(
        config=at_configs / name, sets=there(server), messages=("Say after me: green apples",), no_record=True
    )
    assert text(options) == ExitCode.OK
    assert "green apples" in capsys.readouterr().out.lower()


@pytest.mark.parametrize("name", SPOKEN)
def test_a_config_answers_spoken_words(
    name: str, at_configs: Path, server: str, capsys: pytest.CaptureFixture[str]
) -> None:
    options = TalkOptions(
        config=at_configs / name,
        sets=(*there(server), *INSTEAD.get(name, ())),
        inputs=(str(question()),),
        output="null",
        fast=True,
        plain=True,
        no_record=True,
    )
    assert talk(options) == ExitCode.OK
    out, err = capsys.readouterr()
    assert "1 turn by you" in out + err
    assert "Error" not in out + err


@pytest.mark.parametrize("template", init.TEMPLATES)
def test_a_template_answers(
    template: str, tmp_path: Path, server: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "agent.toml"
    init.init(path, template=template, environ={})
    assert config_command.check([path]) == ExitCode.OK
    capsys.readouterr()
    options = TextOptions(
        config=path, sets=there(server), messages=("Say after me: green apples",), no_record=True
    )
    assert text(options) == ExitCode.OK
    assert "green apples" in capsys.readouterr().out.lower()


def test_with_a_language_model_it_is_the_one_who_answers(
    at_configs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with loop_in_a_thread() as loop:
        chat = ChatServer([chat_server.text("Apples, ", "of course.")], models=("qwen3:4b",))
        asyncio.run_coroutine_threadsafe(chat.__aenter__(), loop).result(10)
        options = TextOptions(
            config=at_configs / "ollama.toml",
            sets=(f"local.chat_url={chat.url}",),
            messages=("What?",),
            no_record=True,
        )
        assert text(options) == ExitCode.OK
        asyncio.run_coroutine_threadsafe(chat.__aexit__(None, None, None), loop).result(10)
    assert capsys.readouterr().out == "Apples, of course.\n"
    assert chat.asked[0].body["model"] == "qwen3:4b"


def test_a_config_of_a_provider_names_its_key(at_configs: Path) -> None:
    assert not [name for name in os.environ if name.endswith("_API_KEY")], "or this would go to a provider"
    for name, variable in (
        ("openai", "OPENAI_API_KEY"),
        ("azure", "AZURE_OPENAI_API_KEY"),
        ("xai", "XAI_API_KEY"),
    ):
        ended = run_cli("text", "--config", at_configs / f"{name}.toml", "Hello")
        assert ended.returncode == ExitCode.CONNECTION
        assert variable in ended.stderr
        assert "connection.provider=local" in ended.stderr
