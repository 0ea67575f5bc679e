"""A case's folder: its agent file, the server that plays it, and the commands run against that."""

from __future__ import annotations

import asyncio
import subprocess
import wave
from pathlib import Path
from typing import Any

import numpy as np

from tests.kit.cli import run_cli
from tests.kit.verbatim_server import VerbatimServer, lines_of

DATA = Path(__file__).parent / "data"
TALK = """
[connection]
provider = "custom"
[session.audio.input]
transcription = { model = "whisper-1" }
turn_detection = { type = "server_vad" }
[conversation]
greet = false
"""
TEXT = """
[connection]
provider = "custom"
[session]
output_modalities = ["text"]
"""
CLOCK = """
[[tools]]
builtin = "clock"
"""


def lines(name: str) -> list[dict[str, Any]]:
    return lines_of(DATA / name / "events.jsonl")


def write_silence(path: Path, seconds: float) -> Path:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(24000)
        file.writeframes(bytes(2 * int(24000 * seconds)))
    return path


def tones_of(path: Path) -> dict[int, float]:
    """The tones on the agent's channel of a WAV file, rounded to 20 Hz, with the seconds that each sounds."""
    with wave.open(str(path)) as file:
        rate_hz, channels = file.getframerate(), file.getnchannels()
        samples = np.frombuffer(file.readframes(file.getnframes()), "<i2").astype(float)
    samples = samples[channels - 1 :: channels]
    step = rate_hz // 20
    found: dict[int, float] = {}
    for start in range(0, len(samples) - step + 1, step):
        piece = samples[start : start + step]
        if np.sqrt(np.mean(piece**2)) < 50:
            continue
        spectrum = np.abs(np.fft.rfft(piece * np.hanning(step), 8192))
        hz = round(np.fft.rfftfreq(8192, 1 / rate_hz)[spectrum.argmax()] / 20) * 20
        found[hz] = round(found.get(hz, 0.0) + 0.05, 2)
    return found


class Case:
    """A folder with the case's agent file; commands run against the server that plays it."""

    def __init__(self, server: VerbatimServer, folder: Path) -> None:
        self.server, self.folder = server, folder

    @property
    def sound(self) -> Path:
        return self.folder / "out.wav"

    @property
    def recording(self) -> Path:
        return self.folder / "rec.jsonl"

    async def run(self, *arguments: str | Path, **options: Any) -> subprocess.CompletedProcess[str]:
        return await asyncio.to_thread(run_cli, *arguments, cwd=self.folder, **options)

    async def talk(
        self, *arguments: str, agent: str = TALK, seconds: float = 3.0
    ) -> subprocess.CompletedProcess[str]:
        (self.folder / "agent.toml").write_text(agent)
        write_silence(self.folder / "in.wav", seconds)
        return await self.run(
            "talk",
            "-c",
            "agent.toml",
            "--base-url",
            self.server.url,
            "--input",
            "in.wav",
            "--output",
            self.sound,
            "--record",
            self.recording,
            "--plain",
            *arguments,
        )

    async def text(self, *arguments: str, agent: str = TEXT) -> subprocess.CompletedProcess[str]:
        (self.folder / "agent.toml").write_text(agent)
        return await self.run("text", "-c", "agent.toml", "--base-url", self.server.url, *arguments)

    def outputs(self) -> list[str]:
        """The ids of the calls that were answered."""
        items = [event["item"] for event in self.server.heard_of("conversation.item.create")]
        return [item["call_id"] for item in items if item["type"] == "function_call_output"]


def response(on: str, nth: int, after: float, kind: str, **fields: Any) -> dict[str, Any]:
    return {"on": on, "nth": nth, "after": after, "event": {"type": f"response.{kind}", **fields}}


def answered(nth: int, response_id: str, after: float = 0.02) -> list[dict[str, Any]]:
    """The nth ``response.create`` is answered with one word."""
    part = {
        "response_id": response_id,
        "item_id": f"item_{response_id}",
        "output_index": 0,
        "content_index": 0,
    }
    item = {"id": part["item_id"], "type": "message", "role": "assistant", "status": "completed"}
    said = {**item, "content": [{"type": "output_text", "text": f"Answer {response_id}."}]}
    whole = {"id": response_id, "status": "completed", "output": [said]}
    create = "response.create"
    return [
        response(create, nth, after, "created", response={"id": response_id, "conversation_id": "conv_1"}),
        response(create, nth, after, "output_text.delta", delta=f"Answer {response_id}.", **part),
        response(create, nth, after, "done", response=whole),
    ]


def refusal(code: str | None, message: str, **more: Any) -> dict[str, Any]:
    return {
        "type": "error",
        "error": {"type": "invalid_request_error", "code": code, "message": message, **more},
    }
