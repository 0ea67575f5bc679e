"""``Session(devices=True)``: a person at the microphone, the program watching, on virtual devices."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from realtime_cli.script.words import normalise
from tests.kit.speech import clip_path
from tests.kit.virtual_devices import VirtualDevices, virtual_devices

__all__ = ["virtual_devices"]

PROGRAM = """
import asyncio, json
from realtime_cli import Session

async def main():
    async with Session(devices=True, settings={"conversation.greet": True}) as session:
        greeting = await session.greeting()
        print("ready", flush=True)
        spoken = await session.wait_for_reply(40)
        typed = await session.say("What is two plus two?")
        print(json.dumps({
            "greeting": greeting.text, "heard": spoken.transcript, "text": spoken.text, "typed": typed.text,
            "first_sound_ms": spoken.first_sound_ms, "audible_ms": spoken.audible_ms,
        }), flush=True)

asyncio.run(main())
"""


@pytest.mark.heavy
def test_a_person_speaks_and_the_program_gets_the_reply(
    virtual_devices: VirtualDevices, tmp_path: Path
) -> None:
    program, played = tmp_path / "program.py", tmp_path / "played.wav"
    program.write_text(PROGRAM)
    with virtual_devices.recording(played):
        process = virtual_devices.spawn([str(program)], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        assert process.stdout
        assert process.stdout.readline() == "ready\n", process.communicate()[1]
        virtual_devices.speak(clip_path("heart-04"))
        said, errors = process.communicate(timeout=90)
    assert process.returncode == 0, errors
    reply = json.loads(said)
    assert reply["greeting"]
    assert "seventeen" in normalise(reply["heard"])
    assert "391" in reply["text"]
    assert "four" in reply["typed"].lower() or "4" in reply["typed"]
    assert reply["first_sound_ms"] > 0
    assert reply["audible_ms"] > 500
    assert played.stat().st_size > 24_000 * 2
