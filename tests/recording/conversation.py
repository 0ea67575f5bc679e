"""A whole short conversation as a recording: greeting, question with a tool, an interruption, a typed word.

Made by running a real client session on scripted inputs, observed as the duplex loop observes it.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from realtime_cli.client import effects as e
from realtime_cli.client import inputs as i
from realtime_cli.client.entry import Entry
from realtime_cli.client.session import ClientSession, SessionOptions
from realtime_cli.protocol import codec
from realtime_cli.recording.file import Recorder
from realtime_cli.recording.format import Header
from tests.recording.sample import b64

MODEL = "gpt-realtime-2.1"
USAGE = {
    "total_tokens": 310,
    "input_tokens": 200,
    "output_tokens": 110,
    "input_token_details": {"text_tokens": 120, "audio_tokens": 80, "cached_tokens": 64},
    "output_token_details": {"text_tokens": 30, "audio_tokens": 80},
}
OPTIONS = SessionOptions(patch={"type": "realtime", "instructions": "Be brief.", "tools": []}, greet=True)


def tone(ms: int, hz: float, loud: int = 8000) -> np.ndarray:
    """A tone that swells, so that it looks like something."""
    time_s = np.arange(ms * 24) / 24_000
    return (loud * np.sin(2 * np.pi * hz * time_s) * np.abs(np.sin(3 * time_s))).astype(np.int16)


def event(at: float, type: str, **fields: Any) -> i.Received:
    raw = json.dumps({"type": type, **fields}, separators=(",", ":"))
    return i.Received(at, codec.decode_server_event(raw), raw)


def answer(at: float, number: int, text: str, ms: int, *, heard_ms: float | None = None) -> Iterator[i.Input]:
    """One spoken answer; ``heard_ms`` when it is interrupted by the user at that point."""
    ids = {"response_id": f"r{number}", "item_id": f"a{number}", "output_index": 0, "content_index": 0}
    item: dict[str, Any] = {
        "id": f"a{number}",
        "type": "message",
        "role": "assistant",
        "status": "in_progress",
        "content": [],
    }
    yield event(
        at, "response.created", response={"id": f"r{number}", "status": "in_progress", "conversation_id": "c"}
    )
    yield event(at, "response.output_item.added", response_id=f"r{number}", output_index=0, item=item)
    sound = tone(ms, 330).tobytes()
    words = text.split(" ")
    for n, begin in enumerate(range(0, len(sound), 9600)):
        delta = sound[begin : begin + 9600]
        yield event(at + 0.1 + n * 0.02, "response.output_audio.delta", delta=b64(delta), **ids)
        if n < len(words):
            word = words[n] + (" " if n < len(words) - 1 else "")
            yield event(at + 0.1 + n * 0.02, "response.output_audio_transcript.delta", delta=word, **ids)
    done = at + 0.2 + len(sound) / 9600 * 0.02
    yield event(done, "response.output_audio.done", **ids)
    yield event(done, "response.output_audio_transcript.done", transcript=text, **ids)
    item = {**item, "status": "completed", "content": [{"type": "output_audio", "transcript": text}]}
    yield event(done, "response.output_item.done", response_id=f"r{number}", output_index=0, item=item)
    response = {
        "id": f"r{number}",
        "status": "completed",
        "conversation_id": "c",
        "output": [item],
        "usage": USAGE,
    }
    yield event(done, "response.done", response=response)
    until_ms = ms if heard_ms is None else heard_ms
    for played in np.arange(100, until_ms, 100):
        yield i.Played(at + 0.3 + played / 1000, f"a{number}", 0, float(played))
    if heard_ms is None:
        yield i.Played(at + 0.3 + ms / 1000, f"a{number}", 0, float(ms), True)


def speech(at: float, item_id: str, seconds: float, text: str) -> Iterator[i.Input]:
    """The user speaks; the microphone, which began at 1 s, goes on."""
    yield event(
        at + 0.2, "input_audio_buffer.speech_started", audio_start_ms=round((at - 1) * 1000), item_id=item_id
    )
    end = at + seconds
    yield event(
        end + 0.1, "input_audio_buffer.speech_stopped", audio_end_ms=round((end - 1) * 1000), item_id=item_id
    )
    yield event(end + 0.1, "input_audio_buffer.committed", item_id=item_id, previous_item_id=None)
    item = {
        "id": item_id,
        "type": "message",
        "role": "user",
        "content": [{"type": "input_audio", "transcript": None}],
    }
    yield event(end + 0.1, "conversation.item.added", item=item)
    kind = "conversation.item.input_audio_transcription.completed"
    yield event(end + 0.3, kind, item_id=item_id, content_index=0, transcript=text)


def scripted() -> list[i.Input | i.Mark]:
    """All inputs and marks, by time."""
    session = {
        "type": "realtime",
        "model": MODEL,
        "audio": {"input": {"turn_detection": {"type": "server_vad"}}},
    }
    made: list[Any] = [
        i.Connected(0.1, "wss://host/v1/realtime", 0),
        event(0.2, "session.created", session=session),
        event(0.3, "session.updated", session=session),
        *answer(0.6, 1, "Hello, what can I do for you?", 1600),
        *speech(3.0, "u1", 1.5, "What time is it in Oslo?"),
        *tool(4.7, 2, "clock", '{"city": "Oslo"}', "14:05"),
        *answer(
            5.2,
            3,
            "In Oslo it is five past two, and the weather there is <b>fine</b> today.",
            4000,
            heard_ms=1700,
        ),
        *speech(7.0, "u2", 1.2, "Thank you, that is enough."),
        i.Noted(8.0, "info", "note", "the good part"),
        *answer(8.5, 4, "You are welcome.", 1200),
        i.Typed(12.0, "And in Rome?"),
        *answer(12.3, 5, "The same.", 900),
        i.Pressed(14.0, "quit"),
    ]
    made += [i.MicrophoneFrame(1.0 + (n + 1) * 0.02, frame.tobytes()) for n, frame in enumerate(microphone())]
    made += [i.Levels(n * 0.1, -40.0, -50.0) for n in range(140)]
    return sorted(made, key=lambda value: value.at)


def microphone() -> list[np.ndarray]:
    sound = np.zeros(13 * 24_000, np.int16)
    for at, seconds in ((3.0, 1.5), (7.0, 1.2)):
        begin = round((at - 1) * 24_000)
        spoken = tone(round(seconds * 1000), 180)
        sound[begin : begin + len(spoken)] = spoken
    return list(sound.reshape(-1, 480))


def tool(at: float, number: int, name: str, arguments: str, output: str) -> Iterator[i.Input]:
    item = {
        "id": f"f{number}",
        "type": "function_call",
        "status": "completed",
        "name": name,
        "call_id": "call_1",
        "arguments": arguments,
    }
    yield event(
        at, "response.created", response={"id": f"r{number}", "status": "in_progress", "conversation_id": "c"}
    )
    yield event(at + 0.1, "response.output_item.done", response_id=f"r{number}", output_index=0, item=item)
    response = {
        "id": f"r{number}",
        "status": "completed",
        "conversation_id": "c",
        "output": [item],
        "usage": USAGE,
    }
    yield event(at + 0.15, "response.done", response=response)
    yield i.ToolFinished(at + 0.4, "call_1", output, False, 0.3)


def observed(options: SessionOptions = OPTIONS) -> Iterator[Entry]:
    """The entries that the duplex loop would have shown its observers."""
    session = ClientSession(options)
    for happened in scripted():
        if isinstance(happened, i.Mark):
            yield Entry(happened.at, "local", happened)
            continue
        yield from _step(session, happened)


def _step(session: ClientSession, happened: i.Input) -> Iterator[Entry]:
    yield Entry(happened.at, "received" if isinstance(happened, i.Received) else "local", happened)
    stopped = False
    for effect in session.handle(happened):
        if isinstance(effect, e.Note):
            yield Entry(happened.at, "local", i.Noted(happened.at, effect.level, effect.topic, effect.text))
            continue
        yield Entry(happened.at, "sent" if isinstance(effect, e.Send) else "local", effect)
        stopped = stopped or isinstance(effect, e.StopPlayback)
    if stopped:
        heard = (i.HeardItem("a3", 0, 1700.0, False),)
        yield from _step(session, i.PlaybackStopped(happened.at, "server_vad", heard))


def record_conversation(path: Path, options: SessionOptions = OPTIONS) -> Path:
    """Write it, with what was played."""
    header = Header(
        tool="realtime-cli 0",
        started="2026-11-22T14:03:05.000+01:00",
        command="talk",
        session=dataclasses.asdict(options),
    )
    recorder = Recorder(path, header)
    for entry in observed(options):
        recorder.observe(entry)
    for at, ms in ((0.9, 1600), (5.5, 1700), (8.8, 1200), (12.6, 900)):
        recorder.played(at, tone(ms, 330))
    recorder.close()
    return path


if __name__ == "__main__":
    import sys

    record_conversation(Path(sys.argv[1]))
