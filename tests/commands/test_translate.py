"""``translate``: captions, subtitles and speech in another language, against the local server."""

from __future__ import annotations

import asyncio
import json
import re
import wave
from pathlib import Path
from typing import Any

import pytest

from realtime_cli.commands.translate import TranslateOptions, translate
from realtime_cli.errors import ConfigError, ExitCode
from tests.kit.chat_server import ChatServer, text
from tests.kit.cli import run_cli
from tests.kit.forked_cli import run_forked
from tests.kit.speech import clip_path

CLIP = clip_path("heart-01")
LOCAL = ("--set", "connection.provider=local")
SAID = "Hello there, can you hear me?"


def seconds(path: Path) -> float:
    with wave.open(str(path)) as file:
        return file.getnframes() / file.getframerate()


def test_both_sides_are_captions_and_the_translation_is_heard(tmp_path: Path) -> None:
    subtitles, sound = tmp_path / "x.srt", tmp_path / "x.wav"
    ended = run_cli(
        "translate", CLIP, *LOCAL, "--to", "es", "--source", "--json", "-o", subtitles, "-o", sound
    )
    assert ended.returncode == ExitCode.OK, ended.stderr
    told = [json.loads(line) for line in ended.stdout.splitlines()]
    final = {one["language"]: one for one in told if one["final"]}
    assert final[""]["text"] == SAID
    assert final["es"]["text"] == f"[es] {SAID}"
    assert 0 <= final["es"]["begin_s"] < final["es"]["end_s"] < seconds(CLIP)
    assert any(not one["final"] for one in told)
    assert f"[es] {SAID}" in subtitles.read_text()
    assert 1.0 < seconds(sound) < 3.0
    assert "translates nothing" in ended.stderr
    assert "dropped" not in ended.stderr


async def test_a_chat_endpoint_behind_the_local_server_translates(tmp_path: Path) -> None:
    async with ChatServer([text("¿Qué hora es?")]) as server:
        agent = tmp_path / "agent.toml"
        agent.write_text(
            '[connection]\nprovider = "local"\n[session]\ntype = "translation"\n'
            '[session.audio.output]\nlanguage = "es"\n'
            f'[local]\nchat_url = "{server.url}"\nchat_model = "m"\n'
        )
        code, out, err = await asyncio.to_thread(run_forked, "translate", CLIP, "-c", agent, timeout_s=60)
        assert code == ExitCode.OK, err
        assert out == "0:00 es: ¿Qué hora es?\n"
        assert "translates nothing" not in err
        asked = json.dumps(server.asked[0].body)
        assert "language es" in asked
        assert SAID in asked


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({}, "Into which language?"),
        ({"to": "es", "outputs": (Path("x.mp3"),)}, "captions are written as .srt, .vtt, .txt, .wav"),
        ({"to": "es", "outputs": (Path("a.wav"), Path("b.wav"))}, "The translation is spoken to one place."),
        ({"to": "es", "play": True, "outputs": (Path("a.wav"),)}, "The translation is spoken to one place."),
        ({"to": "es", "input": "missing.wav"}, "missing.wav cannot be read"),
        ({"to": "es", "sets": ("connection.protocol=live",)}, "Live has no translation sessions."),
    ],
)
def test_what_cannot_be_translated_is_said_in_a_sentence(options: dict[str, Any], said: str) -> None:
    sets = ("connection.provider=local", *options.pop("sets", ()))
    with pytest.raises(ConfigError, match=re.escape(said)):
        translate(TranslateOptions(sets=sets, **{"input": str(CLIP), **options}))
