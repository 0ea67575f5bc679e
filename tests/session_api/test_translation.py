"""Translation sessions from Python, from a script, and from their recording, against the local server."""

from __future__ import annotations

from pathlib import Path

import pytest

from realtime_cli import Session
from realtime_cli.errors import ExitCode
from realtime_cli.recording.reader import read
from realtime_cli.recording.verify import verify
from tests.kit.forked_cli import run_forked
from tests.kit.speech import clip_path

CLIP = clip_path("heart-01")
SAID = "Hello there, can you hear me?"
AGENT = {
    "connection": {"provider": "local"},
    "session": {
        "type": "translation",
        "audio": {"output": {"language": "es"}, "input": {"transcription": {"model": "w"}}},
    },
}


async def test_a_session_says_it_again_in_the_language_that_is_in_force() -> None:
    async with Session(AGENT) as session:
        assert session.settings["type"] == "translation"
        reply = await session.send_audio(CLIP, fast=True)
        assert (reply.transcript, reply.text) == (SAID, f"[es] {SAID}")
        assert 1.0 < len(reply.audio) / 24_000 < 3.0
        changed = await session.update({"audio": {"output": {"language": "fr"}}})
        assert changed["audio"]["output"]["language"] == "fr"
        assert (await session.send_audio(CLIP, fast=True)).text == f"[fr] {SAID}"


@pytest.mark.heavy
def test_a_script_expects_of_a_translation_what_it_expects_of_an_answer(tmp_path: Path) -> None:
    (tmp_path / "agent.toml").write_text(
        '[connection]\nprovider = "local"\n[session]\ntype = "translation"\n'
        '[session.audio.output]\nlanguage = "es"\n[session.audio.input]\ntranscription = { model = "w" }\n'
    )
    script = tmp_path / "it.toml"
    script.write_text(
        f'agent = "agent.toml"\n[[turns]]\nwav = "{CLIP}"\n'
        'expect = { contains = "[es] Hello", heard = "hear me", within_ms = 10000 }\n'
    )
    record = tmp_path / "talk.jsonl"
    code, out, err = run_forked("run", script, timeout_s=60)
    assert code == ExitCode.OK, out + err
    talk = ("talk", tmp_path / "agent.toml", "-i", CLIP, "-o", "null", "--plain", "--fast")
    code, out, err = run_forked(*talk, "--record", record, timeout_s=60)
    assert code == ExitCode.OK, out + err
    assert out == f"You: {SAID}\nAgent: [es] {SAID}\n"
    assert "lost" not in err
    assert verify(read(record)).different == ()
    promoted = tmp_path / "promoted.toml"
    code, out, err = run_forked("run", "--promote", record, "-o", promoted, timeout_s=60)
    assert code == ExitCode.OK, out + err
    assert "not run" not in out + err
    assert 'type = "translation"' in promoted.read_text()
    code, out, err = run_forked("doctor", "-c", tmp_path / "agent.toml", timeout_s=60)
    assert "the agent's settings are accepted" in out + err
